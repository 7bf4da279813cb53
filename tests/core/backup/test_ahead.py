"""Rows that another thread makes come in their order, end with their own error, and are no more made once stopped."""

import threading
from collections.abc import Generator
from pathlib import Path

import pyarrow as pa
import pytest

from core.backup.ahead import Ahead


def batch(numbers: list[int]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"number": pa.array(numbers, pa.int64())})


def up_to(end: int, error: Exception | None = None) -> Generator[int, None, None]:
    yield from range(end)
    if error is not None:
        raise error


@pytest.mark.parametrize("count", [0, 1, 2_500])
def test_every_row_comes_in_its_order(tmp_path: Path, count: int) -> None:
    ahead = Ahead(tmp_path / "rows", up_to(count), batch)
    try:
        assert [one for some in ahead.batches() for one in some.column("number").to_pylist()] == list(range(count))
    finally:
        ahead.stop()
    assert not list(tmp_path.iterdir())


def test_an_error_is_the_readers_before_any_row(tmp_path: Path) -> None:
    ahead = Ahead(tmp_path / "rows", up_to(2_500, ValueError("a damaged file")), batch)
    try:
        with pytest.raises(ValueError, match="a damaged file"):
            next(ahead.batches())
    finally:
        ahead.stop()
    assert not list(tmp_path.iterdir())


def test_who_stops_it_waits_for_no_more_than_what_was_begun(tmp_path: Path) -> None:
    begun, go_on, made, closed = threading.Event(), threading.Event(), [], threading.Event()

    def rows() -> Generator[int, None, None]:
        try:
            for number in range(1_000_000):
                begun.set()
                go_on.wait()
                made.append(number)
                yield number
        finally:
            closed.set()

    ahead = Ahead(tmp_path / "rows", rows(), batch)
    begun.wait()
    stopping = threading.Thread(target=ahead.stop)
    stopping.start()
    while not ahead._stopped.is_set():
        pass
    go_on.set()
    stopping.join()
    assert len(made) == 1
    assert closed.is_set()
    assert not list(tmp_path.iterdir())
