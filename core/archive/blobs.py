"""From packs: read, copy, repack and check attachments. A blob is handed on once it was compared with its blake3;
a whole pack is copied as it is, and its blobs are compared then."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TypeVar, cast
from uuid import uuid4

import zstandard
from blake3 import blake3

from core.archive.batches import fill
from core.archive.layout import generation_pack_key, pack_key
from core.errors import DamagedObject, ObjectExists, ObjectNotFound
from core.storage.store import Store

#: Blobs up to this size are handled whole in memory, larger ones in chunks.
WHOLE: Final = 8 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_HINT: Final = "Bring the pack back from a copy of the storage, or choose another backup."


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBlob:
    """Where a blob's bytes lie."""

    blob: str  # blake3 of the bytes, hexadecimal
    size: int
    pack: str  # pack id
    offset: int
    stored_size: int
    compressed: bool


class PackedAttachment(Protocol):
    """What is needed of an attachment to find, check and name it: a row of a backup's index or of a generation."""

    @property
    def record_key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def blob(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def pack(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def stored_size(self) -> int: ...
    @property
    def compressed(self) -> bool: ...


Packed = TypeVar("Packed", bound=PackedAttachment)


def copy_pack(source: Store, pack: str, target: Store, target_key: str) -> None:
    """Copy a whole pack, unless an attempt before this one has. Its bytes are not looked at: `verify_pack` compares
    every blob of the copy. Raises DamagedObject naming `packs/<id>` where it is missing."""
    key = pack_key(pack)
    with _missing_is_damage(key), suppress(ObjectExists):
        target.copy_from(source, key, target_key)


def repack(
    source: Store,
    attachments: Iterable[PackedAttachment],
    target: Store,
    generation: str,
    pack_id: str,
    work_dir: Path,
) -> Mapping[str, StoredBlob]:
    """Make one new pack `<generation>/<pack_id>` of these attachments' blobs only, each once and each verified.

    Returns blob → where it lies now. Blobs keep the form they are stored in. Raises DamagedObject naming pack and
    attachment, and ObjectExists when the pack is there already; in both cases nothing was stored.
    """
    path = work_dir / f"repack-{uuid4().hex}"
    placed: dict[str, StoredBlob] = {}
    opened: tuple[str, BinaryIO] | None = None
    checker = BlobChecker()
    try:
        with path.open("wb") as file:
            for one in sorted(attachments, key=lambda each: (each.pack, each.offset)):
                if one.blob in placed:
                    continue
                key = pack_key(one.pack)
                if opened is None or opened[0] != key:
                    if opened is not None:
                        opened[1].close()
                    with _missing_is_damage(key):
                        opened = (key, source.open(key))
                offset = file.tell()
                try:
                    checker.verify(opened[1], key, one, copy=file)
                except DamagedObject:
                    file.seek(offset)
                    file.truncate()
                    checker.verify_again(source, key, one, copy=file)
                placed[one.blob] = StoredBlob(
                    blob=one.blob,
                    size=one.size,
                    pack=pack_id,
                    offset=offset,
                    stored_size=one.stored_size,
                    compressed=one.compressed,
                )
        target.put_file(generation_pack_key(generation, pack_id), path)
        return placed
    finally:
        if opened is not None:
            opened[1].close()
        path.unlink(missing_ok=True)


def open_blob(store: Store, key: str, attachment: PackedAttachment) -> BinaryIO:
    """An attachment's own bytes, unpacked as they are read, from the pack under `key`.

    Reading raises DamagedObject at its end (or before) unless all bytes were what their blake3 says; so what was read
    is to be believed only once the end was reached. Raises ObjectNotFound for a missing pack.
    """
    return io.BufferedReader(_BlobReader(store.open(key), key, attachment, owned=True), _CHUNK)


class BlobChecker:
    """Reads blobs and compares them, one after the other: what it reads into, and unpacks with, serves for all."""

    def __init__(self) -> None:
        # Fresh memory for each would cost more than reading into it; of this one only what is used is ever touched.
        self._buffer = memoryview(mmap(-1, WHOLE))
        self._decompressor = zstandard.ZstdDecompressor()

    def damaged(self, stream: BinaryIO, key: str, window: Sequence[Packed]) -> list[Packed]:
        """Those that are not what they were, of some that rise by offset and lie within WHOLE bytes, or of one."""
        first = window[0]
        end = max(one.offset + one.stored_size for one in window)
        data = self._read(stream, first.offset, end - first.offset) if len(window) > 1 else None
        found = []
        for one in window:
            try:
                if data is None:
                    self.verify(stream, key, one)
                else:
                    self._check(key, one, data[one.offset - first.offset :][: one.stored_size])
            except DamagedObject:
                found.append(one)
        return found

    def verify(self, stream: BinaryIO, key: str, one: PackedAttachment, *, copy: BinaryIO | None = None) -> None:
        """Read one blob and compare it; its stored bytes go to `copy` as they are. Raises DamagedObject."""
        if one.size > WHOLE or one.stored_size > WHOLE:
            reader = _BlobReader(stream, key, one, copy=copy)
            while reader.readinto(self._buffer[:_CHUNK]):
                pass
            return
        stored = self._read(stream, one.offset, one.stored_size)
        self._check(key, one, stored)
        if copy is not None:
            copy.write(stored)

    def _read(self, stream: BinaryIO, offset: int, size: int) -> memoryview:
        """Fewer bytes where the stream ends. They stand until the next call."""
        stream.seek(offset)
        return self._buffer[: fill(self._buffer[:size], stream)]

    def _check(self, key: str, one: PackedAttachment, stored: memoryview) -> None:
        try:
            data = _unpacked(stored, one.size, self._decompressor) if one.compressed else stored
        except (zstandard.ZstdError, ValueError, MemoryError) as error:
            raise _differs(key, one) from error
        if len(data) != one.size or blake3(data).hexdigest() != one.blob:
            raise _differs(key, one)

    def verify_again(self, store: Store, key: str, one: PackedAttachment, *, copy: BinaryIO | None = None) -> None:
        """Asked for once more: bytes may have been changed on their way from a storage, and parts of objects pass
        without a checksum. Raises DamagedObject."""
        with _missing_is_damage(key), closing(store.open(key)) as stream:
            self.verify(stream, key, one, copy=copy)


def _unpacked(stored: memoryview, size: int, decompressor: zstandard.ZstdDecompressor) -> bytes:
    # A damaged frame may claim any size, and that much memory would be taken before its checks fail.
    if zstandard.frame_content_size(stored) not in {size, -1}:
        raise ValueError("the frame states another size")
    return decompressor.decompress(stored, max_output_size=size)


class _Window:
    """`size` bytes of a stream from `offset` on, which also go to `copy`."""

    def __init__(self, stream: BinaryIO, offset: int, size: int, copy: BinaryIO | None) -> None:
        self._stream = stream
        self._left = size
        self._copy = copy
        stream.seek(offset)

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        if self._copy is not None:
            self._copy.write(data)
        return data


class _BlobReader(io.RawIOBase):
    """A blob's bytes; compares size and blake3 when their end is reached."""

    def __init__(
        self,
        stream: BinaryIO,
        key: str,
        attachment: PackedAttachment,
        *,
        copy: BinaryIO | None = None,
        owned: bool = False,
    ) -> None:
        super().__init__()
        self._stream = stream
        self._owned = owned
        self._key = key
        self._attachment = attachment
        self._window = _Window(stream, attachment.offset, attachment.stored_size, copy)
        self._source: Any = self._window
        if attachment.compressed:
            self._source = zstandard.ZstdDecompressor().stream_reader(cast("BinaryIO", self._window), closefd=False)
        self._hasher = blake3()
        self._size = 0
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._ended:
            return 0
        try:
            data = self._source.read(len(buffer))
        except zstandard.ZstdError as error:
            raise _differs(self._key, self._attachment) from error
        self._size += len(data)
        if self._size > self._attachment.size:
            raise _differs(self._key, self._attachment)
        if not data:
            self._end()
            return 0
        self._hasher.update(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._owned:
            self._stream.close()
        super().close()

    def _end(self) -> None:
        while self._window.read(_CHUNK):
            pass  # so that a copy is as long as what it copies
        if self._size != self._attachment.size or self._hasher.hexdigest() != self._attachment.blob:
            raise _differs(self._key, self._attachment)
        self._ended = True


@contextmanager
def _missing_is_damage(key: str) -> Iterator[None]:
    try:
        yield
    except ObjectNotFound as error:
        raise _damaged(key, f"Pack {key} is missing") from error


def _differs(key: str, attachment: PackedAttachment) -> DamagedObject:
    return _damaged(key, f"Attachment {attachment.name!r} ({attachment.record_key}) in pack {key} has other bytes")


def _damaged(key: str, what: str) -> DamagedObject:
    return DamagedObject(f"{what}; nothing was published.", key=key, hint=_HINT)
