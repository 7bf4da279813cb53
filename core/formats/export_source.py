"""What a person gave as a native export, opened safely: a zip, or one bare XML file."""

import contextlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

from core.errors import ExportError, NotAnExport, TooManyEntries, TruncatedArchive, UnsafeArchive

ENTITIES: Final = "entities.xml"
#: The folder under which exports keep attachments.
ATTACHMENTS: Final = "attachments"

_ZIP_STARTS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_END: Final = struct.Struct("<4s4H2LH")
_END_MARK: Final = b"PK\x05\x06"
_END_64_PLACE: Final = struct.Struct("<4sLQL")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_DIRECTORY_ENTRY: Final = struct.Struct("<4s24x3H12x")
_DIRECTORY_MARK: Final = b"PK\x01\x02"
_LONGEST_COMMENT: Final = 0xFFFF
#: zipfile reads the directory as a whole; real entries need about 100 bytes in it.
_DIRECTORY_ENTRY_BYTES: Final = 1024

#: An entry of which a byte becomes more than so many is no export's: deflate of real entities.xml reaches about 50.
_HIGHEST_RATIO: Final = 1000
#: … but below this size it does no harm, and small files of one repeated byte are real.
_RATIO_MATTERS_FROM: Final = 10 * 1024 * 1024
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_KINDS: Final = (0, stat.S_IFREG, stat.S_IFDIR)

_AGAIN: Final = "Copy or make the export again; if it was uploaded, compare its size with the original's."
_REPACK: Final = "Use the file as the app wrote it. If it was packed by hand, pack it again without this entry."


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file of the export; folders are not listed."""

    name: str
    size: int


class ExportSource(Protocol):
    """The files of one export. Errors while reading are `ExportError`s that name the entry."""

    path: Path

    @property
    def entries(self) -> Iterator[Entry]: ...

    def has(self, name: str) -> bool: ...

    def open(self, name: str) -> BinaryIO: ...

    def inside(self, folder: str) -> "ExportSource":
        """The same source seen from one of its folders; close either of them."""
        ...

    def close(self) -> None: ...


def open_source(path: Path, *, max_entries: int) -> ExportSource:
    """Opens a zip or a bare XML file; a bare XML appears as the entry `entities.xml`."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
            if not head.startswith(_ZIP_STARTS):
                return _bare(path, head)
            _count_entries(path, stream, max_entries)
        return _ZipSource(path, zipfile.ZipFile(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise NotAnExport(
            f"{path} cannot be opened: {reason}. Nothing was imported.",
            hint="Check the path and that this account may read the file.",
        ) from error
    except (zipfile.BadZipFile, struct.error, EOFError, UnicodeDecodeError, NotImplementedError, ValueError) as error:
        raise TruncatedArchive(f"{path} is a damaged zip: {error}. Nothing was imported.", hint=_AGAIN) from error


def _bare(path: Path, head: bytes) -> "_BareSource":
    if not head:
        raise NotAnExport(f"{path} is empty. Nothing was imported.", hint=_AGAIN)
    if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise NotAnExport(
            f"{path} is neither a zip nor XML. Nothing was imported.",
            hint="Give the zip that Jira or Confluence wrote, or its entities.xml.",
        )
    return _BareSource(path)


def _count_entries(path: Path, stream: BinaryIO, max_entries: int) -> None:
    """Refuses too many entries before zipfile holds a directory of any size in memory.

    The end record's number is looked at first; since it may be wrong, the directory's entries are counted too.
    """
    size = stream.seek(0, io.SEEK_END)
    tail_start = max(0, size - _END.size - _LONGEST_COMMENT)
    stream.seek(tail_start)
    tail = stream.read()
    place = tail.rfind(_END_MARK)
    if place < 0 or len(tail) - place < _END.size:
        raise TruncatedArchive(f"{path} is a zip without its end: it was cut off. Nothing was imported.", hint=_AGAIN)
    _, _, _, _, declared, directory_size, _, _ = _END.unpack_from(tail, place)
    end = tail_start + place
    if end >= _END_64_PLACE.size:
        stream.seek(end - _END_64_PLACE.size)
        mark, *_ = _END_64_PLACE.unpack(stream.read(_END_64_PLACE.size))
        if mark == b"PK\x06\x07":
            # zipfile takes the record that stands right before its locator, whatever the locator says.
            end = end - _END_64_PLACE.size - _END_64.size
            stream.seek(max(end, 0))
            fields = _END_64.unpack(stream.read(_END_64.size))
            if fields[0] != b"PK\x06\x06":
                raise TruncatedArchive(
                    f"{path} is a damaged zip: its end does not fit. Nothing was imported.", hint=_AGAIN
                )
            declared, directory_size = fields[7], fields[8]
    _refuse_more(path, declared, max_entries)
    if directory_size > max_entries * _DIRECTORY_ENTRY_BYTES:
        raise UnsafeArchive(
            f"{path} is a zip with a directory of {directory_size} bytes. Nothing was imported.", hint=_AGAIN
        )
    stream.seek(max(end - directory_size, 0))
    left, counted = directory_size, 0
    while left >= 46:
        header = stream.read(46)
        if header[:4] != _DIRECTORY_MARK or len(header) < 46:
            raise TruncatedArchive(
                f"{path} is a damaged zip: its directory is broken. Nothing was imported.", hint=_AGAIN
            )
        _, name, extra, comment = _DIRECTORY_ENTRY.unpack(header)
        stream.seek(name + extra + comment, io.SEEK_CUR)
        left -= 46 + name + extra + comment
        counted += 1
        _refuse_more(path, counted, max_entries)


def _refuse_more(path: Path, entries: int, max_entries: int) -> None:
    if entries > max_entries:
        raise TooManyEntries(
            f"{path} holds more than {max_entries} files. Nothing was imported.",
            hint="Raise the setting max_archive_entries if the export is really that large, or export single spaces.",
        )


class _BareSource:
    """One XML file, seen as an export that holds nothing else."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def entries(self) -> Iterator[Entry]:
        yield Entry(name=ENTITIES, size=self.path.stat().st_size)

    def has(self, name: str) -> bool:
        return name == ENTITIES

    def open(self, name: str) -> BinaryIO:
        if not self.has(name):
            raise _no_entry(self.path, name)
        return self.path.open("rb")

    def inside(self, folder: str) -> "_BareSource":
        raise _no_entry(self.path, folder)

    def close(self) -> None:
        """Nothing stays open."""


class _ZipSource:
    def __init__(self, path: Path, archive: zipfile.ZipFile, folder: str = "") -> None:
        self.path = path
        self._archive = archive
        self._folder = folder
        if not folder:
            try:
                self._check()
            except BaseException:
                archive.close()
                raise

    def _check(self) -> None:
        if len(self._archive.NameToInfo) < len(self._archive.filelist):
            raise self._unsafe("it holds two files of one name")
        for info in self._archive.filelist:
            name = info.orig_filename
            if not name or name.startswith("/") or "\\" in name or "\0" in name or name[1:2] == ":":
                raise self._unsafe(f"it holds the path {name!r}, which does not stay in one folder")
            if ".." in name.split("/"):
                raise self._unsafe(f"it holds the path {name!r}, which leads out of its folder")
            if stat.S_IFMT(info.external_attr >> 16) not in _KINDS:
                raise self._unsafe(f"{name!r} is a link or a device, not a file")
            if info.flag_bits & _ENCRYPTED:
                raise self._unsafe(f"{name!r} is encrypted")
            if info.compress_type not in _METHODS:
                raise self._unsafe(f"{name!r} is compressed by method {info.compress_type}, which no export uses")
            if info.file_size > _RATIO_MATTERS_FROM and info.file_size > _HIGHEST_RATIO * info.compress_size:
                raise self._unsafe(f"{name!r} becomes {info.file_size} bytes out of {info.compress_size}")

    def _unsafe(self, reason: str) -> UnsafeArchive:
        return UnsafeArchive(f"{self.path} is not safe to read: {reason}. Nothing was imported.", hint=_REPACK)

    @property
    def entries(self) -> Iterator[Entry]:
        for info in self._archive.filelist:
            if info.filename.startswith(self._folder) and not info.is_dir():
                yield Entry(name=info.filename[len(self._folder) :], size=info.file_size)

    def has(self, name: str) -> bool:
        return self._folder + name in self._archive.NameToInfo

    def open(self, name: str) -> BinaryIO:
        info = self._archive.NameToInfo.get(self._folder + name)
        if info is None:
            raise _no_entry(self.path, name)
        with _read_errors(self.path, name):
            return cast("BinaryIO", _EntryStream(self._archive.open(info), self.path, info))

    def inside(self, folder: str) -> "_ZipSource":
        return _ZipSource(self.path, self._archive, f"{self._folder}{folder}")

    def close(self) -> None:
        self._archive.close()


class _EntryStream(io.BufferedIOBase):
    """A zip's entry: zipfile checks its CRC and reads no more than the declared size, this says what went wrong."""

    def __init__(self, stream: Any, path: Path, info: zipfile.ZipInfo) -> None:
        self._stream = stream
        self._path = path
        self._name = info.filename
        self._left = info.file_size

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        with _read_errors(self._path, self._name):
            data: bytes = self._stream.read(size)
        self._left -= len(data)
        if self._left > 0 and (size is None or size < 0 or (not data and size > 0)):
            raise _damaged(self._path, self._name, f"{self._left} bytes are missing at its end")
        return data

    def read1(self, size: int = -1, /) -> bytes:
        return self.read(io.DEFAULT_BUFFER_SIZE if size < 0 else size)

    def close(self) -> None:
        self._stream.close()
        super().close()


def _no_entry(path: Path, name: str) -> ExportError:
    return ExportError(f"{path} holds no {name}. Nothing was imported.", hint=_AGAIN)


def _damaged(path: Path, name: str, reason: str) -> TruncatedArchive:
    return TruncatedArchive(f"{name} in {path} is damaged: {reason}. Nothing was imported.", hint=_AGAIN)


@contextlib.contextmanager
def _read_errors(path: Path, name: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, struct.error) as error:
        raise _damaged(path, name, str(error) or "it ends too early") from error
