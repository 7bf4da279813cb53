"""Attachments that an earlier backup of the app holds already: their packs are used again.

A pack is used again only when this backup needs at least half of its bytes, so that an old pack is not kept alive for a
few files. Everything is looked up in the scratch: neither this export's files nor the earlier blobs are in memory.
"""

from collections.abc import Generator, Iterable
from contextlib import suppress

import pyarrow as pa
from blake3 import blake3

from core.archive.batches import fill, in_batches
from core.archive.layout import pack_key
from core.archive.manifest import PackObject
from core.archive.reader import ArchiveReader
from core.backup.scratch import Scratch
from core.errors import DamagedObject, ObjectNotFound
from core.formats.export import ExportFile, ExportReader
from core.storage.store import Store

#: Of the index: what a blob is, and where it lies.
_BLOB = ("blob", "size", "pack", "offset", "stored_size", "compressed")
_CHUNK = 256 * 1024


def reuse_packs(
    *,
    scratch: Scratch,
    store: Store,
    earlier: Iterable[ArchiveReader],
) -> tuple[PackObject, ...]:
    """Fill `blob` for every file whose bytes lie in a pack that is used again; returns those packs.

    The table `hashed` has each file's path and blob; `earlier` are the app's good backups in this store that have
    packs, the newest first.
    """
    scratch.run("CREATE INDEX k_hashed ON hashed (blob)")
    scratch.run("CREATE TABLE earlier_pack (id TEXT PRIMARY KEY, size INTEGER, blake3 TEXT) WITHOUT ROWID")
    columns = "blob TEXT, size INTEGER, pack TEXT, offset INTEGER, stored_size INTEGER, compressed INTEGER"
    scratch.run(f"CREATE TABLE candidate ({columns})")
    scratch.run(f"CREATE TABLE earlier ({columns}, PRIMARY KEY (blob)) WITHOUT ROWID")
    for backup in earlier:
        known = {name for (name,) in scratch.fetch("SELECT id FROM earlier_pack")}
        packs = [one for one in backup.manifest.packs if one.id not in known]
        if not packs:
            continue
        scratch.ingest("earlier_pack", _table(packs, {"id": pa.string(), "size": pa.int64(), "blake3": pa.string()}))
        with suppress(DamagedObject):  # what cannot be read is no help and no harm
            _take(scratch, backup, {one.id for one in packs})
    scratch.run("""
        CREATE TABLE pack_again AS SELECT p.id, p.size, p.blake3 FROM earlier_pack p
        JOIN (SELECT pack, sum(stored_size) AS needed FROM earlier GROUP BY pack) e ON e.pack = p.id
        WHERE e.needed * 2 >= p.size
    """)
    for pack in _packs_again(scratch):
        if not _stands(store, pack):
            scratch.run("DELETE FROM pack_again WHERE id = ?", (pack.id,))
    scratch.run("""
        INSERT INTO blob SELECT h.path, e.blob, e.size, e.pack, e.offset, e.stored_size, e.compressed
        FROM hashed h JOIN earlier e USING (blob) WHERE e.pack IN (SELECT id FROM pack_again)
    """)
    return _packs_again(scratch)


def _packs_again(scratch: Scratch) -> tuple[PackObject, ...]:
    again = scratch.fetch("SELECT id, size, blake3 FROM pack_again ORDER BY id")
    return tuple(PackObject(id=id_, size=size, blake3=digest) for id_, size, digest in again)


def _stands(store: Store, pack: PackObject) -> bool:
    """Whether an earlier backup's pack is there, whole; else its files are stored anew."""
    try:
        return store.stat(pack_key(pack.id)).size == pack.size
    except ObjectNotFound:
        return False


def hash_files(reader: ExportReader, files: Iterable[ExportFile]) -> Generator[tuple[ExportFile, str], None, None]:
    """Each file's blake3, by two threads."""

    def digests(batch: list[ExportFile]) -> list[tuple[ExportFile, str]]:
        hashed, buffer = [], memoryview(bytearray(_CHUNK))
        for file in batch:
            hasher = blake3()
            with reader.open_file(file) as stream:
                while count := fill(buffer, stream):
                    hasher.update(buffer[:count])
            hashed.append((file, hasher.hexdigest()))
        return hashed

    return in_batches(digests, files, lambda one: one.size, name="hashes")


def _take(scratch: Scratch, backup: ArchiveReader, packs: set[str]) -> None:
    """Of the blobs in these packs, those that this export has too and that no newer backup has placed."""
    for table in backup.attachment_tables(packs):
        for batch in table.select(_BLOB).to_batches():
            scratch.ingest("candidate", batch)
        scratch.run("INSERT OR IGNORE INTO earlier SELECT * FROM candidate WHERE blob IN (SELECT blob FROM hashed)")
        scratch.run("DELETE FROM candidate")


def _table(rows: Iterable[object], types: dict[str, pa.DataType]) -> pa.RecordBatch:
    rows = list(rows)
    return pa.RecordBatch.from_pydict(
        {name: pa.array([getattr(one, name) for one in rows], type_) for name, type_ in types.items()}
    )
