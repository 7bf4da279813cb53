"""In which order parts are given out. Pure."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

P = TypeVar("P")


def taking_turns(parts: Sequence[P], *, kind: Callable[[P], Hashable], size: Callable[[P], int]) -> tuple[P, ...]:
    """Kinds take turns, each spread over the whole and in its own order: parts in flight at once seldom write to the
    same table, where they would wait for each other, and whose rows would lie in disorder for good. Parts of less than
    half of the largest one's size come last, so that no slot is left alone with a long one at the end."""
    small = max(map(size, parts), default=0) / 2
    kinds = [kind(part) for part in parts]
    of_kind, seen = Counter(kinds), Counter[Hashable]()
    places = []
    for number, (part, its_kind) in enumerate(zip(parts, kinds, strict=True)):
        through = (seen[its_kind] + 0.5) / of_kind[its_kind]  # how much of its kind comes before
        seen[its_kind] += 1
        places.append((size(part) < small, through, number))
    return tuple(parts[number] for _, _, number in sorted(places))
