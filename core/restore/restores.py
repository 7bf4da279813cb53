"""Restores in the catalog: submit, claim, cancel, publish and end. Every write here first locks or guards the row it
decides on, so that exactly one of two that race wins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.catalog import generations, holds
from core.catalog.tables import HoldReason, new_id
from core.errors import Cancelled, Fenced, NotFound, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from core.findings import Finding
from core.restore.plan import RestorePlan
from core.restore.request import RestoreRequest
from core.restore.tables import FindingRow, PartRow, RestoreRow, RestoreStatus, Step

OPEN = (RestoreStatus.QUEUED.value, RestoreStatus.RUNNING.value)


@dataclass(frozen=True, kw_only=True)
class Restore:
    id: str
    organization_id: str
    backup_id: str
    app_id: str
    requested_by: str
    request: RestoreRequest
    plan: RestorePlan
    digest: str
    shown: tuple[str, ...]
    status: RestoreStatus
    step: Step
    token: int
    attempt: int
    cancel_wanted: bool
    generation: str | None
    published_at: datetime | None
    progress_done: int
    progress_total: int
    report: Mapping[str, Any] | None
    failure: Mapping[str, Any] | None
    staging_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def submit(
    session: Session,
    *,
    organization_id: str,
    request: RestoreRequest,
    plan: RestorePlan,
    shown: Sequence[str],
    now: datetime,
) -> Restore:
    """The row, its holds and its event, in the caller's one transaction. Raises Held and BackupMarked.

    `shown` are the codes of the warnings the person saw with the plan's digest.
    """
    restore_id = new_id("rst")
    holds.take_exclusive(session, holds.on_app(request.destination_id), restore_id, HoldReason.RESTORE, now)
    holds.take_shared(session, holds.on_backup(request.backup_id), restore_id, HoldReason.RESTORE, now)
    session.add(
        RestoreRow(
            id=restore_id,
            organization_id=organization_id,
            backup_id=request.backup_id,
            app_id=request.destination_id,
            requested_by=request.requester,
            request=request.to_json(),
            plan=plan.to_json(),
            digest=plan.digest,
            shown=sorted(set(shown)),
            status=RestoreStatus.QUEUED.value,
            step=Step.PREFLIGHT.value,
            progress_total=plan.work_bytes,
            created_at=now,
        )
    )
    session.flush()
    tell(session, restore_id, EventKind.SUBMITTED, now, "submitted", {"digest": plan.digest})
    audit.record(
        session,
        person=request.requester,
        action="restore.submitted",
        subject=restore_id,
        now=now,
        backup=request.backup_id,
        destination=request.destination_id,
        digest=plan.digest,
    )
    return get(session, restore_id)


def get(session: Session, restore_id: str) -> Restore:
    """Raises NotFound."""
    row = session.get(RestoreRow, restore_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no restore {restore_id}.", hint="`restorebot restore list` shows all of them.")
    return _restore(row)


def list_all(session: Session, *, app_id: str | None = None) -> Sequence[Restore]:
    """The newest first."""
    query = select(RestoreRow).order_by(RestoreRow.created_at.desc(), RestoreRow.id)
    if app_id is not None:
        query = query.where(RestoreRow.app_id == app_id)
    return [_restore(row) for row in session.scalars(query)]


def open_runs(session: Session) -> Sequence[Restore]:
    """Queued or running, the oldest first."""
    query = select(RestoreRow).where(RestoreRow.status.in_(OPEN)).order_by(RestoreRow.created_at, RestoreRow.id)
    return [_restore(row) for row in session.scalars(query)]


def begin_attempt(session: Session, restore_id: str, attempt: int, now: datetime) -> Restore | None:
    """Claim the next attempt of a run whose last one is `attempt`; None when it is over or another was first."""
    values = {
        "attempt": attempt + 1,
        "token": RestoreRow.token + 1,
        "status": RestoreStatus.RUNNING.value,
        "started_at": func.coalesce(RestoreRow.started_at, now),
    }
    where = (RestoreRow.id == restore_id, RestoreRow.status.in_(OPEN), RestoreRow.attempt == attempt)
    if not _changed(session, update(RestoreRow).where(*where).values(**values)):
        return None
    if attempt == 0:
        tell(session, restore_id, EventKind.STARTED, now, "started", {})
    return get(session, restore_id)


def takeover(session: Session, restore_id: str) -> int:
    """Raise the token and return it: the former owner writes no more."""
    session.execute(update(RestoreRow).where(RestoreRow.id == restore_id).values(token=RestoreRow.token + 1))
    return get(session, restore_id).token


def enter(session: Session, restore_id: str, token: int, step: Step, now: datetime) -> Restore:
    """Begin a step before publishing. Raises Cancelled when that is wanted, Fenced when another worker has the run."""
    where = (*_mine(restore_id, token), RestoreRow.cancel_wanted_at.is_(None), RestoreRow.published_at.is_(None))
    if not _changed(session, update(RestoreRow).where(*where).values(step=step.value)):
        _lost(get(session, restore_id))
    tell(session, restore_id, EventKind.STEP, now, f"step:{step}", {"step": step.value})
    return get(session, restore_id)


def look(session: Session, restore_id: str, token: int) -> Restore:
    """Is the run still mine and wanted? Raises as `enter` does."""
    found = get(session, restore_id)
    if found.cancel_wanted or found.token != token or found.status is not RestoreStatus.RUNNING:
        _lost(found)
    return found


def set_generation(session: Session, restore_id: str, token: int, generation: str) -> None:
    if not _changed(session, update(RestoreRow).where(*_mine(restore_id, token)).values(generation=generation)):
        _lost(get(session, restore_id))


def part_done(
    session: Session, restore: Restore, step: str, part: str, *, size_bytes: int, done: Mapping[str, Any]
) -> None:
    """Tell what a part has done, once, and with it how far the run is."""
    key = (restore.id, restore.generation, step, part)
    if session.get(PartRow, key) is not None:
        return
    session.add(
        PartRow(restore_id=restore.id, generation=restore.generation or "", step=step, part=part, done=dict(done))
    )
    session.execute(
        update(RestoreRow)
        .where(RestoreRow.id == restore.id)
        .values(progress_done=RestoreRow.progress_done + size_bytes)
    )


def parts_done(session: Session, restore: Restore, step: str) -> dict[str, Mapping[str, Any]]:
    query = select(PartRow).where(
        PartRow.restore_id == restore.id, PartRow.generation == (restore.generation or ""), PartRow.step == step
    )
    return {row.part: row.done for row in session.scalars(query.order_by(PartRow.part))}


def publish(session: Session, restore_id: str, token: int, now: datetime) -> bool:
    """The switch: win the run's row against a cancel, then make its generation live and free the app.

    True when it is published, by this call or by one before it; False when a cancel came first. Raises Fenced.
    """
    where = (
        *_mine(restore_id, token),
        RestoreRow.step == Step.VERIFY.value,
        RestoreRow.cancel_wanted_at.is_(None),
        RestoreRow.published_at.is_(None),
    )
    won = _changed(session, update(RestoreRow).where(*where).values(published_at=now, step=Step.PUBLISH.value))
    restore = get(session, restore_id)
    if not won:
        if restore.published_at is not None:
            return True
        if restore.cancel_wanted and restore.token == token:
            return False
        _lost(restore)
    generations.switch_live(session, restore.app_id, restore.generation or "", now)
    holds.release(session, restore_id, holds.on_app(restore.app_id))
    tell(session, restore_id, EventKind.PUBLISHED, now, "published", {"generation": restore.generation})
    audit.record(
        session,
        person=restore.requested_by,
        action="restore.published",
        subject=restore_id,
        now=now,
        app=restore.app_id,
    )
    return True


def after_publishing(session: Session, restore_id: str, token: int, step: Step, now: datetime) -> Restore:
    """Begin a step after publishing, when nothing can cancel the run any more. Raises Fenced."""
    if not _changed(session, update(RestoreRow).where(*_mine(restore_id, token)).values(step=step.value)):
        _lost(get(session, restore_id))
    tell(session, restore_id, EventKind.STEP, now, f"step:{step}", {"step": step.value})
    return get(session, restore_id)


def complete(session: Session, restore_id: str, token: int, report: Mapping[str, Any], now: datetime) -> None:
    values = {
        "status": RestoreStatus.COMPLETED.value,
        "report": dict(report),
        "finished_at": now,
        "progress_done": RestoreRow.progress_total,
    }
    if not _changed(session, update(RestoreRow).where(*_mine(restore_id, token)).values(**values)):
        if get(session, restore_id).status is RestoreStatus.COMPLETED:
            return
        _lost(get(session, restore_id))
    holds.release(session, restore_id)
    tell(session, restore_id, EventKind.COMPLETED, now, "completed", {})


def want_cancel(session: Session, restore_id: str, person: str, now: datetime) -> Restore:
    """Ask for the end of a run: it is honoured at the next edge, and wins over publishing if it comes first.

    Raises WrongState once it is published or over; a second wish changes nothing.
    """
    where = (
        RestoreRow.id == restore_id,
        RestoreRow.published_at.is_(None),
        RestoreRow.cancel_wanted_at.is_(None),
        RestoreRow.status.in_((*OPEN, RestoreStatus.FAILED.value)),
    )
    values = {"cancel_wanted_at": now, "cancel_wanted_by": person}
    if not _changed(session, update(RestoreRow).where(*where).values(**values)):
        found = get(session, restore_id)
        if found.status is RestoreStatus.CANCELLED or (found.cancel_wanted and found.published_at is None):
            return found
        raise WrongState(
            f"The restore {restore_id} is published and can no longer be cancelled; nothing was changed."
            if found.published_at is not None
            else f"The restore {restore_id} is {found.status.value} and cannot be cancelled; nothing was changed.",
            hint=f"See what became of it: restorebot restore show {restore_id}.",
        )
    tell(session, restore_id, EventKind.CANCEL_WANTED, now, "cancel-wanted", {"person": person})
    audit.record(session, person=person, action="restore.cancel-wanted", subject=restore_id, now=now)
    return get(session, restore_id)


def finish_cancel(session: Session, restore_id: str, now: datetime) -> None:
    """The staging is gone: the run is over and frees what it held."""
    where = (
        RestoreRow.id == restore_id,
        RestoreRow.cancel_wanted_at.is_not(None),
        RestoreRow.published_at.is_(None),
        RestoreRow.status != RestoreStatus.CANCELLED.value,
    )
    values = {"status": RestoreStatus.CANCELLED.value, "finished_at": now, "staging_until": None}
    if _changed(session, update(RestoreRow).where(*where).values(**values)):
        holds.release(session, restore_id)
        tell(session, restore_id, EventKind.CANCELLED, now, "cancelled", {})


def fail(
    session: Session,
    restore_id: str,
    token: int,
    failure: Mapping[str, Any],
    *,
    now: datetime,
    keep_staging: timedelta | None,
) -> None:
    """The run ended without publishing. With `keep_staging` it keeps staging and holds that long, to be resumed."""
    where = (*_mine(restore_id, token), RestoreRow.published_at.is_(None))
    values = {
        "status": RestoreStatus.FAILED.value,
        "failure": dict(failure),
        "finished_at": now,
        "staging_until": now + keep_staging if keep_staging else None,
    }
    if not _changed(session, update(RestoreRow).where(*where).values(**values)):
        return
    if keep_staging is None:
        holds.release(session, restore_id)
    attempt = get(session, restore_id).attempt
    tell(session, restore_id, EventKind.FAILED, now, f"failed:{attempt}", {"code": failure.get("code", "")})


def resume(session: Session, restore_id: str, person: str, now: datetime) -> Restore:
    """Queue a failed run again whose staging is still there. Raises WrongState."""
    where = (
        RestoreRow.id == restore_id,
        RestoreRow.status == RestoreStatus.FAILED.value,
        RestoreRow.staging_until > now,
        RestoreRow.cancel_wanted_at.is_(None),
    )
    values = {"status": RestoreStatus.QUEUED.value, "finished_at": None, "failure": None, "staging_until": None}
    if not _changed(session, update(RestoreRow).where(*where).values(**values)):
        found = get(session, restore_id)
        if found.status.value in OPEN:
            return found
        raise WrongState(
            f"The restore {restore_id} is {found.status.value} and cannot be resumed: "
            "only one that failed for a passing reason, and not long ago, keeps its staging. Nothing was changed.",
            hint="Start a new restore: restorebot restore run.",
        )
    attempt = get(session, restore_id).attempt
    tell(session, restore_id, EventKind.RESUMED, now, f"resumed:{attempt}", {"person": person})
    audit.record(session, person=person, action="restore.resumed", subject=restore_id, now=now)
    return get(session, restore_id)


def staging_over(session: Session, now: datetime) -> Sequence[Restore]:
    """Failed runs whose staging has been kept long enough, and those a person has cancelled meanwhile."""
    query = select(RestoreRow).where(
        RestoreRow.status == RestoreStatus.FAILED.value,
        (RestoreRow.staging_until <= now) | RestoreRow.cancel_wanted_at.is_not(None),
    )
    return [_restore(row) for row in session.scalars(query)]


def let_go(session: Session, restore_id: str) -> None:
    """The staging of a failed run is gone: free what it held."""
    session.execute(update(RestoreRow).where(RestoreRow.id == restore_id).values(staging_until=None))
    holds.release(session, restore_id)


def keep_findings(session: Session, restore_id: str, found_by: str, findings: Sequence[Finding], now: datetime) -> None:
    """Replace what this look found before; tell it once an attempt."""
    for row in session.scalars(
        select(FindingRow).where(FindingRow.restore_id == restore_id, FindingRow.found_by == found_by)
    ):
        session.delete(row)
    session.flush()
    for number, finding in enumerate(findings):
        session.add(FindingRow(restore_id=restore_id, found_by=found_by, number=number, finding=finding.to_json()))
    attempt = get(session, restore_id).attempt
    counts = {severity: sum(one.severity.value == severity for one in findings) for severity in ("error", "warning")}
    tell(session, restore_id, EventKind.FINDINGS, now, f"findings:{found_by}:{attempt}", {"by": found_by, **counts})


def findings_of(session: Session, restore_id: str) -> list[Finding]:
    query = select(FindingRow).where(FindingRow.restore_id == restore_id)
    rows = session.scalars(query.order_by(FindingRow.found_by, FindingRow.number))
    return [Finding.from_json(row.finding) for row in rows]


def last_completed(session: Session, backup_id: str) -> datetime | None:
    """When this backup was restored last."""
    return session.scalar(
        select(func.max(RestoreRow.finished_at)).where(
            RestoreRow.backup_id == backup_id, RestoreRow.status == RestoreStatus.COMPLETED.value
        )
    )


def tell(session: Session, restore_id: str, kind: EventKind, now: datetime, key: str, data: dict[str, Any]) -> None:
    log.append(session, stream=(StreamKind.RESTORE, restore_id), kind=kind, now=now, key=key, data=data)


def _mine(restore_id: str, token: int) -> tuple[Any, ...]:
    return (
        RestoreRow.id == restore_id,
        RestoreRow.status == RestoreStatus.RUNNING.value,
        RestoreRow.token == token,
    )


def _changed(session: Session, statement: Any) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1


def _lost(restore: Restore) -> NoReturn:
    if restore.cancel_wanted and restore.published_at is None:
        raise Cancelled(f"The restore {restore.id} is to be cancelled.")
    raise Fenced(f"The restore {restore.id} is another worker's now, or over; nothing was written.")


def _restore(row: RestoreRow) -> Restore:
    return Restore(
        id=row.id,
        organization_id=row.organization_id,
        backup_id=row.backup_id,
        app_id=row.app_id,
        requested_by=row.requested_by,
        request=RestoreRequest.from_json(row.request),
        plan=RestorePlan.from_json(row.plan),
        digest=row.digest,
        shown=tuple(row.shown),
        status=RestoreStatus(row.status),
        step=Step(row.step),
        token=row.token,
        attempt=row.attempt,
        cancel_wanted=row.cancel_wanted_at is not None,
        generation=row.generation,
        published_at=row.published_at,
        progress_done=row.progress_done,
        progress_total=row.progress_total,
        report=row.report,
        failure=row.failure,
        staging_until=row.staging_until,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
