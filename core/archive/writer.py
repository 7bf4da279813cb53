"""Records → Parquet objects of bounded size."""

from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.archive.digest import digest_of
from core.archive.layout import record_key
from core.archive.manifest import RecordObject
from core.content.record_type import RecordType
from core.storage.store import Store

#: Bytes of Arrow of a row group: what writer and reader hold in memory at a time.
ROW_GROUP_BYTES: Final = 8 * 1024 * 1024
_LEVEL: Final = 3


class RecordsWriter:
    """Writes one record type's rows, sorted by key, as objects of at most `part_bytes` of Arrow each (a row is never
    split: one that is larger stands alone).

    `attempt` is the run's or part's fencing number: an object's name is never used again by another attempt. Memory
    is one row group besides the caller's batch. Used as a context manager it removes its work file after an error.
    """

    def __init__(
        self, store: Store, backup_id: str, record_type: RecordType, attempt: int, work_dir: Path, part_bytes: int
    ) -> None:
        self._store = store
        self._backup_id = backup_id
        self._type = record_type
        self._attempt = attempt
        self._work_dir = work_dir
        self._part_bytes = part_bytes
        self._row_group_bytes = min(ROW_GROUP_BYTES, part_bytes)
        self._last_key: str | None = None
        self._pending: list[pa.RecordBatch] = []  # of the row group under way
        self._pending_bytes = 0
        self._object: _OpenObject | None = None
        self._objects: list[RecordObject] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pending.clear()
        if self._object is not None:
            self._object.abandon()
            self._object = None

    def write(self, batch: pa.RecordBatch) -> None:
        """Raises ValueError when the batch has another schema than `archive_schema`, a null where none may be, or keys
        that do not rise strictly, by code point, also from batch to batch."""
        if not batch.schema.equals(self._type.archive_schema):
            raise ValueError(f"{self._type.name}: batch has another schema than the archive's")
        if batch.num_rows == 0:
            return
        self._must_rise(batch)
        while batch.num_rows:
            written = self._object.arrow_bytes if self._object else 0
            room = min(self._row_group_bytes, self._part_bytes - written) - self._pending_bytes
            rows = _rows_that_fit(batch, room)
            if rows == 0 and (self._pending or self._object):
                full = written + self._pending_bytes + batch.slice(0, 1).nbytes > self._part_bytes
                self._write_row_group()
                if full:
                    self._finish_object()
                continue
            piece = batch.slice(0, max(rows, 1))
            self._pending.append(piece)
            self._pending_bytes += piece.nbytes
            batch = batch.slice(piece.num_rows)

    def close(self) -> tuple[RecordObject, ...]:
        """Store what is left; returns every object that was stored, in the order of their keys."""
        self._write_row_group()
        self._finish_object()
        return tuple(self._objects)

    def _must_rise(self, batch: pa.RecordBatch) -> None:
        for column, field in zip(batch.columns, batch.schema, strict=True):
            if not field.nullable and column.null_count:
                raise ValueError(f"{self._type.name}: column {field.name} has no value in {column.null_count} rows")
        _, self._last_key = require_rising(batch.column("key"), self._last_key, self._type.name)

    def _write_row_group(self) -> None:
        if not self._pending:
            return
        if self._object is None:
            self._object = _OpenObject(self._work_dir / f"records-{uuid4().hex}.parquet", self._type.archive_schema)
        self._object.write(pa.Table.from_batches(self._pending), self._pending_bytes)
        self._pending.clear()
        self._pending_bytes = 0

    def _finish_object(self) -> None:
        if self._object is None:
            return
        finished, self._object = self._object, None
        key = record_key(self._backup_id, self._type.name, len(self._objects) + 1, self._attempt)
        self._objects.append(finished.store(self._store, key, self._type.name))


class _OpenObject:
    """A Parquet file in the work folder."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        # Compression finds what repeats as well as dictionaries would, in less time and space; but not how little a
        # number differs from the one before, nor a key from its neighbour. A page is a whole column of a row group, so
        # that it sees all of it.
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            compression_level=_LEVEL,
            use_dictionary=False,
            column_encoding=_encodings(schema),
            data_page_size=ROW_GROUP_BYTES,
        )
        self.arrow_bytes = 0
        self._rows = 0
        self._first_key = ""
        self._last_key = ""

    def write(self, table: pa.Table, arrow_bytes: int) -> None:
        self._writer.write_table(table, row_group_size=table.num_rows)
        if not self._rows:
            self._first_key = table.column("key")[0].as_py()
        self._last_key = table.column("key")[-1].as_py()
        self._rows += table.num_rows
        self.arrow_bytes += arrow_bytes

    def store(self, store: Store, key: str, record_type: str) -> RecordObject:
        try:
            self._writer.close()
            stored = RecordObject(
                key=key,
                record_type=record_type,
                rows=self._rows,
                size=self._path.stat().st_size,
                arrow_bytes=self.arrow_bytes,
                first_key=self._first_key,
                last_key=self._last_key,
                blake3=digest_of(self._path),
            )
            store.put_file(key, self._path)
            return stored
        finally:
            self._path.unlink(missing_ok=True)

    def abandon(self) -> None:
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._path.unlink(missing_ok=True)


def _encodings(schema: pa.Schema) -> dict[str, str]:
    """By column; the others are plain."""
    numbers = [one.name for one in schema if pa.types.is_integer(one.type) or pa.types.is_timestamp(one.type)]
    return {"key": "DELTA_BYTE_ARRAY", **dict.fromkeys(numbers, "DELTA_BINARY_PACKED")}


def require_rising(keys: pa.StringArray, after: str | None, what: str) -> tuple[str, str]:
    """First and last of a batch's keys. Raises ValueError unless they rise strictly by code point, the first above
    `after`."""
    first, last = keys[0].as_py(), keys[-1].as_py()
    if after is not None and first <= after:
        raise ValueError(f"{what}: key {first!r} comes after {after!r}; keys must rise")
    # Arrow compares UTF-8 byte by byte, which is the order of code points.
    if len(keys) > 1 and not pc.all(pc.less(keys[:-1], keys[1:])).as_py():
        raise ValueError(f"{what}: keys between {first!r} and {last!r} do not rise")
    return first, last


def _rows_that_fit(batch: pa.RecordBatch, room: int) -> int:
    """The most leading rows whose Arrow bytes are at most `room`."""
    low, high = 0, int(batch.num_rows)
    if batch.nbytes <= room:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if batch.slice(0, middle).nbytes <= room:
            low = middle
        else:
            high = middle
    return low
