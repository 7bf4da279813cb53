"""The reader of Confluence's XML exports, of a site or of spaces, from 3.x to Cloud."""

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import BinaryIO, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import pyarrow as pa

from core.content.confluence import ACTIVE_OBJECT
from core.content.record_type import AppType, RecordType
from core.errors import ExportError
from core.formats.active_objects import ActiveObjects
from core.formats.batches import Batches
from core.formats.confluence_objects import ConfluenceObjects
from core.formats.confluence_owners import Owners
from core.formats.export import ExportFile, ExportSummary
from core.formats.export_source import ENTITIES, ExportSource
from core.formats.values import moment_us
from core.formats.xml_stream import XmlFeed

ATTACHMENTS: Final = "attachments/"
DESCRIPTOR: Final = "exportDescriptor.properties"
#: Rows of the table of inline tasks, which Cloud writes as CSV beside the entities.
_CSV_TABLES: Final = re.compile(r"(AO_[0-9A-F]{6}_\w+)\.csv", re.ASCII)
_ACTIVE_OBJECTS: Final = re.compile(r"plugin-data/.*activeobjects.*\.pdata", re.IGNORECASE)
#: What of the descriptor is told to people; nothing there is secret, but plugins' versions say little.
_SOURCE_KEYS: Final = (
    "exportType", "spaceKey", "buildNumber", "createdByBuildNumber", "createdByVersionNumber", "source", "timezoneId",
    "exportFormat",
)  # fmt: skip
_LARGEST_DESCRIPTOR: Final = 1024 * 1024
#: An object of more chunks than this (256 MiB of XML) would not fit in memory beside others.
_CHUNKS_OF_OBJECT: Final = 512
_CELL_BYTES: Final = 64 * 1024 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_PROPERTY: Final = re.compile(r"((?:\\.|[^\\:=\s])*)\s*[:=]?\s*(.*)", re.DOTALL)


class ConfluenceReader:
    """Reads one export. Rows whose owner is known only at the end come last; all others in the export's order."""

    app_type = AppType.CONFLUENCE

    def __init__(
        self, source: ExportSource, attachments: ExportSource | None = None, *, work: Path | None = None
    ) -> None:
        self._source = source
        self._attachments = attachments
        self._batches = Batches()
        self._owners = Owners(work)
        self._objects = ConfluenceObjects(self._batches, self._owners)
        self._active = ActiveObjects(ACTIVE_OBJECT, self._batches)
        self._csv_counts: Counter[str] = Counter()
        self._descriptor: dict[str, str] = {}
        self._control_characters = 0
        self._done = False

    def batches(self) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        """Every record of the export."""
        self._descriptor = self._read_descriptor()
        yield from self._entities()
        yield from self._owners.joined()
        for entry in self._source.entries:
            if _ACTIVE_OBJECTS.fullmatch(entry.name):
                with self._source.open(entry.name) as stream:
                    for _ in self._active.read(stream, name=entry.name):
                        yield from self._batches.take()
            elif match := _CSV_TABLES.fullmatch(entry.name):
                with self._source.open(entry.name) as stream:
                    for _ in self._csv(match[1], stream, entry.name):
                        yield from self._batches.take()
        yield from self._batches.take(everything=True)
        self._done = True

    def _entities(self) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        with self._source.open(ENTITIES) as stream:
            feed = XmlFeed(stream, self._objects, name=ENTITIES)
            chunks, objects = 0, 0
            for _ in feed:
                yield from self._batches.take()
                self._owners.flush()
                count = self._objects.objects
                chunks = chunks + 1 if count == objects else 0
                objects = count
                if chunks > _CHUNKS_OF_OBJECT:
                    raise ExportError(
                        f"{ENTITIES} holds an object of more than 256 MiB. Nothing was imported.",
                        hint="No Confluence writes such an object; make the export again.",
                    )
            self._control_characters = feed.control_characters

    def _csv(self, table: str, stream: BinaryIO, name: str) -> Iterator[None]:
        """Rows of a table as Cloud writes it, kept as the rows of other plugins' tables."""
        csv.field_size_limit(_CELL_BYTES)
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="replace", newline="")
        self._csv_counts[table] = 0
        try:
            for number, row in enumerate(csv.DictReader(text), start=1):
                cells = {column: cell for column, cell in row.items() if column is not None}
                people = {column: cells.pop(column) for column in list(cells) if column.endswith("USER_KEY")}
                key = f"{table}:{row.get('ID') or f'#{number}'}"
                self._batches.add(ACTIVE_OBJECT, (key, table, table, _json(cells), _json(people)))
                self._csv_counts[table] += 1
                if not number % 1000:
                    yield
        except csv.Error as error:
            raise ExportError(
                f"{name} is no valid CSV: {error}. Nothing was imported.", hint="Make the export again in Confluence."
            ) from error

    def summary(self) -> ExportSummary:
        """What was read."""
        if not self._done:
            raise RuntimeError("summary before batches was read to its end")
        descriptor = self._descriptor
        backup_attachments = descriptor.get("backupAttachments")
        return ExportSummary(
            app_type=self.app_type,
            native_counts=dict(self._objects.native_counts),
            active_objects_counts={**self._active.counts, **self._csv_counts},
            dropped={**self._objects.dropped(), **self._active.dropped},
            exported_at=_exported_at(self._objects.written_at, descriptor.get("timezoneId")),
            source={key: descriptor[key] for key in _SOURCE_KEYS if key in descriptor},
            control_characters=self._control_characters + self._active.control_characters,
            declares_files=None if backup_attachments is None else backup_attachments == "true",
        )

    def _read_descriptor(self) -> dict[str, str]:
        if not self._source.has(DESCRIPTOR):
            return {}
        with self._source.open(DESCRIPTOR) as stream:
            return read_properties(stream.read(_LARGEST_DESCRIPTOR).decode("latin-1"))

    def files(self) -> Iterator[ExportFile]:
        """Files below `attachments/`, of the export and then of the copy given beside it."""
        for source in self._file_sources():
            for entry in source.entries:
                if entry.name.startswith(ATTACHMENTS) and (source is self._source or not self._source.has(entry.name)):
                    yield ExportFile(path=entry.name, claim=entry.name, size=entry.size)

    def open_file(self, file: ExportFile) -> BinaryIO:
        """The file's bytes."""
        return next(one for one in self._file_sources() if one.has(file.path)).open(file.path)

    def _file_sources(self) -> tuple[ExportSource, ...]:
        return (self._source,) if self._attachments is None else (self._source, self._attachments)

    def close(self) -> None:
        """Removes what was kept on the disk meanwhile and closes the export."""
        self._owners.close()
        for source in self._file_sources():
            source.close()


def _json(cells: dict[str, str]) -> str | None:
    return orjson.dumps(cells).decode() if cells else None


def read_properties(text: str) -> dict[str, str]:
    """Java's properties: `key=value`, `#` comments, `\\\\:` and `\\\\uXXXX` escapes, lines continued by a backslash."""
    properties: dict[str, str] = {}
    for line in re.sub(r"(?<!\\)((?:\\\\)*)\\\r?\n[ \t]*", r"\1", text).splitlines():
        line = line.lstrip()
        if not line or line[0] in "#!":
            continue
        match = _PROPERTY.fullmatch(line)
        if match:
            properties[_unescape(match[1])] = _unescape(match[2].rstrip())
    return properties


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1][1:], 16)) if len(match[1]) == 5 else match[1], text)


def _exported_at(written: str | None, zone_name: str | None) -> datetime | None:
    """The root's own time, in the zone the descriptor names; real files also hold it in quotes."""
    moment = moment_us(written.strip("' ")) if written else None
    if moment is None:
        return None
    zone: tzinfo = UTC
    if zone_name:
        with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
            zone = ZoneInfo(zone_name)
    return (_EPOCH + timedelta(microseconds=moment)).replace(tzinfo=zone)
