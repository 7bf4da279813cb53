"""The index of attachments: which blob an attachment is, and where it lies."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from blake3 import blake3

from core.archive.manifest import AttachmentsIndex
from core.storage.store import Store

#: Rows of a row group; some MB.
_ROW_GROUP: Final = 20_000

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


def write_index(store: Store, key: str, rows: Iterable[AttachmentRow], work_dir: Path) -> AttachmentsIndex:
    """Store the index. Raises ValueError unless (record_key, record_type) rise strictly, by code point."""
    path = work_dir / f"attachments-{uuid4().hex}.parquet"
    count = 0
    try:
        with pq.ParquetWriter(path, INDEX_SCHEMA, compression="zstd", compression_level=3) as writer:
            remaining = iter(_in_order(rows))
            while some := list(islice(remaining, _ROW_GROUP)):
                columns = [pa.array([getattr(row, one.name) for row in some], one.type) for one in INDEX_SCHEMA]
                writer.write_table(pa.table(columns, schema=INDEX_SCHEMA))
                count += len(some)
        index = AttachmentsIndex(
            key=key, rows=count, size=path.stat().st_size, blake3=blake3().update_mmap(path).hexdigest()
        )
        store.put_file(key, path)
        return index
    finally:
        path.unlink(missing_ok=True)


def read_index(stream: BinaryIO, *, rows: int, packs: Collection[str] | None = None) -> Iterator[AttachmentRow]:
    """The rows of an index, or those of them whose pack is one of `packs`; a row group in memory at a time.

    Raises ValueError when the columns, the order or the number of rows are not as they must be, at the latest after
    the last row.
    """
    wanted = None if packs is None else pa.array(sorted(packs), pa.string())
    with pq.ParquetFile(pa.PythonFile(stream, "r")) as file:
        if not file.schema_arrow.equals(INDEX_SCHEMA):
            raise ValueError("it has other columns than an index of attachments")
        if file.metadata.num_rows != rows:
            raise ValueError(f"it has {file.metadata.num_rows} rows instead of {rows}")
        for number in range(file.num_row_groups):
            table = file.read_row_group(number, use_threads=False)
            if wanted is not None:
                table = table.filter(pc.is_in(table.column("pack"), value_set=wanted))
            yield from _in_order(_rows(table))


def _rows(table: pa.Table) -> Iterator[AttachmentRow]:
    names = INDEX_SCHEMA.names
    for values in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        yield AttachmentRow(**dict(zip(names, values, strict=True)))


def _in_order(rows: Iterable[AttachmentRow]) -> Iterator[AttachmentRow]:
    last: tuple[str, str] | None = None
    for row in rows:
        position = (row.record_key, row.record_type)
        if last is not None and position <= last:
            raise ValueError(f"attachment {position} comes after {last}; they must rise")
        last = position
        yield row
