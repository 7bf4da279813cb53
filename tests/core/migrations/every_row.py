"""Rows in every table of a catalog, with what is hard to carry; and every row of a catalog as it is stored."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Integer,
    String,
    Table,
    Text,
    cast,
    select,
    text,
)
from sqlalchemy.orm import Session

from core.database import Database, UtcDateTime
from core.migrations.tables import METADATA
from tests.core.catalog.world import NOW

ROWS = 3
#: As Python writes no JSON: digits, spaces, the order of names, and a character PostgreSQL has no text for.
JSON_TEXT = '{"b": 1.10,  "a": ["\\u0000 \\ud83d\\ude00", null], "é": 12345678901234567890}'


def fill(database: Database) -> None:
    """On SQLite."""
    with database.transaction() as session:
        session.execute(text("PRAGMA defer_foreign_keys = ON"))
        made: dict[str, list[dict[str, Any]]] = {}
        for table in METADATA.sorted_tables:
            made[table.name] = [_row(table, number, made) for number in range(ROWS)]
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            values = ", ".join(f":{column.name}" for column in table.columns)
            for row in made[table.name]:
                session.execute(text(f'INSERT INTO "{table.name}" ({names}) VALUES ({values})'), row)


def _row(table: Table, number: int, made: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {column.name: _value(column, number, made) for column in table.columns}


def _value(column: "Column[Any]", number: int, made: dict[str, list[dict[str, Any]]]) -> Any:
    """As SQLite stores it. Of a column that may be null the second row has none, of JSON the third has JSON's. What
    refers within its table refers to the second row."""
    if column.nullable and number == 1:
        return None
    for key in column.foreign_keys:
        if key.column.table is column.table:
            return _value(key.column, 1, made)
        return made[key.column.table.name][number][key.column.name]
    match column.type:
        case JSON():
            return "null" if number == 2 else JSON_TEXT
        case Boolean():
            return number == 0
        case BigInteger():
            return 2**62 + number
        case Integer():
            return 2**30 + number
        case Float():
            return 0.1 + number
        case DateTime() | UtcDateTime():
            return (NOW + timedelta(microseconds=123 + number)).strftime("%Y-%m-%d %H:%M:%S.%f")
        case String() as kind:
            words = f"{column.table.name}.{column.name} ' \\ ё 😀 {number}"
            return words if kind.length is None else words[-kind.length :]
    raise AssertionError(f"no value for {column}")


def every_row(session: Session) -> Counter[tuple[str, Any]]:
    return Counter(_rows(session))


def _rows(session: Session) -> Iterator[tuple[str, Any]]:
    for table in METADATA.sorted_tables:
        columns = [cast(one, Text) if isinstance(one.type, JSON) else one for one in table.columns]
        yield from ((table.name, tuple(row)) for row in session.execute(select(*columns)))
