"""Ending a restore may be broken off too: a cancel or a failure that is killed half-way is carried out later, and a
staging that was kept goes when its time is over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.engine import Engine
from core.errors import DiskFull, WrongState
from core.restore import restores
from core.restore.tables import RestoreStatus
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground, assert_nothing_left, live_digest
from tests.faults.inline import Killed, drive, drive_to_end
from tests.faults.points import Points, watched
from tests.faults.scripted import Faults, failing, unreachable

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


class KilledAt:
    def __init__(self, point: str, ground: Ground, cancel_at: str = "") -> None:
        self._point = point
        self._ground = ground
        self._cancel_at = cancel_at
        self.reached = False

    def __call__(self, name: str) -> None:
        if name == self._cancel_at:
            want_cancel(self._ground)
        if name == self._point:
            self.reached = True
            raise Killed


def want_cancel(ground: Ground) -> None:
    engine = ground.world.engine
    with engine.database.transaction() as session:
        restores.want_cancel(session, ground.only_restore().id, ground.world.person.id, engine.now())


@pytest.mark.parametrize("point", ENDING)
def test_a_cancel_that_is_killed_half_way_is_carried_out_by_the_next_process(point: str, fresh: Fresh) -> None:
    ground = fresh()
    before = live_digest(ground, ground.destination, transactions=False)
    ground.submit()
    killing = KilledAt(point, ground, cancel_at="step:publish/driver.close:after")
    with pytest.raises(Killed):
        drive(watched(ground.world.engine, Points(killing)))
    drive_to_end(ground.world.engine)
    assert killing.reached
    assert ground.only_restore().status is RestoreStatus.CANCELLED
    assert live_digest(ground, ground.destination, transactions=False) == before
    assert ground.world.driver(ground.destination).inspect(ground.world.place(ground.destination)).is_open
    assert_nothing_left(ground)


@pytest.mark.parametrize("point", ENDING)
def test_a_failure_that_is_killed_half_way_leaves_nothing_or_a_whole_restore(point: str, fresh: Fresh) -> None:
    """What failed may succeed in the next attempt, since the disk has room again."""
    ground = fresh()
    before = live_digest(ground, ground.destination, transactions=False)
    ground.submit()
    killing = KilledAt(point, ground)
    faults = Faults(breaks="driver.load#2", error=DiskFull("The disk is full.", hint="Make room."))
    with pytest.raises(Killed):
        drive(on_both(ground.world.engine, faults, killing))
    drive_to_end(ground.world.engine)
    assert killing.reached
    restore = ground.only_restore()
    if restore.status is RestoreStatus.FAILED:
        assert live_digest(ground, ground.destination, transactions=False) == before
    else:
        assert restore.status is RestoreStatus.COMPLETED
    assert_nothing_left(ground)


def on_both(engine: Engine, faults: Faults, killing: KilledAt) -> Engine:
    """Points around an engine whose driver fails as it is told."""
    pointed = watched(engine, Points(killing))
    for driver in pointed.drivers.values():
        driver._driver = failing(engine, faults).drivers["embedded"]  # type: ignore[attr-defined]
    return pointed


def with_kept_staging(ground: Ground) -> None:
    """A restore that failed for a passing reason after it had loaded a part."""
    ground.submit()
    drive_to_end(failing(ground.world.engine, Faults(breaks="driver.load#2", error=unreachable(), lasting=9)))
    kept = ground.only_restore()
    assert kept.status is RestoreStatus.FAILED
    assert kept.staging_until is not None
    assert {subject.split(":")[0] for subject, _ in ground.holds()} == {"app", "backup"}


def test_a_kept_staging_goes_when_its_time_is_over_and_can_then_not_be_resumed(fresh: Fresh) -> None:
    ground = fresh()
    before = live_digest(ground, ground.destination)
    with_kept_staging(ground)
    engine = ground.world.engine
    engine.sweep()
    assert ground.only_restore().staging_until is not None, "not before"
    later = replace(engine, now=lambda: engine.now() + timedelta(hours=25))
    later.sweep()
    assert_nothing_left(ground)
    assert live_digest(ground, ground.destination) == before
    with pytest.raises(WrongState, match="cannot be resumed"), engine.database.transaction() as session:
        restores.resume(session, ground.only_restore().id, ground.world.person.id, engine.now())


def test_cancelling_a_kept_staging_that_is_broken_off_is_carried_out_by_the_sweep(fresh: Fresh) -> None:
    ground = fresh()
    before = live_digest(ground, ground.destination)
    with_kept_staging(ground)
    want_cancel(ground)  # and the process that asked is gone
    ground.world.engine.sweep()
    assert ground.only_restore().status is RestoreStatus.CANCELLED
    assert_nothing_left(ground)
    assert live_digest(ground, ground.destination) == before
