"""The index of attachments: which blob an attachment is, and where it lies."""

import io
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from core.archive.digest import digest_of
from core.archive.manifest import AttachmentsIndex
from core.storage.store import Store

INDEX_SCHEMA: Final = pa.schema(
    [
        pa.field("record_key", pa.string(), nullable=False),
        pa.field("record_type", pa.string(), nullable=False),
        pa.field("container", pa.string()),
        pa.field("name", pa.string(), nullable=False),
        pa.field("personal", pa.bool_(), nullable=False),
        pa.field("repeated", pa.bool_(), nullable=False),
        pa.field("blob", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("pack", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("stored_size", pa.int64(), nullable=False),
        pa.field("compressed", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class AttachmentRow:
    """One attachment of a backup. Columns of the index, in this order."""

    record_key: str  # key of the attachment record, or the file's path where no record claims it
    record_type: str  # "" where no record claims the file
    container: str | None
    name: str
    personal: bool  # it lies in a personal space
    repeated: bool  # its record's key stood before in the export
    blob: str  # blake3 of the bytes, hexadecimal
    size: int
    pack: str  # pack id
    offset: int  # of the stored bytes in the pack
    stored_size: int
    compressed: bool  # stored as one zstd frame


def write_index(store: Store, key: str, batches: Iterable[pa.RecordBatch], work_dir: Path) -> AttachmentsIndex:
    """Store the index of these rows in INDEX_SCHEMA. Raises ValueError unless (record_key, record_type) rise strictly,
    by code point."""
    path = work_dir / f"attachments-{uuid4().hex}.parquet"
    count = 0
    try:
        with pq.ParquetWriter(path, INDEX_SCHEMA, compression="zstd", compression_level=3) as writer:
            for table in _in_order(pa.Table.from_batches([batch], INDEX_SCHEMA) for batch in batches):
                writer.write_table(table)
                count += table.num_rows
        index = AttachmentsIndex(key=key, rows=count, size=path.stat().st_size, blake3=digest_of(path))
        store.put_file(key, path)
        return index
    finally:
        path.unlink(missing_ok=True)


def read_index(stream: BinaryIO, *, rows: int, packs: Collection[str] | None = None) -> Iterator[pa.Table]:
    """The rows of an index in INDEX_SCHEMA, or those of them whose pack is one of `packs`; a row group in memory at a
    time.

    Raises ValueError when the columns, the order or the number of rows are not as they must be, at the latest after
    the last row.
    """
    wanted = None if packs is None else pa.array(sorted(packs), pa.string())
    for table in _tables(stream, rows):
        yield table if wanted is None else table.filter(pc.is_in(table.column("pack"), value_set=wanted))


@dataclass(frozen=True, kw_only=True)
class KnownIndex:
    """An index in memory, whose bytes were compared with its blake3."""

    blake3: str
    rows: int
    data: bytes = field(compare=False, repr=False)


@lru_cache(maxsize=1)
def rows_by_pack(index: KnownIndex) -> Mapping[str, pa.Table]:
    """Kept for the next call: every part of a restore asks for some packs of the same index. Raises ValueError as
    `read_index` does."""
    tables = _tables(io.BytesIO(index.data), index.rows)
    return by_pack(pa.concat_tables([INDEX_SCHEMA.empty_table(), *tables]))


def by_pack(table: pa.Table) -> dict[str, pa.Table]:
    """The rows of each pack, in the order they had. `table` has a column `pack`."""
    table = table.combine_chunks()
    table = table.take(pc.sort_indices(table.column("pack")))  # which keeps the order within a pack
    found: dict[str, pa.Table] = {}
    start = 0
    for pack in pc.value_counts(table.column("pack")).to_pylist():
        found[pack["values"]] = table.slice(start, pack["counts"])
        start += pack["counts"]
    return found


def matched(wanted: pa.Table, there: pa.Table, columns: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Those rows of `there` that equal one of `wanted` in these columns, and those of `wanted` that equal none there,
    in no order."""
    names = list(columns)
    found = there.join(wanted.select(names), names, join_type="left semi", use_threads=False)
    missing = wanted.join(there.select(names), names, join_type="left anti", use_threads=False)
    return found, missing


def attachment_rows(table: pa.Table) -> Iterator[AttachmentRow]:
    """Of a table in INDEX_SCHEMA."""
    names = INDEX_SCHEMA.names
    for values in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        yield AttachmentRow(**dict(zip(names, values, strict=True)))


def _tables(stream: BinaryIO, rows: int) -> Iterator[pa.Table]:
    with pq.ParquetFile(pa.PythonFile(stream, "r")) as file:
        if not file.schema_arrow.equals(INDEX_SCHEMA):
            raise ValueError("it has other columns than an index of attachments")
        if file.metadata.num_rows != rows:
            raise ValueError(f"it has {file.metadata.num_rows} rows instead of {rows}")
        yield from _in_order(_row_groups(file))


def _row_groups(file: pq.ParquetFile) -> Iterator[pa.Table]:
    for number in range(file.num_row_groups):
        yield file.read_row_group(number, use_threads=False)


def _in_order(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    last: tuple[str, str] | None = None
    for table in tables:
        if not table.num_rows:
            continue
        keys, types = (table.column(name).combine_chunks() for name in ("record_key", "record_type"))
        first = keys[0].as_py(), types[0].as_py()
        # Arrow compares UTF-8 byte by byte, which is the order of code points.
        same_key = pc.and_(pc.equal(keys[:-1], keys[1:]), pc.less(types[:-1], types[1:]))
        rises = pc.all(pc.or_(pc.less(keys[:-1], keys[1:]), same_key), min_count=0).as_py()
        if not rises or (last is not None and first <= last):
            raise ValueError(f"attachments from {first} on do not rise")
        last = keys[-1].as_py(), types[-1].as_py()
        yield table
