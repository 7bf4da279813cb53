"""The port of a format: what a reader of a native export yields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol

import pyarrow as pa

from core.content.record_type import AppType, RecordType

#: Rows a reader gathers before it hands them on; with bodies of some kB this keeps a batch at a few MB.
BATCH_ROWS = 2_000
#: … or fewer, when their text adds up to this many bytes.
BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """Secrets that were not taken in, per native kind."""

    rows: int = 0  # rows that were nothing else
    values: int = 0  # values taken out of rows that stay (the dropped rows' values are not counted here)


@dataclass(frozen=True, kw_only=True)
class ExportSummary:
    """What a reader knows of an export once all batches were read."""

    app_type: AppType
    #: rows per native kind as counted while reading, dropped ones included; active objects are not in it
    native_counts: Mapping[str, int]
    #: the export's own counts per native kind, where it states them (Jira's closing comment); empty where not
    declared_counts: Mapping[str, int] = field(default_factory=dict)
    active_objects_counts: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, Dropped] = field(default_factory=dict)
    #: when the export was made, by its own clock; aware where the export says its zone, else taken as UTC
    exported_at: datetime | None = None
    #: how it was written, for people: writer, version, build, scope ("site", "space KEY") … no secrets
    source: Mapping[str, str] = field(default_factory=dict)
    #: control characters XML forbids that were left out of the text
    control_characters: int = 0
    #: the export says that it holds files (Confluence descriptor's backupAttachments), or None where it does not say
    declares_files: bool | None = None


@dataclass(frozen=True, kw_only=True)
class ExportFile:
    """A file of the export that may be an attachment."""

    path: str  # as in the export, for people
    #: what an attachment record's `file` column says when it means this file
    claim: str
    size: int


class ExportReader(Protocol):
    """Reads one native export, in this order: `batches` to its end, then `summary`, then `files` and `open_file`.

    Memory is bounded whatever the export's size. Errors are `ExportError`s that say where. A reader may be used once.
    """

    app_type: AppType

    def batches(self) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        """Batches in `record_type.export_schema`, in the export's order; keys may repeat."""
        ...

    def summary(self) -> ExportSummary:
        """Raises RuntimeError before `batches` was read to its end."""
        ...

    def files(self) -> Iterator[ExportFile]:
        """Every file of the export that may be an attachment, whether a record claims it or not; each path once. May be
        asked for, and files opened, by another thread while `batches` is read."""
        ...

    def open_file(self, file: ExportFile) -> BinaryIO:
        """The file's bytes as a stream; raises ExportError when they cannot be read."""
        ...

    def close(self) -> None: ...
