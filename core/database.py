"""SQLAlchemy: the declarative base, the engine, and the one way to a transaction."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from core.errors import CatalogLocked, StorageUnreachable

#: Seconds a writer waits for another one on SQLite.
BUSY_SECONDS = 30

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


_READING = "restorebot_reading"


class Database:
    """The catalog's database. A `transaction` writes or may write: on SQLite it begins IMMEDIATE, since one that reads
    first and writes later fails at once when another has written in between. What only looks is `reading`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _sqlite(url) if url.startswith("sqlite") else create_engine(url, pool_pre_ping=True)
        self._readers = self.engine.execution_options(**{_READING: True})

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error. Keep it short, and move no bytes in it."""
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise _named(error) from error

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view that waits for no writer and keeps none waiting. Nothing written in it is kept."""
        try:
            with Session(self._readers, expire_on_commit=False) as session:
                yield session
        except OperationalError as error:
            raise _named(error) from error

    def dispose(self) -> None:
        self.engine.dispose()


def _named(error: OperationalError) -> Exception:
    words = str(error.orig)
    if "locked" in words or "busy" in words:
        return CatalogLocked(
            f"The catalog was locked by another process for more than {BUSY_SECONDS} s; nothing was changed.",
            hint="Try again; `restorebot doctor` shows which processes work on it.",
        )
    return StorageUnreachable(
        f"The catalog cannot be used: {words}. Nothing was changed.",
        hint="Check RESTOREBOT_DATABASE_URL and that its folder exists and can be written; then try again.",
    )


def _use_wal(cursor: Any) -> None:
    """Changing a new file to WAL needs it alone, and SQLite does not wait for that: another process's first look at the
    same moment makes it fail at once. Once changed, it stays so, and this is one cheap question. A database in memory
    has no WAL and needs none; on a disk that cannot have it, `doctor` says so."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _sqlite(url: str) -> Engine:
    path = make_url(url).database
    if path:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)  # SQLite gives the files beside it the same mode
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # pysqlite would begin by itself, and deferred
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        _use_wal(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
