"""How long a restore across shards, or a move, will take: what the last ones of its kind took, by their size. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from math import ceil
from statistics import median
from typing import Final

#: Runs that are learnt from, the newest ones: what was true of another machine is forgotten.
LEARNS_FROM: Final = 20
#: A run says nothing about one that is so many times larger.
FARTHEST: Final = 10


@dataclass(frozen=True, kw_only=True)
class PastRun:
    size_bytes: int
    seconds: float


def past_runs(rows: Iterable[tuple[int, datetime | None, datetime | None]]) -> list[PastRun]:
    """Of bytes, start and end."""
    return [
        PastRun(size_bytes=size, seconds=(ended - started).total_seconds())
        for size, started, ended in rows
        if started and ended
    ]


def estimated_minutes(past: Sequence[PastRun], size_bytes: int, *, default: int) -> int:
    """At least 1; `default` until something of a comparable size is past.

    A time for every run and a time for every byte, as medians (Theil and Sen), so that one that stood still for an hour
    changes little.
    """
    telling = [one for one in past if one.size_bytes * FARTHEST >= size_bytes]
    if not telling:
        return default
    pairs = [(one, other) for one, other in combinations(telling, 2) if one.size_bytes != other.size_bytes]
    slopes = [(one.seconds - other.seconds) / (one.size_bytes - other.size_bytes) for one, other in pairs]
    # Where all had one size nothing tells the two times apart: then all of it is taken for a time for every byte.
    per_byte = median(slopes or [one.seconds / max(one.size_bytes, 1) for one in telling])
    per_byte = max(per_byte, 0.0)
    every = max(median(one.seconds - per_byte * one.size_bytes for one in telling), 0.0)
    return max(1, ceil((every + per_byte * size_bytes) / 60))
