"""The peer of attachments: a restic repository in a folder, with restic's defaults and a cache of its own beside it."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.bench.children import Ran, program
from tests.bench.peers import RESTIC

_PASSWORD: Final = "bench"
#: No command may take longer.
_SECONDS: Final = 1_800.0


@dataclass(frozen=True)
class Repository:
    """Made when it is entered; removed, with everything in its folder, when it is left."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "repository"

    def __enter__(self) -> "Repository":
        self.folder.mkdir()
        self._run("init")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def backup(self, files: Path) -> Ran:
        """restic syncs each pack that it writes."""
        return self._run("backup", str(files))

    def restore(self, target: Path) -> Ran:
        """Until all that it wrote is on the disk: restic itself leaves that to the kernel."""
        restored = self._run("restore", "latest", "--target", str(target))
        synced = program(("sync", "--file-system", target), seconds=_SECONDS)
        return replace(restored, seconds=restored.seconds + synced.seconds)

    def _run(self, *words: str) -> Ran:
        places = ("--repo", self.path, "--cache-dir", self.folder / "cache")
        return program(
            (RESTIC.program, "--quiet", *places, *words),
            seconds=_SECONDS,
            environment={"RESTIC_PASSWORD": _PASSWORD},
        )


def size_of(folder: Path) -> int:
    """Bytes of all files below."""
    return sum(one.stat().st_size for one in folder.rglob("*") if one.is_file())
