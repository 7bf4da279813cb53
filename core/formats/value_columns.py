"""The same as values.py for whole columns: Arrow does it where that gives the same, else value by value."""

from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from core.formats import values

Texts = Sequence[str | None]
#: A column of the type it stands under, null where a text is no such value.
Convert = Callable[[Texts], pa.Array]

_MOMENT: Final = pa.timestamp("us")
#: Arrow also reads hexadecimal and any number of leading zeros.
_PLAIN_NUMBER: Final = r"^-?\d{1,18}$"
#: Arrow also reads a day alone, and the year 0; nothing it reads of this length at least lacks seconds.
_SHORTEST_MOMENT: Final = 19
_YEAR_ZERO: Final = "0000"


def texts(column: Texts) -> pa.Array:
    return pa.array(column, pa.string())


def numbers(column: Texts) -> pa.Array:
    array = texts(column)
    if pc.all(pc.match_substring_regex(array, _PLAIN_NUMBER)).as_py():
        return pc.cast(array, pa.int64())
    return pa.array(map(values.number, column), pa.int64())


def decimals(column: Texts) -> pa.Array:
    return pa.array(map(values.decimal, column), pa.float64())


def flags(column: Texts) -> pa.Array:
    return pa.array(map(values.flag, column), pa.bool_())


def moments(column: Texts) -> pa.Array:
    array = texts(column)
    shortest = pc.min(pc.binary_length(array)).as_py()
    if shortest and shortest >= _SHORTEST_MOMENT and not pc.any(pc.starts_with(array, _YEAR_ZERO)).as_py():
        try:
            return pc.cast(array, _MOMENT)
        except pa.ArrowInvalid:
            pass  # one of them is no moment
    return pa.array(map(values.moment_us, column), _MOMENT)


CONVERSIONS: Final[dict[pa.DataType, Convert]] = {
    pa.string(): texts,
    pa.int64(): numbers,
    pa.float64(): decimals,
    pa.bool_(): flags,
    _MOMENT: moments,
}
