"""The port to an app's data: what restore, backup and look ask of a driver."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import BinaryIO, Final, Protocol

import pyarrow as pa

from core.content.record_type import AppType, RecordType


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Where apps' data lives."""

    name: str
    region: str
    url: str  # sqlite:///folder or a PostgreSQL URL
    attachments_url: str  # a store's URL


@dataclass(frozen=True, kw_only=True)
class ShardState:
    """What a shard's database is, as people are told it."""

    said: str
    #: what does not stop any work and should be put right
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Place:
    """One generation of an app's data on a shard."""

    shard: Shard
    generation: str  # never reused
    app_type: AppType


class Contents(StrEnum):
    """Whether a generation holds anything of somebody's."""

    NOTHING = "nothing"
    #: the default personal space of a newly provisioned Confluence, and nothing else; it counts as data
    DEFAULT_PERSONAL_SPACE = "default-personal-space"
    DATA = "data"


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """Cheap facts about a generation, for planning and preflight."""

    records: Mapping[str, int]  # per record type, only those that have any
    attachments: int
    #: any record besides what provisioning makes; the default personal space counts as data, and is told apart
    contains_data: bool
    #: the default personal space of a newly provisioned Confluence is there, and nothing else
    only_default_personal_space: bool
    is_open: bool
    #: bytes of the database and its attachments
    size_bytes: int
    free_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class AttachmentEntry:
    """Where an attachment's bytes lie in a generation's attachment store."""

    record_key: str  # key of the attachment record, or the file's path where no record claims it
    record_type: str  # "" where no record claims the file
    name: str
    blob: str  # blake3 of the bytes, hexadecimal
    size: int
    pack: str  # pack id; the object is `<generation>/<pack>` in the shard's attachment store
    offset: int
    stored_size: int
    compressed: bool


#: The same as columns, in this order.
ATTACHMENT_ENTRIES: Final = pa.schema(
    [
        pa.field(name, type_, nullable=False)
        for name, type_ in (
            ("record_key", pa.string()),
            ("record_type", pa.string()),
            ("name", pa.string()),
            ("blob", pa.string()),
            ("size", pa.int64()),
            ("pack", pa.string()),
            ("offset", pa.int64()),
            ("stored_size", pa.int64()),
            ("compressed", pa.bool_()),
        )
    ]
)


def entries_table(entries: Sequence[AttachmentEntry]) -> pa.Table:
    columns = [pa.array([getattr(one, field.name) for one in entries], field.type) for field in ATTACHMENT_ENTRIES]
    return pa.Table.from_arrays(columns, schema=ATTACHMENT_ENTRIES)


def entries_of(batches: Iterable[pa.RecordBatch]) -> Iterator[AttachmentEntry]:
    """Of batches in ATTACHMENT_ENTRIES."""
    for batch in batches:
        for row in batch.to_pylist():
            yield AttachmentEntry(**row)


@dataclass(frozen=True, kw_only=True)
class BrokenReferences:
    """Rows of a generation whose reference finds no row."""

    record_type: str
    column: str
    count: int
    examples: tuple[str, ...]  # keys of up to 5 such rows


class EditKind(StrEnum):
    DELETE_DEFAULT_PERSONAL_SPACE = "delete-default-personal-space"
    DELETE_ITEM = "delete-item"
    ADD_ITEM = "add-item"


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A person's change to a live app: a damaged app for demo and tests, or the clearing of a new one."""

    kind: EditKind
    container: str = ""  # space key or project key, for ADD_ITEM
    key: str = ""  # key of the page or issue record, for DELETE_ITEM
    title: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class KeyRange:
    """Keys from `first` to `last`, both included; None is open. Text is compared by code point."""

    first: str | None = None
    last: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeySlice:
    """Rows of one type that stand together in the order of their keys."""

    keys: KeyRange
    rows: int
    #: bytes of their texts, and eight for each column
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    atomic_publish: bool
    #: record types this driver cannot restore
    cannot_restore: frozenset[str] = field(default_factory=frozenset)


class Driver(Protocol):
    """Every method may be repeated: what has been done already is taken as done. Writes before `seal` are staged and
    nobody sees them until the catalog names the generation live.

    Loading a part is one transaction on the shard: lock the part's claim row, compare the token, write the rows,
    insert into `loaded_parts`. A token that is not the row's own raises Fenced and writes nothing.

    Methods raise DiskFull, StorageReadOnly, StorageUnreachable (transient: the database does not answer, or another
    process holds the place for longer than a busy timeout) and DamagedObject (with the generation as its key).
    """

    capabilities: Capabilities

    def prepare(self, shard: Shard) -> ShardState:
        """Make a new shard's database ready for generations, and look at it. Raises SettingError for a URL that cannot
        be a shard's."""
        ...

    def look_at(self, shard: Shard) -> ShardState:
        """Whether the shard's database can be used, and what it is. Raises ObjectNotFound where it is not there,
        StorageTooOld, and StorageForbidden where generations may not be made."""
        ...

    def free_bytes(self, shard: Shard) -> int | None:
        """Bytes that still fit on a shard, or None where there is no such limit."""
        ...

    def end_sessions(self, shard: Shard, owner: str) -> int:
        """End what `owner`, another process, does on the shard at this moment: what it has not committed is taken back,
        and its locks are gone when this returns. Returns how many sessions were ended."""
        ...

    def provision(self, place: Place, *, with_default_personal_space: bool) -> None:
        """Make a new, empty, open and indexed generation."""
        ...

    def inspect(self, place: Place) -> Inspection:
        """Raises ObjectNotFound where the place does not stand, as all methods do but `provision`, `stage`, `discard`
        and `drop`."""
        ...

    def contents(self, place: Place) -> Contents:
        """What `inspect` says of the contents, in a time that does not grow with them: for a list of many apps."""
        ...

    def stage(self, place: Place, *, provisioned: Iterable[tuple[str, str]] = ()) -> None:
        """Make the place for a restore or a move: tables without indexes, one placeholder row in each table that is
        referred to. `provisioned` are the records a new app comes with, as another place says them. A place that stands
        already is kept with everything loaded."""
        ...

    def provisioned(self, place: Place) -> tuple[tuple[str, str], ...]:
        """Record type and key of what `provision` made, sorted; empty once that was deleted."""
        ...

    def edits(self, place: Place) -> int:
        """A number that rises with every edit: where it is the same, what was read from the place still holds."""
        ...

    def claim(self, place: Place, part: str) -> int:
        """Raise the part's token by one and return it. Whoever held a lower one can no longer write."""
        ...

    def loaded_parts(self, place: Place) -> Mapping[str, int]:
        """Part → rows, for parts whose transaction was committed."""
        ...

    def load(
        self, place: Place, part: str, token: int, tables: Sequence[tuple[RecordType, pa.RecordBatchReader]]
    ) -> int:
        """Load a part's records in one transaction; returns its rows. A part that stands in `loaded_parts` is not
        loaded again. Batches have `record_type.schema`. Raises Fenced."""
        ...

    def load_attachments(self, place: Place, part: str, token: int, entries: pa.Table) -> int:
        """The same for attachments whose packs lie in the attachment store already. They have the columns of
        ATTACHMENT_ENTRIES."""
        ...

    def index(self, place: Place) -> tuple[str, ...]:
        """Make keys and indexes; returns tables in which a key stands twice (`table: key`), empty if none."""
        ...

    def analyze(self, place: Place) -> None:
        """Let the database learn how rows are spread, by which it plans what it is asked. To be called after `index`,
        and before parts are read back."""
        ...

    def read(self, place: Place, record_type: RecordType, keys: KeyRange = KeyRange()) -> pa.RecordBatchReader:
        """Rows in `record_type.schema`, sorted by key; without the placeholder row."""
        ...

    def slices(self, place: Place, record_type: RecordType, size_bytes: int) -> tuple[KeySlice, ...]:
        """All rows of the type but the placeholder, in slices of about `size_bytes`, by key. To be asked after `index`,
        of a place that does not change."""
        ...

    def select(
        self,
        place: Place,
        record_type: RecordType,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str | None] = MappingProxyType({}),
        limit: int,
        offset: int = 0,
    ) -> pa.Table:
        """A few rows to show: those whose columns equal `where` (None: is null), sorted by the type's label column
        (nulls last) and then by key, in `record_type.schema` or only these `columns` of it, without the placeholder
        row. Raises KeyError for a column that the type has not."""
        ...

    def count(
        self, place: Place, record_type: RecordType, *, where: Mapping[str, str | None] = MappingProxyType({})
    ) -> int:
        """How many rows `select` would find without a limit."""
        ...

    def read_attachments(self, place: Place, *, packs: Collection[str] | None = None) -> pa.RecordBatchReader:
        """All entries in ATTACHMENT_ENTRIES, sorted by record key; with `packs`, those in one of them or in a pack made
        of one (`<pack>.…`)."""
        ...

    def find_attachment(self, place: Place, record_key: str) -> AttachmentEntry | None:
        """Where the file of an attachment record lies, or None where it has none."""
        ...

    def open_attachment(self, place: Place, record_key: str) -> BinaryIO:
        """The attachment's own bytes (unpacked). Raises ObjectNotFound; what was read is to be believed once its end
        was reached, since reading raises DamagedObject unless all bytes are what their blake3 says."""
        ...

    def broken_references(self, place: Place) -> tuple[BrokenReferences, ...]:
        """Every reference column with rows whose value names no row of any of its targets; null is no reference. To be
        asked after `index`."""
        ...

    def seal(self, place: Place) -> None:
        """File, folder and attachments are on the disk when this returns."""
        ...

    def discard(self, place: Place) -> None:
        """Remove a staged generation and its attachments; no trace is left."""
        ...

    def drop(self, place: Place) -> None:
        """Remove a retired generation and its attachments."""
        ...

    def edit(self, place: Place, edit: Edit) -> None:
        """A person's change, durable when this returns.

        ADD_ITEM makes a page or an issue with `title` and `text` in the container; an app without any container gets it
        made. DELETE_ITEM takes what hangs on the item along. DELETE_DEFAULT_PERSONAL_SPACE removes all that
        `provision` made, and is done already where that is gone.

        Raises WrongState when the generation is closed (checked in the same transaction), or when somebody else's
        records lie in the default personal space, and NotFound for a container or an item that is not there.
        """
        ...

    def close(self, place: Place) -> None:
        """From now on no edit is let in; one that runs is waited for."""
        ...

    def reopen(self, place: Place) -> None: ...
