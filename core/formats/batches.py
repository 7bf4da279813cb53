"""Rows a reader gathers, per record type, until they make a record batch."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from core.content.record_type import RecordType
from core.formats.export import BATCH_BYTES, BATCH_ROWS

#: All types together hold at most so much text before everything is handed on.
_TOTAL_BYTES: Final = 4 * BATCH_BYTES
#: Rows of a type that are measured each time, spread over those that are new.
_MEASURED: Final = 64


class Gathered(ABC):
    """Rows of one record type that were not handed on yet."""

    def __init__(self, record_type: RecordType) -> None:
        self.record_type = record_type

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def measure(self) -> int:
        """About how much text the rows hold."""

    @abstractmethod
    def empty(self) -> pa.RecordBatch:
        """All rows in `record_type.export_schema`, in the order they came. None are left."""


class _Whole(Gathered):
    """Rows that have a value for each column."""

    def __init__(self, record_type: RecordType) -> None:
        super().__init__(record_type)
        self._rows: list[Sequence[object]] = []
        self._measured = 0
        self._text = 0
        self.add = self._rows.append

    def __len__(self) -> int:
        return len(self._rows)

    def measure(self) -> int:
        """Of many new rows some are measured for all: what one chunk brings is little, except in its first row, which
        is one of them."""
        new = len(self._rows) - self._measured
        if new:
            step = max(1, new // _MEASURED)
            text = sum(
                len(value)
                for index in range(self._measured, len(self._rows), step)
                for value in self._rows[index]
                if type(value) is str
            )
            self._text += text * step
            self._measured = len(self._rows)
        return self._text

    def empty(self) -> pa.RecordBatch:
        batch = record_batch(self.record_type, self._rows)
        self._rows.clear()
        self._measured = self._text = 0
        return batch


class Batches:
    """Rows in, record batches out: `add` in a target's callbacks, `take` between chunks."""

    def __init__(self) -> None:
        self._gathered: list[Gathered] = []
        self._whole: dict[str, _Whole] = {}

    def add(self, record_type: RecordType, row: Sequence[object]) -> None:
        """`row` is in the order of `record_type.export_schema`; moments are microseconds since 1970."""
        whole = self._whole.get(record_type.name)
        if whole is None:
            whole = self._whole[record_type.name] = _Whole(record_type)
            self.gather(whole)
        whole.add(row)

    def gather(self, gathered: Gathered) -> None:
        """Hand on what is gathered there, too; it is the only one of its type."""
        self._gathered.append(gathered)

    def take(self, *, everything: bool = False) -> Iterator[tuple[RecordType, pa.RecordBatch]]:
        """Batches that are full, or all rows that are left."""
        everything = everything or sum(one.measure() for one in self._gathered) >= _TOTAL_BYTES
        for gathered in self._gathered:
            full = len(gathered) >= BATCH_ROWS or gathered.measure() >= BATCH_BYTES
            if len(gathered) and (full or everything):
                batch = gathered.empty()
                for start in range(0, batch.num_rows, BATCH_ROWS):
                    yield gathered.record_type, batch.slice(start, BATCH_ROWS)


def record_batch(record_type: RecordType, rows: Sequence[Sequence[object]]) -> pa.RecordBatch:
    """Rows as columns, in `record_type.export_schema`."""
    schema = record_type.export_schema
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
