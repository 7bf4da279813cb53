"""Ctrl-C during `restore run` leaves the restore, and says how to go on with it and how to end it; both then work."""

import pytest

from core.restore.tables import RestoreStatus
from tests.faults.conftest import Fresh
from tests.faults.ground import Reference, assert_nothing_left, assert_restored_as, live_digest
from tests.faults.sample import chosen

POINTS = ("part:load:records-00002:before", "step:preflight:after", "part:compare:pack-00001:after")


@pytest.mark.parametrize("point", chosen(POINTS, always=POINTS[:1], few=0))
@pytest.mark.parametrize("verb", ["resume", "cancel"])
def test_a_restore_left_by_ctrl_c_can_be_resumed_or_cancelled_as_it_says(
    verb: str, point: str, fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
    before = live_digest(ground, ground.destination)
    starter = ground.starter()
    try:
        left = starter(*ground.run_words(), acts=[f"INTERRUPT={point}"])
        assert left.ended() == 130, left.said()
        restore = ground.only_restore()
        assert restore.status is RestoreStatus.RUNNING
        assert "Traceback" not in left.said()
        command = f"restorebot restore {verb} {restore.id}"
        assert command in left.said()
        followed = starter(*command.split()[1:])
        assert followed.ended() == 0, followed.said()
    finally:
        starter.end()
    if verb == "resume":
        assert_restored_as(reference, ground)
    else:
        assert ground.only_restore().status is RestoreStatus.CANCELLED
        assert live_digest(ground, ground.destination) == before
        assert_nothing_left(ground)
