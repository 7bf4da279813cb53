"""Attachments into packs: small blobs together, large ones alone, each stored once."""

import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeVar
from uuid import uuid4

import zstandard
from blake3 import blake3

from core.archive.batches import fill, in_batches
from core.archive.blobs import WHOLE, StoredBlob
from core.archive.layout import new_pack_id, pack_key
from core.archive.manifest import PackObject
from core.storage.store import Store

_CHUNK: Final = 1024 * 1024
_LEVEL: Final = 1
#: Blobs above this size are compressed only if pieces of them, spread evenly, save a tenth together.
_SAMPLED: Final = 256 * 1024
_PIECES: Final = 4
_PIECE: Final = 8 * 1024

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobSource:
    """Bytes that wait to be added."""

    open: Callable[[], BinaryIO]  # called in another thread
    size_hint: int  # as far as known; a wrong one only costs time


class PackWriter:
    """Adds blobs to packs of about `pack_bytes`; a blob that is stored as more than that is a pack of its own.

    A blob that was added before, or that `known` places in a pack of an earlier backup, is not stored again. Blobs are
    compressed where that saves a tenth; of a blob above 256 KiB a few pieces decide whether it is tried. Memory: two
    blobs of up to 8 MiB per thread. Safe to use from several threads; `known` must be so too. Each thread fills a pack
    of its own, so that none waits for another one's bytes.
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
        self._open: list[_OpenPack] = []  # that no thread adds to at this moment
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
            while self._open:
                self._open.pop().abandon()
            self._placed.close()

    def add(self, stream: BinaryIO) -> StoredBlob:
        """Read a stream to its end; returns where its bytes lie, or will lie once `close` has returned."""
        tools = self._tools()
        head = tools.buffer[: fill(tools.buffer, stream)]
        if len(head) > self._whole:
            return self._add_large(head, stream)
        blob = blake3(head).hexdigest()
        if (placed := self._find(blob)) is not None:
            return placed
        if tools.worth_compressing(head):
            stored = tools.compressor.compress(head)
            if _saves_a_tenth(len(stored), len(head)):
                return self._append(blob, len(head), stored, len(stored), compressed=True)
        return self._append(blob, len(head), head, len(head), compressed=False)

    def add_all(self, sources: Iterable[tuple[T, BlobSource]]) -> Generator[tuple[T, StoredBlob], None, None]:
        """Add many, read, hashed and compressed by two threads; yields in the order given. A source's error is raised
        in its place."""
        return in_batches(self._add_batch, sources, lambda one: one[1].size_hint, name="packs")

    def close(self) -> tuple[PackObject, ...]:
        """Store what is left; returns the new packs. Raises what an earlier pack failed with, if one did."""
        while (last := self._take_open()) is not None:
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
                added.append((tag, self.add(stream)))
        return added

    def _add_large(self, head: memoryview, stream: BinaryIO) -> StoredBlob:
        tools = self._tools()
        compress = tools.worth_compressing(head)
        with self._work_file() as path:
            hasher, size = blake3(), 0
            with path.open("wb") as file:
                target = tools.compressor.stream_writer(file, closefd=False) if compress else file
                chunks: Iterator[bytes | memoryview] = chain([head], iter(lambda: stream.read(_CHUNK), b""))
                for chunk in chunks:
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

    def _append(
        self, blob: str, size: int, data: bytes | memoryview | BinaryIO, stored: int, *, compressed: bool
    ) -> StoredBlob:
        with self._pack_for(stored) as pack:
            placed = StoredBlob(
                blob=blob, size=size, pack=pack.id, offset=pack.size, stored_size=stored, compressed=compressed
            )
            with self._lock:
                other = self._placed.add(placed)
            if other is not None:  # by another thread meanwhile
                return other
            with self._failing():
                pack.append(data, stored)
        return placed

    @contextmanager
    def _pack_for(self, size: int) -> Iterator["_OpenPack"]:
        """A pack with room for so many bytes, which only this thread has meanwhile."""
        if self._failure is not None:
            raise self._failure
        pack = self._take_open()
        if pack is not None and pack.size + size > self._pack_bytes:
            self._store_pack(pack)
            pack = None
        if pack is None:
            with self._failing():
                pack = _OpenPack(new_pack_id(), self._work_dir)
        try:
            yield pack
        finally:
            with self._lock:
                self._open.append(pack)

    def _take_open(self) -> "_OpenPack | None":
        with self._lock:
            return self._open.pop() if self._open else None

    def _store_pack(self, pack: "_OpenPack") -> None:
        """Syncing and storing a pack go on while another thread fills its own."""
        with self._failing():
            try:
                self._store_file(PackObject(id=pack.id, size=pack.size, blake3=pack.digest), pack.finish())
            except BaseException:
                pack.abandon()
                raise

    def _store_alone(self, path: Path, placed: StoredBlob) -> StoredBlob:
        with self._lock:
            other = self._placed.add(placed)
        if other is not None:  # by another thread meanwhile
            return other
        with self._failing():
            digest = blake3().update_mmap(path).hexdigest() if placed.compressed else placed.blob
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

    def _tools(self) -> "_Tools":
        """This thread's own."""
        if not hasattr(self._local, "tools"):
            self._local.tools = _Tools(self._whole + 1)
        tools: _Tools = self._local.tools
        return tools

    @contextmanager
    def _work_file(self) -> Iterator[Path]:
        path = self._work_dir / f"blob-{uuid4().hex}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


class _Tools:
    """What a thread reads into and compresses with."""

    def __init__(self, size: int) -> None:
        self.buffer = memoryview(bytearray(size))  # one for all blobs: fresh memory costs more than reading into it
        self.compressor = zstandard.ZstdCompressor(level=_LEVEL)

    def worth_compressing(self, data: memoryview) -> bool:
        """Whether it may be that compressing saves a tenth."""
        if len(data) <= _SAMPLED:
            return len(data) > 0
        step = (len(data) - _PIECE) // (_PIECES - 1)
        sample = b"".join(data[step * number :][:_PIECE] for number in range(_PIECES))
        return _saves_a_tenth(len(self.compressor.compress(sample)), len(sample))


class _OpenPack:
    """A pack that is being filled, as a work file."""

    def __init__(self, pack_id: str, work_dir: Path) -> None:
        self.id = pack_id
        self.size = 0
        self._hasher = blake3()
        self._path = work_dir / f"pack-{pack_id}"
        self._file = self._path.open("xb", buffering=_CHUNK)

    @property
    def digest(self) -> str:
        return self._hasher.hexdigest()

    def append(self, data: bytes | memoryview | BinaryIO, size: int) -> None:
        chunks = (data,) if isinstance(data, bytes | memoryview) else iter(lambda: data.read(_CHUNK), b"")
        for chunk in chunks:
            self._hasher.update(chunk)
            self._file.write(chunk)
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

    def add(self, one: StoredBlob) -> StoredBlob | None:
        """Where the blob was placed before; None: it was not, and this is its place."""
        added = self._database.execute(
            "INSERT OR IGNORE INTO placed VALUES (?, ?, ?, ?, ?, ?)",
            (bytes.fromhex(one.blob), one.size, one.pack, one.offset, one.stored_size, one.compressed),
        )
        return None if added.rowcount else self.get(one.blob)

    def close(self) -> None:
        self._database.close()
        self._path.unlink(missing_ok=True)


def _saves_a_tenth(stored: int, size: int) -> bool:
    return stored * 10 <= size * 9


def _unpack(path: Path) -> None:
    """Replace a compressed work file by its content."""
    plain = path.with_name(f"{path.name}-plain")
    with path.open("rb") as source, plain.open("xb") as target:
        zstandard.ZstdDecompressor().copy_stream(source, target)
    plain.replace(path)
