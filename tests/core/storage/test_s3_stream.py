"""Any order of reading gives the same bytes, and asks for few others."""

import io
import os
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import WrongChecksum
from core.storage.s3_stream import RangedStream

MB = 1024 * 1024
DATA = os.urandom(3 * MB)


class Source:
    """Bytes, and what was asked of them."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.asked: list[tuple[int, int]] = []
        self.compared = False

    def fetch(self, start: int, end: int) -> bytes:
        assert 0 <= start < end <= len(self.data)
        self.asked.append((start, end))
        return self.data[start:end]

    def open(self, pool: ThreadPoolExecutor, begun: int = 0) -> io.BufferedReader:
        def whole(crc32: int) -> None:
            assert not self.compared
            self.compared = True
            if crc32 != zlib.crc32(DATA[: len(self.data)]):
                raise WrongChecksum("other bytes")

        return io.BufferedReader(RangedStream(len(self.data), self.fetch, pool, begun=self.data[:begun], whole=whole))


def nothing(_: int) -> None:
    """Is done with the checksum."""


MOVES = st.one_of(
    st.tuples(st.just("read"), st.integers(0, 2 * MB)),
    st.tuples(st.just("seek"), st.integers(0, 4 * MB)),
    st.tuples(st.just("skip"), st.integers(-MB, MB)),
    st.tuples(st.just("from the end"), st.integers(-MB, 100)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(MOVES, max_size=20))
def test_it_reads_as_a_file_does(moves: list[tuple[str, int]]) -> None:
    whole = io.BytesIO(DATA)
    with ThreadPoolExecutor(2) as pool, Source(DATA).open(pool) as stream:
        for what, number in moves:
            if what == "read":
                assert stream.read(number) == whole.read(number)
            elif what == "seek":
                assert stream.seek(number) == whole.seek(number)
            elif what == "skip":
                place = max(whole.tell() + number, 0)
                assert stream.seek(place - stream.tell(), os.SEEK_CUR) == whole.seek(place)
            else:
                assert stream.seek(number, os.SEEK_END) == whole.seek(len(DATA) + number)
            assert stream.tell() == whole.tell()
        assert stream.read() == whole.read()


@pytest.mark.parametrize("size", [0, 1, 100, 3 * MB])
@pytest.mark.parametrize("begun", [0, 50, 4 * MB])
def test_all_of_it_is_read_once_and_compared(size: int, begun: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        source = Source(DATA[:size])
        with source.open(pool, begun) as stream:
            assert stream.read() == source.data
            assert stream.read() == b""
        assert sum(end - start for start, end in source.asked) == max(size - begun, 0)
        assert source.compared is (size > 0)
        again = Source(DATA[:size])
        with again.open(pool, begun) as stream:
            assert b"".join(iter(lambda: stream.read(10_000), b"")) == source.data
        assert again.compared is (size > 0)


def test_pieces_grow_and_few_are_under_way() -> None:
    """In order: the reader holds four pieces of 8 MiB at most, however large the object is."""
    size, taken, held = 200 * MB, 0, 0
    lock = threading.Lock()
    asked: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        nonlocal held
        with lock:
            asked.append(end - start)
            held = max(held, end - taken)
        return bytes(end - start)

    with ThreadPoolExecutor(4) as pool:
        stream = RangedStream(size, fetch, pool, begun=b"", whole=nothing)
        buffer = bytearray(MB)
        while read := stream.readinto(buffer):
            taken += read
    assert taken == size
    assert max(asked) == 8 * MB
    assert held <= 4 * 8 * MB + MB
    assert len(asked) < 40


def test_a_footer_and_a_column_of_parquet_cost_little() -> None:
    table = pa.table({"key": pa.array(range(400_000)), "body": pa.array(os.urandom(16) for _ in range(400_000))})
    written = io.BytesIO()
    pq.write_table(table, written, row_group_size=100_000, compression="none")
    source = Source(written.getvalue())
    with ThreadPoolExecutor(2) as pool, source.open(pool) as stream, pq.ParquetFile(pa.PythonFile(stream, "r")) as file:
        column = file.read_row_group(2, columns=["key"], use_threads=False)
    assert column.column("key").to_pylist() == list(range(200_000, 300_000))
    assert sum(end - start for start, end in source.asked) < len(source.data) / 3


def test_a_failed_piece_is_told_when_it_is_read_and_not_before() -> None:
    def fetch(start: int, end: int) -> bytes:
        if end > 2 * MB:
            raise WrongChecksum("gone")
        return DATA[start:end]

    with ThreadPoolExecutor(2) as pool:
        stream = io.BufferedReader(RangedStream(3 * MB, fetch, pool, begun=b"", whole=nothing))
        assert stream.read(MB) == DATA[:MB]
        with pytest.raises(WrongChecksum):
            stream.read()


def test_other_bytes_are_not_handed_out_to_the_end() -> None:
    source = Source(DATA[:-1] + bytes([DATA[-1] ^ 1]))
    with ThreadPoolExecutor(2) as pool, source.open(pool) as stream, pytest.raises(WrongChecksum):
        stream.read()


def test_who_does_not_read_all_in_order_has_nothing_compared() -> None:
    source = Source(DATA)
    with ThreadPoolExecutor(2) as pool, source.open(pool) as stream:
        stream.seek(10)
        assert stream.read() == DATA[10:]
    assert not source.compared


def test_nothing_lies_before_the_first_byte() -> None:
    with ThreadPoolExecutor(1) as pool:
        stream = Source(DATA).open(pool)
        with pytest.raises(ValueError, match="first byte"):
            stream.seek(-4 * MB, os.SEEK_END)
