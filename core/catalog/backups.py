"""Backups: what lists show, and the guarded writes by which a run makes one.

`status` and `token` guard every write of a run: the row is changed only while it is running and the token is the
caller's, so a worker that was taken over, and one whose backup was cancelled, write nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, literal, select, update
from sqlalchemy.orm import Session

from core import audit
from core.catalog import apps, holds, storages
from core.catalog.tables import SEALED, UNSEALED, AppRow, BackupRow, BackupStatus, HoldReason, StorageKind, new_id
from core.errors import Cancelled, Fenced, NotFound, UsageError, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from core.workflow.runs import OpenRun

#: (taken at, kind of storage, when the app was deactivated) → when it expires: `Rules.expires_at` of core.retention.
Expiry = Callable[[datetime, StorageKind, datetime | None], datetime]


@dataclass(frozen=True, kw_only=True)
class Backup:
    id: str
    app_id: str
    storage_id: str
    status: BackupStatus
    step: str
    requested_by: str
    request: Mapping[str, Any]
    taken_at: datetime
    exported_at: datetime | None
    expires_at: datetime | None
    shard: str
    region: str
    size_bytes: int | None
    manifest_digest: str | None
    summary: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    marked_at: datetime | None
    attempt: int
    token: int
    progress_done: int
    progress_total: int
    started_at: datetime | None
    finished_at: datetime | None


def effective_status(backup: Backup, now: datetime, *, held: bool = False) -> BackupStatus:
    """The status a person is told: expired once its time has come, also before the row says so. With `held`, for the
    run that holds it: a sealed backup stays what it was when the run began."""
    past = backup.expires_at is not None and backup.expires_at <= now
    return BackupStatus.EXPIRED if backup.status in SEALED and past and not held else backup.status


def create(
    session: Session,
    *,
    app_id: str,
    storage_id: str,
    request: Mapping[str, Any],
    requested_by: str,
    now: datetime,
    taken_at: datetime | None = None,
    exported_at: datetime | None = None,
) -> Backup:
    """A running backup of an app, with the app held for it. `taken_at` is now unless an import says otherwise.

    Raises NotFound; Held when another run has the app; UsageError for a `taken_at` in the future.
    """
    taken = taken_at or now
    if taken > now:
        raise UsageError(
            f"A backup cannot have been taken in the future ({taken.isoformat()}). Nothing was started.",
            hint="Give the time at which the export was made, or none for now.",
        )
    storage = storages.get(session, storage_id)
    app = apps.lock(session, app_id)
    backup_id = new_id("bkp")
    holds.take_exclusive(session, holds.on_app(app_id), backup_id, HoldReason.BACKUP, now)
    session.add(
        BackupRow(
            id=backup_id,
            app_id=app_id,
            storage_id=storage.id,
            status=BackupStatus.RUNNING.value,
            requested_by=requested_by,
            request=dict(request),
            taken_at=taken,
            exported_at=exported_at,
            shard=app.shard,
            region=app.region,
        )
    )
    session.flush()
    _tell(session, backup_id, EventKind.SUBMITTED, now, "submitted", {"app": app_id, "person": requested_by})
    return get(session, backup_id)


def get(session: Session, backup_id: str) -> Backup:
    """Raises NotFound."""
    row = session.get(BackupRow, backup_id, populate_existing=True)
    if row is None:
        raise NotFound(f"There is no backup {backup_id}.", hint="`restorebot backup list` shows all of them.")
    return backup_of(row)


def list_all(session: Session, *, app_id: str | None = None, restorable_at: datetime | None = None) -> Sequence[Backup]:
    """The newest first; with `restorable_at`, only those sealed, not expired and not marked for deletion then."""
    query = select(BackupRow).order_by(BackupRow.taken_at.desc(), BackupRow.id)
    if app_id is not None:
        query = query.where(BackupRow.app_id == app_id)
    if restorable_at is not None:
        query = query.where(*restorable(restorable_at))
    return [backup_of(row) for row in session.scalars(query)]


def restorable(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Of a row: sealed, not expired and not marked for deletion."""
    return (
        BackupRow.status.in_([status.value for status in SEALED]),
        BackupRow.expires_at > now,
        BackupRow.marked_at.is_(None),
    )


def running(session: Session) -> Sequence[Backup]:
    """Backups whose run is not over, the oldest first."""
    query = select(BackupRow).where(BackupRow.status == BackupStatus.RUNNING.value)
    return [backup_of(row) for row in session.scalars(query.order_by(BackupRow.taken_at, BackupRow.id))]


def to_drive(session: Session) -> list[OpenRun]:
    """The same as workers look at them every second: without requests and summaries."""
    row = BackupRow
    query = (
        select(row.id, row.attempt, row.token, row.status, AppRow.organization_id, literal(""), row.storage_id)
        .join(AppRow, AppRow.id == row.app_id)
        .where(row.status == BackupStatus.RUNNING.value)
        .order_by(row.taken_at, row.id)
    )
    return [OpenRun.of(*found) for found in session.execute(query)]


def ended_unsealed(session: Session, since: datetime) -> Sequence[Backup]:
    """Runs that ended after `since` without a backup."""
    over = BackupRow.status.in_([status.value for status in UNSEALED])
    return [backup_of(row) for row in session.scalars(select(BackupRow).where(over, BackupRow.finished_at > since))]


def begin_attempt(session: Session, backup_id: str, attempt: int, now: datetime) -> Backup | None:
    """Claim the next attempt of a run whose last one is `attempt`; None when it is over or another was first."""
    won = session.execute(
        update(BackupRow)
        .where(
            BackupRow.id == backup_id,
            BackupRow.status == BackupStatus.RUNNING.value,
            BackupRow.attempt == attempt,
        )
        .values(attempt=attempt + 1, token=BackupRow.token + 1)
        .returning(BackupRow.id)
    ).one_or_none()
    if won is None:
        return None
    session.execute(
        update(BackupRow).where(BackupRow.id == backup_id, BackupRow.started_at.is_(None)).values(started_at=now)
    )
    if attempt == 0:
        _tell(session, backup_id, EventKind.STARTED, now, "started", {})
    return get(session, backup_id)


def takeover(session: Session, backup_id: str) -> int:
    """Raise the token and return it: the former owner writes no more. Raises NotFound."""
    token = session.scalar(
        update(BackupRow).where(BackupRow.id == backup_id).values(token=BackupRow.token + 1).returning(BackupRow.token)
    )
    return get(session, backup_id).token if token is None else token


def set_step(session: Session, backup_id: str, token: int, step: str, now: datetime) -> None:
    """Raises Fenced, or Cancelled, and writes nothing."""
    _guarded(session, backup_id, token, step=step)
    _tell(session, backup_id, EventKind.STEP, now, f"step:{step}", {"step": step})


def set_progress(session: Session, backup_id: str, token: int, *, done: int, total: int) -> None:
    """Raises Fenced, or Cancelled, and writes nothing."""
    _guarded(session, backup_id, token, progress_done=done, progress_total=total)


def seal(
    session: Session,
    backup_id: str,
    token: int,
    *,
    complete: bool,
    size_bytes: int,
    manifest_digest: str,
    summary: Mapping[str, Any],
    expiry: Expiry,
    now: datetime,
    exported_at: datetime | None = None,
) -> Backup:
    """The manifest stands: the backup can be restored from now on, and the app is free. Repeated with the same digest
    it is a success that changes nothing. Raises Fenced, or Cancelled, and writes nothing."""
    before = get(session, backup_id)
    # before the backup's own row: a deactivation of the app either sees this backup sealed or is seen here
    app = apps.lock(session, before.app_id)
    if before.status in SEALED and before.manifest_digest == manifest_digest:
        return before
    storage = storages.get(session, before.storage_id)
    status = BackupStatus.COMPLETE if complete else BackupStatus.INCOMPLETE
    _guarded(
        session,
        backup_id,
        token,
        status=status.value,
        size_bytes=size_bytes,
        manifest_digest=manifest_digest,
        summary=dict(summary),
        exported_at=exported_at or before.exported_at,
        expires_at=expiry(before.taken_at, storage.kind, app.deactivated_at),
        finished_at=now,
    )
    holds.release(session, backup_id)
    _tell(session, backup_id, EventKind.COMPLETED, now, "over", {"status": status.value, "size_bytes": size_bytes})
    return get(session, backup_id)


def fail(session: Session, backup_id: str, token: int, error: Mapping[str, Any], now: datetime) -> None:
    """The run is over without a backup, and the app is free. A repetition changes nothing. Raises Fenced."""
    if get(session, backup_id).status in UNSEALED:
        return
    _guarded(session, backup_id, token, status=BackupStatus.FAILED.value, error=dict(error), finished_at=now)
    holds.release(session, backup_id)
    _tell(session, backup_id, EventKind.FAILED, now, "over", {"code": error.get("code", "")})


def cancel(session: Session, backup_id: str, *, person: str, now: datetime) -> None:
    """End a running backup at once: its worker finds it at the next write. A repetition changes nothing.

    Raises NotFound; WrongState when it is sealed or has failed.
    """
    won = session.execute(
        update(BackupRow)
        .where(BackupRow.id == backup_id, BackupRow.status == BackupStatus.RUNNING.value)
        .values(status=BackupStatus.CANCELLED.value, finished_at=now)
        .returning(BackupRow.id)
    ).one_or_none()
    if won is None:
        status = get(session, backup_id).status
        if status is BackupStatus.CANCELLED:
            return
        raise WrongState(
            f"The backup {backup_id} is {status.value} and cannot be cancelled. Nothing was changed.",
            hint="Only a running backup can be cancelled; `restorebot backup list` shows them.",
        )
    holds.release(session, backup_id)
    audit.record(session, person=person, action="backup.cancelled", subject=backup_id, now=now)
    _tell(session, backup_id, EventKind.CANCELLED, now, "over", {"person": person})


def _guarded(session: Session, backup_id: str, token: int, **values: Any) -> None:
    mine: tuple[ColumnElement[bool], ...] = (
        BackupRow.id == backup_id,
        BackupRow.status == BackupStatus.RUNNING.value,
        BackupRow.token == token,
    )
    if session.execute(update(BackupRow).where(*mine).values(**values).returning(BackupRow.id)).one_or_none() is None:
        _lost(get(session, backup_id))


def _lost(backup: Backup) -> NoReturn:
    if backup.status is BackupStatus.CANCELLED:
        raise Cancelled(
            f"The backup {backup.id} was cancelled. Nothing more was written.", hint="Start another one when you want."
        )
    raise Fenced(
        f"The backup {backup.id} is {backup.status.value} and another worker's. Nothing was written.",
        hint=f"`restorebot backup show {backup.id}` says what became of it.",
    )


def _tell(session: Session, backup_id: str, kind: EventKind, now: datetime, key: str, data: dict[str, Any]) -> None:
    log.append(session, stream=(StreamKind.BACKUP, backup_id), kind=kind, now=now, key=key, data=data)


def backup_of(row: BackupRow) -> Backup:
    return Backup(
        id=row.id,
        app_id=row.app_id,
        storage_id=row.storage_id,
        status=BackupStatus(row.status),
        step=row.step,
        requested_by=row.requested_by,
        request=row.request,
        taken_at=row.taken_at,
        exported_at=row.exported_at,
        expires_at=row.expires_at,
        shard=row.shard,
        region=row.region,
        size_bytes=row.size_bytes,
        manifest_digest=row.manifest_digest,
        summary=row.summary,
        error=row.error,
        marked_at=row.marked_at,
        attempt=row.attempt,
        token=row.token,
        progress_done=row.progress_done,
        progress_total=row.progress_total,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
