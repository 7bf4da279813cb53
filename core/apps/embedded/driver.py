"""The driver of apps whose data lives in our own shards. The shard's URL says in which database."""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain, islice
from types import MappingProxyType
from typing import BinaryIO, Final

import pyarrow as pa

from core.apps.driver import (
    ATTACHMENT_ENTRIES,
    AttachmentEntry,
    BrokenReferences,
    Capabilities,
    Contents,
    Driver,
    Edit,
    Inspection,
    KeyRange,
    KeySlice,
    Place,
    Shard,
    ShardState,
)
from core.apps.embedded import edits, facts
from core.apps.embedded.database import ShardDatabase
from core.apps.embedded.generation import (
    OWN_TABLES,
    cast_batch,
    create_table,
    filtered,
    one_ahead,
    quoted,
    stored_schema,
)
from core.apps.embedded.postgres import PostgresDatabase
from core.apps.embedded.session import Select, Session
from core.apps.embedded.sqlite import SqliteDatabase
from core.archive.blobs import open_blob
from core.archive.layout import generation_pack_key
from core.content.catalogue import RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, RecordType, Role
from core.errors import Fenced, ObjectNotFound, SettingError, WrongState
from core.storage.location import open_store
from core.storage.store import Store

_ANY: Final[Mapping[str, str | None]] = MappingProxyType({})


class EmbeddedDriver(Driver):
    """Shards with a URL `sqlite:///<folder>` or `postgresql://…`. `owner` is this process's name among all that work on
    the same shards."""

    capabilities = Capabilities(atomic_publish=True)

    def __init__(self, *, stores: Callable[[str], Store] = open_store, owner: str = "") -> None:
        self._stores = stores
        self._databases: Mapping[str, ShardDatabase] = {
            "sqlite": SqliteDatabase(),
            "postgresql": PostgresDatabase(owner=owner),
        }

    def prepare(self, shard: Shard) -> ShardState:
        return self._database(shard).prepare(shard)

    def look_at(self, shard: Shard) -> ShardState:
        return self._database(shard).look_at(shard)

    def free_bytes(self, shard: Shard) -> int | None:
        return self._database(shard).free_bytes(shard)

    def end_sessions(self, shard: Shard, owner: str) -> int:
        return self._database(shard).end_sessions(shard, owner)

    def provision(self, place: Place, *, with_default_personal_space: bool) -> None:
        self._make(place, durable=True, with_space=with_default_personal_space)
        self.index(place)
        self.analyze(place)
        self.seal(place)

    def stage(self, place: Place, *, provisioned: Iterable[tuple[str, str]] = ()) -> None:
        self._make(place, durable=False, provisioned=provisioned)

    def provisioned(self, place: Place) -> tuple[tuple[str, str], ...]:
        with self._open(place) as opened:
            return facts.provisioned(opened)

    def edits(self, place: Place) -> int:
        with self._open(place) as opened:
            return int(opened.value('SELECT "seals" FROM "generation"'))

    def inspect(self, place: Place) -> Inspection:
        with self._open(place) as opened:
            records = facts.record_counts(opened, place.app_type)
            provisioned = facts.provisioned_still_there(opened, place.app_type)
            attachments = int(opened.value('SELECT count(*) FROM "attachment_file"'))
            attachment_bytes = facts.attachment_bytes(opened)
            is_open = bool(opened.value('SELECT "is_open" FROM "generation"'))
            database_bytes = int(opened.value(opened.dialect.size))
        return Inspection(
            records=records,
            attachments=attachments,
            contains_data=bool(records or attachments),
            only_default_personal_space=0 < provisioned == sum(records.values()) and not attachments,
            is_open=is_open,
            size_bytes=database_bytes + attachment_bytes,
            free_bytes=self.free_bytes(place.shard),
        )

    def contents(self, place: Place) -> Contents:
        with self._open(place) as opened:
            return facts.contents(opened, place.app_type)

    def claim(self, place: Place, part: str) -> int:
        with self._open(place) as opened, opened.transaction():
            opened.run(
                'INSERT INTO "part_claim" VALUES (?, 1)'
                ' ON CONFLICT ("part") DO UPDATE SET "token" = "part_claim"."token" + 1',
                part,
            )
            return int(opened.value('SELECT "token" FROM "part_claim" WHERE "part" = ?', part))

    def loaded_parts(self, place: Place) -> Mapping[str, int]:
        with self._open(place) as opened:
            return dict(opened.run('SELECT "part", "rows" FROM "loaded_parts" ORDER BY "part"'))

    def load(
        self, place: Place, part: str, token: int, tables: Sequence[tuple[RecordType, pa.RecordBatchReader]]
    ) -> int:
        return self._load(place, part, token, ((one.table, one.schema, reader) for one, reader in tables))

    def load_attachments(self, place: Place, part: str, token: int, entries: pa.Table) -> int:
        return self._load(place, part, token, [("attachment_file", ATTACHMENT_ENTRIES, entries.to_reader())])

    def index(self, place: Place) -> tuple[str, ...]:
        return self._database(place.shard).index(place)

    def analyze(self, place: Place) -> None:
        self._database(place.shard).analyze(place)

    def read(self, place: Place, record_type: RecordType, keys: KeyRange = KeyRange()) -> pa.RecordBatchReader:  # noqa: B008 - frozen
        conditions, parameters = [f"\"key\" <> '{PLACEHOLDER}'"], []
        for bound, comparison in ((keys.first, ">="), (keys.last, "<=")):
            if bound is not None:
                conditions.append(f'"key" {comparison} ?')
                parameters.append(bound)
        select = Select(
            table=record_type.table,
            schema=record_type.schema,
            condition=" AND ".join(conditions),
            parameters=parameters,
            order_by='"key"',
            long_rows=any(column.role is Role.MARKUP for column in record_type.columns),
        )
        return self._reader(place, select)

    def slices(self, place: Place, record_type: RecordType, size_bytes: int) -> tuple[KeySlice, ...]:
        with self._open(place) as opened:
            return tuple(facts.slices(opened, record_type, size_bytes))

    def select(
        self,
        place: Place,
        record_type: RecordType,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, str | None] = _ANY,
        limit: int,
        offset: int = 0,
    ) -> pa.Table:
        condition, parameters = filtered(record_type, where)
        schema, label = record_type.schema, record_type.label_column
        if columns is not None:
            schema = pa.schema([schema.field(name) for name in columns])
        select = Select(
            table=record_type.table,
            schema=schema,
            condition=condition,
            parameters=parameters,
            order_by=f'"{label}" IS NULL, "{label}", "key"',
            window=f"LIMIT {int(limit)} OFFSET {int(offset)}",
        )
        return pa.Table.from_batches(self._database(place.shard).read(place, select), schema=schema)

    def count(self, place: Place, record_type: RecordType, *, where: Mapping[str, str | None] = _ANY) -> int:
        condition, parameters = filtered(record_type, where)
        with self._open(place) as opened:
            return int(opened.value(f'SELECT count(*) FROM "{record_type.table}" WHERE {condition}', *parameters))

    def read_attachments(self, place: Place, *, packs: Collection[str] | None = None) -> pa.RecordBatchReader:
        if packs is None:
            condition, parameters = "true", []
        else:  # '/' comes right behind '.'.
            condition = " OR ".join(['"pack" = ? OR "pack" >= ? AND "pack" < ?'] * len(packs)) or "false"
            parameters = [bound for pack in packs for bound in (pack, f"{pack}.", f"{pack}/")]
        select = Select(
            table="attachment_file",
            schema=ATTACHMENT_ENTRIES,
            condition=condition,
            parameters=parameters,
            order_by='"record_key"',
        )
        return self._reader(place, select)

    def find_attachment(self, place: Place, record_key: str) -> AttachmentEntry | None:
        columns = quoted(ATTACHMENT_ENTRIES)
        sql = f'SELECT {columns} FROM "attachment_file" WHERE "record_key" = ? ORDER BY "record_type" DESC LIMIT 1'
        with self._open(place) as opened:
            rows = opened.run(sql, record_key)
        if not rows:
            return None
        values = dict(zip(ATTACHMENT_ENTRIES.names, rows[0], strict=True))
        return AttachmentEntry(**{**values, "compressed": bool(values["compressed"])})

    def open_attachment(self, place: Place, record_key: str) -> BinaryIO:
        entry = self.find_attachment(place, record_key)
        if entry is None:
            raise ObjectNotFound(f"Generation {place.generation} holds no file of the attachment {record_key!r}.")
        store = self._stores(place.shard.attachments_url)
        return open_blob(store, generation_pack_key(place.generation, entry.pack), entry)

    def broken_references(self, place: Place) -> tuple[BrokenReferences, ...]:
        with self._open(place) as opened:
            return tuple(facts.broken_references(opened, place))

    def seal(self, place: Place) -> None:
        with self._open(place, durable=True) as opened, opened.transaction():
            opened.run('UPDATE "generation" SET "seals" = "seals" + 1')
        self._database(place.shard).seal(place)

    def discard(self, place: Place) -> None:
        self._database(place.shard).remove(place)
        store = self._stores(place.shard.attachments_url)
        for one in list(store.list(f"{place.generation}/")):
            store.delete(one.key)

    def drop(self, place: Place) -> None:
        self.discard(place)

    def edit(self, place: Place, edit: Edit) -> None:
        with self._open(place, durable=True) as opened, opened.transaction():
            if not opened.value('SELECT "is_open" FROM "generation"' + opened.dialect.for_update):
                raise WrongState(
                    "The app is closed for changes while it is being replaced or moved; nothing was changed.",
                    hint="Try again when the run on this app has ended.",
                )
            edits.apply_edit(opened, place.app_type, edit)

    def close(self, place: Place) -> None:
        self._set_open(place, is_open=0)

    def reopen(self, place: Place) -> None:
        self._set_open(place, is_open=1)

    def _make(
        self,
        place: Place,
        *,
        durable: bool,
        with_space: bool = False,
        provisioned: Iterable[tuple[str, str]] = (),
    ) -> None:
        with self._database(place.shard).make(place, durable=durable) as opened:
            if opened.value(opened.dialect.count_tables, "generation"):
                return
            for table, (schema, key_columns) in OWN_TABLES.items():
                opened.run(create_table(table, schema, opened.dialect, key_columns=key_columns))
            opened.run(create_table("attachment_file", ATTACHMENT_ENTRIES, opened.dialect))
            for one in RECORD_TYPES[place.app_type]:
                opened.run(create_table(one.table, one.schema, opened.dialect))
            facts.insert_placeholders(opened, place.app_type)
            opened.run('INSERT INTO "generation" VALUES (?, 1, 0)', place.app_type.value)
            if with_space and place.app_type is AppType.CONFLUENCE:
                edits.provision_personal_space(opened)
            edits.note_provisioned(opened, provisioned)

    def _load(
        self, place: Place, part: str, token: int, tables: Iterable[tuple[str, pa.Schema, pa.RecordBatchReader]]
    ) -> int:
        with self._open(place) as opened, opened.transaction():
            held = 'SELECT "token" FROM "part_claim" WHERE "part" = ?' + opened.dialect.for_update
            holder = opened.value(held, part)
            if holder != token:
                raise Fenced(
                    f"Part {part} belongs to the worker with token {holder}, not {token}; nothing was written."
                )
            loaded = opened.value('SELECT "rows" FROM "loaded_parts" WHERE "part" = ?', part)
            if loaded is not None:
                return int(loaded)
            rows = 0

            def stored(reader: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
                nonlocal rows
                for batch in reader:
                    rows += batch.num_rows
                    yield cast_batch(batch, schema)

            for table, schema, reader in tables:
                if reader.schema.names != schema.names:
                    raise ValueError(f"{table} takes the columns {schema.names}, not {reader.schema.names}")
                in_table = stored_schema(schema, opened.dialect)
                opened.ingest(table, in_table, one_ahead(stored(reader, in_table)))
            opened.run('INSERT INTO "loaded_parts" VALUES (?, ?)', part, rows)
            return rows

    def _reader(self, place: Place, select: Select) -> pa.RecordBatchReader:
        batches = self._database(place.shard).read(place, select)
        first = list(islice(batches, 1))  # so that a place that does not stand is told here
        return pa.RecordBatchReader.from_batches(select.schema, chain(first, batches))

    def _set_open(self, place: Place, *, is_open: int) -> None:
        with self._open(place, durable=True) as opened, opened.transaction():
            opened.run('UPDATE "generation" SET "is_open" = ?', is_open)

    def _open(self, place: Place, *, durable: bool = False) -> AbstractContextManager[Session]:
        return self._database(place.shard).open(place, durable=durable)

    def _database(self, shard: Shard) -> ShardDatabase:
        scheme = shard.url.partition(":")[0]
        if scheme not in self._databases:
            raise SettingError(
                f"The URL of shard {shard.name} begins with {scheme!r}, which is no database that Restorebot knows."
                " Nothing was changed.",
                hint="Write postgresql://USER@HOST/DATABASE, or sqlite:////path/of/a/folder.",
            )
        return self._databases[scheme]
