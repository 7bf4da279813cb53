"""An import's attachments: which file belongs to which record, and into which pack its bytes go."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa
from blake3 import blake3

from core.archive.attachments import AttachmentRow, write_index
from core.archive.blobs import StoredBlob
from core.archive.layout import attachments_key
from core.archive.manifest import AttachmentsIndex, PackObject, SourceFact
from core.archive.packs import BlobSource, PackWriter
from core.backup.facts import EXAMPLES
from core.backup.scratch import Scratch, narrow
from core.content.catalogue import file_type
from core.content.record_type import AppType
from core.findings import FindingCode
from core.formats.export import ExportFile, ExportReader
from core.storage.store import Store

_FILE_ROWS = 10_000
_CHUNK = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class StoredAttachments:
    index: AttachmentsIndex | None
    packs: tuple[PackObject, ...]
    rows: int
    size_bytes: int  # once per row
    personal_rows: int
    personal_bytes: int
    missing: int
    facts: tuple[SourceFact, ...]


def list_files(scratch: Scratch, reader: ExportReader) -> None:
    """Bring the names of the export's files into the scratch."""
    pending: list[ExportFile] = []

    def flush() -> None:
        columns = [[one.claim for one in pending], [one.path for one in pending], [one.size for one in pending]]
        scratch.add_files(
            pa.RecordBatch.from_arrays([pa.array(one) for one in columns], names=["claim", "path", "size"])
        )
        pending.clear()

    for file in reader.files():
        pending.append(file)
        if len(pending) == _FILE_ROWS:
            flush()
    if pending:
        flush()


class AttachmentsImport:
    """Stores the files of an export whose rows were resolved."""

    def __init__(
        self,
        *,
        scratch: Scratch,
        reader: ExportReader,
        app_type: AppType,
        store: Store,
        backup_id: str,
        token: int,
        work_dir: Path,
        pack_bytes: int,
        earlier: "EarlierBlobs",
    ) -> None:
        self._scratch = scratch
        self._reader = reader
        self._type = file_type(app_type)
        self._store = store
        self._backup_id = backup_id
        self._token = token
        self._work_dir = work_dir
        self._pack_bytes = pack_bytes
        self._earlier = earlier

    def run(self) -> StoredAttachments:
        """Pack every file once, write the index, and count what is missing or belongs to nothing."""
        self._earlier.choose(self._hashes())
        self._scratch.run(
            "CREATE TABLE blob (claim TEXT, blob TEXT, size INTEGER, pack TEXT, offset INTEGER, stored_size INTEGER,"
            " compressed INTEGER)"
        )
        with PackWriter(self._store, self._work_dir, self._pack_bytes, self._earlier.find) as writer:
            added = writer.add_all(self._sources())
            while some := list(islice(added, _FILE_ROWS)):
                self._scratch.add_blobs(_blob_batch(some))
            packs = writer.close()
        self._match()
        rows = self._scratch.value("SELECT count(*) FROM stored")
        index = None
        if rows:
            key = attachments_key(self._backup_id, self._token)
            index = write_index(self._store, key, self._rows(), self._work_dir)
        return self._summary(index, (*packs, *self._earlier.packs_in_use(self._used_packs())))

    def _sources(self) -> Iterator[tuple[str, BlobSource]]:
        for file in self._files():
            yield file.claim, BlobSource(open=partial(self._reader.open_file, file), size_hint=file.size)

    def _files(self) -> Iterator[ExportFile]:
        return self._reader.files()

    def _hashes(self) -> Iterator[tuple[str, int]]:
        """Only where there are earlier blobs: which of them this export has again."""
        if not self._earlier:
            return
        for file in self._files():
            hasher, size = blake3(), 0
            with self._reader.open_file(file) as stream:
                while chunk := stream.read(_CHUNK):
                    hasher.update(chunk)
                    size += len(chunk)
            yield hasher.hexdigest(), size

    def _match(self) -> None:
        """Each attachment record with its file, and each file that no record claims."""
        self._scratch.run("CREATE INDEX k_blob ON blob (claim)")
        wide, slim = self._type.table, narrow(self._type)
        self._scratch.run(f"""
            CREATE TABLE stored AS
            SELECT n.key AS record_key, '{self._type.name}' AS record_type, n.container AS container,
                coalesce(w.title, '') AS name, coalesce(n.personal, 0) AS personal,
                coalesce(n.repeated, 0) AS repeated, b.blob, b.size, b.pack, b.offset,
                b.stored_size, b.compressed
            FROM {slim} n JOIN {wide} w USING (rid) JOIN blob b ON b.claim = n.file
            UNION ALL
            SELECT f.path, '', NULL, f.path, 0, 0, b.blob, b.size, b.pack, b.offset, b.stored_size, b.compressed
            FROM file f JOIN blob b USING (claim) WHERE f.claim NOT IN (SELECT file FROM {slim} WHERE file IS NOT NULL)
        """)

    def _rows(self) -> Iterator[AttachmentRow]:
        names = list(AttachmentRow.__dataclass_fields__)
        schema = pa.schema([(name, pa.int64() if name in _NUMBERS else pa.string()) for name in names])
        sql = f"SELECT {', '.join(names)} FROM stored ORDER BY record_key, record_type"
        for batch in self._scratch.batches(sql, schema):
            for values in batch.to_pylist():
                flags = {name: bool(values[name]) for name in _FLAGS}
                yield AttachmentRow(**{**values, **flags})

    def _used_packs(self) -> frozenset[str]:
        return frozenset(row[0] for row in self._scratch.fetch("SELECT DISTINCT pack FROM stored"))

    def _summary(self, index: AttachmentsIndex | None, packs: tuple[PackObject, ...]) -> StoredAttachments:
        totals = self._scratch.fetch(
            "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(personal), 0),"
            " coalesce(sum(CASE WHEN personal = 1 THEN size ELSE 0 END), 0) FROM stored"
        )[0]
        missing = f"SELECT key FROM {narrow(self._type)} WHERE file IS NULL OR file NOT IN (SELECT claim FROM file)"
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


def _blob_batch(blobs: list[tuple[str, StoredBlob]]) -> pa.RecordBatch:
    columns = {
        "claim": pa.array([claim for claim, _ in blobs], pa.string()),
        "blob": pa.array([one.blob for _, one in blobs], pa.string()),
        "size": pa.array([one.size for _, one in blobs], pa.int64()),
        "pack": pa.array([one.pack for _, one in blobs], pa.string()),
        "offset": pa.array([one.offset for _, one in blobs], pa.int64()),
        "stored_size": pa.array([one.stored_size for _, one in blobs], pa.int64()),
        "compressed": pa.array([int(one.compressed) for _, one in blobs], pa.int64()),
    }
    return pa.RecordBatch.from_pydict(columns)


_FLAGS = frozenset({"personal", "repeated", "compressed"})
_NUMBERS = _FLAGS | {"size", "offset", "stored_size"}


class EarlierBlobs:
    """Blobs of the app's earlier backups in the same storage.

    A pack is used again only when this backup needs at least half of its bytes, so that an old pack is not kept alive
    for a few files.
    """

    def __init__(self, rows: Callable[[], Iterator[AttachmentRow]], packs: tuple[PackObject, ...]) -> None:
        self._rows = rows
        self._packs = {pack.id: pack for pack in packs}
        self._chosen: dict[str, StoredBlob] = {}

    def __bool__(self) -> bool:
        return bool(self._packs)

    def choose(self, wanted: Iterator[tuple[str, int]]) -> None:
        blobs = {blob for blob, _ in wanted}
        if not blobs:
            return
        needed: Counter[str] = Counter()
        found: dict[str, StoredBlob] = {}
        for row in self._rows():
            if row.blob in blobs and row.blob not in found:
                needed[row.pack] += row.stored_size
                found[row.blob] = StoredBlob(
                    blob=row.blob,
                    size=row.size,
                    pack=row.pack,
                    offset=row.offset,
                    stored_size=row.stored_size,
                    compressed=row.compressed,
                )
        good = {pack for pack, size in needed.items() if size * 2 >= self._packs[pack].size}
        self._chosen = {blob: one for blob, one in found.items() if one.pack in good}

    def find(self, blob: str) -> StoredBlob | None:
        return self._chosen.get(blob)

    def packs_in_use(self, used: frozenset[str]) -> tuple[PackObject, ...]:
        return tuple(self._packs[pack] for pack in sorted(used & self._packs.keys()))
