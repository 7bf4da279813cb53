"""A column of values is what its values are one by one."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.formats import value_columns, values

_ODD = st.sampled_from(
    ["", " 5", "+5", "-0", "007", "0x1A", "٣", "1e3", "9223372036854775807", "9223372036854775808", "0" * 24 + "1",
     "2019-01-02", "2019-01-02 03:04", "2019-01-02 03:04:05Z", "2019-01-02 03:04+02:00", "2019-01-02 03:04:05+01",
     "2019-01-02 03:04:05.", "2019-01-02 03:04:05.1234567", "0000-01-02 03:04:05.1", "2019-02-29 00:00:00.0",
     "2019-01-02 24:00:00.0", "2019-01-02 03:04:60", " 2019-01-02 03:04:05", "\uff12019-01-02 03:04:05.0", "maybe"]
)  # fmt: skip
_MOMENTS = st.datetimes().map(lambda one: one.isoformat(sep=" "))
_NUMBERS = st.integers(min_value=-(2**65), max_value=2**65).map(str)
_SMALL = st.integers(min_value=0, max_value=10**6).map(str)
_FLAGS = st.sampled_from(["true", "false", "1", "0", "Y", "N", "TRUE"])
#: Columns in which every text is good are converted in another way than those with an odd one.
_COLUMNS = st.one_of(
    *(st.lists(st.none() | good) for good in (_MOMENTS, _SMALL, _FLAGS)),
    st.lists(st.none() | _ODD | _MOMENTS | _NUMBERS | _SMALL | _FLAGS),
)


@pytest.mark.parametrize(
    ("whole", "single", "type_"),
    [
        (value_columns.numbers, values.number, pa.int64()),
        (value_columns.decimals, values.decimal, pa.float64()),
        (value_columns.flags, values.flag, pa.bool_()),
        (value_columns.moments, values.moment_us, pa.timestamp("us")),
    ],
)
@given(column=_COLUMNS)
def test_a_column_is_its_values(
    whole: Callable[[list[str | None]], pa.Array],
    single: Callable[[str | None], object],
    type_: pa.DataType,
    column: list[str | None],
) -> None:
    assert whole(column).equals(pa.array(map(single, column), type_))
