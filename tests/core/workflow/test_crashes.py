"""Workers in processes of their own that are killed, stopped, or race."""

import signal
import time

import pytest
from sqlalchemy import select

from core.workflow.tables import WorkerSlotRow
from tests.core.workflow.processes import exit_code, stands_still, until

on_sqlite = pytest.mark.parametrize("catalog_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("edge", ["step:step 7:before", "step:step 7:after", "step:step 7:recorded"])
def test_after_a_kill_finished_steps_are_not_run_again(ledger, worker, edge) -> None:
    ledger.submit("r1")
    assert exit_code(worker("twenty", edge=edge)) == -signal.SIGKILL
    assert exit_code(worker("twenty")) == 0
    effects = ledger.effects("r1")
    in_flight_effects = 2 if edge.endswith("after") else 1
    assert [effects.count(f"step {number}") for number in range(20)] == [1] * 7 + [in_flight_effects] + [1] * 12
    assert effects[-1] == "total 190"
    assert (ledger.run("r1").status, ledger.run("r1").attempt) == ("completed", 1)
    tokens = [effect.token for effect in ledger.rows("r1")]
    assert tokens == sorted(tokens)
    assert set(tokens) == {1, 2}


def test_parts_in_flight_at_a_kill_are_run_again_and_no_others(ledger, worker) -> None:
    ledger.submit("r1")
    assert exit_code(worker("eight parts", edge="part:load:p5:after")) == -signal.SIGKILL
    before = ledger.effects("r1")
    assert exit_code(worker("eight parts")) == 0
    again = [name for name in ledger.effects("r1")[len(before) :] if name in before]
    assert 1 <= len(again) <= 2, "at most one part per slot"
    assert ledger.effects("r1")[-1] == "loaded p0,p1,p2,p3,p4,p5,p6,p7"


@on_sqlite
def test_a_holder_stopped_with_the_catalog_s_lock_is_ended_and_its_run_taken_over(ledger, worker) -> None:
    ledger.submit("r1")
    first = worker("stopping part")
    assert worker.said(first) == "works"
    until(lambda: stands_still(first))
    began = time.monotonic()
    second = worker("stopping part", stale_seconds=3)
    assert worker.said(second) == "follows"
    assert exit_code(second) == 0
    assert time.monotonic() - began > 3
    assert exit_code(first) == -signal.SIGKILL
    effects = ledger.effects("r1")
    assert set(effects) == {"load/p0", "load/stopping", "loaded p0,stopping"}
    assert effects.count("load/p0") <= 2  # it may have been in flight, too, when its process was stopped
    assert effects.count("load/stopping") == effects.count("loaded p0,stopping") == 1
    assert {effect.token for effect in ledger.rows("r1") if effect.pid == second.pid} == {2}


@on_sqlite
def test_while_the_holder_lives_another_worker_follows_and_goes_on_when_it_stops(ledger, worker) -> None:
    ledger.submit("r1")
    first = worker("endless part", stale_seconds=3)
    assert worker.said(first) == "works"
    second = worker("endless part", stale_seconds=3)
    assert worker.said(second) == "follows"
    time.sleep(4)  # longer than stale: a moving heartbeat keeps the slot
    assert second.is_alive()
    assert {effect.pid for effect in ledger.rows("r1")} == {first.pid}
    first.kill()
    until(lambda: ledger.takeovers("r1@1/load/endless") == 1)


@on_sqlite
def test_of_two_workers_that_race_for_the_slot_one_wins(ledger, worker) -> None:
    for run_id in ("r1", "r2"):
        ledger.submit(run_id)
        racers = [worker("slow parts") for _ in range(3)]
        assert sorted(map(worker.said, racers)) == ["follows", "follows", "works"]
        assert [exit_code(racer) for racer in racers] == [0, 0, 0]
    with ledger.database.transaction() as session:
        assert session.scalars(select(WorkerSlotRow)).one().executor_id is None
    assert [len(ledger.effects(run_id)) for run_id in ("r1", "r2")] == [5, 5]


def test_a_part_that_ends_its_worker_three_times_fails_the_run_as_transient(ledger, worker) -> None:
    ledger.submit("r1")
    for kills in range(1, 4):
        assert exit_code(worker("eight parts", edge="part:load:p3:after")) == -signal.SIGKILL
        assert ledger.effects("r1").count("load/p3") == kills
    assert exit_code(worker("eight parts", edge="part:load:p3:after")) == 0
    assert ledger.effects("r1")[-1] == "failed:run-failed.takeovers:True"
    assert ledger.effects("r1").count("load/p3") == 3
    assert ledger.run("r1").attempt == 1


def test_a_step_that_ends_its_worker_three_times_fails_the_run_too(ledger, worker) -> None:
    ledger.submit("r1")
    for _ in range(3):
        assert exit_code(worker("three", edge="step:two:before")) == -signal.SIGKILL
    assert exit_code(worker("three")) == 0
    assert ledger.effects("r1") == ["one", "failed:run-failed.takeovers:True"]
