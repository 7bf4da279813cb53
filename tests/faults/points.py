"""Every instant at which a test may stop a run: the edges of its steps and parts, and between two of them each commit
to the catalog and each call of driver and store that writes.

A point is named by where and what: `step:publish:before`, `step:publish/driver.close:after`,
`part:load:records-00001/catalog:before#2` (the second commit of that part, just before it). The wrappers stand around
an Engine's own values; production code knows nothing of them.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from sqlalchemy import text
from sqlalchemy.orm import Session

from core.apps.driver import Driver, Place
from core.apps.embedded.driver import EmbeddedDriver
from core.content.record_type import RecordType
from core.database import Database
from core.database.sessions import session_mark
from core.engine import Engine
from core.storage.location import open_store
from core.storage.store import ObjectInfo, Store
from core.workflow.presence import this_host
from core.workflow.worker import Worker

Reached = Callable[[str], None]
Table = tuple[RecordType, pa.RecordBatchReader]

#: Instead of ten: how long a test waits for a stopped worker to be taken over.
HASTY_SECONDS = 3.0

#: How the threads are named that a step starts itself.
HELPERS = ("records", "packs")

DRIVER_WRITES = frozenset(
    {"provision", "stage", "claim", "load", "load_attachments", "index", "analyze", "seal", "discard", "drop", "edit"}
    | {"close", "reopen"}
)


class Points:
    """Calls `reached` with the name of each point, in the thread that reaches it."""

    def __init__(self, reached: Reached) -> None:
        self.reached = reached
        self._here = threading.local()
        self._steps: dict[str, Counter[str]] = {}
        self._lock = threading.Lock()

    def edge(self, name: str) -> None:
        """The Edge of an engine."""
        where, _, side = name.rpartition(":")
        if side == "before":
            self.enter(where)
            self._steps[where] = self._here.counts
        self.reached(name)
        if side == "after":
            self._here.where = ""
            self._steps.pop(where, None)

    def enter(self, where: str) -> None:
        """What this thread does from now on is of no step, and still has points."""
        self._here.where, self._here.counts = where, Counter()

    def name(self, what: str) -> str | None:
        """The name of an instant inside the step or part that this thread is in; None outside."""
        with self._lock:
            where, counts = self._place()
            if not where:
                return None
            counts[what] += 1
            return f"{where}/{what}" + (f"#{counts[what]}" if counts[what] > 1 else "")

    def _place(self) -> tuple[str, Counter[str]]:
        """A step's own helping threads are where the step is, if it is the only one."""
        where: str = getattr(self._here, "where", "")
        if where:
            return where, self._here.counts
        if threading.current_thread().name.startswith(HELPERS) and len(self._steps) == 1:
            return next(iter(self._steps.items()))
        return "", Counter()

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        before, after = self.name(f"{what}:before"), self.name(f"{what}:after")
        if before:
            self.reached(before)
        yield
        if after:
            self.reached(after)


class WatchedDatabase(Database):
    """A catalog whose writing transactions of steps and parts have a point just before and just after their commit."""

    def __init__(self, url: str, points: Points, *, name: str) -> None:
        super().__init__(url, name=name)
        self._points = points

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        after = None
        with super().transaction() as session:
            before_all = self._written(session)
            yield session
            session.flush()
            if self._written(session) != before_all:
                before, after = self._points.name("catalog:before"), self._points.name("catalog:after")
                if before:
                    self._points.reached(before)
        if after:
            self._points.reached(after)

    def _written(self, session: Session) -> object:
        """Something that changes when the transaction has written; on PostgreSQL, or has locked."""
        if self.is_sqlite:
            counter: Any = session.connection().connection.driver_connection
            return counter.total_changes
        return session.scalar(text("SELECT pg_current_xact_id_if_assigned()::text"))


class WatchedDriver:
    """A driver whose calls that write have a point before and after."""

    def __init__(self, driver: Driver, points: Points) -> None:
        self._driver = driver
        self._points = points

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._driver, name)
        if name not in DRIVER_WRITES:
            return found

        def call(*args: Any, **named: Any) -> Any:
            with self._points.around(f"driver.{name}"):
                return found(*args, **named)

        return call

    def load(self, place: Place, part: str, token: int, tables: Sequence[Table]) -> int:
        """Has a point inside the shard's transaction too, with some rows written and others not."""
        inside = self._points.name("driver.load:inside")

        def watched_rows(batches: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
            nonlocal inside
            yield from batches
            if inside:
                name, inside = inside, None
                self._points.reached(name)

        with self._points.around("driver.load"):
            return self._driver.load(
                place,
                part,
                token,
                [(one, pa.RecordBatchReader.from_batches(one.schema, watched_rows(rows))) for one, rows in tables],
            )


class WatchedStore(Store):
    """A store whose calls that write have a point before and after."""

    def __init__(self, store: Store, points: Points) -> None:
        self._store = store
        self._points = points
        self.url = store.url

    def put(self, key: str, data: bytes) -> None:
        with self._points.around("store.put"):
            self._store.put(key, data)

    def put_file(self, key: str, path: Path) -> None:
        with self._points.around("store.put_file"):
            self._store.put_file(key, path)

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def open(self, key: str) -> BinaryIO:
        return self._store.open(key)

    def copy_from(self, source: Store, source_key: str, key: str) -> None:
        with self._points.around("store.copy_from"):
            self._store.copy_from(source, source_key, key)

    def stat(self, key: str) -> ObjectInfo:
        return self._store.stat(key)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        return self._store.list(prefix)

    def delete(self, key: str) -> None:
        with self._points.around("store.delete"):
            self._store.delete(key)

    def free_bytes(self) -> int | None:
        return self._store.free_bytes()


def watched(engine: Engine, points: Points) -> Engine:
    """The same engine with points: its database, drivers and stores are wrapped."""

    def stores(url: str) -> Store:
        return WatchedStore(open_store(url), points)

    engine.database.dispose()
    owner = session_mark(this_host(), os.getpid())
    return replace(
        engine,
        database=WatchedDatabase(engine.settings.catalog_url, points, name=engine.database.name),
        drivers={name: WatchedDriver(EmbeddedDriver(stores=stores, owner=owner), points) for name in engine.drivers},
        open_store=stores,
        edge=points.edge,
    )


class HastyEngine(Engine):
    """An engine whose workers soon take a heartbeat that stands still for a worker that is gone."""

    def worker(self, **options: Any) -> Worker:
        return super().worker(**{"stale_seconds": HASTY_SECONDS, **options})


def hasty(engine: Engine) -> Engine:
    return HastyEngine(**{one.name: getattr(engine, one.name) for one in fields(engine)})
