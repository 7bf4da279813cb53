"""Restores as people see them: submitted, looked at, to be cancelled or resumed. Every write here first locks or guards
the row it decides on, so that exactly one of two that race wins. What executes them writes through `run_state`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.catalog import holds
from core.catalog.tables import HoldReason, new_id
from core.errors import NotFound, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from core.findings import Finding
from core.restore.plan import RestorePlan
from core.restore.request import RestoreRequest
from core.restore.tables import FindingRow, RestoreRow, RestoreStatus, Step

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
    return restore_of(row)


def list_all(session: Session, *, app_id: str | None = None) -> Sequence[Restore]:
    """The newest first."""
    query = select(RestoreRow).order_by(RestoreRow.created_at.desc(), RestoreRow.id)
    if app_id is not None:
        query = query.where(RestoreRow.app_id == app_id)
    return [restore_of(row) for row in session.scalars(query)]


def open_runs(session: Session) -> Sequence[Restore]:
    """Queued or running, the oldest first."""
    query = select(RestoreRow).where(RestoreRow.status.in_(OPEN)).order_by(RestoreRow.created_at, RestoreRow.id)
    return [restore_of(row) for row in session.scalars(query)]


def want_cancel(session: Session, restore_id: str, person: str, now: datetime) -> Restore:
    """Ask for the end of a run: it is honoured at the next edge, and wins over publishing if it comes first. A failed
    run that keeps its staging can be cancelled too.

    Raises WrongState once it is published or over; a second wish changes nothing.
    """
    where = (
        RestoreRow.id == restore_id,
        RestoreRow.published_at.is_(None),
        RestoreRow.cancel_wanted_at.is_(None),
        RestoreRow.status.in_(OPEN)
        | ((RestoreRow.status == RestoreStatus.FAILED.value) & RestoreRow.staging_until.is_not(None)),
    )
    values = {"cancel_wanted_at": now, "cancel_wanted_by": person}
    if not changed(session, update(RestoreRow).where(*where).values(**values)):
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


def resume(session: Session, restore_id: str, person: str, now: datetime) -> Restore:
    """Queue a failed run again whose staging is still there. Raises WrongState."""
    where = (
        RestoreRow.id == restore_id,
        RestoreRow.status == RestoreStatus.FAILED.value,
        RestoreRow.staging_until > now,
        RestoreRow.cancel_wanted_at.is_(None),
    )
    values = {"status": RestoreStatus.QUEUED.value, "finished_at": None, "failure": None, "staging_until": None}
    if not changed(session, update(RestoreRow).where(*where).values(**values)):
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


def changed(session: Session, statement: Any) -> bool:
    """Whether a guarded UPDATE found its row: exactly one of two that race is told so."""
    result = session.execute(statement.execution_options(synchronize_session=False))
    return isinstance(result, CursorResult) and result.rowcount == 1


def restore_of(row: RestoreRow) -> Restore:
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
