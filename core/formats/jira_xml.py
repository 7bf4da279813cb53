"""Jira's XML backup (4.x to Cloud) as records: one native row of entities.xml is one record, or one dropped row."""

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import pyarrow as pa

from core.content.jira import ACTIVE_OBJECT
from core.content.record_type import AppType, RecordType
from core.errors import MissingEntities, NotAnExport, WrongAppType
from core.formats.active_objects import ActiveObjects
from core.formats.batches import Batches
from core.formats.export import ExportFile, ExportReader, ExportSummary
from core.formats.export_source import ENTITIES, ExportSource
from core.formats.jira_comments import declared_counts, exported_at, source_facts
from core.formats.jira_files import JiraFiles
from core.formats.jira_rewrites import Row
from core.formats.jira_rows import JiraRows
from core.formats.jira_secrets import PROPERTY_ENTRY
from core.formats.xml_stream import XmlFeed

_ROOT: Final = "entity-engine-xml"
_CONFLUENCE_ROOT: Final = "hibernate-generic"
_ACTIVE_OBJECTS: Final = "activeobjects.xml"


class JiraReader(ExportReader):
    """Reads a Jira backup. Attachments are not in it; `attachments` is a copy of them.

    Rows whose secrecy cannot be told when they come are handed on later than the export has them.
    """

    app_type = AppType.JIRA

    def __init__(self, source: ExportSource, attachments: ExportSource | None) -> None:
        self._source = source
        self._files = JiraFiles(source, attachments)
        self._summary: ExportSummary | None = None
        self._started = False

    def batches(self) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        if self._started:
            raise RuntimeError("a reader may be used once")
        self._started = True
        if not self._source.has(ENTITIES):
            raise MissingEntities(
                f"{self._source.path} holds no {ENTITIES}. Nothing was imported.",
                hint="Give the zip that Jira's backup wrote, as it is.",
            )
        batches = Batches()
        rows = JiraRows(batches)
        target = _Entities(rows.add)
        with self._source.open(ENTITIES) as stream:
            feed = XmlFeed(stream, target, name=ENTITIES)
            for _ in feed:
                if rows.wants_property_entries:
                    self._read_property_entries(rows)
                yield from batches.take()
        rows.property_entries_are_complete()
        control_characters = feed.control_characters
        objects = ActiveObjects(ACTIVE_OBJECT, batches)
        if self._source.has(_ACTIVE_OBJECTS):
            with self._source.open(_ACTIVE_OBJECTS) as stream:
                for _ in objects.read(stream, name=_ACTIVE_OBJECTS):
                    yield from batches.take()
        yield from batches.take(everything=True)
        self._summary = ExportSummary(
            app_type=self.app_type,
            native_counts=rows.native_counts,
            declared_counts=declared_counts(target.trailing),
            active_objects_counts=objects.counts,
            dropped={**rows.dropped, **objects.dropped},
            exported_at=exported_at(target.date),
            source=source_facts(target.leading),
            control_characters=control_characters + objects.control_characters,
            declares_files=True if self._files.exist else None,
        )

    def _read_property_entries(self, rows: JiraRows) -> None:
        """Reads the file to its end for nothing but the entries, so that no value is judged without its entry."""

        def take(native: str, row: Row) -> None:
            if native == PROPERTY_ENTRY:
                rows.property_entry(row)

        with self._source.open(ENTITIES) as stream:
            for _ in XmlFeed(stream, _Entities(take), name=ENTITIES):
                pass
        rows.property_entries_are_complete()

    def summary(self) -> ExportSummary:
        if self._summary is None:
            raise RuntimeError("the batches were not read to their end")
        return self._summary

    def files(self) -> Iterator[ExportFile]:
        return self._files.all()

    def open_file(self, file: ExportFile) -> BinaryIO:
        return self._files.open(file)

    def close(self) -> None:
        self._files.close()


class _Entities:
    """The parser's target: each child of the root is one row; a column is an attribute, or a child with text."""

    def __init__(self, take: Callable[[str, Row], None]) -> None:
        self.date: str | None = None
        self.leading = ""
        self.trailing = ""
        self._take = take
        self._opened = False
        self._depth = 0
        self._row: Row = {}
        self._column = ""
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: Row) -> None:
        depth = self._depth
        self._depth = depth + 1
        if depth == 1:
            # Without attributes lxml gives a mapping that cannot be changed.
            self._row = attributes if type(attributes) is dict else {}
        elif depth == 2:
            self._column = tag
            self._text = []
        elif depth == 0:
            self._open(tag, attributes)

    def _open(self, tag: str, attributes: Row) -> None:
        if tag == _CONFLUENCE_ROOT:
            raise WrongAppType(
                "This is an export of Confluence, not of Jira. Nothing was imported.",
                hint="Import it into a Confluence app.",
            )
        if tag != _ROOT:
            raise NotAnExport(
                f"{ENTITIES} starts with <{tag}>, not with <{_ROOT}>. Nothing was imported.",
                hint="Give the zip that Jira's backup wrote, or its entities.xml.",
            )
        self._opened = True
        self.date = attributes.get("date")

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        depth = self._depth - 1
        self._depth = depth
        if depth == 1:
            self._take(tag, self._row)
        elif depth == 2 and self._text is not None:
            self._row[self._column] = "".join(self._text)
            self._text = None

    def comment(self, text: str) -> None:
        if self._opened:
            self.trailing = text
        elif not self.leading:
            self.leading = text

    def close(self) -> None:
        """Nothing is left to do; lxml asks for it."""
