"""What was measured, and what it means: medians, spreads, and the bars they are held against."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Values:
    """Repeated measurements of one thing."""

    all: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> "Values":
        return cls(tuple(values))

    @property
    def middle(self) -> float:
        return median(self.all)

    def __str__(self) -> str:
        spread = f" ({min(self.all):.3g} to {max(self.all):.3g})" if len(self.all) > 1 else ""
        return f"{self.middle:.3g}{spread}"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A ratio of medians that may be at most `limit`; without a peer, the median itself."""

    number: str  # as PERFORMANCE.md numbers it
    what: str
    ours: Values
    peer: Values | None = None
    against: str = ""  # what the peer is
    unit: str = "s"
    limit: float
    reach: float

    @property
    def value(self) -> float:
        return self.ours.middle / self.peer.middle if self.peer else self.ours.middle

    @property
    def good(self) -> bool:
        return self.value <= self.limit

    @property
    def details(self) -> str:
        ours = f"{self.ours} {self.unit}"
        return f"{ours} against {self.peer} {self.unit} of {self.against}" if self.peer else ours


@dataclass(frozen=True, kw_only=True)
class Table:
    """What stands beside the bars: parts of them, rates, what was left out of a ratio."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Result:
    bars: Sequence[Bar]
    tables: Sequence[Table] = field(default=())
