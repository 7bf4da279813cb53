"""What another thread makes of an export's files while its records are read; it waits on the disk until it is asked
for, since the scratch is the reading thread's."""

import os
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa

_ROWS: Final = 1_000

T = TypeVar("T")


class Ahead:
    """Begins at once to go through `rows` and to put them down in a work file, some at a time as `batch` makes them.
    What is in memory does not grow with their number."""

    def __init__(self, path: Path, rows: Generator[T, None, None], batch: Callable[[list[T]], pa.RecordBatch]) -> None:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._path = path
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._end = self._thread.submit(self._put_down, rows, batch)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All of them, once the last one is there; raises what the rows ended with."""
        self._end.result()
        if self._path.stat().st_size:
            with pa.OSFile(str(self._path)) as source, pa.ipc.open_stream(source) as reader:
                yield from reader

    def stop(self) -> None:
        """Returns when the other thread is through with what it has begun. The work file is gone then."""
        self._stopped.set()
        self._thread.shutdown()
        self._path.unlink(missing_ok=True)

    def _put_down(self, rows: Generator[T, None, None], batch: Callable[[list[T]], pa.RecordBatch]) -> None:
        with closing(rows):
            wanted = takewhile(lambda _: not self._stopped.is_set(), rows)
            first = list(islice(wanted, _ROWS))
            if not first:
                return
            made = batch(first)
            with pa.OSFile(str(self._path), "wb") as sink, pa.ipc.new_stream(sink, made.schema) as writer:
                writer.write_batch(made)
                while some := list(islice(wanted, _ROWS)):
                    writer.write_batch(batch(some))
