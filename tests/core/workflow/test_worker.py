"""Runs driven in this process: steps, parts, retries, failures, attempts, stop and start."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.errors import DamagedObject, Fenced
from core.workflow.lookup import journal_lookup
from core.workflow.outcome import error_outcome, unwrap, value_outcome
from core.workflow.presence import ask_to_drain, this_host
from core.workflow.recovery import Takeovers
from core.workflow.steps import PATIENCE_SECONDS, wait_until
from core.workflow.tables import PartTakeoverRow, WorkerRow, WorkerSlotRow
from core.workflow.worker import Worker
from tests.core.workflow.ledger import Ledger


@contextmanager
def working(ledger: Ledger, body: str, edge: Callable[[str], None] = lambda _name: None) -> Iterator[Worker]:
    worker = Worker(
        ledger.database, ledger.settings, [ledger.kind(body)], poll_seconds=0.03, retry_seconds=0.05, edge=edge
    )
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def finish(ledger: Ledger, body: str, run_id: str = "r1", edge: Callable[[str], None] = lambda _name: None) -> None:
    with working(ledger, body, edge) as worker:
        until(worker, lambda: ledger.ended(run_id))


def until(worker: Worker, done: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    worker.run_until(lambda: done() or time.monotonic() > deadline)
    assert done(), "not within its time"


def test_a_run_of_three_steps_comes_to_its_end_and_says_nothing(ledger, capfd) -> None:
    ledger.submit("r1")
    with working(ledger, "three") as worker:
        until(worker, lambda: ledger.ended("r1"))
    assert ledger.effects("r1") == ["one", "two"]
    assert ledger.run("r1").status == "completed"
    assert capfd.readouterr() == ("", "")


def test_a_worker_can_be_started_again_in_the_same_process(ledger) -> None:
    for run_id in ("r1", "r2"):
        ledger.submit(run_id)
        finish(ledger, "three", run_id)
    assert ledger.effects("r2") == ["one", "two"]


def test_every_edge_is_announced_once_around_its_effect(ledger) -> None:
    names: list[str] = []
    ledger.submit("r1")
    finish(ledger, "eight parts", edge=names.append)
    assert len(names) == len(set(names)) == 3 * (8 + 2) + 2 * 8 + 1
    assert names.index("parts:load:divided") < names.index("part:load:p0:claimed") < names.index("part:load:p0:before")
    assert names.index("part:load:p0:before") < names.index("part:load:p0:after") < names.index("part:load:p0:finished")
    assert names.index("part:load:p0:finished") < names.index("step:loaded:before")


def test_parts_return_in_order_and_run_once_each(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "eight parts")
    effects = ledger.effects("r1")
    assert sorted(effects[:8]) == [f"load/p{number}" for number in range(8)]
    assert effects[8] == "loaded p0,p1,p2,p3,p4,p5,p6,p7"


def test_a_transient_error_is_retried_within_its_part(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "flaky part")
    assert ledger.effects("r1").count("load/flaky") == 3
    assert ledger.effects("r1").count("load/p0") == 1
    assert (ledger.run("r1").status, ledger.run("r1").attempt) == ("completed", 1)


def test_a_permanent_error_is_reported_once_after_the_parts_in_flight_and_nothing_more_begins(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "bad part")
    assert ledger.effects("r1")[-1] == "failed:wrong-state:False"
    assert ledger.effects("r1").count("failed:wrong-state:False") == 1
    assert ledger.effects("r1").count("load/bad") == 1
    assert len(ledger.effects("r1", "load/slow")) < 6
    assert ledger.run("r1").attempt == 1


def test_an_unfinished_row_gets_attempts_only_as_far_as_the_catalog_allows(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "leaves its row open")
    run = ledger.run("r1")
    assert (run.status, run.error, run.attempt) == ("failed", "too many attempts", 2)
    assert ledger.effects("r1") == ["tried", "tried"]


def test_a_fenced_run_ends_without_a_report(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "is fenced")
    assert not ledger.effects("r1", "failed")
    assert ledger.run("r1").error == "too many attempts"


def test_parts_of_a_run_that_is_closed_are_not_executed_and_nothing_follows_them(ledger) -> None:
    ledger.submit("r1")
    with working(ledger, "closes too early") as worker:
        until(worker, lambda: not worker._journal.states(["r1@1"])["r1@1"].living)
    assert ledger.effects("r1") == []


def test_a_step_is_divided_only_once(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "divides twice")
    assert ledger.effects("r1") == ["load/p0", "failed:internal:False"]


def test_a_cancelled_run_is_reported_as_cancelled(ledger) -> None:
    ledger.submit("r1")
    finish(ledger, "is cancelled")
    assert ledger.effects("r1") == ["failed:cancelled:False"]


def test_a_defect_ends_the_run_with_an_outcome(ledger, caplog) -> None:
    ledger.submit("r1")
    finish(ledger, "has a defect")
    assert ledger.effects("r1") == ["failed:internal:False"]
    assert "KeyError" in caplog.text


def test_a_clean_stop_leaves_the_run_to_the_next_worker_and_counts_nothing(ledger) -> None:
    ledger.submit("r1")
    with working(ledger, "slow parts") as worker:
        until(worker, lambda: bool(ledger.effects("r1", "load/slow1")))
    assert len(ledger.effects("r1")) == 2, "parts in flight end, others do not begin"
    assert ledger.run("r1").status == "running"
    with ledger.database.transaction() as session:
        (stopped,) = session.scalars(select(WorkerRow)).all()
        assert stopped.stopped_at is not None
    with working(ledger, "slow parts") as worker:
        until(worker, lambda: ledger.ended("r1"))
        with ledger.database.transaction() as session:
            assert not session.scalars(select(PartTakeoverRow)).all()
            assert [row.executor_id for row in session.scalars(select(WorkerRow))] == [worker.executor_id]
    assert sorted(ledger.effects("r1", "load/")) == [f"load/slow{number}" for number in range(4)]
    assert (ledger.run("r1").status, ledger.run("r1").attempt) == ("completed", 1)


def test_a_stop_without_drain_does_not_wait(ledger) -> None:
    ledger.submit("r1")
    worker = Worker(ledger.database, ledger.settings, [ledger.kind("slow parts")], poll_seconds=0.03)
    worker.start()
    until(worker, lambda: bool(ledger.effects("r1")))
    worker.stop(drain=False)
    finish(ledger, "slow parts")
    assert ledger.effects("r1")[-1] == "loaded slow0,slow1,slow2,slow3"


def test_a_worker_that_was_taken_for_gone_stops_and_takes_nothing_more(ledger) -> None:
    with working(ledger, "three") as worker:
        with ledger.database.transaction() as session:
            session.execute(update(WorkerRow).values(reaped_by="another"))
        with pytest.raises(Fenced):
            worker.run_until(lambda: False)
        assert not worker.working
        ledger.submit("r1")
        time.sleep(1.5)  # longer than the dispatcher's tick
    assert ledger.run("r1").status == "queued"


@pytest.mark.parametrize("catalog_url", ["sqlite"], indirect=True)
def test_a_worker_whose_slot_was_taken_stops(ledger) -> None:
    with working(ledger, "three") as worker:
        with ledger.database.transaction() as session:
            session.execute(update(WorkerSlotRow).values(executor_id="another", token=99))
        with pytest.raises(Fenced):
            worker.run_until(lambda: False)
        assert not worker.working
    with ledger.database.transaction() as session:
        assert session.get_one(WorkerSlotRow, "sqlite").executor_id == "another"


def test_no_more_runs_at_once_than_allowed(ledger) -> None:
    for number in range(3):
        ledger.submit(f"r{number}")
    worker = Worker(ledger.database, ledger.settings, [ledger.kind("slow parts")], runs_at_once=1, slots=4)
    worker.start()
    try:
        assert [run.status for run in ledger.open_runs()] == ["running", "queued", "queued"]
        until(worker, lambda: not ledger.open_runs())
    finally:
        worker.stop()


def test_many_runs_at_once_and_few_of_their_steps(ledger) -> None:
    names = [f"r{number}" for number in range(6)]
    for name in names:
        ledger.submit(name)
    worker = Worker(ledger.database, ledger.settings, [ledger.kind("held step")], steps_at_once=2)
    worker.start()
    try:
        held = lambda: sum(ledger.effects(name) == ["held"] for name in names)  # noqa: E731
        until(worker, lambda: held() == 2 and {run.status for run in ledger.open_runs()} == {"running"})
        time.sleep(2 * PATIENCE_SECONDS)  # long enough for another one to come through, if any could
        assert held() == 2
        ledger.signs.add("go on", "")
        until(worker, lambda: not ledger.open_runs())
        assert held() == 6
    finally:
        ledger.signs.add("go on", "")
        worker.stop()


def test_finished_runs_leave_the_journal_after_their_days(ledger, monkeypatch) -> None:
    ledger.submit("r1")
    finish(ledger, "eight parts")
    ledger.submit("r2")
    monkeypatch.setattr("core.workflow.worker.timedelta", lambda days: timedelta(seconds=0 * days))
    with working(ledger, "eight parts") as worker:
        until(worker, lambda: ledger.ended("r2"))
        states = worker._journal.states(["r1@1", "r1@1/load/p0", "r2@1/load/p0"])
    assert list(states) == ["r2@1/load/p0"]


def test_doctor_sees_workers_the_slot_and_what_is_pending(ledger) -> None:
    assert journal_lookup(ledger.database, ledger.settings, datetime.now(UTC)).pending == ()
    ledger.submit("r1")
    with working(ledger, "slow parts") as worker:
        until(worker, lambda: bool(ledger.effects("r1")))
        seen = journal_lookup(ledger.database, ledger.settings, datetime.now(UTC))
        assert seen.slot_holder == (worker.executor_id if ledger.database.is_sqlite else None)
        assert [one.state for one in seen.workers] == ["working"]
        assert seen.workers[0].heartbeat_age < timedelta(seconds=10)
        assert ("r1@1", "PENDING") in [(one.id, one.status) for one in seen.pending]
    assert [one.state for one in journal_lookup(ledger.database, ledger.settings, datetime.now(UTC)).workers] == [
        "stopped"
    ]


def test_slots_that_end_since_the_worker_is_asked_to_go_are_no_defect(ledger, monkeypatch) -> None:
    with working(ledger, "three") as worker:
        gate, checked = worker._executions.gate, threading.Event()
        close = gate.close

        def close_and_check() -> None:
            monkeypatch.setattr(gate, "close", close)
            close()
            assert wait_until(lambda: not worker._slots.alive, 10)
            worker.check()
            checked.set()

        monkeypatch.setattr(gate, "close", close_and_check)
        ask_to_drain(ledger.database, this_host())
        assert checked.wait(10)


def test_threads_of_a_stopped_worker_are_gone(ledger) -> None:
    before = threading.active_count()
    with working(ledger, "three"):
        pass
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_outcomes_keep_an_error_s_class_words_and_attributes() -> None:
    error = DamagedObject("part 3 is damaged", key="records/x", hint="take another backup")
    with pytest.raises(DamagedObject, match="part 3 is damaged") as caught:
        unwrap(error_outcome(error, "here"))
    assert (caught.value.key, caught.value.hint, caught.value.transient) == ("records/x", "take another backup", False)


def test_outcomes_are_json_and_nothing_else() -> None:
    assert unwrap(value_outcome((1, {"a": None}))) == [1, {"a": None}]
    with pytest.raises(TypeError):
        value_outcome(object())


def test_takeovers_count_in_a_row_and_are_forgotten_with_their_run(ledger) -> None:
    takeovers = Takeovers(ledger.database)
    assert [takeovers.count("r@1/load/a") for _ in range(2)] == [1, 2]
    takeovers.reset("r@1/load/a")
    assert takeovers.count("r@1/load/a") == 1
    takeovers.count("r@11")
    takeovers.forget("r@1")
    assert (takeovers.count("r@1/load/a"), takeovers.count("r@11")) == (1, 2)


def test_a_run_of_another_version_gets_a_new_attempt(ledger) -> None:
    ledger.submit("r1")
    with working(ledger, "slow parts") as worker:
        until(worker, lambda: bool(ledger.effects("r1")))
    newer = Worker(ledger.database, ledger.settings, [replace(ledger.kind("three"), version=2)])
    newer.start()
    try:
        until(newer, lambda: ledger.ended("r1"))
    finally:
        newer.stop()
    assert ledger.effects("r1")[-2:] == ["one", "two"]
    assert ledger.run("r1").attempt == 2
