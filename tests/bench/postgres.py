"""Bars 1, 1b, 2 and 8: a restore to PostgreSQL 15 against pg_restore, and a backup's size against pg_dump.

An export is imported once. In every round ours restores it into a new app, and pg_restore -j2 a dump of the very schema
that ours has made into a new database of the same server: with the server's own compression of long values, which is
pglz, and with lz4, which ours asks for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from tests.bench.children import BenchError, Ran
from tests.bench.exports import Sample
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.installation import Installation, Restored
from tests.bench.peers import POSTGRESQL
from tests.bench.postgres_server import Server, server
from tests.bench.subject import Ground

_MB: Final = 1_000_000
#: At a time there are the export, its copies and the backup, two dumps, two schemas with their indexes, and the log.
_SPACE_FACTOR: Final = 10


@dataclass(kw_only=True)
class Measured:
    """All rounds of one export."""

    sample: Sample
    records: int
    backup_bytes: int
    dump_bytes: int = 0
    ours: list[Restored] = field(default_factory=list)
    pglz: list[Ran] = field(default_factory=list)
    lz4: list[Ran] = field(default_factory=list)


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
        head = ("export (MB of XML)", "what", "seconds", "rows/s", "peak PSS, MB")
        return Result(
            bars=[bar for one in measured for bar in _bars(one) if bar.number in ground.bars],
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
            there = postgres.generations(url)
            measured.ours.append(installation.restore(taken.backup, export.xml_bytes, to=app))
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

    def restore(self, dump: Path, compare: tuple[str, str] | None) -> Ran:
        """Into a database that goes again, after a comparison with the schema that was dumped."""
        with self.server.database() as url:
            ran = self.server.restore(url, dump)
            if compare is not None:
                ours, theirs = self.server.contents(*compare), self.server.contents(url, compare[1])
                if differing := sorted(table for table in {*ours, *theirs} if ours.get(table) != theirs.get(table)):
                    raise BenchError(f"pg_restore made other tables than there were: {', '.join(differing)}")
        return ran


def _bars(one: Measured) -> Iterator[Bar]:
    unverified = Values.of(each.unverified for each in one.ours)
    verified = Values.of(each.seconds for each in one.ours)
    pglz, lz4 = (Values.of(each.seconds for each in ran) for ran in (one.pglz, one.lz4))
    for number, what, ours, peer, against, limit, reach in (
        ("1", "restore to PostgreSQL", unverified, pglz, "pg_restore -j2", 0.70, 0.55),
        ("1b", "restore to PostgreSQL, lz4 on both sides", unverified, lz4, "pg_restore -j2 with lz4", 0.90, 0.75),
        ("2", "restore to PostgreSQL, verified", verified, pglz, "pg_restore -j2", 1.10, 0.90),
    ):
        yield Bar(
            number=number,
            what=f"{what}, {one.sample.name}",
            ours=ours,
            peer=peer,
            against=against,
            limit=limit,
            reach=reach,
        )
    yield Bar(
        number="8",
        what=f"records of a backup, {one.sample.name}",
        ours=Values.of([one.backup_bytes / _MB]),
        peer=Values.of([one.dump_bytes / _MB]),
        against="pg_dump -Fc",
        unit="MB",
        limit=0.80,
        reach=0.60,
    )


def _rows(one: Measured) -> Iterator[tuple[str, ...]]:
    ours = one.ours
    for what, seconds, peaks in (
        ("ours, started → completed", [each.seconds for each in ours], [each.peak / _MB for each in ours]),
        ("ours, the same without verification", [each.unverified for each in ours], []),
        *((f"ours, {step}", [each.steps[step] for each in ours], []) for step in ("load", "index", "verify")),
        ("its process outside its run", [each.outside for each in ours], []),
        ("pg_restore -j2", [each.seconds for each in one.pglz], [each.peak / _MB for each in one.pglz]),
        ("pg_restore -j2 with lz4", [each.seconds for each in one.lz4], [each.peak / _MB for each in one.lz4]),
    ):
        values = Values.of(seconds)
        rate = f"{one.records / values.middle:,.0f}"
        yield one.sample.name, what, str(values), rate, str(Values.of(peaks)) if peaks else ""
