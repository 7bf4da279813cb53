"""Rows a reader gathers, per record type, until they make a record batch."""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from core.content.record_type import RecordType
from core.formats.export import BATCH_BYTES, BATCH_ROWS

#: All types together hold at most so much text before everything is handed on.
_TOTAL_BYTES: Final = 4 * BATCH_BYTES


class _Gathered:
    """Rows of one type that were not handed on yet."""

    __slots__ = ("rows", "text")

    def __init__(self) -> None:
        self.rows: list[Sequence[object]] = []
        self.text = 0


class Batches:
    """Rows in, record batches out: `add` in a target's callbacks, `take` between chunks."""

    def __init__(self) -> None:
        self._gathered: dict[str, _Gathered] = {}
        self._types: dict[str, RecordType] = {}
        self._total = 0

    def add(self, record_type: RecordType, row: Sequence[object]) -> None:
        """`row` is in the order of `record_type.export_schema`; moments are microseconds since 1970."""
        gathered = self._gathered.get(record_type.name)
        if gathered is None:
            gathered = self._gathered[record_type.name] = _Gathered()
            self._types[record_type.name] = record_type
        gathered.rows.append(row)
        text = 0
        for value in row:
            if type(value) is str:
                text += len(value)
        gathered.text += text
        self._total += text

    def take(self, *, everything: bool = False) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        """Batches that are full, or all rows that are left."""
        everything = everything or self._total >= _TOTAL_BYTES
        for name, gathered in self._gathered.items():
            full = len(gathered.rows) >= BATCH_ROWS or gathered.text >= BATCH_BYTES
            if not gathered.rows or not (full or everything):
                continue
            rows, record_type = gathered.rows, self._types[name]
            self._total -= gathered.text
            gathered.rows, gathered.text = [], 0
            for start in range(0, len(rows), BATCH_ROWS):
                yield record_type, record_batch(record_type, rows[start : start + BATCH_ROWS])


def record_batch(record_type: RecordType, rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """Rows as columns, in `record_type.export_schema`."""
    schema = record_type.export_schema
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
