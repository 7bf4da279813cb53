"""An app goes, or comes back: its row and its backups' dates change in one transaction."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core import audit
from core.catalog import apps, holds
from core.catalog.tables import SEALED, AppRow, AppStatus, BackupRow, HoldReason, StorageKind, StorageRow
from core.database.locks import LOCKED
from core.errors import WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from core.retention.policy import Rules

#: Runs that need the app to stay what it is until they end.
_BLOCKING: Final = frozenset({HoldReason.RESTORE, HoldReason.MOVE})


def deactivate(session: Session, app_id: str, *, person: str, now: datetime, rules: Rules) -> apps.App:
    """Its backups that have not expired stay until so many days from now; one that is running gets the same date when
    it is sealed. Raises NotFound; Held during a restore into it or its move; WrongState when it is deactivated."""
    app = _locked(session, app_id, becomes=AppStatus.DEACTIVATED)
    session.execute(
        update(AppRow).where(AppRow.id == app_id).values(status=AppStatus.DEACTIVATED.value, deactivated_at=now)
    )
    until = now + timedelta(days=rules.deactivated_app_days)
    living = _not_expired(session, app_id, now)
    for row, _ in living:
        row.expires_at = until
    session.flush()
    data = {"backups": len(living), "backups_until": until.isoformat()}
    audit.record(session, person=person, action="app.deactivated", subject=app_id, now=now, name=app.name, **data)
    _tell(session, app_id, EventKind.DEACTIVATED, now, data)
    return apps.get(session, app_id)


def activate(session: Session, app_id: str, *, person: str, now: datetime, rules: Rules) -> apps.App:
    """Its backups that have not expired follow the usual rule again, but none goes sooner than the notice allows; a
    backup is given notice once, however often its app comes back. Raises NotFound, Held, WrongState."""
    app = _locked(session, app_id, becomes=AppStatus.ACTIVE)
    session.execute(
        update(AppRow).where(AppRow.id == app_id).values(status=AppStatus.ACTIVE.value, deactivated_at=None)
    )
    living = _not_expired(session, app_id, now)
    for row, storage in living:
        usual = rules.expires_at(row.taken_at, storage, None)
        if usual < now + rules.notice and row.notice_until is None:
            row.notice_until = now + rules.notice
        row.expires_at = max(usual, row.notice_until) if row.notice_until is not None else usual
    session.flush()
    audit.record(session, person=person, action="app.activated", subject=app_id, now=now, name=app.name)
    _tell(session, app_id, EventKind.ACTIVATED, now, {"backups": len(living)})
    return apps.get(session, app_id)


def _locked(session: Session, app_id: str, *, becomes: AppStatus) -> apps.App:
    app = apps.lock(session, app_id)
    if app.status is becomes:
        raise WrongState(
            f"The app {app.name} ({app_id}) is {becomes.value} already. Nothing was changed.",
            hint="Nothing needs to be done; `restorebot app list` shows every app's status.",
        )
    for hold in holds.holds_on(session, holds.on_app(app_id)):
        if hold.reason in _BLOCKING:
            raise holds.held_error(f"The app {app.name} ({app_id})", hold)
    return app


def _not_expired(session: Session, app_id: str, now: datetime) -> Sequence[tuple[BackupRow, StorageKind]]:
    rows = session.execute(
        select(BackupRow, StorageRow.kind)
        .join(StorageRow, StorageRow.id == BackupRow.storage_id)
        .where(
            BackupRow.app_id == app_id,
            BackupRow.status.in_([status.value for status in SEALED]),
            BackupRow.expires_at > now,
        )
        .order_by(BackupRow.id)
        .with_for_update(of=BackupRow, **LOCKED)
        .execution_options(populate_existing=True)
    )
    return [(row, StorageKind(kind)) for row, kind in rows]


def _tell(session: Session, app_id: str, kind: EventKind, now: datetime, data: dict[str, object]) -> None:
    log.append(
        session,
        stream=(StreamKind.APP, app_id),
        kind=kind,
        now=now,
        key=f"{kind.value}:{now.isoformat()}",
        data=data,
    )
