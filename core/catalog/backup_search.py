"""A backup among ten thousand of its app: found by a date, an id, a storage or its completeness, a page at a time."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session

from core.catalog import storages
from core.catalog.backups import Backup, backup_of, restorable
from core.catalog.moments import period
from core.catalog.tables import SEALED, BackupRow, BackupStatus
from core.database.pages import Page, contains, page_of


@dataclass(frozen=True, kw_only=True)
class BackupCounts:
    """How many backups of an app there are, by what a person can do with them."""

    restorable: int
    incomplete: int  # of the restorable ones
    expired: int  # those whose objects are gone, too
    running: int


def search_backups(
    session: Session,
    *,
    app_id: str,
    text: str = "",
    now: datetime,
    limit: int,
    offset: int = 0,
    zone: tzinfo = UTC,
) -> Page[Backup]:
    """Those that can be restored, the newest first. `text` is the beginning of a date in the person's `zone` (see
    `core.catalog.moments`), or a part of an id, of a storage's name, or of the word complete or incomplete."""
    query = select(BackupRow).where(BackupRow.app_id == app_id, *restorable(now))
    if text.strip():
        query = query.where(_meant(session, text.strip(), now, zone))
    query = query.order_by(BackupRow.taken_at.desc(), BackupRow.id)
    return page_of(session, query, lambda found: backup_of(found[0]), limit=limit, offset=offset)


def counts(session: Session, *, app_id: str, now: datetime) -> BackupCounts:
    gone = [BackupStatus.EXPIRED.value, BackupStatus.DELETED.value]
    past = BackupRow.status.in_([one.value for one in SEALED]) & (BackupRow.expires_at <= now)
    usable = restorable(now)
    found = session.execute(
        select(
            func.count().filter(*usable),
            func.count().filter(*usable, BackupRow.status == BackupStatus.INCOMPLETE.value),
            func.count().filter(BackupRow.status.in_(gone) | past),
            func.count().filter(BackupRow.status == BackupStatus.RUNNING.value),
        ).where(BackupRow.app_id == app_id)
    ).one()
    return BackupCounts(restorable=found[0], incomplete=found[1], expired=found[2], running=found[3])


def _meant(session: Session, text: str, now: datetime, zone: tzinfo) -> ColumnElement[bool]:
    if (meant := period(text, now, zone)) is not None:
        begin, end = meant
        return (BackupRow.taken_at >= begin) & (BackupRow.taken_at < end)
    word = text.casefold()
    named = [one.id for one in storages.list_all(session) if word in one.name.casefold()]
    statuses = [one.value for one in SEALED if one.value.startswith(word)]
    return or_(
        BackupRow.id.like(contains(word), escape="/"),
        BackupRow.storage_id.in_(named) if named else literal(value=False),
        BackupRow.status.in_(statuses) if statuses else literal(value=False),
    )
