"""The import's scratch database: an SQLite file in which rows wait until all of the export was read.

What a streaming reader cannot know is found here, in SQL and with bounded memory: keys that stand twice, which project
or space a record belongs to, which references dangle; and rows come out sorted by key. It is thrown away after the
import, so it is written without a journal.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
import pyarrow.compute as pc

from core.content.record_type import RecordType, Role

_CACHE_KIB = 64 * 1024
#: Arrow that waits to be written while the export is read on.
_AHEAD_BYTES = 16 * 1024 * 1024
#: Of each of several readers: they go through everything once, and what they look up lies close together.
_SHARED_CACHE_KIB = 16 * 1024
#: Rows handed out at once; a batch with bodies of some kB stays at a few MB.
READ_ROWS = 1024


def narrow(record_type: RecordType) -> str:
    """The side table with a record's keys, references and persons, without its texts: what resolving scans."""
    return f"n_{record_type.table}"


class Scratch:
    """One import's scratch database. Close it to remove its file."""

    def __init__(self, path: Path, types: Sequence[RecordType]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.path = path
        self.types = tuple(types)
        self._rows = dict.fromkeys((one.name for one in types), 0)
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scratch")
        self._writing: deque[tuple[Future[None], int]] = deque()
        self._shared = False
        self._connection = _connect(path, _CACHE_KIB)
        for one in self.types:
            wide = ", ".join(f'"{name}"' for name in stored_schema(one).names)
            self.run(f"CREATE TABLE {one.table} (rid INTEGER PRIMARY KEY, {wide})")
            slim = ", ".join(f'"{name}"' for name in _narrow_names(one))
            found = "container, personal INTEGER, repeated INTEGER"
            self.run(f"CREATE TABLE {narrow(one)} (rid INTEGER PRIMARY KEY, {slim}, {found})")
        self.run("CREATE TABLE file (claim TEXT, path TEXT, size INTEGER)")
        self.run("BEGIN")

    def add(self, record_type: RecordType, batch: pa.RecordBatch) -> None:
        """Take in a batch in `record_type.export_schema`. It is written by another thread while the caller reads on."""
        first = self._rows[record_type.name] + 1
        self._rows[record_type.name] += batch.num_rows
        self._settle(ahead=_AHEAD_BYTES)
        self._writing.append((self._writer.submit(self._add, record_type, batch, first), batch.nbytes))

    def _add(self, record_type: RecordType, batch: pa.RecordBatch, first: int) -> None:
        rid = pa.array(range(first, first + batch.num_rows), pa.int64())
        wide = stored_schema(record_type)
        self._append(
            record_type.table,
            pa.RecordBatch.from_arrays(
                [rid, *(_storable(batch.column(name)) for name in wide.names)], names=["rid", *wide.names]
            ),
        )
        names = _narrow_names(record_type)
        self._append(
            narrow(record_type),
            pa.RecordBatch.from_arrays([rid, *(batch.column(name) for name in names)], names=["rid", *names]),
        )

    def _settle(self, *, ahead: int = 0) -> None:
        """Wait until at most so many bytes are left to write; errors of writing are raised here. The connection is used
        by one thread at a time."""
        while self._writing and sum(size for _, size in self._writing) >= ahead:
            self._writing.popleft()[0].result()

    def finish_reading(self) -> None:
        """Everything is in: make the indexes that resolving and reading in order need."""
        for one in self.types:
            self.run(f"CREATE INDEX k_{one.table} ON {narrow(one)} (key)")
        self.run("CREATE INDEX k_file ON file (path)")

    def rows(self, record_type: RecordType) -> int:
        return self._rows[record_type.name]

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


def stored_schema(record_type: RecordType) -> pa.Schema:
    """The wide table's columns: the export's without the key, which the narrow table has (and may change)."""
    return pa.schema([one for one in record_type.export_schema if one.name != "key"])


def _narrow_names(record_type: RecordType) -> list[str]:
    linked = [one.name for one in record_type.columns if one.targets or one.role is Role.PERSON]
    return ["key", *linked, *(["file"] if record_type.has_file else [])]


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
