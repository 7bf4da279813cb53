"""A restore's row while it is executed: claim, steps, parts, publish, end. Every write here is guarded by status and
token, so that a worker that was taken over, and one whose run is to be cancelled, write nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.catalog import generations, holds
from core.errors import Cancelled, Fenced
from core.events.kinds import EventKind
from core.findings import Finding
from core.restore.restores import OPEN, Restore, changed, get, restore_of, tell
from core.restore.tables import FindingRow, PartRow, RestoreRow, RestoreStatus, Step

#: What found that a run was given up; once it is resumed that holds no more.
GIVEN_UP = "given-up"


def begin_attempt(session: Session, restore_id: str, attempt: int, now: datetime) -> Restore | None:
    """Claim the next attempt of a run whose last one is `attempt`; None when it is over or another was first."""
    values = {
        "attempt": attempt + 1,
        "token": RestoreRow.token + 1,
        "status": RestoreStatus.RUNNING.value,
        "started_at": func.coalesce(RestoreRow.started_at, now),
    }
    where = (RestoreRow.id == restore_id, RestoreRow.status.in_(OPEN), RestoreRow.attempt == attempt)
    if not changed(session, update(RestoreRow).where(*where).values(**values)):
        return None
    session.execute(delete(FindingRow).where(FindingRow.restore_id == restore_id, FindingRow.found_by == GIVEN_UP))
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
    if not changed(session, update(RestoreRow).where(*where).values(step=step.value)):
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
    if not changed(session, update(RestoreRow).where(*_mine(restore_id, token)).values(generation=generation)):
        _lost(get(session, restore_id))


def part_done(
    session: Session, restore: Restore, step: str, part: str, *, size_bytes: int, done: Mapping[str, Any]
) -> None:
    """Tell what a part has done, and, the first time, how much further the run is with it. What is told last holds: a
    part that is compared once more may find what it did not find before."""
    row = session.get(PartRow, (restore.id, restore.generation or "", step, part))
    if row is not None:
        row.done = dict(done)
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


def publish(session: Session, restore_id: str, token: int, now: datetime) -> None:
    """The switch: win the run's row against a cancel, then make its generation live and free the app. One that is
    published already is a success. Raises Cancelled when a cancel came first, and Fenced.
    """
    where = (
        *_mine(restore_id, token),
        RestoreRow.step == Step.VERIFY.value,
        RestoreRow.cancel_wanted_at.is_(None),
        RestoreRow.published_at.is_(None),
    )
    won = changed(session, update(RestoreRow).where(*where).values(published_at=now, step=Step.PUBLISH.value))
    restore = get(session, restore_id)
    if not won:
        if restore.published_at is not None:
            return
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


def after_publishing(session: Session, restore_id: str, token: int, step: Step, now: datetime) -> Restore:
    """Begin a step after publishing, when nothing can cancel the run any more. Raises Fenced."""
    if not changed(session, update(RestoreRow).where(*_mine(restore_id, token)).values(step=step.value)):
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
    if not changed(session, update(RestoreRow).where(*_mine(restore_id, token)).values(**values)):
        if get(session, restore_id).status is RestoreStatus.COMPLETED:
            return
        _lost(get(session, restore_id))
    holds.release(session, restore_id)
    tell(session, restore_id, EventKind.COMPLETED, now, "completed", {})


def finish_cancel(session: Session, restore_id: str, now: datetime) -> None:
    """The staging is gone: the run is over and frees what it held."""
    where = (
        RestoreRow.id == restore_id,
        RestoreRow.cancel_wanted_at.is_not(None),
        RestoreRow.published_at.is_(None),
        RestoreRow.status != RestoreStatus.CANCELLED.value,
    )
    values = {"status": RestoreStatus.CANCELLED.value, "finished_at": now, "staging_until": None}
    if changed(session, update(RestoreRow).where(*where).values(**values)):
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
    if not changed(session, update(RestoreRow).where(*where).values(**values)):
        return
    if keep_staging is None:
        holds.release(session, restore_id)
    attempt = get(session, restore_id).attempt
    tell(session, restore_id, EventKind.FAILED, now, f"failed:{attempt}", {"code": failure.get("code", "")})


def staging_over(session: Session, now: datetime) -> Sequence[Restore]:
    """Failed runs whose staging has been kept long enough, and those a person has cancelled meanwhile."""
    query = select(RestoreRow).where(
        RestoreRow.status == RestoreStatus.FAILED.value,
        (RestoreRow.staging_until <= now) | RestoreRow.cancel_wanted_at.is_not(None),
    )
    return [restore_of(row) for row in session.scalars(query)]


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


def _mine(restore_id: str, token: int) -> tuple[Any, ...]:
    return (
        RestoreRow.id == restore_id,
        RestoreRow.status == RestoreStatus.RUNNING.value,
        RestoreRow.token == token,
    )


def _lost(restore: Restore) -> NoReturn:
    if restore.cancel_wanted and restore.published_at is None:
        raise Cancelled(f"The restore {restore.id} is to be cancelled.")
    raise Fenced(f"The restore {restore.id} is another worker's now, or over; nothing was written.")
