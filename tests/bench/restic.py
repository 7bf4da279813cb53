"""The peer of attachments: a restic repository in a folder, with restic's defaults and a cache of its own beside it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.children import peer
from tests.bench.peers import RESTIC

_PASSWORD: Final = "bench"
#: No command may take longer.
_SECONDS: Final = 1_800.0


@dataclass(frozen=True)
class Repository:
    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "repository"

    def create(self) -> None:
        self.folder.mkdir()
        self._run("init")

    def backup(self, files: Path) -> float:
        """Seconds; restic syncs each pack that it writes."""
        return self._run("backup", str(files))

    def restore(self, target: Path) -> float:
        """Seconds, until all that it wrote is on the disk: restic itself leaves that to the kernel."""
        seconds = self._run("restore", "latest", "--target", str(target))
        return seconds + peer(("sync", "--file-system", target), seconds=_SECONDS)

    def size(self) -> int:
        """Bytes of all its files."""
        return size_of(self.path)

    def _run(self, *words: str) -> float:
        places = ("--repo", str(self.path), "--cache-dir", str(self.folder / "cache"))
        return peer(
            (RESTIC.program, "--quiet", *places, *words),
            seconds=_SECONDS,
            environment={"RESTIC_PASSWORD": _PASSWORD},
        )


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
