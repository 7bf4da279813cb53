"""A small sealed backup of Confluence to read, and to damage."""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pytest
from blake3 import blake3

from core.archive.attachments import INDEX_SCHEMA, AttachmentRow, write_index
from core.archive.layout import attachments_key, manifest_key
from core.archive.manifest import Contains, Manifest, seal
from core.archive.packs import BlobSource, PackWriter
from core.archive.reader import ArchiveReader
from core.archive.signing import Keyring
from core.archive.writer import RecordsWriter
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType, RecordType
from core.storage.local import LocalStore

BACKUP = "b1"
PAGE = BY_NAME["confluence.page"]
SPACE = BY_NAME["confluence.space"]


def rows_of(record_type: RecordType, keys: Sequence[str], filler: str = "") -> pa.RecordBatch:
    """Rows with these keys; `extra` holds `filler`."""
    given: dict[str, object] = {"native": "Native", "personal": False, "repeated": False, "extra": filler or None}
    schema = record_type.archive_schema
    columns = [pa.array(keys if one.name == "key" else [given.get(one.name)] * len(keys), one.type) for one in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def index_batches(rows: Iterable[AttachmentRow]) -> Iterator[pa.RecordBatch]:
    """In several batches, as an index is written."""
    remaining = iter(rows)
    while some := list(islice(remaining, 10_000)):
        yield pa.RecordBatch.from_pylist([asdict(one) for one in some], schema=INDEX_SCHEMA)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    store: LocalStore
    keyring: Keyring
    manifest: Manifest
    digest: str
    blobs: dict[str, bytes]  # record key → bytes

    def reader(self) -> ArchiveReader:
        return ArchiveReader(self.store, self.manifest.backup_id, self.keyring, self.digest)

    def path(self, key: str) -> Path:
        return self.store.root / key


SealBackup = Callable[..., Sealed]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "store")
    store.create_root()
    return store


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    keyring = Keyring(tmp_path / "keys")
    keyring.create()
    return keyring


@pytest.fixture
def work_dir(tmp_path: Path) -> Iterator[Path]:
    """Nothing may be left in it."""
    folder = tmp_path / "work"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == []


@pytest.fixture
def seal_backup(store: LocalStore, keyring: Keyring, work_dir: Path) -> SealBackup:
    def make(backup_id: str = BACKUP, attempt: int = 2, app_name: str = "Wiki") -> Sealed:
        objects = []
        for record_type, batch in (
            (SPACE, rows_of(SPACE, ["1", "2"])),
            (PAGE, rows_of(PAGE, [f"{number:04}" for number in range(400)], "x" * 100)),
        ):
            writer = RecordsWriter(store, backup_id, record_type, attempt, work_dir, 20_000)
            writer.write(batch)
            objects += writer.close()
        # half of them compressible, so that both forms are in several packs
        blobs = {f"a{number:02}": bytes([number]) * (number * 60) for number in range(0, 30, 2)}
        blobs |= {f"a{number:02}": random.Random(number).randbytes(number * 15) for number in range(1, 30, 2)}
        with PackWriter(store, work_dir, 2_000) as packs:
            sources = (
                (key, BlobSource(open=partial(BytesIO, data), size_hint=len(data))) for key, data in blobs.items()
            )
            placed = dict(packs.add_all(sources))
            stored = packs.close()
        rows = (
            AttachmentRow(record_key=key, record_type="confluence.attachment", container="1", name=f"{key}.bin",
                          personal=False, repeated=False, blob=one.blob, size=one.size, pack=one.pack,
                          offset=one.offset, stored_size=one.stored_size, compressed=one.compressed)
            for key, one in sorted(placed.items())
        )  # fmt: skip
        index = write_index(store, attachments_key(backup_id, attempt), index_batches(rows), work_dir)
        manifest = Manifest(
            format_version=1,
            backup_id=backup_id,
            organization="org",
            app_id="app",
            app_name=app_name,
            app_type=AppType.CONFLUENCE,
            shard="eu-1",
            region="eu",
            taken_at=datetime(2026, 1, 1, tzinfo=UTC),
            exported_at=None,
            complete=True,
            contains=Contains(attachments=True, users_and_groups=True, personal_spaces=True),
            records={"confluence.space": 2, "confluence.page": 400},
            native={},
            size_bytes=1,
            attachments=len(blobs),
            attachment_bytes=sum(map(len, blobs.values())),
            objects=tuple(objects),
            attachments_index=index,
            packs=stored,
        )
        data = seal(manifest, keyring)
        store.put(manifest_key(backup_id), data)
        return Sealed(
            store=store, keyring=keyring, manifest=manifest, digest=blake3(data).hexdigest(), blobs=dict(blobs)
        )

    return make


@pytest.fixture
def sealed(seal_backup: SealBackup) -> Sealed:
    return seal_backup()


def with_name(manifest: Manifest, name: str) -> Manifest:
    return replace(manifest, app_name=name)
