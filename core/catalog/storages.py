"""Storages: where backups live."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.catalog.tables import OnExpiry, StorageKind, StorageRow, new_id
from core.errors import NotFound, WrongState
from core.storage.location import overlap


@dataclass(frozen=True, kw_only=True)
class Storage:
    id: str
    name: str
    kind: StorageKind
    url: str
    on_expiry: OnExpiry
    created_at: datetime


def create_managed(session: Session, *, name: str, url: str, person: str, now: datetime) -> Storage:
    """A storage of ours: what expires in it is deleted. Raises WrongState when the name or the place is taken."""
    return _create(session, name, StorageKind.MANAGED, url, OnExpiry.DELETE, person, now)


def create_s3(session: Session, *, name: str, url: str, on_expiry: OnExpiry, person: str, now: datetime) -> Storage:
    """The customer's own S3. Raises WrongState when the name or the place is taken."""
    return _create(session, name, StorageKind.S3, url, on_expiry, person, now)


def _create(
    session: Session, name: str, kind: StorageKind, url: str, on_expiry: OnExpiry, person: str, now: datetime
) -> Storage:
    for taken in list_all(session):
        if taken.name == name or overlap(taken.url, url):
            what = f"named {name}" if taken.name == name else f"at {taken.url} ({taken.name})"
            raise WrongState(
                f"There is a storage {what} already. Nothing was changed.",
                hint="Choose another name and place; `restorebot storage list` shows those that are taken.",
            )
    row = StorageRow(id=new_id("sto"), name=name, kind=kind.value, url=url, on_expiry=on_expiry.value, created_at=now)
    session.add(row)
    session.flush()
    audit.record(session, person=person, action="storage.created", subject=row.id, now=now, name=name)
    return _storage(row)


def get(session: Session, storage_id: str) -> Storage:
    """Raises NotFound."""
    row = session.get(StorageRow, storage_id)
    if row is None:
        raise NotFound(f"There is no storage {storage_id}.", hint="`restorebot storage list` shows all of them.")
    return _storage(row)


def list_all(session: Session) -> Sequence[Storage]:
    """All of them, by name."""
    return [_storage(row) for row in session.scalars(select(StorageRow).order_by(StorageRow.name))]


def _storage(row: StorageRow) -> Storage:
    return Storage(
        id=row.id,
        name=row.name,
        kind=StorageKind(row.kind),
        url=row.url,
        on_expiry=OnExpiry(row.on_expiry),
        created_at=row.created_at,
    )
