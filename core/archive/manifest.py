"""What a backup's manifest says. It is written last; an archive without one does not exist."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.content.record_type import AppType

FORMAT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class RecordObject:
    """One Parquet file of records, sorted by key."""

    key: str  # storage key
    record_type: str
    rows: int
    size: int  # bytes of the object
    arrow_bytes: int  # bytes of its columns as Arrow, uncompressed
    first_key: str
    last_key: str
    blake3: str


@dataclass(frozen=True, kw_only=True)
class PackObject:
    """One pack of attachments. `id` names the object `packs/<id>`."""

    id: str
    size: int
    blake3: str


@dataclass(frozen=True, kw_only=True)
class AttachmentsIndex:
    """`attachments.parquet`: attachment → blob, pack, offset."""

    key: str
    rows: int
    size: int
    blake3: str


@dataclass(frozen=True, kw_only=True)
class Contains:
    attachments: bool
    users_and_groups: bool
    personal_spaces: bool


@dataclass(frozen=True, kw_only=True)
class NativeCount:
    """Rows of one native kind: `rows` = `records` + `dropped_rows`."""

    rows: int
    records: int
    dropped_rows: int = 0
    dropped_values: int = 0


@dataclass(frozen=True, kw_only=True)
class SourceFact:
    """Something about the backup's own content, found at import, that a finding is made of: the same code, count and
    examples as the finding's."""

    code: str
    subject: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessFact:
    """A group and what it opens in the source app: `user` (billable) or `admin`."""

    group: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    format_version: int
    #: features a reader must know to read this archive; an unknown one is refused
    features: tuple[str, ...] = ()
    backup_id: str
    organization: str
    app_id: str
    app_name: str
    app_type: AppType
    shard: str
    region: str
    taken_at: datetime
    exported_at: datetime | None
    complete: bool
    #: what the source lacked, in words; empty when complete
    lacks: tuple[str, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)
    contains: Contains
    records: Mapping[str, int]  # per record type, every type of the app with at least one
    native: Mapping[str, NativeCount]
    active_objects: Mapping[str, int] = field(default_factory=dict)
    #: uncompressed records (Arrow) and attachments, once per attachment row
    size_bytes: int
    attachments: int  # attachment rows
    attachment_bytes: int  # once per attachment row
    objects: tuple[RecordObject, ...]
    attachments_index: AttachmentsIndex | None
    packs: tuple[PackObject, ...]
    #: key of the placeholder-free containers that are personal spaces: counted, for the choice to leave them out
    personal_containers: int = 0
    facts: tuple[SourceFact, ...] = ()
    access: tuple[AccessFact, ...] = ()


def to_json(manifest: Manifest) -> dict[str, Any]:
    """The manifest as plain JSON values; `from_json` is its inverse."""
    raise NotImplementedError


def from_json(value: Mapping[str, Any]) -> Manifest:
    """Raises UnknownFormat (version or features first) and BadSignature-free ValueError for anything else wrong."""
    raise NotImplementedError
