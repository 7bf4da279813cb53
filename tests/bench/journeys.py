"""Bars 3, 9, 11 and 12: imports and restores of whole exports without attachments, on SQLite and a folder.

In each round every size of every kind is imported, restored and held against its peers in turns; a third size runs
once, for memory alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from core.samples.expected import ExpectedExport
from tests.bench import loading, memory
from tests.bench.children import BenchError, run
from tests.bench.exports import Sample
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.installation import LEAST_SECONDS, SECONDS_A_MEGABYTE, Imported, Installation, Restored
from tests.bench.subject import Ground

#: So many of the sizes are in every round.
REPEATED: Final = 2
#: On the disk at a time: the exports, and for one of them its copies, its scratch, the backup and the restored data.
_DISK_FACTOR: Final = 4
_MB: Final = 1_000_000
#: Bytes that all our processes may need together.
MOST: Final = 600
STEPS: Final = ("load", "index", "verify")


@dataclass(kw_only=True)
class Measured:
    """All rounds of one export, in their order."""

    sample: Sample
    export: ExpectedExport
    imports: list[Imported] = field(default_factory=list)
    restores: list[Restored] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)  # seconds of the peer's parse
    ours: list[float] = field(default_factory=list)  # seconds of load, index, seal alone
    executemany: list[float] = field(default_factory=list)

    def seconds(self, step: str) -> Values:
        if step == "import":
            return Values.of(one.seconds for one in self.imports)
        return Values.of(one.steps[step] for one in self.restores)

    def rows(self, step: str) -> int:
        """The export's for import, the backup's for the rest."""
        return sum(self.export.native_counts.values()) if step == "import" else self.imports[0].records

    def per_row(self, step: str) -> Values:
        """Microseconds."""
        return Values.of(one / self.rows(step) * 1e6 for one in self.seconds(step).all)

    @property
    def peaks(self) -> Values:
        """MB of PSS, of import or restore, whichever needed more."""
        pairs = zip(self.imports, self.restores, strict=True)
        return Values.of(max(taken.peak, restored.peak) / _MB for taken, restored in pairs)


class Journeys:
    name = "Exports without attachments, on SQLite and a folder"
    bars = ("3", "9", "11", "12")
    peers = ()

    def measure(self, ground: Ground) -> Result:
        if not memory.supported():
            raise BenchError("PSS of a tree of processes is told by Linux only; /proc/PID/smaps_rollup is not here.")
        bars: list[Bar] = []
        rates: list[tuple[str, ...]] = []
        for app_type in AppType:
            with ground.place(ground.folder, _DISK_FACTOR * sum(ground.sizes.exports) * _MB) as folder:
                measured = _Kind(ground, folder).measure(app_type)
            bars += [bar for bar in _bars(measured) if bar.number in ground.bars]
            rates += [row for one in measured for row in _rates(one)]
        head = ("export (MB of XML)", "step", "seconds", "rows/s", "MB/s", "peak PSS of the command, MB")
        return Result(bars=bars, tables=[Table(head=head, rows=rates)])


@dataclass(frozen=True)
class _Kind:
    """The exports of one kind of app."""

    ground: Ground
    folder: Path

    def measure(self, app_type: AppType) -> list[Measured]:
        """Every size, the smallest first."""
        exports = []
        for size in self.ground.sizes.exports:
            sample = Sample(app_type=app_type, megabytes=size)
            self.ground.say(f"{sample.name}: generating")
            exports.append(Measured(sample=sample, export=sample.write(self.folder)))
        loaded = exports[:REPEATED][-1]
        rounds = [exports[:REPEATED]] * self.ground.rounds + [[one] for one in exports[REPEATED:]]
        for number, turn in enumerate(rounds, start=1):
            for one in turn:
                self.ground.say(f"{one.sample.name}: turn {number} of {len(rounds)}")
                self._once(one, loads=one is loaded and "3" in self.ground.bars, first=number == 1)
        return exports

    def _once(self, measured: Measured, *, loads: bool, first: bool) -> None:
        export, app_type = measured.export, measured.sample.app_type
        limit = _limit(measured)
        parsed = run(("-m", "tests.bench.bare_parse", str(export.path)), seconds=limit).answer
        if parsed["bytes"] != export.xml_bytes:
            raise BenchError(f"The peer read {parsed['bytes']} bytes of XML, not {export.xml_bytes}.")
        measured.bare.append(parsed["seconds"])
        with Installation(self.folder / "installation", app_type) as installation:
            taken = installation.take_in(export)
            measured.imports.append(taken)
            measured.restores.append(installation.restore(taken.backup, export.xml_bytes))
            if loads:
                self._load(measured, installation, taken, compare=first)

    def _load(self, measured: Measured, installation: Installation, taken: Imported, *, compare: bool) -> None:
        """Both sides of bar 3 on the backup just made; in the first round both files are compared."""
        limit = _limit(measured)
        places = {side: installation.folder / side for side in ("ours", "executemany")}
        for side, seconds in (("ours", measured.ours), ("executemany", measured.executemany)):
            words = ("-m", "tests.bench.loading", side, str(installation.folder), taken.backup, str(places[side]))
            loaded = run(words, seconds=limit).answer
            if loaded["rows"] != taken.records:
                raise BenchError(f"{side} loaded {loaded['rows']} rows, not {taken.records}.")
            seconds.append(loaded["seconds"])
        if compare:
            files = map(str, (loading.our_file(places["ours"]), loading.peer_file(places["executemany"])))
            kind = measured.sample.app_type.value
            compared = run(("-m", "tests.bench.loading", "compare", *files, kind), seconds=limit).answer
            if compared["differing"]:
                raise BenchError(f"Both sides of bar 3 hold other data: {compared['differing']}")


def _limit(measured: Measured) -> float:
    return LEAST_SECONDS + SECONDS_A_MEGABYTE * measured.sample.megabytes


def _bars(measured: Sequence[Measured]) -> Iterator[Bar]:
    """Of the exports of one kind, the smallest first."""
    several = measured[:REPEATED]
    large = several[-1]
    for one in measured:
        yield Bar(
            number="9",
            what=f"import, {one.sample.name}",
            ours=one.seconds("import"),
            peer=Values.of(one.bare),
            against="an lxml target",
            limit=4.0,
            reach=2.2,
        )
    if large.ours:
        yield Bar(
            number="3",
            what=f"load and indexes in SQLite, {large.sample.name}",
            ours=Values.of(large.ours),
            peer=Values.of(large.executemany),
            against="executemany",
            limit=0.80,
            reach=0.50,
        )
    for step in ("import", *STEPS):
        yield Bar(
            number="12",
            what=f"{step}: time per row, {large.sample.name}",
            ours=large.per_row(step),
            peer=several[0].per_row(step),
            against=several[0].sample.name,
            unit="µs",
            limit=1.15,
            reach=1.0,
        )
    yield Bar(
        number="11",
        what=f"peak PSS of import and restore, {large.sample.name}",
        ours=large.peaks,
        unit="MB",
        limit=MOST,
        reach=400,
    )
    for one in measured[REPEATED:]:
        yield Bar(
            number="11",
            what=f"peak PSS, {one.sample.name}",
            ours=one.peaks,
            peer=large.peaks,
            against=large.sample.name,
            unit="MB",
            limit=1.2,
            reach=1.0,
        )


def _rates(one: Measured) -> Iterator[tuple[str, ...]]:
    name, megabytes = one.sample.name, one.export.xml_bytes / _MB
    taking = Values.of(each.peak / _MB for each in one.imports)
    restoring = Values.of(each.peak / _MB for each in one.restores)
    for step, peak in (("import", taking), *((step, restoring) for step in STEPS)):
        seconds = one.seconds(step)
        rows, rate = one.rows(step) / seconds.middle, megabytes / seconds.middle
        yield name, step, str(seconds), f"{rows:,.0f}", f"{rate:.1f}", str(peak)
    for what, seconds in (
        ("verified → published, synced", one.seconds("durable")),
        ("restore, started → completed", Values.of(each.seconds for each in one.restores)),
        ("the same without verification", Values.of(each.unverified for each in one.restores)),
        ("import's process outside its run", Values.of(each.outside for each in one.imports)),
        ("restore's process outside its run", Values.of(each.outside for each in one.restores)),
    ):
        yield name, what, str(seconds), "", "", ""
