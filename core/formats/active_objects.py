"""Rows of plugins' own tables: Jira's activeobjects.xml and the .pdata file of Confluence, which are written alike.

The definitions of the tables are not kept as records: a plugin brings them itself.
"""

import math
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

import orjson

from core.content.record_type import RecordType
from core.formats import values
from core.formats.batches import Batches
from core.formats.export import Dropped
from core.formats.secret_names import looks_secret, names_secret
from core.formats.xml_stream import XmlFeed

_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
#: Columns that name a person when their cell is a text (numbers there are ids of the plugin's own rows).
_PERSON: Final = re.compile(
    r"(.*_)?(USER|USERNAME|USER_?NAME|USER_?KEY|AUTHOR|CREATOR|OWNER|ASSIGNEE|REPORTER|LEAD|ACTOR|REVIEWER|ACCOUNT_ID"
    r"|AAID|(AUTHOR|CREATOR|OWNER|ASSIGNEE|REPORTER|ACTOR|REVIEWER|AWARDEE|AWARDER)_KEY"
    r"|(CREATED|UPDATED|MODIFIED|CHANGED|DELETED)_BY)"
)
#: Columns that name persons in one table only: Jira Software's board admins, and parameters of notification events.
_PERSON_OF_TABLE: Final = {("AO_60DB71_BOARDADMINS", "KEY"), ("AO_733371_EVENT_PARAMETER", "VALUE")}
#: In tables of names and values: columns that name what another column of the row holds.
_NAME: Final = re.compile(r"(.*_)?(KEY|NAME)")
_VALUE: Final = re.compile(r"(.*_)?VALUE")
#: No private key and no licence is shorter.
_SHORTEST_BLOB: Final = 100

Cell = str | int | float | bool | None


class ActiveObjects:
    """Reads one such file (or several) into records of `record_type`; counts are per table."""

    def __init__(self, record_type: RecordType, batches: Batches) -> None:
        self.counts: dict[str, int] = {}
        self.dropped: dict[str, Dropped] = {}
        self.control_characters = 0
        self._record_type = record_type
        self._batches = batches

    def read(self, stream: BinaryIO, *, name: str) -> Iterator[None]:
        """One step per chunk, after which batches may be taken."""
        feed = XmlFeed(stream, _Tables(self), name=name)
        yield from feed
        self.control_characters += feed.control_characters

    def add(self, table: "_Table", cells: list[Cell]) -> None:
        name = table.name
        number = self.counts[name] = self.counts.get(name, 0) + 1
        key = table.key(cells, number)
        kept = dict(zip(table.columns_of(cells), cells, strict=True))
        secrets = table.secrets(kept)
        if secrets:
            before = self.dropped.get(name, Dropped())
            for column in secrets:
                del kept[column]
            if kept.keys() <= set(table.primary):
                self.dropped[name] = Dropped(rows=before.rows + 1, values=before.values)
                return
            self.dropped[name] = Dropped(rows=before.rows, values=before.values + len(secrets))
        people = {column: kept.pop(column) for column in table.people if isinstance(kept.get(column), str)}
        row = (key, name, name, _json(kept), _json(people))
        self._batches.add(self._record_type, row)


class _Table:
    """One `data` element: the order of its cells, and what its columns mean."""

    def __init__(self, name: str, primary: tuple[str, ...]) -> None:
        self.name = name
        self.primary = primary
        self.columns: list[str] = []
        self.people: list[str] = []
        self._places: list[int] = []
        self._secret: list[str] = []
        self._names: list[str] = []
        self._values: list[str] = []

    def add_column(self, name: str) -> None:
        self.columns.append(name)
        if _PERSON.fullmatch(name) or (self.name, name) in _PERSON_OF_TABLE:
            self.people.append(name)
        if names_secret(name):
            self._secret.append(name)
        if _NAME.fullmatch(name):
            self._names.append(name)
        elif _VALUE.fullmatch(name):
            self._values.append(name)

    def columns_of(self, cells: list[Cell]) -> list[str]:
        """Cells stand by their place; one too many is kept under its number."""
        spare = range(len(self.columns), len(cells))
        return [*self.columns[: len(cells)], *(f"#{place}" for place in spare)]

    def key(self, cells: list[Cell], number: int) -> str:
        if not self._places and self.primary and set(self.primary) <= set(self.columns):
            self._places = [self.columns.index(column) for column in self.primary]
        parts = [cells[place] for place in self._places if place < len(cells)]
        if not parts or any(part is None or part == "" for part in parts):
            return f"{self.name}:#{number}"
        return f"{self.name}:{':'.join(map(str, parts))}"

    def secrets(self, row: dict[str, Cell]) -> list[str]:
        found = [column for column in self._secret if _is_value(row.get(column))]
        if self._values and any(isinstance(name := row.get(one), str) and names_secret(name) for one in self._names):
            found += [column for column in self._values if _is_value(row.get(column)) and column not in found]
        for column, cell in row.items():
            if isinstance(cell, str) and len(cell) > _SHORTEST_BLOB and column not in found and looks_secret(cell):
                found.append(column)
        return found


def _is_value(cell: Cell) -> bool:
    return isinstance(cell, (str, int, float)) and not isinstance(cell, bool) and cell != ""


def _json(cells: dict[str, Cell]) -> str | None:
    return orjson.dumps(cells).decode() if cells else None


def _decimal(text: str) -> float | None:
    value = values.decimal(text)
    return value if value is not None and math.isfinite(value) else None


#: Texts and moments stay as they are written.
_CONVERSIONS: Final[dict[str, Callable[[str], Cell]]] = {
    "integer": values.number,
    "double": _decimal,
    "boolean": values.flag,
}


class _Tables:
    """The parser's target: `backup` holds tables' definitions, then `data` of rows of cells."""

    def __init__(self, objects: ActiveObjects) -> None:
        self._objects = objects
        self._primary: dict[str, list[str]] = {}
        self._defined = ""
        self._table: _Table | None = None
        self._cells: list[Cell] | None = None
        self._text: list[str] | None = None
        self._nil = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._cells is not None:
            self._text = []
            self._nil = bool(attributes) and attributes.get(_NIL) in ("true", "1")
            return
        name = _local(tag)
        if name == "row" and self._table is not None:
            self._cells = []
        elif name == "data":
            table = attributes.get("tableName", "")
            self._table = _Table(table, tuple(self._primary.get(table, ())))
            self._objects.counts.setdefault(table, 0)
        elif name == "table":
            self._defined = attributes.get("name", "")
        elif name == "column":
            column = attributes.get("name", "")
            if self._table is not None:
                self._table.add_column(column)
            elif attributes.get("primaryKey") == "true":
                self._primary.setdefault(self._defined, []).append(column)

    def data(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        cells = self._cells
        if cells is None:
            if _local(tag) == "data":
                self._table = None
        elif self._text is None:
            self._cells = None
            if self._table is not None:
                self._objects.add(self._table, cells)
        else:
            cells.append(None if self._nil else _cell(_local(tag), "".join(self._text)))
            self._text = None

    def close(self) -> None:
        """Nothing is left to do; lxml asks for it."""


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _cell(kind: str, text: str) -> Cell:
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        return text
    value = convert(text)
    return text if value is None else value
