"""Where a generation's file lies, and how it comes and goes. What is inside is session's business."""

import errno
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.apps.driver import Place, Shard
from core.apps.embedded.generation import place_name
from core.errors import DiskFull, ObjectNotFound, SettingError, StorageError, StorageReadOnly

URL_PREFIX: Final = "sqlite:///"
BESIDE: Final = ("-journal", "-wal", "-shm")


def shard_folder(shard: Shard) -> Path:
    """The folder of `sqlite:///<folder>`; an absolute one makes four slashes. Raises SettingError."""
    folder = shard.url.removeprefix(URL_PREFIX)
    if not shard.url.startswith(URL_PREFIX) or not folder:
        raise SettingError(f"Shard {shard.name}: {shard.url!r} is no URL of the form sqlite:///<folder>.")
    return Path(folder)


def free_bytes(folder: Path) -> int:
    """Free on the disk that holds the folder, or will hold it once it is made."""
    standing = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(standing).free


@dataclass(frozen=True)
class GenerationFile:
    place: Place
    path: Path

    @classmethod
    def of(cls, place: Place) -> "GenerationFile":
        return cls(place, shard_folder(place.shard) / "generations" / f"{place_name(place)}.sqlite")

    def must_exist(self) -> Path:
        """The path. Raises ObjectNotFound."""
        if not self.path.exists():
            raise ObjectNotFound(f"Generation {self.place.generation} is not on shard {self.place.shard.name}.")
        return self.path

    def create(self) -> None:
        """An empty file that only this account can read; one that is there is kept."""
        try:
            for folder in (self.path.parent.parent, self.path.parent):
                if not folder.exists():
                    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    _sync(folder.parent)
            if self.path.exists():
                return
            for beside in BESIDE:  # left by a removal that was broken off: not this file's
                self._beside(beside).unlink(missing_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise self._error("made", error) from error

    def remove(self) -> None:
        """The file and what SQLite keeps beside it; nothing there is no error."""
        try:
            self.path.unlink(missing_ok=True)
            for beside in BESIDE:
                self._beside(beside).unlink(missing_ok=True)
            if self.path.parent.exists():
                self.sync_folder()
        except OSError as error:
            raise self._error("removed", error) from error

    def sync_folder(self) -> None:
        _sync(self.path.parent)

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _error(self, done: str, error: OSError) -> StorageError:
        message = f"Generation {self.place.generation} could not be {done} on shard {self.place.shard.name}: {error}."
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                return DiskFull(message, hint="Free space on the shard's disk, then resume.")
            case errno.EROFS | errno.EACCES | errno.EPERM:
                return StorageReadOnly(message, hint="Make the shard's folder writable for this account.")
        return StorageError(message, hint="Look at the shard's disk.")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
