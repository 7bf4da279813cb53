"""What an open run waits for, in words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.workflow.lookup import JournalLookup, PendingWorkflow, WorkerSeen
from core.workflow.runs import OpenRun, is_newer
from core.workflow.turns import Limits, StepLoad
from core.workflow.waits import Situation, Wait

RUN = OpenRun(id="r1", attempt=1, token=1, status="running", organization="a", shard="main", storage="sto-1")
STEP = StepLoad(
    id="r1@1/load",
    workflow="restore.v2",
    run_id="r1",
    organization="a",
    shard="main",
    storage="sto-1",
    waiting=5,
    running=0,
    served=1,
)
NOW = Situation(runs=(RUN,), steps=(), known=frozenset({"restore.v2"}), limits=Limits(shard=2, storage=3))


def queued(run_id: str) -> OpenRun:
    return replace(RUN, id=run_id, status="queued")


def other(running: int, **values: str) -> StepLoad:
    return replace(STEP, id="r2@1/load", run_id="r2", running=running, **values)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (NOW, ""),
        (replace(NOW, steps=(replace(STEP, running=1),)), "parts: 1 in flight, 5 wait"),
        (
            replace(NOW, steps=(STEP, other(2))),
            "parts: 0 in flight, 5 wait for the limit of shard main (2 at once)",
        ),
        (
            replace(NOW, steps=(STEP, other(3, shard="elsewhere"))),
            "parts: 0 in flight, 5 wait for the limit of storage sto-1 (3 at once)",
        ),
        (
            replace(NOW, steps=(STEP, other(2, shard="elsewhere", storage="sto-2"))),
            "5 parts wait for a free slot; 2 of other runs are in flight",
        ),
        (replace(NOW, runs=(queued("r1"),)), "queued"),
        (
            replace(NOW, runs=(replace(RUN, id="r0"), queued("r2"), queued("r1"), queued("r3"))),
            "queued behind 2 others",
        ),
        (replace(NOW, runs=()), ""),
    ],
)
def test_a_run_says_what_it_waits_for(now: Situation, said: str) -> None:
    assert now.wait_of("r1") == Wait(said=said)


def test_what_nobody_will_do_by_itself_is_stuck() -> None:
    assert replace(NOW, known=frozenset()).wait_of("r1") == Wait(said="waits for a worker: none is running", stuck=True)
    old = replace(NOW, known=frozenset({"restore.v1"}), steps=(STEP,))
    assert old.wait_of("r1").stuck
    assert "restore.v2" in old.wait_of("r1").said


def seen(**values: object) -> WorkerSeen:
    usual = {"version": "1", "kinds": ("restore.v2",), "slots": 2, "parts": 0, "runs": 0, "state": "working"}
    time = {"started_at": datetime.now(UTC), "heartbeat_age": timedelta(0)}
    return WorkerSeen(**{"executor_id": "e1", "host": "h", "pid": 1, **usual, **time, **values})


def test_a_run_whose_driver_is_gone_says_so() -> None:
    driven = PendingWorkflow(id="r1@2", name="restore.v2", status="PENDING", executor_id="e1")
    lookup = JournalLookup(workers=(seen(),), slot_holder=None, pending=(driven,))
    assert lookup.wait_of("r1") is None
    gone = replace(lookup, workers=(seen(state="dead"), seen(executor_id="e2")))
    assert gone.wait_of("r1") == Wait(said="is being taken over: the worker that drove it is gone or about to go")
    assert gone.wait_of("r") is None
    older = replace(gone, workers=(seen(state="dead"), seen(executor_id="e2", kinds=("restore.v1", "backup.v2"))))
    found = older.wait_of("r1")
    assert found is not None
    assert found.stuck
    assert "restore.v2" in found.said


def test_workflows_know_newer_from_older() -> None:
    known = ["restore.v2", "backup.v10"]
    assert [is_newer(one, known) for one in ("restore.v1", "restore.v2", "restore.v3")] == [False, False, True]
    assert not is_newer("backup.v9", known)
    assert is_newer("move.v1", known)
