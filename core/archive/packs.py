"""Attachments into packs: small blobs together, large ones alone, each stored once."""

import shutil
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeVar
from uuid import uuid4

import zstandard
from blake3 import blake3

from core.archive.blobs import WHOLE, StoredBlob
from core.archive.layout import new_pack_id, pack_key
from core.archive.manifest import PackObject
from core.storage.store import Store

_CHUNK: Final = 1024 * 1024
_LEVEL: Final = 1
_THREADS: Final = 2
#: Sources that one thread takes at a time: one by one, handing over would cost more than a small file.
_BATCH_SOURCES: Final = 32
_BATCH_BYTES: Final = 4 * 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobSource:
    """Bytes that wait to be added."""

    open: Callable[[], BinaryIO]  # called in another thread
    size_hint: int  # as far as known; a wrong one only costs time


class PackWriter:
    """Adds blobs to packs of about `pack_bytes`; a blob that is stored as more than that is a pack of its own.

    A blob that was added before, or that `known` places in a pack of an earlier backup, is not stored again. Blobs are
    compressed where that saves a tenth; of a blob above 8 MiB the first MiB decides whether it is tried. Memory: two
    blobs of up to 8 MiB per thread. Safe to use from several threads; `known` must be so too.
    """

    def __init__(
        self, store: Store, work_dir: Path, pack_bytes: int, known: Callable[[str], StoredBlob | None]
    ) -> None:
        self._store = store
        self._work_dir = work_dir
        self._pack_bytes = pack_bytes
        self._whole = min(WHOLE, pack_bytes)
        self._known = known
        self._lock = threading.Lock()  # of all below
        self._placed = _PlacedBlobs(work_dir / f"blobs-{uuid4().hex}.sqlite")
        self._pack: _OpenPack | None = None
        self._packs: list[PackObject] = []
        self._failure: BaseException | None = None
        self._local = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the work files; packs that were stored stay, and belong to nobody unless `close` returned them."""
        with self._lock:
            if self._pack is not None:
                self._pack.abandon()
                self._pack = None
            self._placed.close()

    def add(self, stream: BinaryIO, size_hint: int = 0) -> StoredBlob:
        """Read a stream to its end; returns where its bytes lie, or will lie once `close` has returned."""
        head = self._head(stream, size_hint)
        if len(head) > self._whole:
            return self._add_large(head, stream)
        blob = blake3(head).hexdigest()
        if (placed := self._find(blob)) is not None:
            return placed
        stored = self._compressor().compress(head) if head else head
        compressed = bool(head) and _saves_a_tenth(len(stored), len(head))
        data = stored if compressed else head
        return self._append(blob, len(head), data, len(data), compressed=compressed)

    def add_all(self, sources: Iterable[tuple[T, BlobSource]]) -> Iterator[tuple[T, StoredBlob]]:
        """Add many, read, hashed and compressed by two threads; yields in the order given. A source's error is raised
        in its place."""
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="packs") as pool:
            waiting: deque[Future[list[tuple[T, StoredBlob]]]] = deque()
            try:
                for batch in _batched(sources):
                    waiting.append(pool.submit(self._add_batch, batch))
                    if len(waiting) > 2 * _THREADS:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                for one in waiting:
                    one.cancel()

    def close(self) -> tuple[PackObject, ...]:
        """Store what is left; returns the new packs. Raises what an earlier pack failed with, if one did."""
        with self._lock:
            last, self._pack = self._pack, None
        if last is not None:
            self._store_pack(last)
        if self._failure is not None:
            raise self._failure
        with self._lock:
            self._placed.close()
        return self.stored

    @property
    def stored(self) -> tuple[PackObject, ...]:
        """The new packs that are stored so far; after an error the caller may delete them."""
        with self._lock:
            return tuple(sorted(self._packs, key=lambda one: one.id))

    def _add_batch(self, batch: list[tuple[T, BlobSource]]) -> list[tuple[T, StoredBlob]]:
        added = []
        for tag, source in batch:
            with source.open() as stream:
                added.append((tag, self.add(stream, source.size_hint)))
        return added

    def _head(self, stream: BinaryIO, size_hint: int) -> bytes:
        """All of a small stream, or the beginning of a large one: more than `_whole` bytes."""
        limit = self._whole + 1
        head = stream.read(min(max(size_hint, 0), self._whole) + 1)
        if not head or len(head) >= limit:
            return head
        pieces, length = [head], len(head)
        while length < limit and (piece := stream.read(min(limit - length, _CHUNK))):
            pieces.append(piece)
            length += len(piece)
        return head if len(pieces) == 1 else b"".join(pieces)

    def _add_large(self, head: bytes, stream: BinaryIO) -> StoredBlob:
        sample = head[:_CHUNK]
        compress = _saves_a_tenth(len(self._compressor().compress(sample)), len(sample))
        with self._work_file() as path:
            hasher, size = blake3(), 0
            with path.open("wb") as file:
                target = self._compressor().stream_writer(file, closefd=False) if compress else file
                for chunk in chain((head,), iter(lambda: stream.read(_CHUNK), b"")):
                    hasher.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
                if compress:
                    target.close()
            blob = hasher.hexdigest()
            if (placed := self._find(blob)) is not None:
                return placed
            if compress and not _saves_a_tenth(path.stat().st_size, size):
                compress = False
                _unpack(path)
            stored = path.stat().st_size
            if stored > self._pack_bytes:
                return self._store_alone(path, StoredBlob(blob=blob, size=size, pack=new_pack_id(), offset=0,
                                                          stored_size=stored, compressed=compress))  # fmt: skip
            with path.open("rb") as file:
                return self._append(blob, size, file, stored, compressed=compress)

    def _find(self, blob: str) -> StoredBlob | None:
        with self._lock:
            placed = self._placed.get(blob)
        return placed if placed is not None else self._known(blob)

    def _append(self, blob: str, size: int, data: bytes | BinaryIO, stored: int, *, compressed: bool) -> StoredBlob:
        full: _OpenPack | None = None
        with self._lock, self._failing():
            if self._failure is not None:
                raise self._failure
            if (placed := self._placed.get(blob)) is not None:  # by another thread meanwhile
                return placed
            if self._pack is not None and self._pack.size + stored > self._pack_bytes:
                full, self._pack = self._pack, None
            if self._pack is None:
                pack_id = new_pack_id()
                self._pack = _OpenPack(pack_id, self._work_dir / f"pack-{pack_id}")
            placed = StoredBlob(
                blob=blob,
                size=size,
                pack=self._pack.id,
                offset=self._pack.size,
                stored_size=stored,
                compressed=compressed,
            )
            self._pack.append(data, stored)
            self._placed.add(placed)
        if full is not None:
            self._store_pack(full)
        return placed

    def _store_pack(self, pack: "_OpenPack") -> None:
        """Outside the lock: hashing, syncing and storing a pack go on while others are filled."""
        with self._failing():
            try:
                path = pack.finish()
                self._store_file(PackObject(id=pack.id, size=pack.size, blake3=_digest(path)), path)
            except BaseException:
                pack.abandon()
                raise

    def _store_alone(self, path: Path, placed: StoredBlob) -> StoredBlob:
        with self._lock:
            if (other := self._placed.get(placed.blob)) is not None:  # by another thread meanwhile
                return other
            self._placed.add(placed)
        with self._failing():
            digest = _digest(path) if placed.compressed else placed.blob
            self._store_file(PackObject(id=placed.pack, size=placed.stored_size, blake3=digest), path)
        return placed

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Blobs were placed in a pack that does not come to be: nothing more is taken, and `close` raises."""
        try:
            yield
        except BaseException as error:
            self._failure = error
            raise

    def _store_file(self, pack: PackObject, path: Path) -> None:
        self._store.put_file(pack_key(pack.id), path)
        with self._lock:
            self._packs.append(pack)

    def _compressor(self) -> zstandard.ZstdCompressor:
        if not hasattr(self._local, "compressor"):
            self._local.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        compressor: zstandard.ZstdCompressor = self._local.compressor
        return compressor

    @contextmanager
    def _work_file(self) -> Iterator[Path]:
        path = self._work_dir / f"blob-{uuid4().hex}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


class _OpenPack:
    """A pack that is being filled, as a work file."""

    def __init__(self, pack_id: str, path: Path) -> None:
        self.id = pack_id
        self.size = 0
        self._path = path
        self._file = path.open("xb", buffering=_CHUNK)

    def append(self, data: bytes | BinaryIO, size: int) -> None:
        if isinstance(data, bytes):
            self._file.write(data)
        else:
            shutil.copyfileobj(data, self._file, _CHUNK)
        self.size += size

    def finish(self) -> Path:
        self._file.close()
        return self._path

    def abandon(self) -> None:
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)


class _PlacedBlobs:
    """Blob → where this run put it. A scratch database, so that memory does not grow with the backup."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA cache_size = -8192")
        self._database.execute(
            "CREATE TABLE placed (blob BLOB PRIMARY KEY, size INTEGER, pack TEXT, place INTEGER, stored INTEGER,"
            " compressed INTEGER) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def get(self, blob: str) -> StoredBlob | None:
        found = self._database.execute(
            "SELECT size, pack, place, stored, compressed FROM placed WHERE blob = ?", (bytes.fromhex(blob),)
        ).fetchone()
        if found is None:
            return None
        size, pack, offset, stored, compressed = found
        return StoredBlob(
            blob=blob, size=size, pack=pack, offset=offset, stored_size=stored, compressed=bool(compressed)
        )

    def add(self, one: StoredBlob) -> None:
        self._database.execute(
            "INSERT OR IGNORE INTO placed VALUES (?, ?, ?, ?, ?, ?)",
            (bytes.fromhex(one.blob), one.size, one.pack, one.offset, one.stored_size, one.compressed),
        )

    def close(self) -> None:
        self._database.close()
        self._path.unlink(missing_ok=True)


def _batched(sources: Iterable[tuple[T, BlobSource]]) -> Iterator[list[tuple[T, BlobSource]]]:
    batch: list[tuple[T, BlobSource]] = []
    size = 0
    for tag, source in sources:
        batch.append((tag, source))
        size += source.size_hint
        if len(batch) == _BATCH_SOURCES or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _saves_a_tenth(stored: int, size: int) -> bool:
    return stored * 10 <= size * 9


def _digest(path: Path) -> str:
    return blake3().update_mmap(path).hexdigest()


def _unpack(path: Path) -> None:
    """Replace a compressed work file by its content."""
    plain = path.with_name(f"{path.name}-plain")
    with path.open("rb") as source, plain.open("xb") as target:
        zstandard.ZstdDecompressor().copy_stream(source, target)
    plain.replace(path)
