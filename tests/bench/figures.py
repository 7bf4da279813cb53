"""What was measured, and what it means: medians, spreads, and the bars they are held against."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from tests.bench.exports import Sample
from tests.bench.installation import Journey

#: A journey's steps that have a rate. MB are of the export's XML; import's rows are the export's, the others' records.
RATED: Final = ("import", "load", "index", "verify")
MOST_BYTES: Final = 600_000_000


@dataclass(frozen=True)
class Values:
    """Repeated measurements of one thing."""

    all: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.all)

    def __str__(self) -> str:
        spread = f" ({min(self.all):.3g} to {max(self.all):.3g})" if len(self.all) > 1 else ""
        return f"{self.middle:.3g}{spread}"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A ratio, or bytes, that may be at most `limit`."""

    number: str
    what: str
    value: float
    limit: float
    reach: float
    details: str

    @property
    def good(self) -> bool:
        return self.value <= self.limit


@dataclass(kw_only=True)
class Measured:
    """All rounds of one export, in their order."""

    sample: Sample
    #: in every round; the largest size runs once, and counts for memory only
    repeated: bool
    #: bar 3 is measured with this export
    loads: bool
    journeys: list[Journey] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)  # seconds of the peer's parse
    ours: list[float] = field(default_factory=list)  # seconds of load, index, seal alone
    executemany: list[float] = field(default_factory=list)

    def seconds(self, step: str) -> Values:
        return Values(tuple(one.steps[step] for one in self.journeys))

    def rows(self, step: str) -> int:
        return self.journeys[0].rows if step == "import" else self.journeys[0].records

    def peak(self, command: str = "") -> Values:
        """MB of PSS: of a command, or of whichever needed more."""
        return Values(tuple((one.peaks[command] if command else one.peak) / 1e6 for one in self.journeys))


def bars(measured: Sequence[Measured]) -> list[Bar]:
    """Of the exports of one kind, the smallest first."""
    small = measured[0]
    found = [
        Bar(
            number="9",
            what=f"import, {one.sample.name}",
            value=one.seconds("import").middle / Values(tuple(one.bare)).middle,
            limit=4.0,
            reach=2.2,
            details=f"{one.seconds('import')} s against {Values(tuple(one.bare))} s of an lxml target",
        )
        for one in measured
        if one.bare
    ]
    if small.ours and small.executemany:
        we, they = Values(tuple(small.ours)), Values(tuple(small.executemany))
        found.append(
            Bar(
                number="3",
                what=f"load and indexes in SQLite, {small.sample.name}",
                value=we.middle / they.middle,
                limit=0.80,
                reach=0.50,
                details=f"{we} s against {they} s of executemany",
            )
        )
    return found + _growth(measured) + _memory(measured)


def _growth(measured: Sequence[Measured]) -> list[Bar]:
    several = [one for one in measured if one.repeated]
    if len(several) < 2:
        return []
    small, large = several[0], several[-1]
    return [
        Bar(
            number="12",
            what=f"{step}: time per row, {large.sample.name} to {small.sample.name}",
            value=_per_row(large, step) / _per_row(small, step),
            limit=1.15,
            reach=1.0,
            details=f"{_per_row(large, step) * 1e6:.2f} µs against {_per_row(small, step) * 1e6:.2f} µs",
        )
        for step in RATED
    ]


def _per_row(one: Measured, step: str) -> float:
    return one.seconds(step).middle / one.rows(step)


def _memory(measured: Sequence[Measured]) -> list[Bar]:
    large = [one for one in measured if one.repeated][-1]
    bars = [
        Bar(
            number="11",
            what=f"peak PSS of import and restore, {large.sample.name}, MB",
            value=large.peak().middle,
            limit=MOST_BYTES / 1e6,
            reach=400,
            details=f"import {large.peak('import')}, restore {large.peak('restore')}",
        )
    ]
    bars += [
        Bar(
            number="11",
            what=f"peak PSS, {one.sample.name} to {large.sample.name}",
            value=one.peak().middle / large.peak().middle,
            limit=1.2,
            reach=1.0,
            details=f"{one.peak()} MB (import {one.peak('import')}, restore {one.peak('restore')})",
        )
        for one in measured
        if not one.repeated
    ]
    return bars
