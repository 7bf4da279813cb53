"""A cancel at any point before the switch leaves the app as it was, open, on its old shard; of cancel and switch
exactly one wins; and no edit is lost between the two shards."""

import threading
from collections.abc import Callable

import pytest

from core.catalog.run_tables import RunStatus
from core.errors import DiskFull, RestorebotError, StorageReadOnly, WrongState
from tests.faults.cancelling import Before, CancelAt, assert_as_before
from tests.faults.conftest import Fresh
from tests.faults.ground import (
    Reference,
    assert_nothing_left,
    assert_restored_as,
    content_of,
    copy_of,
    live_digest,
)
from tests.faults.inline import Killed, drive, drive_to_end
from tests.faults.moving import FROM, TITLE, MovingGround
from tests.faults.points import Points, watched
from tests.faults.processes import until
from tests.faults.sample import chosen, share, turns
from tests.faults.scripted import Faults, failing, unreachable

DANGEROUS = (
    "step:begin:before",
    "step:close/driver.close:before",
    "step:close/driver.close:after",
    "step:plan/catalog:after#2",
    "step:stage/driver.stage:after",
    "part:load:pack-00002/store.copy_from:after",
    "step:verify/driver.seal:after",
    "step:publish:before",
    "step:publish/driver.close:after",
)
TURNS = turns(8, 2)


def is_before_the_switch(point: str) -> bool:
    """Points at which a cancel can be written: not in a transaction, and not after the switch."""
    kind, _, name = point.partition(":")
    if point.startswith("command") or "/catalog:before" in point:
        return False
    step = name.split("/")[0].split(":")[0]
    return kind == "part" or step not in {"publish", "report"} or point in DANGEROUS


@pytest.mark.parametrize("turn", TURNS)
def test_a_cancel_at_any_point_before_the_switch_leaves_the_app_as_it_was(
    turn: int, fresh_moving: Fresh, moving_reference: Reference, subtests: pytest.Subtests
) -> None:
    points = [point for point in moving_reference.points if is_before_the_switch(point)]
    for point in share(chosen(points, always=DANGEROUS, few=4), turn, TURNS):
        with subtests.test(point=point):
            ground = fresh_moving()
            before = Before(ground, closed=True)
            ground.submit()
            cancelling = CancelAt(ground, point)
            drive(watched(ground.world.engine, Points(cancelling)))
            assert cancelling.asked == [point]
            assert_as_before(ground, before)
            assert_open_where_it_was(ground)
            ground.close()


def assert_open_where_it_was(ground: MovingGround) -> None:
    """A person's change goes in."""
    assert ground.world.app(ground.destination.id).shard == FROM
    ground.add_item()
    assert TITLE in ground.titles()


def test_what_was_cancelled_can_be_moved_again(fresh_moving: Fresh, moving_reference: Reference) -> None:
    ground = fresh_moving()
    ground.submit()
    drive(watched(ground.world.engine, Points(CancelAt(ground, "part:load:pack-00001:after"))))
    again = ground.submit()
    drive(ground.world.engine)
    assert {one.status for one in ground.runs()} == {RunStatus.CANCELLED, RunStatus.COMPLETED}
    assert ground.world.move(again.id).report == moving_reference.report
    assert content_of(ground, ground.destination) == moving_reference.content
    assert_nothing_left(ground)


def test_a_cancel_that_commits_just_before_the_switch_wins_against_a_publishing_process(fresh_moving: Fresh) -> None:
    ground = fresh_moving()
    before = Before(ground, closed=True)
    starter = ground.starter()
    try:
        publishing = starter(*ground.run_words(), acts=["PAUSE=step:publish/driver.close:after"])
        until(lambda: starter.signs.lines("reached"))
        with pytest.raises(WrongState, match="closed"):
            ground.add_item()
        ground.want_cancel()
        starter.signs.add("go", "")
        assert publishing.ended() == 4, publishing.said()
        assert "as it was" in publishing.said()
        assert_as_before(ground, before)
        assert_open_where_it_was(ground)
    finally:
        starter.end()


def test_a_cancel_that_comes_while_the_switch_is_written_waits_and_is_refused(
    fresh_moving: Fresh, moving_reference: Reference
) -> None:
    ground = fresh_moving()
    starter = ground.starter()
    refused: list[WrongState] = []

    def cancel() -> None:
        try:
            ground.want_cancel()
        except WrongState as error:
            refused.append(error)

    try:
        publishing = starter(*ground.run_words(), acts=["PAUSE=step:publish/catalog:before"])
        until(lambda: starter.signs.lines("reached"))
        cancelling = threading.Thread(target=cancel)
        cancelling.start()
        cancelling.join(0.5)
        assert cancelling.is_alive(), "it waits for the row"
        starter.signs.add("go", "")
        cancelling.join(30)
        assert publishing.ended() == 0, publishing.said()
        assert len(refused) == 1
        assert_restored_as(moving_reference, ground)
    finally:
        starter.end()


@pytest.mark.parametrize("point", ["part:load:records-00002/driver.load:after", "step:index:after"])
def test_a_cancel_is_seen_by_a_working_process_and_told_by_its_exit_status(point: str, fresh_moving: Fresh) -> None:
    ground = fresh_moving()
    before = Before(ground, closed=True)
    starter = ground.starter()
    try:
        running = starter(*ground.run_words(), acts=[f"CANCEL={point}"])
        assert running.ended() == 4, running.said()
        assert_as_before(ground, before)
    finally:
        starter.end()


@pytest.mark.parametrize("point", ["step:close/driver.close:before", "step:close:before"])
def test_an_edit_just_before_it_closes_moves_along(point: str, fresh_moving: Fresh) -> None:
    ground = fresh_moving()
    ground.submit()
    drive(watched(ground.world.engine, Points(acting_at(point, ground.add_item))))
    assert ground.only_run().status is RunStatus.COMPLETED
    assert TITLE in ground.titles()
    assert ground.world.app(ground.destination.id).shard != FROM


@pytest.mark.parametrize("point", ["step:close/driver.close:after", "step:publish/catalog:after", "step:report:before"])
def test_an_edit_where_it_was_is_refused_once_it_is_closed(
    point: str, fresh_moving: Fresh, moving_reference: Reference
) -> None:
    ground = fresh_moving()
    old = ground.world.place(ground.destination)
    ground.submit()
    refused: list[WrongState] = []

    def edit() -> None:
        try:
            ground.world.driver(ground.destination).edit(old, ground.adding())
        except WrongState as error:
            refused.append(error)

    drive(watched(ground.world.engine, Points(acting_at(point, edit))))
    assert len(refused) == 1
    assert_restored_as(moving_reference, ground)


def acting_at(point: str, act: Callable[[], None]) -> Callable[[str], None]:
    done: list[str] = []

    def reached(name: str) -> None:
        if name == point and not done:
            done.append(name)
            act()

    return reached


ENDING = (
    "step:failed:before",
    "step:failed/driver.discard:before",
    "step:failed/driver.discard:after",
    "step:failed/catalog:after",
    "step:failed/driver.reopen:before",
    "step:failed/driver.reopen:after",
    "step:failed/catalog:after#2",
    "step:failed:after",
)


@pytest.mark.parametrize("point", ENDING)
def test_a_cancel_that_is_killed_half_way_is_carried_out_by_the_next_process(point: str, fresh_moving: Fresh) -> None:
    ground = fresh_moving()
    before = Before(ground, closed=True)
    ground.submit()
    killed: list[str] = []

    def reached(name: str) -> None:
        if name == "step:publish/driver.close:after":
            ground.want_cancel()
        if name == point and not killed:
            killed.append(name)
            raise Killed

    with pytest.raises(Killed):
        drive(watched(ground.world.engine, Points(reached)))
    drive_to_end(ground.world.engine)
    assert_as_before(ground, before)
    assert_open_where_it_was(ground)


CALLS = ("driver.close#1", "driver.load#2", "store.copy_from#1", "driver.slices#3", "driver.seal#1", "driver.close#2")
CALL_TURNS = turns(4, 1)


@pytest.fixture(scope="session")
def calls(moving_ground: MovingGround, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every call of store and driver that an undisturbed move makes, by name and number."""
    copy = copy_of(moving_ground, tmp_path_factory.mktemp("calls") / "data")
    copy.submit()
    faults = Faults()
    drive_to_end(failing(copy.world.engine, faults))
    copy.close()
    return faults.calls


@pytest.mark.parametrize("turn", CALL_TURNS)
@pytest.mark.parametrize(
    ("error", "lasting"),
    [
        (unreachable(), 1),
        (unreachable(), 6),
        (DiskFull("The disk is full.", hint="Make room."), 1),
        (StorageReadOnly("The disk is read-only.", hint="Mount it anew."), 1),
    ],
)
def test_a_call_that_fails_is_tried_again_or_leaves_the_app_as_it_was(
    error: RestorebotError,
    lasting: int,
    turn: int,
    calls: list[str],
    fresh_moving: Fresh,
    moving_reference: Reference,
    subtests: pytest.Subtests,
) -> None:
    for call in share(chosen(calls, always=CALLS, few=2), turn, CALL_TURNS):
        with subtests.test(call=call):
            ground = fresh_moving()
            before = live_digest(ground, ground.destination, transactions=False)
            ground.submit()
            faults = Faults(breaks=call, error=error, lasting=lasting)
            drive_to_end(failing(ground.world.engine, faults))
            assert faults.raised
            move = ground.only_run()
            if move.status is RunStatus.FAILED:
                assert live_digest(ground, ground.destination, transactions=False) == before
                assert error.transient == (move.staging_until is not None)
            if move.staging_until is not None:
                engine = ground.world.engine
                with engine.database.transaction() as session:
                    ground.table.resume(session, move.id, ground.world.person.id, engine.now())
                drive_to_end(engine)
                assert content_of(ground, ground.destination) == moving_reference.content
            assert_nothing_left(ground)
            if ground.only_run().status is RunStatus.COMPLETED:
                assert ground.only_run().report == moving_reference.report
            else:
                assert_open_where_it_was(ground)
            ground.close()
