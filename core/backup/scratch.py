"""The import's scratch: where rows wait until all of the export was read.

What a streaming reader cannot know is found here, with bounded memory: keys that stand twice, which project or space a
record belongs to, which references dangle; and rows come out sorted by key. An SQLite database holds what has to be
looked up, which is keys, references and little else; whole rows lie in files beside it and are found by number. All of
it is thrown away after the import, so the database is written without a journal.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
import pyarrow.compute as pc

from core.backup.spill import Finder, Spill, rises
from core.content.catalogue import BY_NAME
from core.content.record_type import RecordType, Role

_CACHE_KIB = 64 * 1024
#: Arrow of one type, and of all, that is gathered before it is put down, sorted: few long runs are read again faster.
_RUN_BYTES = 8 * 1024 * 1024
_GATHERED_BYTES = 16 * 1024 * 1024
#: … and that waits to be put down while the export is read on.
_AHEAD_BYTES = 16 * 1024 * 1024
#: Of each of several readers: they go through everything once, and what they look up lies close together.
_SHARED_CACHE_KIB = 16 * 1024
#: Rows of a query handed out at once.
READ_ROWS = 8192
#: What SQL looks at besides keys, references and files.
_LOOKED_AT: Mapping[str, tuple[str, ...]] = {
    "confluence.space": ("space_key", "type"),
    "confluence.space_permission": ("group_name", "type"),
    "directory.user": ("account_id", "email", "username"),
    "directory.user_key": ("account_id", "username"),
    "jira.app_role": ("group_name",),
    "jira.custom_field": ("name", "type"),
    "jira.permission": ("group_name", "permission", "scheme"),
}


class Scratch:
    """One import's scratch. Close it to remove its files."""

    def __init__(self, path: Path, types: Sequence[RecordType]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.path = path
        self.types = tuple(types)
        self._rows = dict.fromkeys((one.name for one in types), 0)
        self._gathered: dict[str, _Gathered] = {one.name: _Gathered(one) for one in types}
        self._spills: dict[str, Spill] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scratch")
        self._writing: deque[tuple[Future[None], int]] = deque()
        self._shared = False
        self._connection = _connect(path, _CACHE_KIB)
        for one in self.types:
            columns = ", ".join(f'"{name}"' for name in _looked_up(one))
            self.run(f"CREATE TABLE {one.table} (rid INTEGER PRIMARY KEY, {columns}, container, repeated INTEGER)")
        self.run("CREATE TABLE named_person (name TEXT)")
        self.run("BEGIN")

    def add(self, record_type: RecordType, batch: pa.RecordBatch) -> None:
        """Take in a batch in `record_type.export_schema`; another thread puts it down while the caller reads on."""
        self._rows[record_type.name] += batch.num_rows
        gathered = self._gathered[record_type.name]
        gathered.add(batch)
        if gathered.bytes >= _RUN_BYTES:
            self._put_later(gathered)
        elif sum(one.bytes for one in self._gathered.values()) >= _GATHERED_BYTES:
            self._put_later(max(self._gathered.values(), key=lambda one: one.bytes))

    def _put_later(self, gathered: "_Gathered") -> None:
        batches, size = gathered.empty()
        self._settle(ahead=_AHEAD_BYTES)
        self._writing.append((self._writer.submit(self._put, gathered.record_type, batches), size))

    def _put(self, record_type: RecordType, batches: Sequence[pa.RecordBatch]) -> None:
        """Runs are sorted, so that reading in the order of keys goes through each once. Rows of one key keep their
        order."""
        run = pa.concat_batches(batches)
        if not rises(run.column("key")):
            run = run.take(pc.sort_indices(run.column("key")))
        spill = self._spills.get(record_type.name)
        if spill is None:
            path = self.path.with_name(f"{self.path.stem}-{record_type.table}.arrow")
            spill = self._spills[record_type.name] = Spill(path, record_type.export_schema)
        names = _looked_up(record_type)
        columns = [spill.put(run), *(_storable(run.column(name)) for name in names)]
        self._append(record_type.table, pa.RecordBatch.from_arrays(columns, names=["rid", *names]))
        people = [run.column(one.name) for one in record_type.columns if one.role is Role.PERSON]
        if people:
            named = pc.drop_null(pc.unique(pa.chunked_array(people)))
            self._append("named_person", pa.RecordBatch.from_arrays([named], names=["name"]))

    def _settle(self, *, ahead: int = 0) -> None:
        """Wait until at most so many bytes are left to write; errors of writing are raised here. The connection is used
        by one thread at a time."""
        while self._writing and sum(size for _, size in self._writing) >= ahead:
            self._writing.popleft()[0].result()

    def finish_reading(self) -> None:
        """Everything is in: make the indexes that resolving and reading in order need."""
        for gathered in self._gathered.values():
            if gathered.bytes:
                self._put_later(gathered)
        self._settle()
        for name, spill in self._spills.items():
            spill.finish()
            self.run(f"CREATE INDEX k_{BY_NAME[name].table} ON {BY_NAME[name].table} (key)")

    def rows(self, record_type: RecordType) -> int:
        return self._rows[record_type.name]

    @contextmanager
    def finder(self, record_type: RecordType) -> Iterator[Finder]:
        """Finds whole rows of a type, of which there are any, by their `rid`."""
        with closing(Finder(self._spills[record_type.name])) as finder:
            yield finder

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._settle()
        with self._connection.cursor() as cursor:
            cursor.execute(sql, list(parameters) or None)

    def fetch(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """For small results only."""
        self._settle()
        with self._connection.cursor() as cursor:
            cursor.execute(sql, list(parameters) or None)
            return list(cursor.fetchall())

    def value(self, sql: str) -> Any:
        return self.fetch(sql)[0][0]

    def batches(self, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """Stream a query's rows in `schema`. The driver guesses types from the first rows, so a first row of typed
        values goes before them and is taken away again."""
        if self._shared:
            with closing(_connect(self.path, _SHARED_CACHE_KIB)) as connection:
                yield from _batches(connection, sql, schema)
        else:
            self._settle()
            yield from _batches(self._connection, sql, schema)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Within, several threads may call `batches`, each with a connection of its own, and nobody writes."""
        self.run("COMMIT")
        self.run("PRAGMA shrink_memory")
        self._shared = True
        try:
            yield
        finally:
            self._shared = False
            self.run("BEGIN")

    def close(self) -> None:
        with suppress(Exception):  # it was raised before, or the import ends with an error of its own
            self._settle()
        self._writer.shutdown()
        self._connection.close()
        for spill in self._spills.values():
            spill.close()
        self.path.unlink(missing_ok=True)

    def ingest(self, table: str, batch: pa.RecordBatch) -> None:
        """Append a batch to a table whose columns have its names."""
        self._settle()
        columns = [_storable(column) for column in batch.columns]
        self._append(table, pa.RecordBatch.from_arrays(columns, names=batch.schema.names))

    def _append(self, table: str, batch: pa.RecordBatch) -> None:
        with self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, batch, mode="append")


def _connect(path: Path, cache_kib: int) -> Any:
    connection = adbc.connect(str(path), autocommit=True)
    with connection.cursor() as cursor:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{cache_kib}"):
            cursor.execute(f"PRAGMA {pragma}")
    return connection


def _batches(connection: Any, sql: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    sentinel = ", ".join(f'{_typed(one.type)} AS "{one.name}"' for one in schema)
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": READ_ROWS})
        cursor.execute(f"SELECT {sentinel} UNION ALL SELECT * FROM ({sql})")
        first = True
        for batch in cursor.fetch_record_batch():
            rows = batch.slice(1) if first else batch
            first = False
            if rows.num_rows:
                yield pa.RecordBatch.from_arrays(
                    [_restored(rows.column(index), one.type) for index, one in enumerate(schema)], schema=schema
                )


class _Gathered:
    """Batches of one type that wait to become a run."""

    def __init__(self, record_type: RecordType) -> None:
        self.record_type = record_type
        self.bytes = 0
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> None:
        self._batches.append(batch)
        self.bytes += batch.nbytes

    def empty(self) -> tuple[list[pa.RecordBatch], int]:
        emptied = self._batches, self.bytes
        self._batches, self.bytes = [], 0
        return emptied


def _looked_up(record_type: RecordType) -> list[str]:
    references = [one.name for one in record_type.references]
    file = ["file", "title"] if record_type.has_file else []
    return ["key", *references, *_LOOKED_AT.get(record_type.name, ()), *file]


def _storable(column: Any) -> Any:
    """SQLite has neither timestamps nor booleans: both become integers."""
    if pa.types.is_timestamp(column.type) or pa.types.is_boolean(column.type):
        return pc.cast(column, pa.int64())
    return column


def _restored(column: Any, type_: pa.DataType) -> Any:
    if column.type == type_:
        return column
    if pa.types.is_boolean(type_):
        return pc.cast(pc.cast(column, pa.int64()), pa.bool_())
    return pc.cast(pc.cast(column, pa.int64()), type_) if pa.types.is_timestamp(type_) else pc.cast(column, type_)


def _typed(type_: pa.DataType) -> str:
    if pa.types.is_string(type_):
        return "''"
    return "0.5" if pa.types.is_floating(type_) else "0"
