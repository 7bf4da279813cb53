"""A copy of an app's attachments folder, as a person gives it beside an export."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.errors import ExportError, NotFound
from core.formats.export_source import ATTACHMENTS

_CHUNK: Final = 4 * 1024 * 1024


def pack_folder(folder: Path, target: Path) -> None:
    """Make one zip of it, without compression, which a reader takes beside the export.

    The folder may be Jira's home, its `data`, or the attachments folder itself. Links are left out: they may lead out
    of it. Raises NotFound and ExportError.
    """
    root = _attachments(folder)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
        for path in _below(root):
            name = f"{ATTACHMENTS}/{path.relative_to(root).as_posix()}"
            try:
                # What was a file when it was listed may be a link out of the folder by now.
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError as error:
                raise _unreadable(path, error) from error
            with os.fdopen(descriptor, "rb") as source, packed.open(name, "w", force_zip64=True) as entry:
                while chunk := source.read(_CHUNK):
                    entry.write(chunk)


def _attachments(folder: Path) -> Path:
    folder = folder.absolute()
    if not folder.is_dir():
        raise NotFound(
            f"{folder} is not a folder. Nothing was imported.",
            hint="Give the folder of the attachments: data/attachments in Jira's home, or a copy of it.",
        )
    for inner in (folder / "data" / ATTACHMENTS, folder / ATTACHMENTS):
        if inner.is_dir() and not inner.is_symlink():
            return inner
    return folder


def _below(folder: Path) -> Iterator[Path]:
    """Holds one folder's names per level, whatever the size of the tree."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda one: one.name)
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _below(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)
    except OSError as error:
        raise _unreadable(folder, error) from error


def _unreadable(path: Path, error: OSError) -> ExportError:
    return ExportError(
        f"{path} cannot be read: {error.strerror or error}. Nothing was imported.",
        hint="Check that this account may read the folder of the attachments and everything in it.",
    )
