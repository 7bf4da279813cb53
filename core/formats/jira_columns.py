"""Native rows of Jira, gathered by their shape, become columns without a step of Python for each value.

Rows of one shape have the same attributes in the same order, so what becomes of them is worked out once, and a column
is every n-th of their values. What single rows need is rare: a text that is no value of its column is kept in
`extra`.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from orjson import dumps

from core.content.record_type import Column, RecordType, Role
from core.formats.batches import Gathered
from core.formats.jira_keys import KEY, KeyRule
from core.formats.value_columns import CONVERSIONS, Texts, texts

#: Shapes that are remembered of a record type; an export may make up as many as it has rows.
_SHAPES: Final = 1_000
#: Rows of a shape that are measured each time, spread over those that are new.
_MEASURED: Final = 8
#: What JSON escapes in a text.
_ESCAPED: Final = re.compile(r'["\\\x00-\x1f]')


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What the attributes of one native kind mean."""

    native: str
    key: KeyRule
    #: the attributes of the typed columns, in their order; empty where the kind has none
    attributes: tuple[str, ...]
    #: what such a column says in every row, if anything
    constants: tuple[str, ...]
    #: attributes that name persons
    people: frozenset[str]
    #: attributes the record type itself says
    implied: tuple[str, ...]


class Shape:
    """Rows of one kind with the same attributes in the same order."""

    def __init__(self, naming: Naming, names: Sequence[str], number: int) -> None:
        self.naming = naming
        self.number = number
        self._values: list[str] = []
        self._width = len(names)
        self._measured = 0
        self._text = 0
        #: takes the values of a row; one list for all rows is filled and cut up faster than any other way
        self.add = self._values.extend
        places = {name: place for place, name in enumerate(names)}
        key = naming.key.attributes
        self._key = {name: places[name] for name in ((KEY,) if KEY in places else key)}
        self._typed = tuple(places.get(attribute) for attribute in naming.attributes)
        taken = {KEY, *naming.attributes, *naming.implied, *(key if len(key) == 1 else ())}
        self._extra = {name: places[name] for name in names if name not in taken and name not in naming.people}
        self._people = {name: places[name] for name in names if name not in taken and name in naming.people}

    def __len__(self) -> int:
        return len(self._values) // self._width

    def measure(self) -> int:
        """About how much text the rows hold: some of those that are new are measured for all. What one chunk brings is
        little, except in its first row, which is one of them."""
        new = len(self) - self._measured
        if new:
            step = max(1, new // _MEASURED)
            firsts = range(self._measured * self._width, len(self._values), step * self._width)
            self._text += step * sum(sum(map(len, self._values[first : first + self._width])) for first in firsts)
            self._measured = len(self)
        return self._text

    def clear(self) -> None:
        self._values.clear()
        self._measured = self._text = 0

    def _column(self, place: int) -> list[str]:
        return self._values[place :: self._width]

    def keys(self) -> Sequence[str]:
        return self.naming.key.joined([(name, self._column(place)) for name, place in self._key.items()])

    def typed(self, column: int) -> Texts | None:
        """Texts of a typed column; None where these rows have none."""
        place = self._typed[column]
        if place is not None:
            return self._column(place)
        constant = self.naming.constants[column]
        return [constant] * len(self) if constant else None

    def extra(self) -> Sequence[str | None]:
        """What no column takes, as JSON objects."""
        return self._json(self._extra)

    def people(self) -> Sequence[str | None]:
        """… and what of it names persons."""
        return self._json(self._people)

    def _json(self, places: Mapping[str, int]) -> Sequence[str | None]:
        """To write each row's object by itself takes five times as long."""
        if not places:
            return (None,) * len(self)
        template = ",".join(f'{dumps(name).decode()}:"%s"' for name in places)
        rows = zip(*(_escaped(self._column(place)) for place in places.values()), strict=True)
        return [f"{{{template % row}}}" for row in rows]

    def json_with(self, row: int, further: Mapping[str, str]) -> tuple[str | None, str | None]:
        """`extra` and `people` of one row of which single texts are kept there."""
        first = row * self._width
        extra = {name: self._values[first + place] for name, place in self._extra.items()}
        people = {name: self._values[first + place] for name, place in self._people.items()}
        for name, text in further.items():
            (people if name in self.naming.people else extra)[name] = text
        return dumps(extra).decode() if extra else None, dumps(people).decode() if people else None


def _escaped(column: Sequence[str]) -> Sequence[str]:
    """Texts as they stand between the quotes of JSON."""
    if not _ESCAPED.search("".join(column)):
        return column
    return [dumps(text).decode()[1:-1] if _ESCAPED.search(text) else text for text in column]


class Columns(Gathered):
    """Rows of one record type, of whichever native kinds."""

    def __init__(self, record_type: RecordType) -> None:
        super().__init__(record_type)
        self._shapes: list[Shape] = []
        self._known: list[dict[tuple[str, ...], Shape]] = []
        self._order = array("I")
        #: takes the number of each row's shape
        self.add = self._order.append

    def shapes(self) -> dict[tuple[str, ...], Shape]:
        """One kind's shapes by their names. They are forgotten when they become too many."""
        known: dict[tuple[str, ...], Shape] = {}
        self._known.append(known)
        return known

    def new_shape(self, naming: Naming, names: Sequence[str]) -> Shape:
        shape = Shape(naming, names, len(self._shapes))
        self._shapes.append(shape)
        return shape

    def __len__(self) -> int:
        return len(self._order)

    def measure(self) -> int:
        return sum(shape.measure() for shape in self._shapes)

    def empty(self) -> pa.RecordBatch:
        shapes = [shape for shape in self._shapes if len(shape)]
        batch = _batch(self.record_type, shapes)
        if len(shapes) > 1:
            by_shape = pc.sort_indices(pa.array(self._order, pa.uint32()))  # stable, so as they came within each
            batch = batch.take(pc.sort_indices(by_shape))  # what sorts a permutation is its inverse
        del self._order[:]
        for shape in shapes:
            shape.clear()
        if len(self._shapes) > _SHAPES:
            self._shapes.clear()
            for known in self._known:
                known.clear()
        return batch


def _batch(record_type: RecordType, shapes: Sequence[Shape]) -> pa.RecordBatch:
    """The rows of one shape after those of another."""
    kept = _Kept(shapes)
    keys = texts(_joined(shape.keys() for shape in shapes))
    natives = texts(_joined((shape.naming.native,) * len(shape) for shape in shapes))
    arrays = [keys, natives]
    for place, column in enumerate(record_type.columns):
        columns = [shape.typed(place) for shape in shapes]
        if not any(columns):
            arrays.append(pa.nulls(len(keys), column.type))
            continue
        values = _joined(one or (None,) * len(shape) for one, shape in zip(columns, shapes, strict=True))
        if _is_named(column) and "" in values:
            kept.keep(place, values, [row for row, text in enumerate(values) if text == ""])
            values = [text or None for text in values]
        converted = CONVERSIONS[column.type](values)
        if column.type != pa.string() and converted.null_count > values.count(None):
            lost = enumerate(zip(values, converted.is_null().to_pylist(), strict=True))
            kept.keep(place, values, [row for row, (text, null) in lost if null and text is not None])
        arrays.append(converted)
    arrays += kept.json()
    if record_type.has_file:
        arrays.append(keys)
    return pa.RecordBatch.from_arrays(arrays, schema=record_type.export_schema)


def _joined(columns: Iterable[Texts]) -> list[str | None]:
    return list(chain.from_iterable(columns))


def _is_named(column: Column) -> bool:
    """A reference, a person or a group: an empty text names none."""
    return bool(column.targets) or column.role in (Role.PERSON, Role.GROUP)


class _Kept:
    """What no column takes."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self._shapes = shapes
        self._ends = list(accumulate(map(len, shapes)))
        self._texts: dict[int, dict[str, str]] = {}

    def keep(self, column: int, values: Texts, rows: Sequence[int]) -> None:
        """Texts which are no values of their typed column."""
        for row in rows:
            attribute = self._shapes[bisect_right(self._ends, row)].naming.attributes[column]
            self._texts.setdefault(row, {})[attribute] = values[row] or ""

    def json(self) -> list[pa.Array]:
        """The columns `extra` and `people`."""
        extra = _joined(shape.extra() for shape in self._shapes)
        people = _joined(shape.people() for shape in self._shapes)
        for row in self._texts:
            extra[row], people[row] = self._changed(row)
        return [texts(extra), texts(people)]

    def _changed(self, row: int) -> tuple[str | None, str | None]:
        place = bisect_right(self._ends, row)
        shape = self._shapes[place]
        return shape.json_with(row - (self._ends[place] - len(shape)), self._texts[row])
