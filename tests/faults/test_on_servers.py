"""Two workers on PostgreSQL and S3: one is killed, stands still, or loses its database at any instant of a restore, and
the end is as if nothing had happened."""

import random
import signal
from pathlib import Path

import pytest

from core.findings import FindingCode
from core.restore.tables import RestoreStatus
from tests.faults.ground import Ground, Reference, assert_restored_as, content_of
from tests.faults.processes import Started, Starter, until
from tests.faults.sample import ALL, SEED, chosen, share, turns
from tests.faults.servers import Servers
from tests.faults.test_kill_import import Imported, assert_clean, imported, newest

KILLS = (
    "part:load:records-00001/driver.load:inside",
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
IMPORT_KILLS = ("step:read:after", "step:seal/catalog:after#2")
KILL_TURNS, STOP_TURNS, CRASH_TURNS, IMPORT_TURNS = turns(24, 1), turns(24, 1), turns(24, 1), turns(8, 1)


pytestmark = pytest.mark.usefixtures("let_in")


class Pair:
    """Two workers on a copy of the ground with one thing to do, of which the first that reaches the point acts."""

    def __init__(self, servers: Servers, ground: Ground, act: str) -> None:
        self._servers = servers
        self.ground = ground
        self.starter: Starter = ground.starter()
        self.workers: list[Started] = [self.starter.worker_until_done(act) for _ in range(2)]

    @classmethod
    def restoring(cls, servers: Servers, ground: Ground, folder: Path, act: str) -> "Pair":
        copy = servers.copy_of(ground, folder)
        copy.submit()
        return cls(servers, copy, act)

    @classmethod
    def importing(cls, servers: Servers, ground: Ground, folder: Path, act: str) -> "Pair":
        copy = servers.copy_of(ground, folder, own_storage=True)
        copy.world.submit_import(copy.export, copy.destination)
        return cls(servers, copy, act)

    def reached(self) -> bool:
        return bool(self.starter.signs.lines("reached"))

    def under_way(self) -> bool:
        """One has reached the point, and the other has come so far that it waits for a server instead of giving up."""
        return self.reached() and all("Working on" in one.said() for one in self.workers)

    def is_over(self) -> bool:
        return self.ground.only_restore().status not in {RestoreStatus.QUEUED, RestoreStatus.RUNNING}

    def said(self) -> str:
        return "\n".join(one.said() for one in self.workers)

    def end(self) -> None:
        self.starter.end()
        self._servers.drop(self.ground)


@pytest.mark.parametrize("turn", KILL_TURNS)
def test_when_one_of_two_workers_is_killed_the_other_ends_its_restore(
    turn: int,
    servers: Servers,
    server_ground: Ground,
    server_reference: Reference,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    for number, point in enumerate(share(worked_at(server_reference, KILLS, few=1), turn, KILL_TURNS)):
        with subtests.test(point=point):
            pair = Pair.restoring(servers, server_ground, tmp_path / str(number), f"KILL-ONCE={point}")
            try:
                assert sorted(one.ended() for one in pair.workers) == [-signal.SIGKILL, 0], pair.said()
                assert_restored_as(server_reference, pair.ground)
            finally:
                pair.end()


@pytest.mark.parametrize("turn", STOP_TURNS)
def test_a_worker_that_stood_still_finds_its_restore_done_and_changes_nothing(
    turn: int,
    servers: Servers,
    server_ground: Ground,
    server_reference: Reference,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    for number, point in enumerate(share(worked_at(server_reference, STOPS, few=0), turn, STOP_TURNS)):
        with subtests.test(point=point):
            pair = Pair.restoring(servers, server_ground, tmp_path / str(number), f"STOP-ONCE={point}")
            try:
                # At the last point the restore is over before the worker stands still.
                until(lambda pair=pair: pair.is_over() and any(one.stands_still() for one in pair.workers))
                (stopped,) = [one for one in pair.workers if one.stands_still()]
                (other,) = [one for one in pair.workers if one is not stopped]
                assert other.ended() == 0, pair.said()
                assert_restored_as(server_reference, pair.ground)
                done, content = pair.ground.only_restore(), content_of(pair.ground, pair.ground.destination)
                stopped.go_on()
                assert stopped.ended() in {0, 1}, pair.said()
                assert pair.ground.only_restore() == done
                assert content_of(pair.ground, pair.ground.destination) == content
                assert_restored_as(server_reference, pair.ground)
            finally:
                pair.end()


@pytest.mark.parametrize("turn", CRASH_TURNS)
def test_a_crash_of_postgres_under_way_is_waited_for_and_the_restore_goes_on(
    turn: int,
    servers: Servers,
    server_ground: Ground,
    server_reference: Reference,
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    for number, point in enumerate(share(worked_at(server_reference, CRASHES, few=0), turn, CRASH_TURNS)):
        with subtests.test(point=point):
            pair = Pair.restoring(servers, server_ground, tmp_path / str(number), f"PAUSE-ONCE={point}")
            try:
                until(pair.under_way)
                servers.crash(pair.ground)
                pair.starter.signs.add("go", "")
                assert [one.ended() for one in pair.workers] == [0, 0], pair.said()
                assert_restored_as(server_reference, pair.ground)
                assert pair.ground.only_restore().attempt == 1
            finally:
                pair.end()


@pytest.fixture(scope="session")
def server_import(
    servers: Servers, server_ground: Ground, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Imported, list[str]]:
    """What an undisturbed import makes, and its points."""
    with servers.let_in():
        copy = servers.copy_of(server_ground, tmp_path_factory.mktemp("server-import") / "data", own_storage=True)
        copy.world.submit_import(copy.export, copy.destination)
        starter = copy.starter()
        ended = starter.worker_until_done("RECORD=")
        assert ended.ended() == 0, ended.said()
        found = imported(copy, newest(copy)), sorted(set(starter.signs.lines("points")))
        starter.end()
        servers.drop(copy)
    return found


@pytest.mark.parametrize("turn", IMPORT_TURNS)
def test_when_one_of_two_workers_is_killed_the_other_ends_its_import(
    turn: int,
    servers: Servers,
    server_ground: Ground,
    server_import: tuple[Imported, list[str]],
    tmp_path: Path,
    subtests: pytest.Subtests,
) -> None:
    expected, points = server_import
    points = [point for point in points if point.startswith("step:")]
    for number, point in enumerate(share(chosen(points, always=IMPORT_KILLS, few=0), turn, IMPORT_TURNS)):
        with subtests.test(point=point):
            pair = Pair.importing(servers, server_ground, tmp_path / str(number), f"KILL-ONCE={point}")
            try:
                assert sorted(one.ended() for one in pair.workers) == [-signal.SIGKILL, 0], pair.said()
                assert imported(pair.ground, newest(pair.ground)) == expected
                assert_clean(pair.ground)
            finally:
                pair.end()


@pytest.mark.slow
def test_a_part_that_ends_three_workers_fails_its_restore_with_a_finding(
    servers: Servers, server_ground: Ground, tmp_path: Path
) -> None:
    ground = servers.copy_of(server_ground, tmp_path / "data")
    submitted = ground.submit()
    starter = ground.starter()
    kill = "KILL=part:load:records-00003/driver.load:inside"
    try:
        workers = [starter("worker", acts=[kill]) for _ in range(3)]
        assert [one.ended() for one in workers] == [-signal.SIGKILL] * 3
        assert starter.worker_until_done(kill).ended() == 0
        failed = ground.only_restore()
        assert failed.status is RestoreStatus.FAILED
        assert [one.code for one in ground.world.findings(submitted)][-1] is FindingCode.PART_GIVEN_UP
        assert content_of(ground, ground.destination).records == {}
    finally:
        starter.end()
        servers.drop(ground)


def worked_at(reference: Reference, always: tuple[str, ...], *, few: int) -> list[str]:
    """Points that a worker reaches: not those of the command that asks for the restore."""
    points = [point for point in reference.points if not point.startswith("command")]
    found = chosen(points, always=always, few=few)
    random.Random(SEED).shuffle(found)
    return found if ALL else sorted(found)
