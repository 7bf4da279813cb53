"""Writing archives and their XML as a stream: memory stays at one buffer, and the same content gives the same bytes."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

_BUFFER_CHARACTERS = 256 * 1024
#: Every entry's time, so that an archive depends on nothing but its shape.
_ENTRY_TIME = (2024, 2, 1, 12, 0, 0)


class XmlSink:
    """Gathers text, writes it encoded, and counts rows per native kind."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._parts: list[str] = []
        self._waiting = 0
        self.bytes_written = 0
        self.counts: Counter[str] = Counter()

    def row(self, kind: str, text: str) -> None:
        self.counts[kind] += 1
        self.text(text)

    def text(self, text: str) -> None:
        self._parts.append(text)
        self._waiting += len(text)
        if self._waiting >= _BUFFER_CHARACTERS:
            self.flush()

    def flush(self) -> None:
        data = "".join(self._parts).encode()
        self._stream.write(data)
        self.bytes_written += len(data)
        self._parts.clear()
        self._waiting = 0


class Files(Protocol):
    """Where an export's files go."""

    def write(self, name: str, content: bytes) -> None: ...


class Archive:
    """A zip file in the making."""

    def __init__(self, path: Path, *, compressed: bool) -> None:
        self._method = ZIP_DEFLATED if compressed else ZIP_STORED
        self._zip = ZipFile(path, "w")

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _entry(self, name: str, method: int) -> ZipInfo:
        entry = ZipInfo(name, _ENTRY_TIME)
        entry.compress_type = method
        entry._compresslevel = 1  # type: ignore[attr-defined]  # noqa: SLF001  # ZipFile.open has no argument for it
        return entry

    @contextmanager
    def xml(self, name: str) -> Iterator[XmlSink]:
        with self._zip.open(self._entry(name, self._method), "w", force_zip64=True) as stream:
            sink = XmlSink(stream)
            yield sink
            sink.flush()

    def write(self, name: str, content: bytes) -> None:
        self._zip.writestr(self._entry(name, ZIP_STORED), content)


class Folder:
    """A directory that stands beside an archive, made anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if path.exists():
            shutil.rmtree(path)
        path.mkdir(parents=True)

    def write(self, name: str, content: bytes) -> None:
        target = self._path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


class Accrual:
    """Turns a mean into whole numbers: 0.5 gives 0, 1, 0, 1 …"""

    def __init__(self, mean: float) -> None:
        self._mean = mean
        self._asked = 0

    def next(self) -> int:
        before = int(self._mean * self._asked)
        self._asked += 1
        return int(self._mean * self._asked) - before
