"""Which cases are run: all with FAULTS=all, else those that matter most and a few more, the same ones every time."""

import os
import random
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

ALL = os.environ.get("FAULTS") == "all"
SEED = 20261122


def chosen(cases: Iterable[T], *, always: Sequence[T] = (), few: int) -> list[T]:
    found = list(cases)
    missing = [one for one in always if one not in found]
    assert not missing, f"these cases do not exist: {missing}"
    if ALL:
        return found
    others = [one for one in found if one not in always]
    return [*always, *random.Random(SEED).sample(others, min(few, len(others)))]


def turns(number_in_all: int, number: int) -> range:
    """Into how many tests a matrix is divided, so that several processes can take them."""
    return range(number_in_all if ALL else number)


def share(cases: Sequence[T], turn: int, of: range) -> Sequence[T]:
    return cases[turn :: len(of)]
