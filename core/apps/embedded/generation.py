"""What a generation looks like in a database: tables, indexes and statements made from the record types, and how values
are stored where the database has no type for them.

Everything put between quotes here is a name of the record model; values travel as parameters.
"""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Final

import pyarrow as pa

from core.apps.driver import Place
from core.apps.embedded.session import Dialect
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, Column, RecordType, Role
from core.errors import SettingError

#: Rows that no record refers to by a reference, but whose keys stand in person columns.
PERSON_TARGETS: Final = ("directory.user_key", "directory.user")
#: What people open: listed by container.
ITEM_TYPES: Final = frozenset({"jira.issue", "confluence.page", "confluence.blog_post"})


#: PostgreSQL cuts longer names off.
GENERATION: Final = re.compile(r"[A-Za-z0-9_@=-][A-Za-z0-9._@=-]{0,62}")


def _own(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, type_, nullable=False) for name, type_ in columns.items()])


#: Tables of the generation itself: their columns, and how many of the first ones are the primary key. `provisioned`
#: names the records that a new app comes with; `seals` counts what was put on the disk for good, sealing and each edit.
OWN_TABLES: Final[Mapping[str, tuple[pa.Schema, int]]] = {
    "part_claim": (_own(part=pa.string(), token=pa.int64()), 1),
    "loaded_parts": (_own(part=pa.string(), rows=pa.int64()), 1),
    "provisioned": (_own(record_type=pa.string(), key=pa.string()), 2),
    "generation": (_own(app_type=pa.string(), is_open=pa.int64(), seals=pa.int64()), 0),
}


def declared(type_: pa.DataType, dialect: Dialect) -> str:
    if pa.types.is_string(type_):
        return dialect.text
    if pa.types.is_floating(type_):
        return dialect.decimal
    if pa.types.is_boolean(type_):
        return dialect.flag
    return dialect.moment if pa.types.is_timestamp(type_) else dialect.number


def create_table(table: str, schema: pa.Schema, dialect: Dialect, *, key_columns: int = 0) -> str:
    columns = [f'"{one.name}" {declared(one.type, dialect)}' + ("" if one.nullable else " NOT NULL") for one in schema]
    if not key_columns:
        return f'CREATE TABLE "{table}" ({", ".join(columns)}){dialect.loaded}'
    key = ", ".join(f'"{name}"' for name in schema.names[:key_columns])
    return f'CREATE TABLE "{table}" ({", ".join(columns)}, PRIMARY KEY ({key})){dialect.keyed}'


def place_name(place: Place) -> str:
    """The generation's name, fit for a file and for a schema. Raises SettingError."""
    if not GENERATION.fullmatch(place.generation):
        raise SettingError(f"{place.generation!r} cannot be the name of a generation.")
    return place.generation


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
    def create_hashed(self) -> str:
        """For texts of any length; only on PostgreSQL, where others are limited."""
        return f'CREATE INDEX IF NOT EXISTS "{self.name}" ON "{self.table}" USING hash ("{self.column}")'

    @property
    def unique_name(self) -> str:
        return f"{self.table}_unique_{self.column}"

    @property
    def create_unique(self) -> str:
        return f'CREATE UNIQUE INDEX IF NOT EXISTS "{self.unique_name}" ON "{self.table}" ("{self.column}")'


def plain_indexes(app_type: AppType) -> tuple[Index, ...]:
    """Besides the one on each key: items by container and by label, and what hangs on a record by that record."""
    found = [Index(table="attachment_file", column=column) for column in ("record_key", "pack")]
    for one in RECORD_TYPES[app_type]:
        if one.name in ITEM_TYPES:
            found += [Index(table=one.table, column=name) for name in ("container", one.label_column)]
        found.extend(Index(table=one.table, column=column.name) for column in hangs_on(one))
    return tuple(found)


def stored_schema(schema: pa.Schema, dialect: Dialect) -> pa.Schema:
    if not dialect.only_numbers:
        return schema
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


def typed_row(schema: pa.Schema, dialect: Dialect) -> str:
    """A SELECT of one row without nulls: the driver of SQLite finds a column's type from the first rows it sees."""
    literals = {dialect.text: "''", dialect.decimal: "0.0", dialect.number: "0"}
    return "SELECT " + ", ".join(f'{literals[declared(one.type, dialect)]} AS "{one.name}"' for one in schema)


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
