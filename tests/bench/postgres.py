"""Bars 1, 1b, 2 and 8: restores to PostgreSQL 15 against pg_restore, and a backup's size against pg_dump.

An export of each kind of app is imported once. In every round ours restores it into a new app, and pg_restore -j2 a
dump of the very schema that ours has made into a new database of the same server: with the server's own compression of
long values, which is pglz, and with lz4, which ours asks for. A bar is about both kinds together, short rows and long
ones; the table tells them apart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from tests.bench.children import BenchError
from tests.bench.exports import Sample
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.installation import Installation, Restored
from tests.bench.peers import POSTGRESQL
from tests.bench.postgres_server import Server, server
from tests.bench.subject import Ground

_MB: Final = 1_000_000
#: At a time there are the export, its copies and the backup, two dumps, two schemas with their indexes, and the log.
_SPACE_FACTOR: Final = 10


@dataclass(frozen=True, kw_only=True)
class Timed:
    seconds: float
    processor: float  # seconds of all cores, the server's included
    peak: int  # bytes of PSS, without the server
    statistics: float  # seconds to make them afterwards


@dataclass(kw_only=True)
class Measured:
    """All rounds of one export."""

    sample: Sample
    records: int
    backup_bytes: int
    dump_bytes: int = 0
    ours: list[Restored] = field(default_factory=list)
    ours_processor: list[float] = field(default_factory=list)  # the server's included
    pglz: list[Timed] = field(default_factory=list)
    lz4: list[Timed] = field(default_factory=list)


class Postgres:
    name = "Restores to PostgreSQL, against pg_restore"
    bars = ("1", "1b", "2", "8")
    peers = (POSTGRESQL,)

    def measure(self, ground: Ground) -> Result:
        size = ground.sizes.records
        measured = []
        with server() as postgres:
            for app_type in AppType:
                with ground.place(ground.folder, size * _MB * _SPACE_FACTOR) as folder:
                    sample = Sample(app_type=app_type, megabytes=size)
                    measured.append(_measure(ground, postgres, folder, sample))
        head = (
            "export (MB of XML)",
            "what",
            "seconds",
            "rows/s",
            "processor seconds, with the server's",
            "peak PSS, MB",
        )
        return Result(
            bars=[bar for bar in _bars(measured) if bar.number in ground.bars],
            tables=[Table(head=head, rows=[row for one in measured for row in _rows(one)])],
        )


def _measure(ground: Ground, postgres: Server, folder: Path, sample: Sample) -> Measured:
    ground.say(f"{sample.name} on PostgreSQL: generating and importing")
    export = sample.write(folder)
    with (
        postgres.database() as url,
        Installation(
            folder / "installation", sample.app_type, shard_url=url, environment=postgres.environment
        ) as installation,
    ):
        taken = installation.take_in(export)
        measured = Measured(sample=sample, records=taken.records, backup_bytes=installation.records_bytes(taken.backup))
        dumps = _Dumps(postgres, folder)
        for number in range(1, ground.rounds + 1):
            ground.say(f"{sample.name} on PostgreSQL: turn {number} of {ground.rounds}")
            app = f"destination-{number}"
            installation.provision(app)
            there, used = postgres.generations(url), postgres.processor()
            measured.ours.append(installation.restore(taken.backup, export.xml_bytes, to=app))
            measured.ours_processor.append(measured.ours[-1].processor + postgres.processor() - used)
            (schema,) = postgres.generations(url) - there
            if number == 1:
                dumps.make(url, schema)
                measured.dump_bytes = dumps.pglz.stat().st_size
            compare = (url, schema) if number == 1 else None
            measured.pglz.append(dumps.restore(dumps.pglz, compare))
            measured.lz4.append(dumps.restore(dumps.lz4, compare))
            postgres.drop(url, schema)
    return measured


@dataclass(frozen=True)
class _Dumps:
    server: Server
    folder: Path

    @property
    def pglz(self) -> Path:
        return self.folder / "pglz.dump"

    @property
    def lz4(self) -> Path:
        return self.folder / "lz4.dump"

    def make(self, url: str, schema: str) -> None:
        self.server.dump(url, schema, self.pglz, compression=False)
        self.server.dump(url, schema, self.lz4, compression=True)

    def restore(self, dump: Path, compare: tuple[str, str] | None) -> Timed:
        """Into a database that goes again, after a comparison with the schema that was dumped."""
        with self.server.database() as url:
            used = self.server.processor()
            ran = self.server.restore(url, dump)
            processor = ran.processor + self.server.processor() - used
            statistics = self.server.statistics(url).seconds
            if compare is not None:
                ours, theirs = self.server.contents(*compare), self.server.contents(url, compare[1])
                if differing := sorted(table for table in {*ours, *theirs} if ours.get(table) != theirs.get(table)):
                    raise BenchError(f"pg_restore made other tables than there were: {', '.join(differing)}")
        return Timed(seconds=ran.seconds, processor=processor, peak=ran.peak, statistics=statistics)


def _bars(measured: Sequence[Measured]) -> Iterator[Bar]:
    names = " and ".join(one.sample.name for one in measured)
    ours = list(zip(*(one.ours for one in measured), strict=True))
    loaded = Values.of(sum(each.loaded for each in turn) for turn in ours)
    verified = Values.of(sum(each.loaded + each.steps["verify"] for each in turn) for turn in ours)
    pglz, lz4 = (
        Values.of(sum(each.seconds for each in turn) for turn in zip(*turns, strict=True))
        for turns in ([one.pglz for one in measured], [one.lz4 for one in measured])
    )
    for number, what, we, they, against, limit, reach in (
        ("1", "load, keys and indexes in PostgreSQL", loaded, pglz, "pg_restore -j2", 0.70, 0.55),
        ("1b", "the same, lz4 on both sides", loaded, lz4, "pg_restore -j2 with lz4", 0.90, 0.75),
        ("2", "load, keys, indexes and verification of every record", verified, pglz, "pg_restore -j2", 1.10, 0.90),
    ):
        yield Bar(
            number=number,
            what=f"{what}, {names}",
            ours=we,
            peer=they,
            against=against,
            limit=limit,
            reach=reach,
        )
    yield Bar(
        number="8",
        what=f"records of a backup, {names}",
        ours=Values.of([sum(one.backup_bytes for one in measured) / _MB]),
        peer=Values.of([sum(one.dump_bytes for one in measured) / _MB]),
        against="pg_dump -Fc",
        unit="MB",
        limit=0.80,
        reach=0.60,
    )


def _rows(one: Measured) -> Iterator[tuple[str, ...]]:
    ours = one.ours
    name = f"{one.sample.name}, {one.records:,} rows"
    for what, seconds, processor, peaks in (
        ("ours: load, keys, indexes, durable", [each.loaded for each in ours], [], []),
        *((f"its {step}", [each.steps[step] for each in ours], [], []) for step in ("load", "index")),
        ("statistics, and verification", [each.steps["verify"] for each in ours], [], []),
        ("whole run, started → completed", [each.seconds for each in ours], one.ours_processor, ours),
        ("its process outside its run", [each.outside for each in ours], [], []),
        ("pg_restore -j2", [each.seconds for each in one.pglz], [each.processor for each in one.pglz], one.pglz),
        ("pg_restore -j2 with lz4", [each.seconds for each in one.lz4], [each.processor for each in one.lz4], one.lz4),
        ("the same, and vacuumdb --analyze-only", [each.seconds + each.statistics for each in one.lz4], [], []),
    ):
        values = Values.of(seconds)
        rate = f"{one.records / values.middle:,.0f}"
        used = str(Values.of(processor)) if processor else ""
        yield name, what, str(values), rate, used, str(Values.of(each.peak / _MB for each in peaks)) if peaks else ""
    sizes = f"{one.backup_bytes / _MB:.1f} MB of records in the backup, {one.dump_bytes / _MB:.1f} MB of pg_dump -Fc"
    yield name, sizes, "", "", "", ""
