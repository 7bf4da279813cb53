"""Restores as lists show them: without plans and reports, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased

from core.access.people import ids_of, name_of
from core.access.tables import GrantRow, GrantStatus
from core.catalog import names
from core.catalog.run_tables import RunStatus
from core.catalog.runs import OPEN
from core.catalog.tables import AppRow, BackupRow
from core.database.pages import Page, page_of
from core.errors import NotFound
from core.findings import Severity
from core.restore.tables import FindingRow, RestoreRow, Step

NOUN: Final = names.Noun(word="restore", prefix="rst", id=RestoreRow.id, command="restorebot restore list")
_SOURCE, _DESTINATION = aliased(AppRow), aliased(AppRow)


@dataclass(frozen=True, kw_only=True)
class RestoreLine:
    """One restore in a table."""

    id: str
    organization_id: str
    source: str  # names of apps
    destination: str
    destination_id: str
    taken_at: datetime  # of the backup
    status: RunStatus
    step: Step
    cancel_wanted: bool
    published: bool
    #: bytes
    done: int
    total: int
    warnings: int
    #: grants that wait for a decision
    pending: int
    person: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    #: until when a failed one can be resumed
    staging_until: datetime | None

    def can_be_cancelled(self, now: datetime) -> bool:
        return not self.cancel_wanted and not self.published and (self.status.value in OPEN or self.can_be_resumed(now))

    def can_be_resumed(self, now: datetime) -> bool:
        kept = self.staging_until is not None and self.staging_until > now
        return self.status is RunStatus.FAILED and kept and not self.cancel_wanted


def page(
    session: Session,
    *,
    organizations: Sequence[str],
    status: RunStatus | None = None,
    app_id: str | None = None,
    limit: int,
    offset: int = 0,
) -> Page[RestoreLine]:
    """Of these organizations, the newest first; `app_id` finds those into it and those from its backups."""
    where: list[ColumnElement[bool]] = [RestoreRow.organization_id.in_(organizations)]
    if status is not None:
        where.append(RestoreRow.status == status.value)
    if app_id is not None:
        where.append((RestoreRow.app_id == app_id) | (BackupRow.app_id == app_id))
    return _page(session, where, limit=limit, offset=offset)


def one(session: Session, restore_id: str) -> RestoreLine:
    """Raises NotFound."""
    found = _page(session, [RestoreRow.id == restore_id], limit=1).found
    if not found:
        raise NotFound(f"There is no restore {restore_id}.", hint="`restorebot restore list` shows all of them.")
    return found[0]


def latest_of(session: Session, person_id: str) -> RestoreLine | None:
    """What the person asked for last."""
    found = _page(session, [_asked_by(session, person_id)], limit=1).found
    return found[0] if found else None


def open_of(session: Session, person_id: str, *, now: datetime, limit: int) -> Page[RestoreLine]:
    """What the person asked for and can still cancel."""
    kept = (RestoreRow.status == RunStatus.FAILED.value) & (RestoreRow.staging_until > now)
    where = [
        _asked_by(session, person_id),
        RestoreRow.published_at.is_(None),
        RestoreRow.cancel_wanted_at.is_(None),
        RestoreRow.status.in_(OPEN) | kept,
    ]
    return _page(session, where, limit=limit)


def find(session: Session, word: str) -> RestoreLine:
    """By id, or a unique part of it. Raises NotFound, Ambiguous."""
    return one(session, names.find(session, NOUN, word))


def _asked_by(session: Session, person_id: str) -> ColumnElement[bool]:
    return RestoreRow.requested_by.in_(ids_of(session, person_id))


def _page(session: Session, where: Sequence[ColumnElement[bool]], *, limit: int, offset: int = 0) -> Page[RestoreLine]:
    found = page_of(session, _query().where(*where), lambda row: row, limit=limit, offset=offset)
    ids = [row.id for row in found.found]
    warned = _counts(session, FindingRow.run_id, ids, FindingRow.finding["severity"].as_string() == Severity.WARNING)
    pending = _counts(session, GrantRow.restore_id, ids, GrantRow.status == GrantStatus.PENDING.value)
    people = {row.requested_by: name_of(session, row.requested_by) for row in found.found}
    lines = [
        _line(row, people[row.requested_by], warnings=warned.get(row.id, 0), pending=pending.get(row.id, 0))
        for row in found.found
    ]
    return Page(found=lines, offset=found.offset, total=found.total)


def _query() -> "Select[*tuple[Any, ...]]":
    row = RestoreRow
    return (
        select(
            row.id, row.organization_id, row.app_id, row.status, row.step, row.cancel_wanted_at, row.published_at,
            row.progress_done, row.progress_total, row.requested_by, row.created_at, row.started_at, row.finished_at,
            row.staging_until, BackupRow.taken_at, _SOURCE.name.label("source"),
            _DESTINATION.name.label("destination"),
        )
        .join(BackupRow, BackupRow.id == row.backup_id)
        .join(_SOURCE, _SOURCE.id == BackupRow.app_id)
        .join(_DESTINATION, _DESTINATION.id == row.app_id)
        .order_by(row.created_at.desc(), row.id)
    )  # fmt: skip


def _counts(session: Session, restore_id: Any, ids: Sequence[str], condition: ColumnElement[bool]) -> dict[str, int]:
    query = select(restore_id, func.count()).where(restore_id.in_(ids), condition).group_by(restore_id)
    return dict(session.execute(query).all())


def _line(row: Any, person: str, *, warnings: int, pending: int) -> RestoreLine:
    return RestoreLine(
        id=row.id,
        organization_id=row.organization_id,
        source=row.source,
        destination=row.destination,
        destination_id=row.app_id,
        taken_at=row.taken_at,
        status=RunStatus(row.status),
        step=Step(row.step),
        cancel_wanted=row.cancel_wanted_at is not None,
        published=row.published_at is not None,
        done=row.progress_done,
        total=row.progress_total,
        warnings=warnings,
        pending=pending,
        person=person,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        staging_until=row.staging_until,
    )
