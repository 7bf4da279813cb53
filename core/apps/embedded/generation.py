"""What a generation looks like in a database: tables, indexes and statements made from the record types, and how values
are stored where the database has no type for them.

Everything put between quotes here is a name of the record model; values travel as parameters.
"""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

import pyarrow as pa

from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, Column, RecordType, Role

#: Rows that no record refers to by a reference, but whose keys stand in person columns.
PERSON_TARGETS: Final = ("directory.user_key", "directory.user")
#: What people open: listed by container.
ITEM_TYPES: Final = frozenset({"jira.issue", "confluence.page", "confluence.blog_post"})

ATTACHMENT_SCHEMA: Final = pa.schema(
    [
        pa.field("record_key", pa.string(), nullable=False),
        pa.field("record_type", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("blob", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("pack", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("stored_size", pa.int64(), nullable=False),
        pa.field("compressed", pa.bool_(), nullable=False),
    ]
)
#: Tables of the generation itself. `provisioned` names the records that a new app comes with.
OWN_TABLES: Final = (
    'CREATE TABLE "part_claim" ("part" TEXT PRIMARY KEY NOT NULL, "token" INTEGER NOT NULL) WITHOUT ROWID',
    'CREATE TABLE "loaded_parts" ("part" TEXT PRIMARY KEY NOT NULL, "rows" INTEGER NOT NULL) WITHOUT ROWID',
    'CREATE TABLE "provisioned" ("record_type" TEXT NOT NULL, "key" TEXT NOT NULL, PRIMARY KEY ("record_type", "key"))'
    " WITHOUT ROWID",
    'CREATE TABLE "generation" ("app_type" TEXT NOT NULL, "is_open" INTEGER NOT NULL, "seals" INTEGER NOT NULL)',
)


def _declared(type_: pa.DataType) -> str:
    if pa.types.is_floating(type_):
        return "REAL"
    return "TEXT" if pa.types.is_string(type_) else "INTEGER"


def create_table(table: str, schema: pa.Schema) -> str:
    columns = ", ".join(f'"{one.name}" {_declared(one.type)}' + ("" if one.nullable else " NOT NULL") for one in schema)
    return f'CREATE TABLE "{table}" ({columns})'


@cache
def placeholder_types(app_type: AppType) -> tuple[RecordType, ...]:
    """Types whose tables hold the placeholder row: whatever a reference or a person column may name."""
    named = {target for one in RECORD_TYPES[app_type] for column in one.references for target in column.targets}
    if any(column.role is Role.PERSON for one in RECORD_TYPES[app_type] for column in one.columns):
        named.update(PERSON_TARGETS)
    return tuple(one for one in RECORD_TYPES[app_type] if one.name in named)


def hangs_on(record_type: RecordType) -> tuple[Column, ...]:
    """References by which a record belongs to another one that is neither its container nor of its own type."""
    return tuple(
        column
        for column in record_type.references
        if column.name in record_type.container_via
        and column.targets != (record_type.name,)
        and not any(BY_NAME[target].is_container for target in column.targets)
    )


@dataclass(frozen=True, kw_only=True)
class Index:
    table: str
    column: str

    @property
    def name(self) -> str:
        return f"{self.table}_by_{self.column}"

    @property
    def create(self) -> str:
        return f'CREATE INDEX IF NOT EXISTS "{self.name}" ON "{self.table}" ("{self.column}")'

    @property
    def create_unique(self) -> str:
        return (
            f'CREATE UNIQUE INDEX IF NOT EXISTS "{self.table}_unique_{self.column}" ON "{self.table}" ("{self.column}")'
        )


def plain_indexes(app_type: AppType) -> tuple[Index, ...]:
    """Besides the one on each key: items by container and by label, and what hangs on a record by that record."""
    found = [Index(table="attachment_file", column=column) for column in ("record_key", "pack")]
    for one in RECORD_TYPES[app_type]:
        if one.name in ITEM_TYPES:
            found += [Index(table=one.table, column=name) for name in ("container", one.label_column)]
        found.extend(Index(table=one.table, column=column.name) for column in hangs_on(one))
    return tuple(found)


def stored_schema(schema: pa.Schema) -> pa.Schema:
    """SQLite knows no time and no truth: microseconds and 0 or 1 are stored as integers."""
    return pa.schema(
        [
            one.with_type(pa.int64()) if pa.types.is_timestamp(one.type) or pa.types.is_boolean(one.type) else one
            for one in schema
        ]
    )


def cast_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in another schema of the same column names; a column that has its type already is not copied."""
    columns = [
        column if column.type == one.type else column.cast(one.type)
        for column, one in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def one_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, each made by another thread while the one before is written. At most two are in memory."""
    with ThreadPoolExecutor(max_workers=1) as maker:
        made = maker.submit(next, batches, None)
        while (batch := made.result()) is not None:
            made = maker.submit(next, batches, None)
            yield batch


def quoted(schema: pa.Schema) -> str:
    return ", ".join(f'"{name}"' for name in schema.names)


def typed_row(schema: pa.Schema, key_column: str, key: str) -> str:
    """A SELECT of one row without nulls. The driver of SQLite finds a column's type from the first rows it sees."""
    literals = {"TEXT": "''", "REAL": "0.0", "INTEGER": "0"}
    return "SELECT " + ", ".join(
        (f"'{key}'" if one.name == key_column else literals[_declared(one.type)]) + f' AS "{one.name}"'
        for one in schema
    )


def read_in_key_order(table: str, schema: pa.Schema, key_column: str, condition: str) -> str:
    """Rows by key, after one typed row with the key '', which sorts before or beside all others."""
    return (
        f"{typed_row(schema, key_column, '')} UNION ALL"
        f' SELECT {quoted(schema)} FROM "{table}" WHERE {condition} ORDER BY "{key_column}"'
    )


def filtered(record_type: RecordType, where: Mapping[str, str | None]) -> tuple[str, tuple[str, ...]]:
    """The condition of a look: equality or IS NULL, never the placeholder. Raises KeyError for an unknown column."""
    conditions = [f"\"key\" <> '{PLACEHOLDER}'"]
    parameters = []
    for name, value in where.items():
        record_type.schema.field(name)
        if value is None:
            conditions.append(f'"{name}" IS NULL')
        else:
            conditions.append(f'"{name}" = ?')
            parameters.append(value)
    return " AND ".join(conditions), tuple(parameters)


def broken_condition(record_type: RecordType, column: Column) -> str:
    """Rows whose reference finds no row in any of its target tables."""
    missing = " AND ".join(
        f'NOT EXISTS (SELECT 1 FROM "{BY_NAME[target].table}" AS "target"'
        f' WHERE "target"."key" = "source"."{column.name}")'
        for target in column.targets
    )
    return f'FROM "{record_type.table}" AS "source" WHERE "{column.name}" IS NOT NULL AND {missing}'
