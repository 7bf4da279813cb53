"""Reads a sealed backup, and believes nothing that its manifest does not confirm."""

import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3

from core.archive.attachments import (
    INDEX_SCHEMA,
    AttachmentRow,
    KnownIndex,
    attachment_rows,
    by_pack,
    read_index,
    rows_by_pack,
)
from core.archive.layout import manifest_key
from core.archive.manifest import AttachmentsIndex, Manifest, RecordObject, open_sealed
from core.archive.signing import Keyring
from core.archive.writer import require_rising
from core.content.catalogue import BY_NAME
from core.errors import BadSignature, DamagedObject, ObjectNotFound
from core.storage.store import Store

_CHUNK: Final = 1024 * 1024
#: An index of attachments up to this size is read in memory, a larger one from an unnamed temporary file.
_SPOOLED: Final = 16 * 1024 * 1024
#: One up to this size, which is some hundred thousand rows, is kept in memory while its packs are restored.
_KEPT: Final = 8 * 1024 * 1024
HINT: Final = "Bring the object back from a copy of the storage, or choose another backup."


class ArchiveReader:
    """One sealed backup. `digest` is the manifest's blake3 as the catalog keeps it, None where there is none to ask.

    Raises DamagedObject when there is no manifest, BadSignature and UnknownFormat as `open_sealed` does, and the
    store's own errors.
    """

    def __init__(self, store: Store, backup_id: str, keyring: Keyring, digest: str | None) -> None:
        self.store = store
        self.backup_id = backup_id
        key = manifest_key(backup_id)
        with _missing_is_damage(key):
            data = store.get(key)
        self.manifest: Manifest = open_sealed(data, keyring, digest=digest)
        if self.manifest.backup_id != backup_id:
            raise BadSignature(
                f"The manifest {key} is that of another backup, {self.manifest.backup_id}.",
                hint="Bring the right one back from a copy of the storage, or choose another backup.",
            )

    def batches(self, part: RecordObject) -> Iterator[pa.RecordBatch]:
        """The object's rows in `archive_schema`, a batch for each row group.

        The whole object is read and its size and blake3 are compared before anything of it is parsed; rows, keys and
        schema are compared while it is read. Raises DamagedObject, at the latest after the last batch.
        """
        record_type = BY_NAME.get(part.record_type)
        if record_type is None:
            raise _damaged(part.key, f"holds records of a type that is not known, {part.record_type!r}")
        with _missing_is_damage(part.key):
            data = self.store.get(part.key)
        if len(data) != part.size:
            raise _damaged(part.key, f"has {len(data)} bytes instead of {part.size}")
        if blake3(data).hexdigest() != part.blake3:
            raise _damaged(part.key, "has other bytes than its manifest says")
        rows, last = 0, None
        try:
            with pq.ParquetFile(pa.BufferReader(data)) as file:
                if not file.schema_arrow.equals(record_type.archive_schema):
                    raise _damaged(part.key, f"has other columns than {record_type.name} has")
                for number in range(file.num_row_groups):
                    table = file.read_row_group(number, use_threads=False)
                    for batch in table.to_batches():
                        first, last = require_rising(batch.column("key"), last, part.key)
                        if rows == 0 and first != part.first_key:
                            raise _damaged(part.key, "begins with another key than its manifest says")
                        rows += batch.num_rows
                        yield batch
        except (pa.ArrowException, ValueError, OSError) as error:
            raise _damaged(part.key, f"cannot be read ({error})") from error
        if rows != part.rows or last != part.last_key:
            raise _damaged(part.key, f"has {rows} rows up to {last!r} instead of {part.rows} up to {part.last_key!r}")

    def attachments(self) -> Iterator[AttachmentRow]:
        """The same as `attachment_tables`, row by row."""
        for table in self.attachment_tables():
            yield from attachment_rows(table)

    def attachment_tables(self, packs: Collection[str] | None = None) -> Iterator[pa.Table]:
        """The index of attachments, sorted by record key, or those rows of it whose pack is one of `packs`, in
        INDEX_SCHEMA.

        Each call reads the whole index and compares its size and blake3 first. Raises DamagedObject.
        """
        index = self.manifest.attachments_index
        if index is None:
            return
        with tempfile.SpooledTemporaryFile(max_size=_SPOOLED) as copy:
            hasher = blake3()
            with _missing_is_damage(index.key), self.store.open(index.key) as stream:
                while chunk := stream.read(_CHUNK):
                    hasher.update(chunk)
                    copy.write(chunk)
            _require_same(index, copy.tell(), hasher)
            copy.seek(0)
            with _unreadable_is_damage(index.key):
                yield from read_index(cast("BinaryIO", copy), rows=index.rows, packs=packs)

    def attachments_of(self, packs: Collection[str]) -> dict[str, pa.Table]:
        """The same for each of these packs. What is made of a small index is kept for the next call: a restore has one
        for each of its parts."""
        found = self._by_pack(packs)
        return {pack: found[pack] if pack in found else INDEX_SCHEMA.empty_table() for pack in packs}

    def _by_pack(self, packs: Collection[str]) -> Mapping[str, pa.Table]:
        index = self.manifest.attachments_index
        if index is None or index.size > _KEPT:
            return by_pack(pa.concat_tables([INDEX_SCHEMA.empty_table(), *self.attachment_tables(packs)]))
        with _missing_is_damage(index.key):
            data = self.store.get(index.key)
        _require_same(index, len(data), blake3(data))
        with _unreadable_is_damage(index.key):
            return rows_by_pack(KnownIndex(blake3=index.blake3, rows=index.rows, data=data))


def _require_same(index: AttachmentsIndex, size: int, hasher: blake3) -> None:
    if size != index.size:
        raise _damaged(index.key, f"has {size} bytes instead of {index.size}")
    if hasher.hexdigest() != index.blake3:
        raise _damaged(index.key, "has other bytes than its manifest says")


@contextmanager
def _unreadable_is_damage(key: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, OSError) as error:
        raise _damaged(key, f"cannot be read ({error})") from error


@contextmanager
def _missing_is_damage(key: str) -> Iterator[None]:
    try:
        yield
    except ObjectNotFound as error:
        raise _damaged(key, "is missing") from error


def _damaged(key: str, what: str) -> DamagedObject:
    return DamagedObject(f"{key} {what}; nothing was changed.", key=key, hint=HINT)
