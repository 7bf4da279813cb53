"""Two workers on PostgreSQL and S3: one is killed, stands still, or loses its database at any instant of a restore, and
the end is as if nothing had happened."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.restore.tables import RestoreStatus
from tests.faults.ground import Ground, Reference, assert_restored_as, content_of
from tests.faults.processes import Started, Starter, until
from tests.faults.sample import ALL, SEED, chosen, share, turns
from tests.faults.servers import Servers, reference_on
from tests.services.postgres import OTHER_SERVER, PostgresServer, postgres_cluster
from tests.services.s3 import S3Server

KILLS = (
    "part:load:records-00001/driver.load:inside",
    "part:load:records-00002/driver.load:after",
    "step:publish/driver.close:after",
    "step:publish/catalog:after",
)
STOPS = (
    "part:load:records-00001/driver.load:inside",  # it holds the lock of the part, within a transaction
    "step:publish/catalog:before",  # it holds the run's row
)
CRASHES = (
    "part:load:records-00002/driver.load:inside",
    "step:publish/catalog:before",
)
KILL_TURNS, STOP_TURNS, CRASH_TURNS = turns(24, 1), turns(24, 1), turns(24, 1)


@pytest.fixture(scope="module")
def servers(postgres: PostgresServer, s3: S3Server, s3_bucket: str) -> Iterator[Servers]:
    """With a PostgreSQL of their own, which may crash, unless another one is named."""
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get(OTHER_SERVER):
            found = Servers(postgres=postgres, s3=s3, bucket=s3_bucket)
            _let_in(patch, found)
            yield found
            return
        with postgres_cluster() as cluster:
            found = Servers(postgres=cluster, s3=s3, bucket=s3_bucket)
            _let_in(patch, found)
            yield found


def _let_in(patch: pytest.MonkeyPatch, servers: Servers) -> None:
    for name, value in servers.environment.items():
        patch.setenv(name, value)


@pytest.fixture(scope="module")
def ground(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return servers.lay(tmp_path_factory.mktemp("servers") / "data")


@pytest.fixture(scope="module")
def reference(servers: Servers, ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return reference_on(servers, ground, tmp_path_factory.mktemp("servers-reference") / "data")


class Pair:
    """Two workers on a copy of the ground with one restore to do, of which the first that reaches the point acts."""

    def __init__(self, servers: Servers, ground: Ground, folder: Path, act: str) -> None:
        self._servers = servers
        self.ground = servers.copy_of(ground, folder)
        self.ground.submit()
        self.starter: Starter = self.ground.starter()
        self.workers: list[Started] = [self.starter.worker_until_done(act) for _ in range(2)]

    def reached(self) -> bool:
        return bool(self.starter.signs.lines("reached"))

    def is_over(self) -> bool:
        return self.ground.only_restore().status not in {RestoreStatus.QUEUED, RestoreStatus.RUNNING}

    def said(self) -> str:
        return "\n".join(one.said() for one in self.workers)

    def end(self) -> None:
        self.starter.end()
        self._servers.drop(self.ground)


@pytest.mark.parametrize("turn", KILL_TURNS)
def test_when_one_of_two_workers_is_killed_the_other_ends_its_restore(
    turn: int, servers: Servers, ground: Ground, reference: Reference, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for number, point in enumerate(share(worked_at(reference, KILLS, few=1), turn, KILL_TURNS)):
        with subtests.test(point=point):
            pair = Pair(servers, ground, tmp_path / str(number), f"KILL-ONCE={point}")
            try:
                until(lambda pair=pair: pair.is_over() or not any(one.alive for one in pair.workers))
                assert pair.reached(), pair.said()
                assert sorted(one.ended() for one in pair.workers) == [-signal.SIGKILL, 0], pair.said()
                assert_restored_as(reference, pair.ground)
            finally:
                pair.end()


@pytest.mark.parametrize("turn", STOP_TURNS)
def test_a_worker_that_stood_still_finds_its_restore_done_and_changes_nothing(
    turn: int, servers: Servers, ground: Ground, reference: Reference, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for number, point in enumerate(share(worked_at(reference, STOPS, few=0), turn, STOP_TURNS)):
        with subtests.test(point=point):
            pair = Pair(servers, ground, tmp_path / str(number), f"STOP-ONCE={point}")
            try:
                until(pair.is_over)
                (stopped,) = [one for one in pair.workers if one.stands_still()]
                (other,) = [one for one in pair.workers if one is not stopped]
                assert other.ended() == 0, pair.said()
                assert_restored_as(reference, pair.ground)
                done, content = pair.ground.only_restore(), content_of(pair.ground, pair.ground.destination)
                stopped.go_on()
                assert stopped.ended() in {0, 1}, pair.said()
                assert pair.ground.only_restore() == done
                assert content_of(pair.ground, pair.ground.destination) == content
                assert_restored_as(reference, pair.ground)
            finally:
                pair.end()


@pytest.mark.parametrize("turn", CRASH_TURNS)
def test_a_crash_of_postgres_under_way_is_waited_for_and_the_restore_goes_on(
    turn: int, servers: Servers, ground: Ground, reference: Reference, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for number, point in enumerate(share(worked_at(reference, CRASHES, few=0), turn, CRASH_TURNS)):
        with subtests.test(point=point):
            pair = Pair(servers, ground, tmp_path / str(number), f"PAUSE-ONCE={point}")
            try:
                until(pair.reached)
                servers.crash(pair.ground)
                pair.starter.signs.add("go", "")
                assert [one.ended() for one in pair.workers] == [0, 0], pair.said()
                assert_restored_as(reference, pair.ground)
                assert pair.ground.only_restore().attempt == 1
            finally:
                pair.end()


def worked_at(reference: Reference, always: tuple[str, ...], *, few: int) -> list[str]:
    """Points that a worker reaches: not those of the command that asks for the restore."""
    points = [point for point in reference.points if not point.startswith("command")]
    found = chosen(points, always=always, few=few)
    random.Random(SEED).shuffle(found)
    return found if ALL else sorted(found)
