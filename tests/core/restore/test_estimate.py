"""What past runs say of the next one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.restore.estimate import PastRun, estimated_minutes

MB = 10**6


def past(*runs: tuple[int, float]) -> list[PastRun]:
    return [PastRun(size_bytes=size, seconds=seconds) for size, seconds in runs]


@pytest.mark.parametrize(
    ("runs", "size", "minutes"),
    [
        ((), MB, 30),
        (((100 * MB, 600),), 100 * MB, 10),
        (((100 * MB, 600),), 200 * MB, 20),
        (((100 * MB, 600), (100 * MB, 1200), (100 * MB, 660)), 100 * MB, 11),
        # five minutes, and one for every 100 MB
        (((100 * MB, 360), (300 * MB, 480), (1000 * MB, 900)), 2000 * MB, 25),
        # one that stood still for an hour
        (((100 * MB, 360), (200 * MB, 420 + 3600), (300 * MB, 480), (400 * MB, 540), (500 * MB, 600)), 300 * MB, 8),
        # the larger the faster: what they have in common is their median
        (((100 * MB, 600), (200 * MB, 300)), 150 * MB, 8),
        (((10, 1),), 10, 1),
        ((*[(MB, 2.0)] * 9,), 60_000 * MB, 30),  # nothing of a comparable size
        (((MB, 2.0), (10_000 * MB, 3000)), 60_000 * MB, 300),
        (((0, 60),), 0, 1),
    ],
)
def test_the_estimate(runs: tuple[tuple[int, float], ...], size: int, minutes: int) -> None:
    assert estimated_minutes(past(*runs), size, default=30) == minutes


@given(
    st.lists(st.tuples(st.integers(0, 10**12), st.floats(0, 10**6)), max_size=8),
    st.integers(0, 10**12),
)
def test_it_is_at_least_a_minute_and_grows_with_the_size(runs: list[tuple[int, float]], size: int) -> None:
    known = [one for one in past(*runs) if one.size_bytes * 10 >= 2 * size]
    one = estimated_minutes(known, size, default=30)
    assert one >= 1
    assert estimated_minutes(known, 2 * size, default=30) >= one
