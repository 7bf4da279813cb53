"""Attachments of a Jira export: in a folder a person gives, in the zip, or in both.

Jira 7 and later keeps `<PROJECT>/<bucket>/<ISSUE-KEY>/<id>`, older ones `<PROJECT>/<ISSUE-KEY>/<id>_<file name>` or
`<PROJECT>/<ISSUE-KEY>/<id>`; ids are unique in the app, so the folders above do not matter.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from core.errors import ExportError, NotFound
from core.formats.export import ExportFile
from core.formats.export_source import ExportSource

_FOLDER: Final = "attachments"
_THUMBS: Final = "thumbs"
_THUMB_START: Final = "_thumb_"
_NAME: Final = re.compile(r"(\d+)(_.*)?", re.ASCII | re.DOTALL)


class JiraFiles:
    """Files that may be attachments. The folder may be Jira's home, its `data`, or the attachments folder itself."""

    def __init__(self, source: ExportSource, folder: Path | None) -> None:
        self._source = source
        self._folder = _attachments_folder(folder) if folder is not None else None
        self._in_zip = any(_is_attachment(entry.name) for entry in source.entries)

    @property
    def exist(self) -> bool:
        """There is a place where attachments are, though it may be empty."""
        return self._in_zip or self._folder is not None

    def all(self) -> Iterator[ExportFile]:
        """Files of the folder by name, then those of the zip as they stand in it."""
        if self._folder is not None:
            yield from _below(self._folder)
        for entry in self._source.entries:
            if _is_attachment(entry.name):
                yield ExportFile(path=entry.name, claim=_claim(entry.name.rpartition("/")[2]), size=entry.size)

    def open(self, file: ExportFile) -> BinaryIO:
        path = Path(file.path)
        if self._folder is None or not path.is_relative_to(self._folder):
            return self._source.open(file.path)
        try:
            # What was a file when it was listed may be a link out of the folder by now.
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            return os.fdopen(descriptor, "rb")
        except OSError as error:
            raise _unreadable(path, error) from error


def _attachments_folder(folder: Path) -> Path:
    folder = folder.absolute()
    if not folder.is_dir():
        raise NotFound(
            f"{folder} is not a folder. Nothing was imported.",
            hint="Give the folder of the attachments: data/attachments in Jira's home, or a copy of it.",
        )
    for inner in (folder / "data" / _FOLDER, folder / _FOLDER):
        if inner.is_dir() and not inner.is_symlink():
            return inner
    return folder


def _below(folder: Path) -> Iterator[ExportFile]:
    """Holds one folder's names per level, whatever the size of the tree."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda one: one.name)
        for entry in entries:
            # Links are skipped: they may lead out of the folder.
            if entry.is_dir(follow_symlinks=False):
                if entry.name != _THUMBS:
                    yield from _below(Path(entry.path))
            elif not entry.name.startswith(_THUMB_START):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISREG(status.st_mode):
                    yield ExportFile(path=entry.path, claim=_claim(entry.name), size=status.st_size)
    except OSError as error:
        raise _unreadable(folder, error) from error


def _is_attachment(name: str) -> bool:
    folders = name.split("/")
    file = folders.pop()
    return _FOLDER in folders and _THUMBS not in folders and not file.startswith(_THUMB_START)


def _claim(name: str) -> str:
    """The attachment's id, or the whole name where it is none, so that no record claims the file."""
    match = _NAME.fullmatch(name)
    return match[1] if match else name


def _unreadable(path: Path, error: OSError) -> ExportError:
    return ExportError(
        f"{path} cannot be read: {error.strerror or error}. Nothing was imported.",
        hint="Check that this account may read the folder of the attachments and everything in it.",
    )
