"""A cancel at any point before publishing leaves the destination as it was; of cancel and publish exactly one wins."""

import threading

import pytest

from core.apps.driver import Edit, EditKind
from core.errors import WrongState
from core.restore.tables import RestoreStatus
from tests.faults.cancelling import Before, CancelAt, assert_as_before
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground, Reference, assert_nothing_left, assert_restored_as
from tests.faults.inline import drive
from tests.faults.points import Points, watched
from tests.faults.processes import until
from tests.faults.sample import chosen, share, turns

BEFORE_PUBLISHING = ("begin", "preflight", "check_backup", "stage", "index", "begin_verify", "verify")
DANGEROUS = (
    "step:begin:before",
    "step:stage/driver.stage:after",
    "part:load:records-00001/driver.load:after",
    "part:load:pack-00002/store.copy_from:after",
    "step:verify/driver.seal:after",
    "step:publish:before",
    "step:publish/driver.close:before",
    "step:publish/driver.close:after",
)
TURNS = turns(8, 2)


def is_before_publishing(point: str) -> bool:
    """Points at which a cancel can be written: not in a transaction, and not after publishing."""
    kind, _, name = point.partition(":")
    if kind == "command" or "/catalog:before" in point:
        return False
    if kind == "part":
        return True
    step = name.split("/")[0].split(":")[0]
    return step in BEFORE_PUBLISHING or point in DANGEROUS


@pytest.mark.parametrize("turn", TURNS)
def test_a_cancel_at_any_point_before_publishing_leaves_the_destination_as_it_was(
    turn: int, fresh: Fresh, reference: Reference, subtests: pytest.Subtests
) -> None:
    points = [point for point in reference.points if is_before_publishing(point)]
    for point in share(chosen(points, always=DANGEROUS, few=4), turn, TURNS):
        with subtests.test(point=point):
            ground = fresh()
            before = Before(ground, closed=point.startswith("step:publish"))
            ground.submit()
            cancelling = CancelAt(ground, point)
            drive(watched(ground.world.engine, Points(cancelling)))
            assert cancelling.asked == [point]
            assert_as_before(ground, before)
            assert_edited(ground)
            ground.close()


def test_what_was_cancelled_can_be_restored_again(fresh: Fresh, reference: Reference) -> None:
    ground = fresh()
    ground.submit()
    drive(watched(ground.world.engine, Points(CancelAt(ground, "part:load:pack-00001:after"))))
    first = ground.only_restore()
    again = ground.submit()
    drive(ground.world.engine)
    done = ground.world.restore(again.id)
    assert (first.status, done.status) == (RestoreStatus.CANCELLED, RestoreStatus.COMPLETED)
    assert done.report == reference.report
    assert_nothing_left(ground)


@pytest.mark.parametrize("point", ["step:publish/catalog:after", "step:propose_access:before", "step:report:before"])
def test_after_publishing_a_cancel_is_refused_and_the_restore_completes(
    point: str, fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
    ground.submit()
    cancelling = CancelAt(ground, point)
    drive(watched(ground.world.engine, Points(cancelling)))
    (error,) = cancelling.refused
    assert "published" in error.message
    assert error.hint
    assert_restored_as(reference, ground)


def test_a_cancel_that_commits_just_before_the_switch_wins_against_a_publishing_process(fresh: Fresh) -> None:
    ground = fresh()
    before = Before(ground, closed=True)
    starter = ground.starter()
    try:
        publishing = starter(*ground.run_words(), acts=["PAUSE=step:publish/driver.close:after"])
        until(lambda: starter.signs.lines("reached"))
        with pytest.raises(WrongState, match="closed"):
            add_item(ground)
        ground.want_cancel()
        starter.signs.add("go", "")
        assert publishing.ended() == 4, publishing.said()
        assert "as it was" in publishing.said()
        assert_as_before(ground, before)
        assert_edited(ground)
    finally:
        starter.end()


def test_a_cancel_that_comes_while_the_switch_is_written_waits_and_is_refused(
    fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
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
        assert_restored_as(reference, ground)
    finally:
        starter.end()


@pytest.mark.parametrize("point", ["part:load:records-00002/driver.load:after", "step:index:after"])
def test_a_cancel_is_seen_by_a_working_process_and_told_by_its_exit_status(point: str, fresh: Fresh) -> None:
    ground = fresh()
    before = Before(ground, closed=False)
    starter = ground.starter()
    try:
        running = starter(*ground.run_words(), acts=[f"CANCEL={point}"])
        assert running.ended() == 4, running.said()
        assert_as_before(ground, before)
    finally:
        starter.end()


def add_item(ground: Ground, title: str = "Written by a person") -> None:
    world = ground.world
    place = world.place(ground.destination)
    world.driver(ground.destination).edit(place, Edit(kind=EditKind.ADD_ITEM, container="NEW", title=title, text="x"))


def assert_edited(ground: Ground) -> None:
    """The destination is open: a person's change goes in."""
    add_item(ground)
    assert ground.world.driver(ground.destination).inspect(ground.world.place(ground.destination)).contains_data
