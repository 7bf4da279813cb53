"""Rows of one record type on the disk until all of an export was read: put down as they come, found again by number.

Memory is bounded whatever the export's size: a file is made of blocks of a bounded size, and what is handed out at a
time is bounded in bytes.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: Of a block, unless a row is larger. Rows that are handed out together may lie in one block of each run that was put
#: down, and all of these are in memory then.
_BLOCK_BYTES: Final = 128 * 1024
#: Of rows handed out together.
_BATCH_BYTES: Final = 4 * 1024 * 1024


class Spill:
    """A file of rows, which are numbered from 0 as they are put down. It is written to its end before it is read."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.path = path
        self.rows = 0
        self.firsts: list[int] = []  # the number of each block's first row
        self.row_bytes: list[int] = []  # of each block's rows, on average
        self._sink = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._sink, schema)

    def put(self, run: pa.RecordBatch) -> pa.Array:
        """Returns the rows' numbers."""
        size = max(1, _BLOCK_BYTES * run.num_rows // max(1, run.nbytes))
        for start in range(0, run.num_rows, size):
            block = run.slice(start, size)
            self._writer.write_batch(block)
            self.firsts.append(self.rows + start)
            self.row_bytes.append(block.nbytes // block.num_rows)
        numbers = pa.array(range(self.rows, self.rows + run.num_rows), pa.int64())
        self.rows += run.num_rows
        return numbers

    def finish(self) -> None:
        self._writer.close()
        self._sink.close()

    def close(self) -> None:
        """Removes the file, however far it is."""
        self._sink.close()
        self.path.unlink(missing_ok=True)


class Finder:
    """Finds rows of a finished spill. It is used by one thread; closing it closes the file."""

    def __init__(self, spill: Spill) -> None:
        self._firsts = pa.array(spill.firsts, pa.int64())
        self._row_bytes = pa.array(spill.row_bytes, pa.int64())
        self._source = pa.OSFile(str(spill.path))
        self._file = pa.ipc.open_file(self._source)
        #: those of the last rows: rows in the order of their keys go through each run once
        self._blocks: dict[int, pa.RecordBatch] = {}

    def rows(self, numbers: pa.Array) -> Iterator[pa.RecordBatch]:
        """The rows of these numbers, no two of which are the same, in their order; some at a time."""
        blocks = pc.subtract(pc.search_sorted(self._firsts, numbers, side="right"), 1)
        read = pc.cumulative_sum(self._row_bytes.take(blocks))
        start = 0
        for end in pc.run_end_encode(pc.divide(read, _BATCH_BYTES)).run_ends.to_pylist():
            yield self._together(numbers.slice(start, end - start), blocks.slice(start, end - start))
            start = end

    def _together(self, numbers: pa.Array, blocks: pa.Array) -> pa.RecordBatch:
        order = pc.sort_indices(numbers)
        numbers, blocks = numbers.take(order), pc.run_end_encode(blocks.take(order))
        pieces, kept, start = [], {}, 0
        for block, end in zip(blocks.values.to_pylist(), blocks.run_ends.to_pylist(), strict=True):
            kept[block] = self._blocks.get(block) or self._file.get_batch(block)
            pieces.append(_some(kept[block], pc.subtract(numbers.slice(start, end - start), self._firsts[block])))
            start = end
        self._blocks = kept
        rows = pieces[0] if len(pieces) == 1 else pa.concat_batches(pieces)
        # What sorts a permutation is its inverse.
        return rows if rises(order) else rows.take(pc.sort_indices(order))

    def close(self) -> None:
        self._source.close()


def _some(block: pa.RecordBatch, places: pa.Array) -> pa.RecordBatch:
    """Rows of a block, mostly next to each other. Places rise."""
    first, last = places[0].as_py(), places[-1].as_py()
    return block.slice(first, len(places)) if last - first + 1 == len(places) else block.take(places)


def rises(values: pa.Array) -> bool:
    """Whether no value is less than the one before."""
    return len(values) < 2 or pc.all(pc.less_equal(values[:-1], values[1:])).as_py()
