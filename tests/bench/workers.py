"""Bars 14 and 15: what a second worker gains, and how soon it takes over from one that is gone.

Catalog, journal and shard are on one PostgreSQL, and the workers are processes of the real command line. One that is
killed is known to be dead by the other one on the same machine; one that stands still is only missed by its heartbeat,
as a machine that is gone would be. Which of the two drives the restore is left to chance.
"""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from core.samples.expected import ExpectedExport
from tests.bench.exports import Sample
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.fleet import Fleet, fleet
from tests.bench.installation import Installation, Restored
from tests.bench.peers import POSTGRESQL
from tests.bench.postgres_server import Server, server
from tests.bench.subject import Ground

_MB: Final = 1_000_000
_SPACE_FACTOR: Final = 10
_SLOTS: Final = 2
#: So small that every worker has parts in flight most of the time.
_PART_BYTES: Final = 8 * 1024 * 1024
_TAKEOVER_SECONDS: Final = 120.0
ENDS: Final = {"killed": signal.SIGKILL, "standing still": signal.SIGSTOP}


@dataclass(kw_only=True)
class Measured:
    #: (workers, slots of each) → restores
    restores: dict[tuple[int, int], list[Restored]] = field(default_factory=dict)
    #: how a worker ended → seconds until another one had its part, and parts that were begun again
    takeovers: dict[str, list[float]] = field(default_factory=dict)
    repeated: dict[str, list[int]] = field(default_factory=dict)


class Workers:
    name = "Several workers on PostgreSQL"
    bars = ("14", "15")
    peers = (POSTGRESQL,)

    def measure(self, ground: Ground) -> Result:
        sample = Sample(app_type=AppType.JIRA, megabytes=ground.sizes.shared)
        measured = Measured()
        with server() as postgres, ground.place(ground.folder, sample.megabytes * _MB * _SPACE_FACTOR) as folder:
            ground.say(f"workers: generating {sample.name}")
            export = sample.write(folder)
            if "15" in ground.bars:
                with _imported(postgres, folder / "one", export) as (backup, installation, catalog, shard):
                    restores = _Restores(postgres, installation, catalog, shard, backup, export)
                    for number in range(1, ground.rounds + 1):
                        ground.say(f"workers: turn {number} of {ground.rounds}")
                        for count, slots in ((1, 1), (2, 1), (1, _SLOTS), (2, _SLOTS)):
                            measured.restores.setdefault((count, slots), []).append(restores.by(count, slots))
            if "14" in ground.bars:
                parts = {"RESTOREBOT_PART_BYTES": str(_PART_BYTES)}
                with _imported(postgres, folder / "two", export, parts) as (backup, installation, catalog, shard):
                    restores = _Restores(postgres, installation, catalog, shard, backup, export)
                    for number in range(1, ground.rounds + 1):
                        for end in ENDS:
                            ground.say(f"workers: one {end}, turn {number} of {ground.rounds}")
                            restores.taken_over(measured, end)
        return Result(
            bars=[bar for bar in _bars(measured, sample) if bar.number in ground.bars],
            tables=[Table(head=("what", "seconds", "parts begun again"), rows=list(_rows(measured)))],
        )


@contextmanager
def _imported(
    postgres: Server, folder: Path, export: ExpectedExport, more: dict[str, str] | None = None
) -> Iterator[tuple[str, Installation, str, str]]:
    """The backup of an installation with catalog and shard on PostgreSQL."""
    with postgres.database() as catalog, postgres.database() as shard:
        environment = {
            **postgres.environment,
            "RESTOREBOT_DATABASE_URL": postgres.with_password(catalog),
            **(more or {}),
        }
        with Installation(folder, AppType.JIRA, shard_url=shard, environment=environment) as installation:
            yield installation.take_in(export).backup, installation, postgres.with_password(catalog), shard


@dataclass
class _Restores:
    server: Server
    installation: Installation
    catalog: str
    shard: str
    backup: str
    export: ExpectedExport
    _made: int = 0

    def by(self, count: int, slots: int) -> Restored:
        with self._new_app() as (app, _), fleet(self.installation, self.catalog, count=count, slots=slots):
            return self._restore(app)

    def taken_over(self, measured: Measured, end: str) -> None:
        """One of two workers ends while it loads; how long until the other one loads the part that it held."""
        with (
            self._new_app() as (app, before),
            fleet(self.installation, self.catalog, count=2, slots=_SLOTS) as workers,
            ThreadPoolExecutor(1) as caller,
        ):
            restored = caller.submit(self._restore, app)
            workers.wait_for("a part in flight", lambda: workers.parts("load"), _TAKEOVER_SECONDS)
            part = min(workers.parts("load"), key=lambda one: one.name)
            ended = workers.process_of(part.worker)
            ended.send_signal(ENDS[end])
            seconds = workers.wait_for(
                f"another worker with {part.name}",
                lambda: _taken(workers, part.name, part.worker),
                _TAKEOVER_SECONDS,
            )
            restored.result()
            _kill(ended)
            (schema,) = self.server.generations(self.shard) - before
            measured.takeovers.setdefault(end, []).append(seconds)
            measured.repeated.setdefault(end, []).append(self.server.repeated_parts(self.shard, schema))

    def _restore(self, app: str) -> Restored:
        return self.installation.restore(self.backup, self.export.xml_bytes, to=app)

    @contextmanager
    def _new_app(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Its name, and the generations there are before it is restored into; those of later go at the end."""
        self._made += 1
        app = f"destination-{self._made}"
        self.installation.provision(app)
        before = self.server.generations(self.shard)
        try:
            yield app, before
        finally:
            for schema in self.server.generations(self.shard) - before:
                self.server.drop(self.shard, schema)


def _taken(workers: Fleet, part: str, worker: str) -> bool:
    return any(one.name == part and one.worker != worker for one in workers.parts("load"))


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _bars(measured: Measured, sample: Sample) -> Iterator[Bar]:
    if measured.takeovers:
        for end, seconds in measured.takeovers.items():
            yield Bar(
                number="14",
                what=f"takeover of a part whose worker is {end}, the longest of {len(seconds)}",
                ours=Values.of([max(seconds)]),
                limit=15,
                reach=8,
            )
        yield Bar(
            number="14",
            what="parts begun again per slot of a worker that is gone, the most",
            ours=Values.of([max(count for counts in measured.repeated.values() for count in counts) / _SLOTS]),
            unit="parts",
            limit=1,
            reach=1,
        )
    if measured.restores:
        one, two = (Values.of(each.seconds for each in measured.restores[count, 1]) for count in (1, 2))
        yield Bar(
            number="15",
            what=f"two workers of one slot on two cores, {sample.name}",
            ours=two,
            peer=one,
            against="one worker of one slot",
            limit=0.85,
            reach=0.77,
        )


def _rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    for (count, slots), restores in measured.restores.items():
        by = f"{count} worker{'s' * (count > 1)} of {slots} slot{'s' * (slots > 1)}"
        yield f"restore by {by}", str(Values.of(one.seconds for one in restores)), ""
        for step in ("load", "index", "verify"):
            yield f"its {step}", str(Values.of(one.steps[step] for one in restores)), ""
    for end, seconds in measured.takeovers.items():
        yield f"takeover from a worker {end}", str(Values.of(seconds)), str(Values.of(measured.repeated[end]))
