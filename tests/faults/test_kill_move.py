"""kill -9, Ctrl-C and worse at any instant of a move cost at most the part in flight: another process goes on, and the
end is as if nothing had happened."""

import random
import threading

import pytest

from core.catalog.run_tables import RunStatus
from core.moves.moves import RUNS
from core.workflow.runs import RunRef
from tests.faults.conftest import Fresh
from tests.faults.ground import (
    Reference,
    assert_nothing_left,
    assert_restored_as,
    content_of,
    live_digest,
)
from tests.faults.inline import execute
from tests.faults.killing import killed_at
from tests.faults.points import Points, watched
from tests.faults.sample import ALL, SEED, chosen, share, turns
from tests.flows.driven import kind_of

#: Between two writes that belong together: closing and the look after it, the shard's and the catalog's, publishing and
#: the journal.
DANGEROUS = (
    "command/catalog:after",
    "step:close/driver.close:after",
    "step:plan/catalog:after#2",
    "part:load:records-00002/driver.load:inside",
    "part:load:pack-00001/store.copy_from:after",
    "step:verify/catalog:after#3",
    "step:publish/driver.close:after",
    "step:publish/catalog:before",
    "step:publish/catalog:after",
)
TURNS = turns(20, 3)
DOUBLE_TURNS = turns(10, 1)


@pytest.mark.parametrize("turn", TURNS)
def test_after_a_kill_at_any_point_another_process_ends_the_move_as_if_undisturbed(
    turn: int, fresh_moving: Fresh, moving_reference: Reference, subtests: pytest.Subtests
) -> None:
    for point in share(chosen(moving_reference.points, always=DANGEROUS, few=2), turn, TURNS):
        with subtests.test(point=point):
            killed_at(fresh_moving(), moving_reference, [point])


@pytest.mark.parametrize("turn", DOUBLE_TURNS)
def test_a_kill_during_the_recovery_from_a_kill_changes_nothing_either(
    turn: int, fresh_moving: Fresh, moving_reference: Reference, subtests: pytest.Subtests
) -> None:
    ordered, points = random.Random(SEED), moving_reference.points
    pairs = [(point, ordered.choice(points)) for point in points if not point.startswith("command")]
    always = [("step:close/driver.close:after", "step:publish/driver.close:after")]
    for pair in share(chosen([*always, *pairs], always=always, few=1), turn, DOUBLE_TURNS):
        with subtests.test(points=pair):
            killed_at(fresh_moving(), moving_reference, pair)


def test_all_points_are_in_the_matrix(moving_reference: Reference) -> None:
    """A part, a step or a commit that is added is killed at from then on; this names those that must not be lost."""
    points = moving_reference.points
    steps = {point.split(":")[1].split("/")[0] for point in points if point.startswith("step:")}
    assert steps == {"begin", "close", "plan", "stage", "index", "begin_verify", "verify", "publish", "report"}
    parts = {point.split("/")[0].split(":")[2] for point in points if point.startswith("part:load:")}
    assert {"records-00001", "records-00002", "records-00003", "pack-00001", "pack-00002"} <= parts
    assert not ALL or len(chosen(points, few=0)) == len(points)


@pytest.mark.parametrize("verb", ["resume", "cancel"])
def test_a_move_left_by_ctrl_c_can_be_resumed_or_cancelled_as_it_says(
    verb: str, fresh_moving: Fresh, moving_reference: Reference
) -> None:
    ground = fresh_moving()
    before = live_digest(ground, ground.destination, transactions=False)
    starter = ground.starter()
    try:
        left = starter(*ground.run_words(), acts=["INTERRUPT=part:load:records-00002:before"])
        assert left.ended() == 130, left.said()
        move = ground.only_run()
        assert move.status is RunStatus.RUNNING
        command = f"restorebot move {verb} {move.id}"
        assert command in left.said()
        followed = starter(*command.split()[1:])
        assert followed.ended() == 0, followed.said()
    finally:
        starter.end()
    if verb == "resume":
        assert_restored_as(moving_reference, ground)
    else:
        assert ground.only_run().status is RunStatus.CANCELLED
        assert live_digest(ground, ground.destination, transactions=False) == before
        assert_nothing_left(ground)


@pytest.mark.parametrize(
    "point",
    [
        "step:close/driver.close:before",
        "step:plan/catalog:after",
        "part:load:records-00002/driver.load:before",
        "part:load:pack-00001/store.copy_from:before",
        "step:index/driver.index:before",
        "step:verify/driver.seal:before",
        "step:publish/driver.close:after",
    ],
)
def test_an_owner_that_wakes_up_after_it_was_taken_over_writes_nothing_more(
    point: str, fresh_moving: Fresh, moving_reference: Reference
) -> None:
    """Two executions of one run: the first is held at the point while the second one, with a higher token, does all."""
    ground = fresh_moving()
    submitted = ground.submit()
    held, woken = threading.Event(), threading.Event()

    def reached(name: str) -> None:
        if name == point and not held.is_set():
            held.set()
            assert woken.wait(60)

    sleeper = watched(ground.world.engine, Points(reached))
    kind = next(one for one in sleeper.run_kinds() if one.name == "move")
    run = kind.begin_attempt(submitted.id, 0)
    assert run is not None
    old = threading.Thread(target=execute, args=(sleeper, kind, run))
    old.start()
    assert held.wait(60)
    engine = ground.world.engine
    with engine.database.transaction() as session:
        token = RUNS.takeover(session, submitted.id)
    mine = RunRef(kind="move", id=run.id, attempt=run.attempt, token=token)
    execute(engine, kind_of(ground.world, "move"), mine)
    done = ground.only_run()
    after = content_of(ground, ground.destination)
    woken.set()
    old.join(60)
    assert not old.is_alive()
    assert ground.only_run() == done
    assert content_of(ground, ground.destination) == after
    assert ground.world.driver(ground.destination).inspect(ground.world.place(ground.destination)).is_open
    assert_restored_as(moving_reference, ground)
    sleeper.close()


def test_a_part_that_ends_three_workers_in_a_row_fails_the_move_which_can_be_resumed(
    fresh_moving: Fresh, moving_reference: Reference
) -> None:
    ground = fresh_moving()
    before = live_digest(ground, ground.destination, transactions=False)
    starter = ground.starter()
    kill = "KILL=part:load:records-00003/driver.load:inside"
    try:
        assert starter(*ground.run_words(), acts=[kill]).ended() == -9
        for _ in range(2):
            assert starter("worker", acts=[kill]).ended() == -9
        assert starter.worker_until_done(kill).ended() == 0
        failed = ground.only_run()
        assert failed.status is RunStatus.FAILED
        assert failed.failure["code"] == "run-failed.takeovers"
        assert failed.staging_until is not None
        assert live_digest(ground, ground.destination, transactions=False) == before
        assert ground.world.driver(ground.destination).inspect(ground.world.place(ground.destination)).is_open
        resumed = starter("move", "resume", failed.id)
        assert resumed.ended() == 0, resumed.said()
    finally:
        starter.end()
    done = ground.only_run()
    assert (done.status, done.attempt) == (RunStatus.COMPLETED, 2)
    assert done.generation == failed.generation
    assert content_of(ground, ground.destination) == moving_reference.content
    assert done.report == moving_reference.report
    assert_nothing_left(ground)
