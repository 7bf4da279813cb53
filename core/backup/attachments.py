"""An import's attachments: which file belongs to which record, and into which pack its bytes go."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from core.archive.attachments import INDEX_SCHEMA, write_index
from core.archive.blobs import StoredBlob
from core.archive.layout import attachments_key
from core.archive.manifest import AttachmentsIndex, PackObject, SourceFact
from core.archive.packs import BlobSource, PackWriter
from core.archive.reader import ArchiveReader
from core.backup.ahead import Ahead
from core.backup.earlier import hash_files, reuse_packs
from core.backup.facts import EXAMPLES
from core.backup.resolve import is_personal
from core.backup.scratch import Scratch
from core.content.catalogue import file_type
from core.content.record_type import AppType
from core.findings import FindingCode
from core.formats.export import ExportFile, ExportReader
from core.storage.store import Store

_FILE_ROWS = 10_000
_FILE_COLUMNS = ("path", "claim", "file_size")
_BLOB_COLUMNS = ("path", "blob", "size", "pack", "offset", "stored_size", "compressed")


@dataclass(frozen=True, kw_only=True)
class StoredAttachments:
    index: AttachmentsIndex | None
    #: the new ones, and those of earlier backups that are used again
    packs: tuple[PackObject, ...]
    rows: int
    size_bytes: int  # once per row
    personal_rows: int
    personal_bytes: int
    missing: int
    facts: tuple[SourceFact, ...]


class AttachmentsImport:
    """Stores the files of an export. Within its context other threads go through them while the caller reads records:
    where an earlier backup has attachments files are hashed, since only what it lacks is packed; else they are packed.
    """

    def __init__(
        self,
        *,
        scratch: Scratch,
        reader: ExportReader,
        app_type: AppType,
        store: Store,
        backup_id: str,
        attempt: int,
        work_dir: Path,
        pack_bytes: int,
        earlier: Iterable[ArchiveReader],
    ) -> None:
        self._scratch = scratch
        self._reader = reader
        self._type = file_type(app_type)
        self._store = store
        self._backup_id = backup_id
        self._attempt = attempt
        self._work_dir = work_dir
        with_packs = (one for one in earlier if one.manifest.packs)
        newest = next(with_packs, None)
        self._earlier = None if newest is None else chain([newest], with_packs)
        self._writer = PackWriter(store, work_dir, pack_bytes)

    def __enter__(self) -> Self:
        path, files = self._work_dir / "files.arrow", self._reader.files()
        self._ahead: Ahead = (
            Ahead(path, self._writer.add_all(self._sources(files)), _packed_batch)
            if self._earlier is None
            else Ahead(path, hash_files(self._reader, files), _hashed_batch)
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """No other thread stores anything from here on."""
        self._ahead.stop()
        self._writer.__exit__(kind, error, trace)

    @property
    def new_packs(self) -> tuple[PackObject, ...]:
        """Packs that this import has stored, also after it has failed: nothing else refers to them."""
        return self._writer.stored

    def run(self) -> StoredAttachments:
        """Once the rows are resolved: pack every file once, write the index, and count what is missing or belongs to
        nothing."""
        self._scratch.run("CREATE TABLE file (path TEXT, claim TEXT, file_size INTEGER)")
        self._scratch.run(
            "CREATE TABLE blob (path TEXT PRIMARY KEY, blob TEXT, size INTEGER, pack TEXT, offset INTEGER,"
            " stored_size INTEGER, compressed INTEGER) WITHOUT ROWID"
        )
        again = self._place()
        self._one_file_a_claim()
        self._match()
        rows = self._scratch.value("SELECT count(*) FROM stored")
        index = None
        if rows:
            key = attachments_key(self._backup_id, self._attempt)
            index = write_index(self._store, key, self._rows(), self._work_dir)
        return self._summary(index, (*self.new_packs, *again))

    def _place(self) -> tuple[PackObject, ...]:
        """Fill `blob`; returns the packs of earlier backups that are used again."""
        again: tuple[PackObject, ...] = ()
        if self._earlier is None:
            self._take_files("blob", _BLOB_COLUMNS)
        else:
            self._scratch.run("CREATE TABLE hashed (path TEXT, blob TEXT)")
            self._take_files("hashed", ("path", "blob"))
            again = reuse_packs(scratch=self._scratch, store=self._store, earlier=self._earlier)
            added = self._writer.add_all(self._sources(self._files()))
            while some := list(islice(added, _FILE_ROWS)):
                self._scratch.ingest("blob", _packed_batch(some).select(_BLOB_COLUMNS))
        self._writer.close()
        return again

    def _take_files(self, table: str, columns: Sequence[str]) -> None:
        """Bring what other threads made of the export's files into the scratch."""
        for batch in self._ahead.batches():
            self._scratch.ingest("file", batch.select(_FILE_COLUMNS))
            self._scratch.ingest(table, batch.select(columns))

    def _one_file_a_claim(self) -> None:
        """Of several files that one record would claim the first is its file; the others belong to nothing."""
        self._scratch.run("CREATE TABLE claimed AS SELECT claim, path, min(rowid) FROM file GROUP BY claim")
        self._scratch.run("CREATE INDEX k_claimed ON claimed (claim)")
        self._scratch.run("CREATE INDEX k_file ON file (path)")

    def _sources(self, files: Iterable[ExportFile]) -> Iterator[tuple[ExportFile, BlobSource]]:
        for file in files:
            yield file, BlobSource(open=partial(self._reader.open_file, file), size_hint=file.size)

    def _files(self) -> Iterator[ExportFile]:
        """In the export's order; without those whose bytes have a place already."""
        last = 0
        while some := self._scratch.fetch(
            "SELECT rowid, path, claim, file_size FROM file WHERE rowid > ? AND path NOT IN (SELECT path FROM blob)"
            " ORDER BY rowid LIMIT ?",
            (last, _FILE_ROWS),
        ):
            last = some[-1][0]
            for _, path, claim, size in some:
                yield ExportFile(path=path, claim=claim, size=size)

    def _match(self) -> None:
        """Each attachment record with its file, and each file that no record claims."""
        table = self._type.table
        self._scratch.run(f"""
            CREATE TABLE stored AS
            SELECT n.key AS record_key, '{self._type.name}' AS record_type, n.container AS container,
                coalesce(n.title, '') AS name, {is_personal("n.container")} AS personal,
                coalesce(n.repeated, 0) AS repeated, b.blob, b.size, b.pack, b.offset,
                b.stored_size, b.compressed
            FROM {table} n JOIN claimed c ON c.claim = n.file JOIN blob b USING (path)
            UNION ALL
            SELECT f.path, '', NULL, f.path, 0, 0, b.blob, b.size, b.pack, b.offset, b.stored_size, b.compressed
            FROM file f JOIN blob b USING (path) WHERE f.path NOT IN (
                SELECT path FROM claimed WHERE claim IN (SELECT file FROM {table} WHERE file IS NOT NULL))
        """)

    def _rows(self) -> Iterator[pa.RecordBatch]:
        columns = ", ".join(INDEX_SCHEMA.names)
        return self._scratch.batches(f"SELECT {columns} FROM stored ORDER BY record_key, record_type", INDEX_SCHEMA)

    def _summary(self, index: AttachmentsIndex | None, packs: tuple[PackObject, ...]) -> StoredAttachments:
        totals = self._scratch.fetch(
            "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(personal), 0),"
            " coalesce(sum(CASE WHEN personal = 1 THEN size ELSE 0 END), 0) FROM stored"
        )[0]
        missing = f"SELECT key FROM {self._type.table} WHERE file IS NULL OR file NOT IN (SELECT claim FROM file)"
        unclaimed = "SELECT record_key FROM stored WHERE record_type = ''"
        facts = []
        for code, sql in (
            (FindingCode.CONTENT_MISSING_FILE, missing),
            (FindingCode.CONTENT_UNCLAIMED_FILE, unclaimed),
        ):
            if count := self._scratch.value(f"SELECT count(*) FROM ({sql})"):
                examples = self._scratch.fetch(f"SELECT * FROM ({sql}) ORDER BY 1 LIMIT {EXAMPLES}")
                facts.append(SourceFact(code=code.value, count=count, examples=tuple(str(one[0]) for one in examples)))
        return StoredAttachments(
            index=index,
            packs=packs,
            rows=totals[0],
            size_bytes=totals[1],
            personal_rows=totals[2],
            personal_bytes=totals[3],
            missing=self._scratch.value(f"SELECT count(*) FROM ({missing})"),
            facts=tuple(facts),
        )


def _hashed_batch(hashed: list[tuple[ExportFile, str]]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(
        {**_file_columns([file for file, _ in hashed]), "blob": pa.array([blob for _, blob in hashed], pa.string())}
    )


def _packed_batch(blobs: list[tuple[ExportFile, StoredBlob]]) -> pa.RecordBatch:
    columns = {
        **_file_columns([file for file, _ in blobs]),
        "blob": pa.array([one.blob for _, one in blobs], pa.string()),
        "size": pa.array([one.size for _, one in blobs], pa.int64()),
        "pack": pa.array([one.pack for _, one in blobs], pa.string()),
        "offset": pa.array([one.offset for _, one in blobs], pa.int64()),
        "stored_size": pa.array([one.stored_size for _, one in blobs], pa.int64()),
        "compressed": pa.array([one.compressed for _, one in blobs], pa.bool_()),
    }
    return pa.RecordBatch.from_pydict(columns)


def _file_columns(files: list[ExportFile]) -> dict[str, pa.Array]:
    return {
        "path": pa.array([one.path for one in files], pa.string()),
        "claim": pa.array([one.claim for one in files], pa.string()),
        "file_size": pa.array([one.size for one in files], pa.int64()),
    }
