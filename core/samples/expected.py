"""What a generated export holds, counted while it was written and independently of any reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.content.record_type import AppType

#: Titles an `ExpectedExport` keeps at most, so that it stays small for exports of any size.
MOST_TITLES = 50


@dataclass(frozen=True, kw_only=True)
class ExpectedExport:
    path: Path
    app_type: AppType
    #: rows per native kind, secrets included, active objects not
    native_counts: Mapping[str, int]
    active_objects_counts: Mapping[str, int] = field(default_factory=dict)
    #: what Jira's closing comment claims; empty for Confluence
    declared_counts: Mapping[str, int] = field(default_factory=dict)
    #: keys of spaces or projects
    containers: tuple[str, ...]
    personal_containers: tuple[str, ...] = ()
    #: of the first pages or issues, as a reader should yield them
    titles: tuple[str, ...]
    #: attachment rows, old versions included
    attachments: int
    #: files that were written, unclaimed ones included
    files: int
    file_bytes: int
    #: paths inside the export
    missing_files: tuple[str, ...] = ()
    unclaimed_files: tuple[str, ...] = ()
    #: the planted oddities' values, sorted
    oddities: tuple[str, ...] = ()
    #: texts that must not be found in a backup of this export
    secrets: tuple[str, ...] = ()
    #: size of entities.xml, uncompressed
    xml_bytes: int
