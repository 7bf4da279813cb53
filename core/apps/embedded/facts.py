"""What is true of a generation: counts, repeated keys, references that find nothing."""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa

from core.apps.driver import BrokenReferences, Contents, KeyRange, KeySlice, Place
from core.apps.embedded.generation import Index, broken_condition, placeholder_types, plain_indexes
from core.apps.embedded.session import Session, UniqueViolation
from core.content.catalogue import RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, RecordType

MAX_EXAMPLES: Final = 5


def record_counts(session: Session, app_type: AppType) -> Mapping[str, int]:
    """Records per type, for types that have any."""
    with_placeholder = {one.name for one in placeholder_types(app_type)}
    counted = ", ".join(f'(SELECT count(*) FROM "{one.table}")' for one in RECORD_TYPES[app_type])
    ((*found,),) = session.run(f"SELECT {counted}")
    counts = {
        one.name: int(rows) - (one.name in with_placeholder)
        for one, rows in zip(RECORD_TYPES[app_type], found, strict=True)
    }
    return {name: count for name, count in counts.items() if count}


def attachment_bytes(session: Session) -> int:
    """Bytes of all packs, as far as attachments lie in them."""
    ends = 'SELECT max("offset" + "stored_size") AS "end" FROM "attachment_file" GROUP BY "pack"'
    return int(session.value(f'SELECT coalesce(sum("end"), 0) FROM ({ends}) AS "packs"'))


def provisioned_still_there(session: Session, app_type: AppType) -> int:
    """How many of the records that the app came with are there."""
    there = [
        f'(SELECT count(*) FROM "{one.table}" WHERE "key" IN'
        f' (SELECT "key" FROM "provisioned" WHERE "record_type" = \'{one.name}\'))'
        for one in RECORD_TYPES[app_type]
    ]
    return int(session.value(f"SELECT {' + '.join(there)}"))


def contents(session: Session, app_type: AppType) -> Contents:
    """Looks for one row of each kind, and counts none."""
    any_row = [f'EXISTS (SELECT 1 FROM "{one.table}" WHERE "key" <> ?)' for one in RECORD_TYPES[app_type]]
    foreign_row = [
        f'EXISTS (SELECT 1 FROM "{one.table}" WHERE "key" <> ? AND "key" NOT IN'
        f' (SELECT "key" FROM "provisioned" WHERE "record_type" = \'{one.name}\'))'
        for one in RECORD_TYPES[app_type]
    ]
    placeholders = [PLACEHOLDER] * len(any_row)
    file = 'EXISTS (SELECT 1 FROM "attachment_file")'
    if session.value(f"SELECT {' OR '.join([file, *foreign_row])}", *placeholders):
        return Contents.DATA
    held = session.value(f"SELECT {' OR '.join(any_row)}", *placeholders)
    return Contents.DEFAULT_PERSONAL_SPACE if held else Contents.NOTHING


def slices(session: Session, record_type: RecordType, size_bytes: int) -> Iterator[KeySlice]:
    """A slice ends with the row that makes it as large as was asked."""
    texts = [one.name for one in record_type.schema if pa.types.is_string(one.type)]
    size = " + ".join([str(8 * len(record_type.schema)), *(f'coalesce(octet_length("{name}"), 0)' for name in texts)])
    sized = f'SELECT "key", {size} AS "size" FROM "{record_type.table}" WHERE "key" <> ?'
    # How much stands before a row says in which slice it is.
    before = 'CAST(sum("size") OVER (ORDER BY "key" ROWS UNBOUNDED PRECEDING) AS BIGINT) - "size"'
    rows = f'SELECT "key", "size", ({before}) / {int(size_bytes)} AS "slice" FROM ({sized}) AS "sized"'
    found = session.run(
        f'SELECT min("key"), max("key"), count(*), CAST(sum("size") AS BIGINT) FROM ({rows}) AS "rows"'
        ' GROUP BY "slice" ORDER BY "slice"',
        PLACEHOLDER,
    )
    for first, last, count, total in found:
        yield KeySlice(keys=KeyRange(first=first, last=last), rows=int(count), size_bytes=int(total))


def provisioned(session: Session) -> tuple[tuple[str, str], ...]:
    found = session.run('SELECT "record_type", "key" FROM "provisioned" ORDER BY "record_type", "key"')
    return tuple((str(record_type), str(key)) for record_type, key in found)


def make_indexes(session: Session, app_type: AppType) -> tuple[str, ...]:
    """A unique index on each key, plain ones where people look; returns the keys that stand twice. A table with such
    keys gets a plain index instead."""
    clashes: list[str] = []
    for one in RECORD_TYPES[app_type]:
        by_key = Index(table=one.table, column="key")
        try:
            session.run(by_key.create_unique)
        except UniqueViolation:
            session.run(by_key.create)
            clashes.extend(repeated_keys(session, one.table))
    for index in plain_indexes(app_type):
        session.run(index.create)
    return tuple(clashes)


def repeated_keys(session: Session, table: str) -> list[str]:
    """`table: key` for up to five keys that stand twice."""
    twice = f'SELECT "key" FROM "{table}" GROUP BY "key" HAVING count(*) > 1 ORDER BY "key" LIMIT {MAX_EXAMPLES}'
    return [f"{table}: {key}" for (key,) in session.run(twice)]


def broken_references(session: Session, place: Place) -> Iterator[BrokenReferences]:
    proven = session.proven_references()
    for one in RECORD_TYPES[place.app_type]:
        for column in one.references:
            if (one.table, column.name) in proven:
                continue
            broken = broken_condition(one, column)
            if count := int(session.value(f"SELECT count(*) {broken}")):
                examples = session.run(f'SELECT "key" {broken} ORDER BY "key" LIMIT {MAX_EXAMPLES}')
                yield BrokenReferences(
                    record_type=one.name,
                    column=column.name,
                    count=count,
                    examples=tuple(str(key) for (key,) in examples),
                )


def insert_placeholders(session: Session, app_type: AppType) -> None:
    for one in placeholder_types(app_type):
        session.run(f'INSERT INTO "{one.table}" ("key", "native") VALUES (?, ?)', PLACEHOLDER, "placeholder")
