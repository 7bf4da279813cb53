"""Many small files handled by two threads: reading, hashing and compressing leave the interpreter to the other one."""

import io
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO, Final, TypeVar, cast

_THREADS: Final = 2
#: What one thread takes at a time: one by one, handing over would cost more than a small file.
_BATCH_FILES: Final = 32
_BATCH_BYTES: Final = 4 * 1024 * 1024

T = TypeVar("T")
R = TypeVar("R")


def in_batches(
    work: Callable[[list[T]], list[R]], items: Iterable[T], size: Callable[[T], int], *, name: str
) -> Generator[R, None, None]:
    """What `work`, called in other threads, makes of the items, in their order; few batches are ahead of the caller.
    `size` is an item's bytes. An error is raised in its place, and nothing more is begun; so it is when it is closed.
    """
    with ThreadPoolExecutor(_THREADS, thread_name_prefix=name) as pool:
        waiting: deque[Future[list[R]]] = deque()
        try:
            for batch in _batched(items, size):
                waiting.append(pool.submit(work, batch))
                if len(waiting) > 2 * _THREADS:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


def fill(buffer: memoryview, stream: BinaryIO) -> int:
    """Read until the buffer is full or the stream ends; returns how many bytes there are. One buffer for many
    files: fresh memory costs more than reading into it."""
    source, filled = cast("io.BufferedIOBase", stream), 0
    while filled < len(buffer) and (count := source.readinto(buffer[filled:])):
        filled += count
    return filled


def _batched(items: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    batch: list[T] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if len(batch) == _BATCH_FILES or total >= _BATCH_BYTES:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
