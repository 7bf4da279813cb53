"""Attachments of a Jira export: in the zip itself, in a copy of the app's attachments folder, or in both.

Jira 7 and later keeps `<PROJECT>/<bucket>/<ISSUE-KEY>/<id>`, older ones `<PROJECT>/<ISSUE-KEY>/<id>_<file name>` or
`<PROJECT>/<ISSUE-KEY>/<id>`; ids are unique in the app, so the folders above do not matter.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from core.formats.export import ExportFile
from core.formats.export_source import ATTACHMENTS, ExportSource

_THUMBS: Final = "thumbs"
_THUMB_START: Final = "_thumb_"
_NAME: Final = re.compile(r"(\d+)(_.*)?", re.ASCII | re.DOTALL)


class JiraFiles:
    """Files that may be attachments, of the export and then of the copy."""

    def __init__(self, source: ExportSource, attachments: ExportSource | None) -> None:
        self._sources = (source,) if attachments is None else (source, attachments)
        self._given = attachments is not None

    @property
    def exist(self) -> bool:
        """There is a place where attachments are, though it may be empty."""
        return self._given or any(_is_attachment(entry.name) for entry in self._sources[0].entries)

    def all(self) -> Iterator[ExportFile]:
        """Each path once; `open` finds it in the same place."""
        export = self._sources[0]
        for source in self._sources:
            for entry in source.entries:
                if _is_attachment(entry.name) and (source is export or not export.has(entry.name)):
                    yield ExportFile(path=entry.name, claim=_claim(entry.name.rpartition("/")[2]), size=entry.size)

    def open(self, file: ExportFile) -> BinaryIO:
        source = next(one for one in self._sources if one.has(file.path))
        return source.open(file.path)

    def close(self) -> None:
        for source in self._sources:
            source.close()


def _is_attachment(name: str) -> bool:
    folders = name.split("/")
    file = folders.pop()
    return ATTACHMENTS in folders and _THUMBS not in folders and not file.startswith(_THUMB_START)


def _claim(name: str) -> str:
    """The attachment's id, or the whole name where it is none, so that no record claims the file."""
    match = _NAME.fullmatch(name)
    return match[1] if match else name
