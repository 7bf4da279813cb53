"""Shards: where apps' data lives. A shard's value is the driver port's own."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core import audit
from core.apps.driver import Shard
from core.catalog.tables import ShardRow
from core.database.locks import LOCKED
from core.errors import NotFound, WrongState


def create(
    session: Session, *, name: str, region: str, url: str, attachments_url: str, person: str, now: datetime
) -> Shard:
    """Raises WrongState when the name or the database is another shard's already."""
    taken = session.scalar(select(ShardRow).where(or_(ShardRow.name == name, ShardRow.url == url)))
    if taken is not None:
        what = f"named {name}" if taken.name == name else f"on that database ({taken.name})"
        raise WrongState(
            f"There is a shard {what} already. Nothing was changed.",
            hint="Choose another name and database; `restorebot shard list` shows those that are taken.",
        )
    row = ShardRow(name=name, region=region, url=url, attachments_url=attachments_url, created_at=now)
    session.add(row)
    session.flush()
    audit.record(session, person=person, action="shard.created", subject=name, now=now, region=region)
    return shard_of(row)


def get(session: Session, name: str) -> Shard:
    """Raises NotFound."""
    row = session.get(ShardRow, name)
    if row is None:
        raise NotFound(f"There is no shard {name}.", hint="`restorebot shard list` shows all of them.")
    return shard_of(row)


def lock(session: Session, name: str) -> None:
    """Nobody else decides what is put on it until this transaction ends. Raises NotFound."""
    get(session, name)
    session.execute(select(ShardRow.name).where(ShardRow.name == name).with_for_update(**LOCKED))


def list_all(session: Session, *, region: str | None = None) -> Sequence[Shard]:
    """By name; with `region`, those in it."""
    query = select(ShardRow).order_by(ShardRow.name)
    if region is not None:
        query = query.where(ShardRow.region == region)
    return [shard_of(row) for row in session.scalars(query)]


def shard_of(row: ShardRow) -> Shard:
    return Shard(name=row.name, region=row.region, url=row.url, attachments_url=row.attachments_url)
