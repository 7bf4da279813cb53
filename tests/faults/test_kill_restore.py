"""kill -9 at any instant of a restore costs at most the part in flight: another process goes on, and the end is as if
nothing had happened."""

import random

import pytest

from tests.faults.conftest import Fresh
from tests.faults.ground import Reference
from tests.faults.killing import killed_at
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
