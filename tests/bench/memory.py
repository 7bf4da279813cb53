"""How much memory a process and all its children use together, while they run; and memory that is ready for them."""

import tempfile
import threading
import time
from contextlib import suppress
from mmap import PAGESIZE
from pathlib import Path
from types import TracebackType
from typing import Final, Self

SECONDS: Final = 0.05
#: Between two looks at PSS while so many times more is resident than ever before, and else.
_GROWTH: Final = 1.02
_GROWING_SECONDS: Final = 0.2
_LOOK_SECONDS: Final = 0.5
_LIST_SECONDS: Final = 0.25
_PROC: Final = Path("/proc")


class PeakMemory:
    """Samples the PSS of a process tree in a thread until it is left; `peak` is in bytes.

    PSS counts a page that n processes share as 1/n for each, so that the sum over the tree is what it really occupies.
    What may be missed: a peak that lasts less than `_GROWING_SECONDS`; one that lasts less than `_LOOK_SECONDS` and is
    hardly higher than the one before; a child that lives for less than `_LIST_SECONDS`.
    """

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        largest, looked, listed = 0, 0.0, 0.0
        pids: list[int] = []
        while not self._over.wait(SECONDS):
            now = time.monotonic()
            if now - listed >= _LIST_SECONDS:  # reads a file for each thread
                pids, listed = tree(self._pid), now
            resident = sum(map(rss, pids))
            # To tell PSS the kernel walks through all pages, and lets the process map none meanwhile: 3 ms for 500 MB,
            # which would be counted as the process's own time. It is never more than what is resident; and rises
            # without that only as sharing ends, which a look now and then finds.
            pause = _GROWING_SECONDS if resident > largest * _GROWTH else _LOOK_SECONDS
            if resident > self.peak and now - looked >= pause:
                largest, looked = max(largest, resident), now
                self.peak = max(self.peak, sum(map(pss, pids)))


def tree(pid: int) -> list[int]:
    """The process and everything below it that lives now."""
    found, pending = [], [pid]
    while pending:
        one = pending.pop()
        found.append(one)
        pending += _children(one)
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # the process, or else one of its threads, has ended meanwhile
        for task in (_PROC / str(pid) / "task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def rss(pid: int) -> int:
    """Bytes, shared ones too; 0 for a process that has ended."""
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * PAGESIZE
    except OSError:
        return 0


def pss(pid: int) -> int:
    """Bytes; 0 for a process that has ended."""
    try:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def touch(folder: Path, size: int) -> None:
    """Write so many bytes to a file in the folder and remove it. A virtual machine may give back to its host what has
    been free for seconds; to write there anew takes up to three times as long, for which whoever runs next would pay.
    """
    block = bytes(1 << 20)
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(size // len(block)):
            file.write(block)


def supported() -> bool:
    """Whether this system tells PSS and children: Linux since 4.14."""
    return (_PROC / "self" / "smaps_rollup").exists() and bool(list(_PROC.glob("1/task/*/children")))
