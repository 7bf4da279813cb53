"""The catalog in a SQLite file: WAL, every commit on the disk, one writer at a time."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from core.database.failures import WAIT_SECONDS

_READING = "restorebot_reading"


def open_engine(url: str) -> Engine:
    path = make_url(url).database
    if path:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.touch(mode=0o600)  # SQLite gives the files beside it the same mode
    engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # pysqlite would begin by itself, and deferred
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
        _use_wal(cursor)
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        looking = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if looking else "BEGIN IMMEDIATE")

    return engine


def reading(engine: Engine) -> Engine:
    """The same connections for who only looks."""
    return engine.execution_options(**{_READING: True})


def _use_wal(cursor: Any) -> None:
    """Changing a new file to WAL needs it alone, and SQLite does not wait for that: another process's first look at the
    same moment makes it fail at once. Once changed, it stays so, and this is one cheap question. A database in memory
    has no WAL and needs none; on a disk that cannot have it, `doctor` says so."""
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
