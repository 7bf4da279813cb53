"""A full disk, a disk gone read-only, a storage that cannot be reached: at every call of store and driver, in turn.
What passes is tried again or can be resumed with all that was loaded; what does not, ends it with nothing left."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.errors import DiskFull, RestorebotError, StorageReadOnly
from core.restore import restores
from core.restore.tables import RestoreStatus
from tests.faults.conftest import Fresh
from tests.faults.ground import (
    Ground,
    Reference,
    assert_nothing_left,
    assert_restored_as,
    content_of,
    copy_of,
    live_digest,
)
from tests.faults.inline import drive_to_end
from tests.faults.sample import chosen, share, turns
from tests.faults.scripted import Faults, failing, unreachable

DANGEROUS = ("driver.load#2", "driver.close#1", "store.copy_from#1", "driver.seal#1", "driver.inspect#3")
TURNS = turns(6, 1)


@pytest.fixture(scope="session")
def calls(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every call that an undisturbed restore makes, by name and number."""
    copy = copy_of(ground, tmp_path_factory.mktemp("calls") / "data")
    faults = Faults()
    copy.submit()
    drive_to_end(failing(copy.world.engine, faults))
    copy.close()
    return faults.calls


@pytest.fixture
def each(
    calls: list[str], fresh: Fresh, subtests: pytest.Subtests
) -> Callable[[int, RestorebotError, int], Iterator[tuple[Ground, Faults, str]]]:
    """Runs a restore for each call of a turn that fails so often, up to where no run is open."""

    def run(turn: int, error: RestorebotError, lasting: int) -> Iterator[tuple[Ground, Faults, str]]:
        for call in share(chosen(calls, always=DANGEROUS, few=2), turn, TURNS):
            with subtests.test(call=call):
                ground = fresh()
                before = live_digest(ground, ground.destination, transactions=False)
                faults = Faults(breaks=call, error=error, lasting=lasting)
                ground.submit()
                drive_to_end(failing(ground.world.engine, faults))
                assert faults.raised
                yield ground, faults, before
                ground.close()

    return run


@pytest.mark.parametrize("turn", TURNS)
def test_what_cannot_be_reached_for_a_moment_is_tried_again(turn: int, each: Any, reference: Reference) -> None:
    for ground, _, _ in each(turn, unreachable(), 1):
        if ground.only_restore().status is RestoreStatus.COMPLETED:
            assert_restored_as(reference, ground)
        else:  # a look before anything was staged: it is not known whether all is well, so nothing is begun
            assert ground.only_restore().step.value in {"preflight", "check_backup"}
            assert_nothing_left(ground)


@pytest.mark.parametrize("turn", TURNS)
def test_what_cannot_be_reached_for_long_leaves_a_restore_that_can_be_resumed(
    turn: int, each: Any, reference: Reference
) -> None:
    for ground, faults, before in each(turn, unreachable(), 6):
        restore = ground.only_restore()
        if restore.status is RestoreStatus.FAILED:
            assert live_digest(ground, ground.destination, transactions=False) == before
            if restore.staging_until is None:
                assert restore.step.value in {"preflight", "check_backup"}
                assert_nothing_left(ground)
                continue
            engine = ground.world.engine
            loaded = faults.calls.count("driver.load")
            with engine.database.transaction() as session:
                restores.resume(session, restore.id, ground.world.person.id, engine.now())
            drive_to_end(engine)
            assert loaded == faults.calls.count("driver.load")
        restore = ground.only_restore()
        assert restore.status is RestoreStatus.COMPLETED, restore.failure
        assert content_of(ground, ground.destination) == reference.content
        assert restore.report == reference.report
        assert_nothing_left(ground)


@pytest.mark.parametrize("error", [DiskFull, StorageReadOnly])
@pytest.mark.parametrize("turn", TURNS)
def test_a_full_or_read_only_disk_ends_the_restore_with_nothing_left(
    turn: int, error: type[RestorebotError], each: Any, reference: Reference
) -> None:
    for ground, _, before in each(turn, error("The disk cannot be written.", hint="Make room."), 1):
        restore = ground.only_restore()
        if restore.published_at is not None:
            assert_restored_as(reference, ground)
            continue
        assert restore.status is RestoreStatus.FAILED
        assert live_digest(ground, ground.destination, transactions=False) == before
        assert_nothing_left(ground)
        inspection = ground.world.driver(ground.destination).inspect(ground.world.place(ground.destination))
        assert inspection.is_open
        assert restore.failure is not None
        assert restore.failure["message"]
