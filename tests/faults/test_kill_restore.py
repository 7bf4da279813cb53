"""kill -9 at any instant of a restore costs at most the part in flight: another process goes on, and the end is as if
nothing had happened."""

import random

import pytest

from core.restore.tables import RestoreStatus
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground, Reference, assert_nothing_left, assert_restored_as
from tests.faults.processes import Starter
from tests.faults.sample import ALL, SEED, chosen, share, turns

#: Between two writes that belong together: the shard's and the catalog's, closing and publishing, publishing and the
#: journal.
DANGEROUS = (
    "command/catalog:after",
    "step:stage/driver.stage:before",
    "part:load:records-00001/driver.load:inside",
    "part:load:records-00002/driver.load:after",
    "part:load:pack-00001/store.copy_from:after",
    "step:index/driver.index:after",
    "step:publish/driver.close:after",
    "step:publish/catalog:before",
    "step:publish/catalog:after",
    "step:propose_access/catalog:after#2",
    "step:report/catalog:after#2",
)
TURNS = turns(24, 4)
DOUBLE_TURNS = turns(12, 1)


@pytest.mark.parametrize("turn", TURNS)
def test_after_a_kill_at_any_point_another_process_ends_the_restore_as_if_undisturbed(
    turn: int, fresh: Fresh, reference: Reference, subtests: pytest.Subtests
) -> None:
    for point in share(chosen(reference.points, always=DANGEROUS, few=2), turn, TURNS):
        with subtests.test(point=point):
            killed_at(fresh(), reference, [point])


@pytest.mark.parametrize("turn", DOUBLE_TURNS)
def test_a_kill_during_the_recovery_from_a_kill_changes_nothing_either(
    turn: int, fresh: Fresh, reference: Reference, subtests: pytest.Subtests
) -> None:
    ordered = random.Random(SEED)
    pairs = [(point, ordered.choice(reference.points)) for point in reference.points if not point.startswith("command")]
    always = [("step:publish/driver.close:after", "step:publish/catalog:after")]
    pairs = [*always, *pairs]
    for pair in share(chosen(pairs, always=always, few=1), turn, DOUBLE_TURNS):
        with subtests.test(points=pair):
            killed_at(fresh(), reference, pair)


def killed_at(ground: Ground, reference: Reference, points: list[str] | tuple[str, ...]) -> None:
    """Kill the first process at the first point, the one that goes on at the second …, and let the last one end it."""
    starter = ground.starter()
    try:
        first = starter(*ground.run_words(), acts=[f"KILL={points[0]}"])
        assert first.ended() == -9, first.said()
        if not ground.restores():  # killed before anything was confirmed to be there
            assert_nothing_left(ground)
            assert starter(*ground.run_words()).ended() == 0
        for point in points[1:]:
            again = starter.worker_until_done(f"KILL={point}")
            # what the journal answers for is not run again, and has no points then
            assert again.ended() in {-9, 0}, again.said()
        go_on(ground, starter, by_command=sum(map(len, points)) % 2 == 0)
        assert_restored_as(reference, ground)
    finally:
        starter.end()
        ground.close()


def go_on(ground: Ground, starter: Starter, *, by_command: bool) -> None:
    """By a worker, or by the command that is told to the person who left a restore."""
    if by_command and ground.only_restore().status is RestoreStatus.RUNNING:
        resumed = starter("restore", "resume", ground.only_restore().id)
    else:
        resumed = starter.worker_until_done()
    assert resumed.ended() == 0, resumed.said()


def test_all_points_are_in_the_matrix(reference: Reference) -> None:
    """A part, a step or a commit that is added is killed at from then on; this names those that must not be lost."""
    steps = {point.split(":")[1].split("/")[0] for point in reference.points if point.startswith("step:")}
    assert steps == {
        *("begin", "preflight", "check_backup", "stage", "index", "begin_verify", "verify", "publish"),
        *("propose_access", "report"),
    }
    parts = {point.split("/")[0].split(":")[2] for point in reference.points if point.startswith("part:load:")}
    assert parts == {f"records-{number:05}" for number in range(1, 5)} | {"pack-00001", "pack-00002"}
    assert not ALL or len(chosen(reference.points, few=0)) == len(reference.points)
