"""Rows a reader gathers, per record type, until they make a record batch."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import pyarrow as pa

from core.content.record_type import RecordType
from core.formats.export import BATCH_BYTES, BATCH_ROWS

#: All types together hold at most so much text before everything is handed on.
_TOTAL_BYTES: Final = 4 * BATCH_BYTES


#: Rows of a type that are measured each time, spread over those that are new.
_MEASURED: Final = 64


class _Gathered:
    """Rows of one type that were not handed on yet."""

    __slots__ = ("measured", "record_type", "rows", "text")

    def __init__(self, record_type: RecordType) -> None:
        self.record_type = record_type
        #: the same list as long as rows are read, so that its `append` may be kept
        self.rows: list[Sequence[object]] = []
        self.measured = 0
        self.text = 0

    def measure(self) -> int:
        """About how much text the rows hold. Of many new rows some are measured for all: what one chunk brings is
        little, except in its first row, which is one of them."""
        new = len(self.rows) - self.measured
        if new:
            step = max(1, new // _MEASURED)
            text = sum(
                len(value)
                for index in range(self.measured, len(self.rows), step)
                for value in self.rows[index]
                if type(value) is str
            )
            self.text += text * step
            self.measured = len(self.rows)
        return self.text

    def empty(self) -> list[Sequence[object]]:
        rows = self.rows.copy()
        self.rows.clear()
        self.measured = self.text = 0
        return rows


class Batches:
    """Rows in, record batches out: `add` in a target's callbacks, `take` between chunks."""

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}

    def add(self, record_type: RecordType, row: Sequence[object]) -> None:
        """`row` is in the order of `record_type.export_schema`; moments are microseconds since 1970."""
        self.adder(record_type)(row)

    def adder(self, record_type: RecordType) -> Callable[[Sequence[object]], None]:
        """`add` for one type, without a call of Python's own for a row."""
        gathered = self._gathered.get(record_type.name)
        if gathered is None:
            gathered = self._gathered[record_type.name] = _Gathered(record_type)
        return gathered.rows.append

    def take(self, *, everything: bool = False) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        """Batches that are full, or all rows that are left."""
        everything = everything or sum(one.measure() for one in self._gathered.values()) >= _TOTAL_BYTES
        for gathered in tuple(self._gathered.values()):
            full = len(gathered.rows) >= BATCH_ROWS or gathered.text >= BATCH_BYTES
            if not gathered.rows or not (full or everything):
                continue
            rows = gathered.empty()
            for start in range(0, len(rows), BATCH_ROWS):
                yield gathered.record_type, record_batch(gathered.record_type, rows[start : start + BATCH_ROWS])


def record_batch(record_type: RecordType, rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """Rows as columns, in `record_type.export_schema`."""
    schema = record_type.export_schema
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
