"""Apps' data in SQLite: one file per generation, `<shard folder>/generations/<generation>.sqlite`."""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from types import MappingProxyType
from typing import BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc

from core.apps.driver import (
    AttachmentEntry,
    BrokenReferences,
    Capabilities,
    Driver,
    Edit,
    Inspection,
    KeyRange,
    Place,
    Shard,
)
from core.apps.embedded import edits, facts
from core.apps.embedded.files import GenerationFile, free_bytes, shard_folder
from core.apps.embedded.generation import (
    ATTACHMENT_SCHEMA,
    OWN_TABLES,
    cast_batch,
    create_table,
    filtered,
    one_ahead,
    quoted,
    read_in_key_order,
    stored_schema,
    typed_row,
)
from core.apps.embedded.session import Session, session
from core.archive.blobs import open_blob
from core.archive.layout import generation_pack_key
from core.content.catalogue import RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, RecordType, Role
from core.errors import Fenced, ObjectNotFound, WrongState
from core.storage.location import open_store
from core.storage.store import Store

PAGE_BYTES: Final = 16384
#: Rows of one batch that is read: where rows hold whole pages of text, a few MB at most.
BATCH_ROWS: Final = 4096
MARKUP_BATCH_ROWS: Final = 256

_ANY: Final[Mapping[str, str | None]] = MappingProxyType({})


class SqliteDriver(Driver):
    """The driver of shards with a URL `sqlite:///<folder>`. A folder belongs to one machine.

    SQLite holds no NaN: it is read back as null, which verification reports.
    """

    capabilities = Capabilities(atomic_publish=True)

    def __init__(self, *, stores: Callable[[str], Store] = open_store) -> None:
        self._stores = stores

    def provision(self, place: Place, *, with_default_personal_space: bool) -> None:
        self._make(place, durable=True, with_space=with_default_personal_space)
        self.index(place)
        self.seal(place)

    def stage(self, place: Place) -> None:
        self._make(place, durable=False, with_space=False)

    def inspect(self, place: Place) -> Inspection:
        file = GenerationFile.of(place)
        with self._open(place) as opened:
            records = facts.record_counts(opened, place.app_type)
            provisioned = facts.provisioned_still_there(opened, place.app_type)
            attachments = int(opened.value('SELECT count(*) FROM "attachment_file"'))
            attachment_bytes = facts.attachment_bytes(opened)
            is_open = bool(opened.value('SELECT "is_open" FROM "generation"'))
        return Inspection(
            records=records,
            attachments=attachments,
            contains_data=bool(records or attachments),
            only_default_personal_space=0 < provisioned == sum(records.values()) and not attachments,
            is_open=is_open,
            size_bytes=file.size() + attachment_bytes,
            free_bytes=file.free_bytes(),
        )

    def free_bytes(self, shard: Shard) -> int | None:
        return free_bytes(shard_folder(shard))

    def claim(self, place: Place, part: str) -> int:
        with self._open(place) as opened, opened.transaction():
            opened.run(
                'INSERT INTO "part_claim" VALUES (?, 1) ON CONFLICT ("part") DO UPDATE SET "token" = "token" + 1', part
            )
            return int(opened.value('SELECT "token" FROM "part_claim" WHERE "part" = ?', part))

    def loaded_parts(self, place: Place) -> Mapping[str, int]:
        with self._open(place) as opened:
            return dict(opened.run('SELECT "part", "rows" FROM "loaded_parts" ORDER BY "part"'))

    def load(
        self, place: Place, part: str, token: int, tables: Sequence[tuple[RecordType, pa.RecordBatchReader]]
    ) -> int:
        return self._load(place, part, token, ((one.table, one.schema, reader) for one, reader in tables))

    def load_attachments(self, place: Place, part: str, token: int, entries: Sequence[AttachmentEntry]) -> int:
        rows = pa.Table.from_pylist([asdict(entry) for entry in entries], schema=ATTACHMENT_SCHEMA)
        return self._load(place, part, token, [("attachment_file", ATTACHMENT_SCHEMA, rows.to_reader())])

    def index(self, place: Place) -> tuple[str, ...]:
        with self._open(place) as opened:
            return facts.make_indexes(opened, place.app_type)

    def read(self, place: Place, record_type: RecordType, keys: KeyRange = KeyRange()) -> pa.RecordBatchReader:  # noqa: B008
        conditions, parameters = [f"\"key\" <> '{PLACEHOLDER}'"], []
        for bound, comparison in ((keys.first, ">="), (keys.last, "<=")):
            if bound is not None:
                conditions.append(f'"key" {comparison} ?')
                parameters.append(bound)
        statement = read_in_key_order(record_type.table, record_type.schema, "key", " AND ".join(conditions))
        big = any(column.role is Role.MARKUP for column in record_type.columns)
        GenerationFile.of(place).must_exist()
        return pa.RecordBatchReader.from_batches(
            record_type.schema,
            self._stream(
                place,
                statement,
                parameters,
                schema=record_type.schema,
                batch_rows=MARKUP_BATCH_ROWS if big else BATCH_ROWS,
            ),
        )

    def select(
        self,
        place: Place,
        record_type: RecordType,
        *,
        where: Mapping[str, str | None] = _ANY,
        limit: int,
        offset: int = 0,
    ) -> pa.Table:
        condition, parameters = filtered(record_type, where)
        schema, label = record_type.schema, record_type.label_column
        statement = (
            f"{typed_row(schema, 'key', PLACEHOLDER)} UNION ALL SELECT * FROM ("
            f'SELECT {quoted(schema)} FROM "{record_type.table}" WHERE {condition}'
            f' ORDER BY "{label}" IS NULL, "{label}", "key" LIMIT {int(limit)} OFFSET {int(offset)})'
        )
        with self._open(place) as opened:
            batches = [
                cast_batch(batch, schema) for batch in opened.stream(statement, *parameters, batch_rows=limit + 1)
            ]
        found = pa.Table.from_batches(batches, schema=schema)
        found = found.filter(pc.not_equal(found["key"], PLACEHOLDER))
        return found.sort_by([(label, "ascending"), ("key", "ascending")]) if label != "key" else found.sort_by("key")

    def count(self, place: Place, record_type: RecordType, *, where: Mapping[str, str | None] = _ANY) -> int:
        condition, parameters = filtered(record_type, where)
        with self._open(place) as opened:
            return int(opened.value(f'SELECT count(*) FROM "{record_type.table}" WHERE {condition}', *parameters))

    def read_attachments(self, place: Place, *, pack: str | None = None) -> Iterator[AttachmentEntry]:
        condition = "true" if pack is None else '"pack" = ? OR "pack" GLOB ?'
        parameters = () if pack is None else (pack, f"{pack}.*")
        statement = read_in_key_order("attachment_file", ATTACHMENT_SCHEMA, "record_key", condition)
        for batch in self._stream(place, statement, parameters, schema=ATTACHMENT_SCHEMA, batch_rows=BATCH_ROWS):
            for row in batch.to_pylist():
                yield AttachmentEntry(**row)

    def find_attachment(self, place: Place, record_key: str) -> AttachmentEntry | None:
        columns = quoted(ATTACHMENT_SCHEMA)
        sql = f'SELECT {columns} FROM "attachment_file" WHERE "record_key" = ? ORDER BY "record_type" DESC LIMIT 1'
        with self._open(place) as opened:
            rows = opened.run(sql, record_key)
        if not rows:
            return None
        values = dict(zip(ATTACHMENT_SCHEMA.names, rows[0], strict=True))
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
            # A durable commit syncs the file with all that was written before. To open the file once more and sync it
            # would end the locks that this process holds on it.
            opened.run('UPDATE "generation" SET "seals" = "seals" + 1')
        GenerationFile.of(place).sync_folder()

    def discard(self, place: Place) -> None:
        GenerationFile.of(place).remove()
        store = self._stores(place.shard.attachments_url)
        for one in list(store.list(f"{place.generation}/")):
            store.delete(one.key)

    def drop(self, place: Place) -> None:
        self.discard(place)

    def edit(self, place: Place, edit: Edit) -> None:
        with self._open(place, durable=True) as opened, opened.transaction():
            if not opened.value('SELECT "is_open" FROM "generation"'):
                raise WrongState(
                    "The app is closed for changes while it is being replaced or moved; nothing was changed.",
                    hint="Try again when the run on this app has ended.",
                )
            edits.apply_edit(opened, place.app_type, edit)

    def close(self, place: Place) -> None:
        self._set_open(place, is_open=0)

    def reopen(self, place: Place) -> None:
        self._set_open(place, is_open=1)

    def _make(self, place: Place, *, durable: bool, with_space: bool) -> None:
        file = GenerationFile.of(place)
        file.create()
        with self._open(place, durable=durable) as opened:
            opened.run(f"PRAGMA page_size={PAGE_BYTES}")
            with opened.transaction():
                if opened.value('SELECT count(*) FROM "sqlite_schema" WHERE "name" = \'generation\''):
                    return
                for statement in OWN_TABLES:
                    opened.run(statement)
                opened.run(create_table("attachment_file", ATTACHMENT_SCHEMA))
                for one in RECORD_TYPES[place.app_type]:
                    opened.run(create_table(one.table, one.schema))
                facts.insert_placeholders(opened, place.app_type)
                opened.run('INSERT INTO "generation" VALUES (?, 1, 0)', place.app_type.value)
                if with_space and place.app_type is AppType.CONFLUENCE:
                    edits.provision_personal_space(opened)

    def _load(
        self, place: Place, part: str, token: int, tables: Iterable[tuple[str, pa.Schema, pa.RecordBatchReader]]
    ) -> int:
        with self._open(place) as opened, opened.transaction():
            holder = opened.value('SELECT "token" FROM "part_claim" WHERE "part" = ?', part)
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
                in_table = stored_schema(schema)
                opened.ingest(table, in_table, one_ahead(stored(reader, in_table)))
            opened.run('INSERT INTO "loaded_parts" VALUES (?, ?)', part, rows)
            return rows

    def _stream(
        self, place: Place, statement: str, parameters: Sequence[str], *, schema: pa.Schema, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """The rows of `read_in_key_order` without the typed row, in their own types."""
        with self._open(place) as opened:
            skip = 1
            for batch in opened.stream(statement, *parameters, batch_rows=batch_rows):
                rows = batch.slice(skip)
                skip = 0
                if rows.num_rows:
                    yield cast_batch(rows, schema)

    def _set_open(self, place: Place, *, is_open: int) -> None:
        with self._open(place, durable=True) as opened, opened.transaction():
            opened.run('UPDATE "generation" SET "is_open" = ?', is_open)

    @contextmanager
    def _open(self, place: Place, *, durable: bool = False) -> Iterator[Session]:
        with session(GenerationFile.of(place).must_exist(), durable=durable) as opened:
            yield opened
