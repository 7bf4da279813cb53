"""What the bench measures: subjects, each with the bars that share its data, and the ground they stand on."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.bench.children import BenchError
from tests.bench.figures import Result
from tests.bench.peers import Peer


@dataclass(frozen=True, kw_only=True)
class Sizes:
    #: MB of XML: one, four times as much (both in every round), and perhaps one that runs once
    exports: tuple[int, ...]
    #: MB of XML whose records go to PostgreSQL beside pg_restore; fixed costs outweigh what is measured if it is small
    records: int
    #: MB of XML that several workers restore
    shared: int
    attachments: int  # files of 120 kB on average
    transfer: int  # MB to S3 and back


FULL = Sizes(exports=(250, 1000, 3000), records=1000, shared=1000, attachments=20_000, transfer=512)
USUAL = Sizes(exports=(65, 260), records=1000, shared=260, attachments=5_000, transfer=256)
#: Whether everything runs; its figures mean nothing, since fixed costs outweigh the rest.
SMOKE = Sizes(exports=(2, 8), records=8, shared=8, attachments=200, transfer=80)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Where and how much is measured."""

    folder: Path  # on a disk; empty, and removed at the end
    memory: Path  # on a file system in memory
    rounds: int
    sizes: Sizes
    bars: frozenset[str]  # the chosen ones

    def say(self, words: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)

    @contextmanager
    def place(self, root: Path, needed: int) -> Iterator[Path]:
        """A new folder below `folder` or `memory`, where so many bytes must fit. Raises BenchError."""
        free = shutil.disk_usage(root).free
        if free < needed:
            raise BenchError(
                f"{root} has {free / 1e9:.1f} GB free, and {needed / 1e9:.1f} GB are needed. Choose another with"
                " --folder or --memory, or smaller sizes."
            )
        with tempfile.TemporaryDirectory(dir=root) as folder:
            yield Path(folder)


class Subject(Protocol):
    """Bars that are measured together."""

    name: str
    bars: Sequence[str]
    peers: Sequence[Peer]

    def measure(self, ground: Ground) -> Result:
        """Measure the chosen ones of `bars`. Raises BenchError when a figure could not be trusted."""
        ...
