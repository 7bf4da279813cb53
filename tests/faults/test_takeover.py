"""A worker that stands still, one that wakes up too late, and a part that ends every worker that takes it."""

import threading

import pytest

from core.engine import Engine
from core.restore.restores import RUNS
from core.restore.tables import RestoreStatus
from core.workflow.runs import RunKind, RunRef
from tests.faults.conftest import Fresh
from tests.faults.ground import Reference, assert_nothing_left, assert_restored_as, content_of, live_digest
from tests.faults.inline import execute
from tests.faults.points import Points, watched
from tests.faults.processes import until
from tests.faults.sample import chosen

STOPS = (
    "part:load:records-00001/driver.load:inside",  # it holds the lock of the shard's file
    "step:publish/catalog:before",  # it holds the catalog's
    "part:load:pack-00001/store.copy_from:after",
    "step:publish/driver.close:after",
    "step:report:before",
)
WAKES = (
    "step:stage/driver.stage:before",
    "part:load:records-00002/driver.claim:before",
    "part:load:records-00002/driver.load:before",
    "part:load:records-00002/driver.load:after",
    "part:load:pack-00002/driver.load_attachments:before",
    "step:index/driver.index:before",
    "part:compare:records-00001:before",
    "step:verify/driver.seal:before",
    "step:publish/driver.close:before",
    "step:publish/driver.close:after",
    "step:report:before",
)


@pytest.mark.parametrize("point", chosen(STOPS, always=STOPS[:2], few=0))
def test_a_worker_that_stands_still_is_ended_and_its_restore_taken_over(
    point: str, fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
    starter = ground.starter()
    try:
        first = starter(*ground.run_words(), acts=[f"STOP={point}"])
        until(lambda: starter.signs.lines("reached") and first.stands_still())
        second = starter("worker")
        assert first.ended() == -9
        until(lambda: ground.only_restore().status is not RestoreStatus.RUNNING)
        second.interrupt()
        assert second.ended() == 0, second.said()
        assert_restored_as(reference, ground)
    finally:
        starter.end()


@pytest.mark.parametrize("point", WAKES)
def test_an_owner_that_wakes_up_after_it_was_taken_over_writes_nothing_more(
    point: str, fresh: Fresh, reference: Reference
) -> None:
    """Two executions of one run: the first is held at the point while the second one, with a higher token, does all."""
    ground = fresh()
    submitted = ground.submit()
    held, woken = threading.Event(), threading.Event()

    def reached(name: str) -> None:
        if name == point and not held.is_set():
            held.set()
            assert woken.wait(60)

    sleeper = watched(ground.world.engine, Points(reached))
    kind = restore_kind(sleeper)
    run = kind.begin_attempt(submitted.id, 0)
    assert run is not None
    old = threading.Thread(target=execute, args=(sleeper, kind, run))
    old.start()
    assert held.wait(60)
    engine = ground.world.engine
    with engine.database.transaction() as session:
        token = RUNS.takeover(session, submitted.id)
    execute(engine, restore_kind(engine), RunRef(kind="restore", id=run.id, attempt=run.attempt, token=token))
    done = ground.only_restore()
    after = content_of(ground, ground.destination)
    woken.set()
    old.join(60)
    assert not old.is_alive()
    assert ground.only_restore() == done
    assert content_of(ground, ground.destination) == after
    assert ground.world.driver(ground.destination).inspect(ground.world.place(ground.destination)).is_open
    assert_restored_as(reference, ground)
    sleeper.close()


def test_a_part_that_ends_three_workers_in_a_row_fails_the_run_which_can_be_resumed(
    fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
    before = live_digest(ground, ground.destination)
    starter = ground.starter()
    kill = "KILL=part:load:records-00003/driver.load:inside"
    try:
        assert starter(*ground.run_words(), acts=[kill]).ended() == -9
        for _ in range(2):
            assert starter("worker", acts=[kill]).ended() == -9
        assert starter.worker_until_done(kill).ended() == 0
        failed = ground.only_restore()
        assert failed.status is RestoreStatus.FAILED
        assert failed.failure is not None
        assert failed.failure["code"] == "run-failed.takeovers"
        assert failed.staging_until is not None
        assert live_digest(ground, ground.destination) == before
        resumed = starter("restore", "resume", failed.id)
        assert resumed.ended() == 0, resumed.said()
    finally:
        starter.end()
    done = ground.only_restore()
    assert done.status is RestoreStatus.COMPLETED
    assert done.report == reference.report
    assert done.attempt == 2
    assert_nothing_left(ground)


def restore_kind(engine: Engine) -> RunKind:
    return next(kind for kind in engine.run_kinds() if kind.name == "restore")
