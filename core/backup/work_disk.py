"""What the disk of the work folder may say while an import copies, sorts and packs."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import adbc_driver_manager

from core.errors import DiskFull, StorageReadOnly

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


@contextmanager
def work_disk(folder: Path) -> Iterator[None]:
    """Raises DiskFull and StorageReadOnly for what the operating system and SQLite say of the folder's disk."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder) from error
        if error.errno in _READ_ONLY:
            raise StorageReadOnly(
                f"The work folder {folder} cannot be written: {error.strerror}. Nothing was imported.",
                hint="Make it writable for this account, then import again.",
            ) from error
        raise
    except adbc_driver_manager.Error as error:
        if "disk is full" in str(error):
            raise _full(folder) from error
        raise


def _full(folder: Path) -> DiskFull:
    return DiskFull(
        f"The disk of the work folder {folder} is full. Nothing was imported.",
        hint="An import needs about three times the export's unpacked size there; free space, then import again.",
    )
