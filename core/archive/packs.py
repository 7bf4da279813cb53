"""Attachments into packs: small blobs together, large ones alone, each stored once."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeVar
from uuid import uuid4

import zstandard
from blake3 import blake3

from core.archive.batches import in_batches
from core.archive.blobs import WHOLE, StoredBlob
from core.archive.digest import digest_of
from core.archive.layout import new_pack_id, pack_key
from core.archive.manifest import PackObject
from core.archive.packing import PackedBlob, Packer, saves_a_tenth
from core.archive.placed_blobs import PlacedBlobs
from core.storage.store import Store

_CHUNK: Final = 1024 * 1024
#: Pieces below this size are hashed and written together.
_SMALL: Final = 128 * 1024

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobSource:
    """Bytes that wait to be added."""

    open: Callable[[], BinaryIO]  # called in another thread
    size_hint: int  # as far as known; a wrong one only costs time


class PackWriter:
    """Adds blobs to packs of about `pack_bytes`; a blob that is stored as more than that is a pack of its own.

    A blob that was added before is not stored again. Blobs are compressed where that saves a tenth; of a blob above
    256 KiB a few pieces decide whether it is tried. Memory: two times 8 MiB per thread. Safe to use from several
    threads, each of which fills a pack of its own, so that none waits for another one's bytes.
    """

    def __init__(self, store: Store, work_dir: Path, pack_bytes: int) -> None:
        self._store = store
        self._work_dir = work_dir
        self._pack_bytes = pack_bytes
        self._whole = min(WHOLE, pack_bytes)
        self._lock = threading.Lock()  # of all below
        self._placed = PlacedBlobs(work_dir / f"blobs-{uuid4().hex}.sqlite")
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
        """Small blobs are read one behind the other and go on together: after each call that leaves the interpreter to
        another thread this one waits for it."""
        packer = self._packer()
        packer.clear()
        added: list[tuple[T, StoredBlob]] = []
        read: list[tuple[T, memoryview]] = []
        for tag, source in batch:
            with source.open() as stream:
                data = packer.read(stream)
                if data is None:
                    added += self._add_small(read)
                    read.clear()
                    data = packer.read_on(stream)
                if data is None:
                    added.append((tag, self._add_large(packer.buffer, stream)))
                    packer.clear()
                else:
                    read.append((tag, data))
        return added + self._add_small(read)

    def _add_small(self, read: Iterable[tuple[T, memoryview]]) -> list[tuple[T, StoredBlob]]:
        named = [(tag, blake3(data).hexdigest(), data) for tag, data in read]
        placed = self._find({blob for _, blob, _ in named})
        new = {blob: data for _, blob, data in named if blob not in placed}
        waiting = deque(self._packer().packed(new))
        while waiting:
            placed |= self._append(waiting)
        return [(tag, placed[blob]) for tag, blob, _ in named]

    def _add_large(self, head: memoryview, stream: BinaryIO) -> StoredBlob:
        packer = self._packer()
        compress = packer.worth_compressing(head)
        with self._work_file() as path:
            hasher, size = blake3(), 0
            with path.open("wb") as file:
                target = packer.compressor.stream_writer(file, closefd=False) if compress else file
                chunks: Iterator[bytes | memoryview] = chain([head], iter(lambda: stream.read(_CHUNK), b""))
                for chunk in chunks:
                    hasher.update(chunk)
                    target.write(chunk)
                    size += len(chunk)
                if compress:
                    target.close()
            blob = hasher.hexdigest()
            if placed := self._find({blob}):
                return placed[blob]
            if compress and not saves_a_tenth(path.stat().st_size, size):
                compress = False
                _unpack(path)
            packed = PackedBlob(blob=blob, size=size, data=path, stored_size=path.stat().st_size, compressed=compress)
            if packed.stored_size > self._pack_bytes:
                return self._store_alone(path, packed.at(new_pack_id(), 0))
            return self._append(deque([packed]))[blob]

    def _find(self, blobs: Collection[str]) -> dict[str, StoredBlob]:
        with self._lock:
            return self._placed.get(blobs)

    def _append(self, waiting: deque[PackedBlob]) -> dict[str, StoredBlob]:
        """Take from those that wait what one pack has room for, at least the first; returns where they lie."""
        with self._pack_for(waiting[0].stored_size) as pack:
            taken: list[PackedBlob] = []
            end = pack.size
            while waiting and (not taken or end + waiting[0].stored_size <= self._pack_bytes):
                taken.append(waiting.popleft())
                end += taken[-1].stored_size
            with self._lock:
                placed = self._placed.get({one.blob for one in taken})  # by another thread meanwhile
                new, end = [one for one in taken if one.blob not in placed], pack.size
                for one in new:
                    placed[one.blob] = one.at(pack.id, end)
                    end += one.stored_size
                self._placed.add([placed[one.blob] for one in new])
            with self._failing():
                pack.append(new)
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
        if not pack.blobs:  # all that it was opened for was placed by another thread meanwhile
            pack.abandon()
            return
        with self._failing():
            try:
                self._store_file(PackObject(id=pack.id, size=pack.size, blake3=pack.digest), pack.finish())
            except BaseException:
                pack.abandon()
                raise

    def _store_alone(self, path: Path, placed: StoredBlob) -> StoredBlob:
        with self._lock:
            if other := self._placed.get({placed.blob}):  # by another thread meanwhile
                return other[placed.blob]
            self._placed.add([placed])
        with self._failing():
            digest = digest_of(path) if placed.compressed else placed.blob
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

    def _packer(self) -> Packer:
        """This thread's own."""
        if not hasattr(self._local, "packer"):
            self._local.packer = Packer(self._whole + 1)
        packer: Packer = self._local.packer
        return packer

    @contextmanager
    def _work_file(self) -> Iterator[Path]:
        path = self._work_dir / f"blob-{uuid4().hex}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


class _OpenPack:
    """A pack that is being filled, as a work file."""

    def __init__(self, pack_id: str, work_dir: Path) -> None:
        self.id = pack_id
        self.size = self.blobs = 0
        self._hasher = blake3()
        self._path = work_dir / f"pack-{pack_id}"
        self._file = self._path.open("xb", buffering=0)

    @property
    def digest(self) -> str:
        return self._hasher.hexdigest()

    def append(self, blobs: Sequence[PackedBlob]) -> None:
        self.blobs += len(blobs)
        for data in _joined(chain.from_iterable(map(_stored, blobs))):
            self._hasher.update(data)
            self.size += len(data)
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]

    def finish(self) -> Path:
        self._file.close()
        return self._path

    def abandon(self) -> None:
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)


def _stored(one: PackedBlob) -> Iterator[bytes | memoryview]:
    if not isinstance(one.data, Path):
        yield one.data
        return
    with one.data.open("rb") as source:
        while chunk := source.read(_CHUNK):
            yield chunk


def _joined(pieces: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Small ones together: hashing and writing each would leave the interpreter to the other thread each time."""
    small: list[bytes | memoryview] = []
    for one in pieces:
        if len(one) < _SMALL:
            small.append(one)
            continue
        if small:
            yield b"".join(small)
            small.clear()
        yield one
    if small:
        yield b"".join(small)


def _unpack(path: Path) -> None:
    """Replace a compressed work file by its content."""
    plain = path.with_name(f"{path.name}-plain")
    with path.open("rb") as source, plain.open("xb") as target:
        zstandard.ZstdDecompressor().copy_stream(source, target)
    plain.replace(path)
