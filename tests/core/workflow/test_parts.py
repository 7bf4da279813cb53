"""The parts of all runs in the catalog, as several workers see them at once."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from core.errors import Fenced
from core.workflow.parts import ClaimedPart, DividedStep, PartQueue
from core.workflow.tables import DividedStepRow, TurnRow, WaitingPartRow, WorkerRow
from core.workflow.turns import Limits
from tests.core.workflow.ledger import Ledger

STEP = DividedStep(
    run_workflow_id="r1@1",
    workflow="test.v1",
    run_id="r1",
    attempt=1,
    step="load",
    organization="a",
    shard="s",
    storage="t",
)


def queue(ledger: Ledger, executor_id: str, *, shard: int = 99, storage: int = 99) -> PartQueue:
    """As a worker of that id sees it."""
    now = datetime.now(UTC)
    with ledger.database.transaction() as session:
        session.add(
            WorkerRow(
                executor_id=executor_id,
                host="h",
                pid=1,
                process_started=0,
                version="1",
                started_at=now,
                heartbeat_at=now,
                kinds=[],
                slots=1,
            )
        )
    limits = Limits(shard=shard, storage=storage)
    return PartQueue(ledger.database, executor_id=executor_id, limits=limits, known={"test.v1"})


def claimed(queue: PartQueue, count: int) -> list[ClaimedPart]:
    return [part for _ in range(count) if (part := queue.claim()) is not None]


def test_parts_of_one_step_are_given_out_in_order_and_each_once(ledger) -> None:
    one, two = queue(ledger, "one"), queue(ledger, "two")
    one.divide(STEP, ["p0", "p1", "p2"])
    parts = [one.claim(), two.claim(), one.claim(), two.claim()]
    assert [part and part.workflow_id for part in parts] == ["r1@1/load/p0", "r1@1/load/p1", "r1@1/load/p2", None]
    assert one.holds("r1@1/load", "p0")
    assert not two.holds("r1@1/load", "p0")


def test_whoever_only_looks_for_work_writes_nothing(ledger) -> None:
    one = queue(ledger, "one")
    assert not one.has_work()
    one.divide(STEP, ["p0"])
    with ledger.database.transaction() as session:  # holds the turn, and on SQLite everything
        session.execute(update(TurnRow).values(number=TurnRow.number + 1))
        assert one.has_work()
    assert claimed(one, 1)
    assert not one.has_work(), "all of it is in flight"


def test_a_limit_of_a_shard_holds_for_all_workers_together_until_a_part_ends(ledger) -> None:
    one, two = queue(ledger, "one", shard=2), queue(ledger, "two", shard=2)
    one.divide(STEP, ["p0", "p1", "p2"])
    first = one.claim()
    assert first is not None
    assert two.claim() is not None
    assert (one.claim(), two.claim()) == (None, None)
    one.divide(replace(STEP, run_workflow_id="r2@1", run_id="r2", shard="other"), ["q0"])
    assert [part.part for part in claimed(two, 2)] == ["q0"], "another shard is not concerned"
    one.finish(first, failed=False)
    assert [part.part for part in claimed(two, 2)] == ["p2"]


def test_a_limit_of_a_storage_holds_across_shards(ledger) -> None:
    one, two = queue(ledger, "one", storage=2), queue(ledger, "two", storage=2)
    one.divide(STEP, ["p0", "p1"])
    two.divide(replace(STEP, run_workflow_id="r2@1", run_id="r2", organization="b", shard="other"), ["q0"])
    assert [part.part for part in [*claimed(one, 1), *claimed(two, 2)]] == ["p0", "q0"]
    one.release("two", count=True)
    assert [part.part for part in claimed(one, 2)] == ["q0"], "a worker that is gone frees what it used"


def test_organizations_take_turns_on_all_workers_together(ledger) -> None:
    one, two = queue(ledger, "one"), queue(ledger, "two")
    one.divide(STEP, [f"p{number}" for number in range(50)])
    for _ in range(3):
        for worker in (one, two):
            (part,) = claimed(worker, 1)
            worker.finish(part, failed=False)
    two.divide(replace(STEP, run_workflow_id="r2@1", run_id="r2", organization="b"), ["q0", "q1", "q2"])
    order = []
    for worker in (one, two) * 3:
        (part,) = claimed(worker, 1)
        order.append(part.run_id)
        worker.finish(part, failed=False)
    assert sorted(order) == ["r1"] * 3 + ["r2"] * 3
    assert order in (["r1", "r2"] * 3, ["r2", "r1"] * 3)


def test_after_a_failure_no_further_part_of_that_step_is_given_out(ledger) -> None:
    one = queue(ledger, "one")
    one.divide(STEP, ["p0", "p1", "p2"])
    first, second = claimed(one, 2)
    one.finish(first, failed=True)
    assert one.claim() is None
    assert one.remaining(STEP.id) == 1
    one.finish(second, failed=False)
    assert one.remaining(STEP.id) == 0


def test_a_step_that_is_divided_again_keeps_what_is_in_flight_and_who_has_it(ledger) -> None:
    one, two = queue(ledger, "one"), queue(ledger, "two")
    one.divide(STEP, ["p0", "p1"])
    assert claimed(one, 1)
    two.divide(STEP, ["p0", "p1"])
    assert [part.part for part in claimed(two, 2)] == ["p1"]
    assert one.holds(STEP.id, "p0")


def test_what_a_gone_worker_had_waits_again_and_counts_as_a_takeover_only_if_it_died(ledger) -> None:
    one, two = queue(ledger, "one"), queue(ledger, "two")
    one.divide(STEP, ["p0", "p1"])
    parts = claimed(one, 2)
    assert two.release("one", count=True) == {"r1@1/load/p0": 1, "r1@1/load/p1": 1}
    assert two.release("one", count=True) == {}
    assert len(claimed(two, 2)) == 2
    one.finish(parts[0], failed=False)  # it wakes up: nothing of it counts any more
    one.give_back(parts[1])
    assert two.remaining(STEP.id) == 2
    assert two.holds(STEP.id, "p1")
    assert one.release("two", count=False) == {"r1@1/load/p0": 0, "r1@1/load/p1": 0}


def test_a_worker_that_was_taken_for_gone_is_given_nothing(ledger) -> None:
    one = queue(ledger, "one")
    one.divide(STEP, ["p0"])
    with ledger.database.transaction() as session:
        session.get_one(WorkerRow, "one").reaped_by = "two"
    with pytest.raises(Fenced):
        one.claim()
    with ledger.database.transaction() as session:
        assert session.scalars(select(WaitingPartRow.executor_id)).all() == [None]


def test_a_run_that_is_forgotten_leaves_no_rows_and_others_keep_theirs(ledger) -> None:
    one = queue(ledger, "one")
    one.divide(STEP, ["p0"])
    one.divide(replace(STEP, step="compare"), ["p0"])
    one.divide(replace(STEP, run_workflow_id="r1@10"), ["p0"])
    one.forget("r1@1")
    with ledger.database.transaction() as session:
        assert session.scalars(select(DividedStepRow.id)).all() == ["r1@10/load"]
        assert session.scalars(select(WaitingPartRow.step_id)).all() == ["r1@10/load"]


def test_workers_that_claim_at_once_never_get_the_same_part_nor_more_than_the_limit(ledger) -> None:
    workers = [queue(ledger, f"w{number}", shard=7) for number in range(4)]
    workers[0].divide(STEP, [f"p{number}" for number in range(20)])
    together = threading.Barrier(len(workers))
    got: list[str] = []

    def take(worker: PartQueue) -> None:
        together.wait()
        got.extend(part.part for part in claimed(worker, 5))

    threads = [threading.Thread(target=take, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 7
