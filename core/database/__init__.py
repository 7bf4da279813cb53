"""SQLAlchemy: the declarative base, the engine, and the one way to a transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, MetaData
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from core.database import postgres, sqlite
from core.database.failures import explained

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes only, kept as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone was given to the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012 - SQLAlchemy reads this class attribute as it is


class Database:
    """The catalog's database. A `transaction` writes or may write; what only looks is `reading`.

    On SQLite a transaction begins IMMEDIATE and so is alone, since one that reads first and writes later fails at once
    when another has written in between. On PostgreSQL it is READ COMMITTED and alone only with the rows it has written
    or locked: whoever decides on a row writes or locks that row first. `name` is what the server calls our sessions.
    """

    def __init__(self, url: str, *, name: str = "restorebot") -> None:
        self.url = url
        self.name = name
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        self.engine = sqlite.open_engine(url) if self.is_sqlite else postgres.open_engine(url, name=name)
        self._readers = (sqlite if self.is_sqlite else postgres).reading(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error. Keep it short, and move no bytes in it.

        Raises the errors of `core.database.failures`. A deadlock or another writer's lock that lasts is CatalogLocked,
        which is transient: steps and commands are made to be repeated whole, so nothing is repeated here."""
        with explained(self.url), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view that waits for no writer and keeps none waiting. Nothing written in it is kept."""
        with explained(self.url), Session(self._readers, expire_on_commit=False) as session:
            yield session

    def dispose(self) -> None:
        self.engine.dispose()
