"""In which order parts are given out."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.workflow.order import taking_turns

Part = tuple[str, int, int]  # kind, size, number


def ordered(parts: list[Part]) -> tuple[Part, ...]:
    return taking_turns(parts, kind=lambda part: part[0], size=lambda part: part[1])


def test_kinds_take_turns() -> None:
    parts = [("issue", 64, number) for number in range(4)] + [("comment", 64, number) for number in range(5)]
    assert all(one[0] != other[0] for one, other in pairwise(ordered(parts)))


def test_what_is_small_comes_last() -> None:
    assert [part[1] for part in ordered([("a", 1, 0), ("a", 64, 1), ("b", 31, 2), ("b", 32, 3)])] == [64, 32, 1, 31]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 100))))
def test_each_is_given_out_once_and_those_of_a_kind_and_about_a_size_in_their_order(
    sizes: list[tuple[str, int]],
) -> None:
    parts = [(kind, size, number) for number, (kind, size) in enumerate(sizes)]
    found = ordered(parts)
    assert sorted(found) == sorted(parts)
    half = max((size for _, size in sizes), default=0) / 2
    for kind in "abc":
        for small in (True, False):
            numbers = [number for one, size, number in found if one == kind and (size < half) == small]
            assert numbers == sorted(numbers)
