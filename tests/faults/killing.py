"""Runs that are killed at chosen points, and ended by other processes."""

from core.catalog.run_tables import RunStatus
from tests.faults.ground import Ground, Reference, assert_nothing_left, assert_restored_as
from tests.faults.processes import Starter


def killed_at(ground: Ground, reference: Reference, points: list[str] | tuple[str, ...]) -> None:
    """Kill the first process at the first point, the one that goes on at the second …, and let the last one end it."""
    starter = ground.starter()
    try:
        first = starter(*ground.run_words(), acts=[f"KILL={points[0]}"])
        assert first.ended() == -9, first.said()
        if not ground.runs():  # killed before anything was confirmed to be there
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
    """By a worker, or by the command that is told to the person who left a run."""
    if by_command and ground.only_run().status is RunStatus.RUNNING:
        resumed = starter(ground.table.word, "resume", ground.only_run().id)
    else:
        resumed = starter.worker_until_done()
    assert resumed.ended() == 0, resumed.said()
