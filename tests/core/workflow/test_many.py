"""Many workers on one PostgreSQL: they share the work, take over from each other, and go when they are asked to."""

import os
import random
import signal
import time
from collections import Counter

import pytest
from sqlalchemy import select

from core.workflow.presence import ask_to_drain
from core.workflow.tables import DividedStepRow, PartTakeoverRow, WaitingPartRow
from tests.core.workflow.ledger import Ledger
from tests.core.workflow.processes import exit_code, stands_still, until

pytestmark = pytest.mark.parametrize("catalog_url", ["postgres"], indirect=True)

SEED = 20261122


def pids(ledger: Ledger, run_id: str, prefix: str) -> set[int]:
    return {row.pid for row in ledger.rows(run_id) if row.name.startswith(prefix)}


def begun(ledger: Ledger, *names: str, run_id: str = "r1", times: int = 1) -> bool:
    effects = Counter(ledger.effects(run_id))
    return all(effects[name] >= times for name in names)


def waiting(ledger: Ledger) -> Counter[str]:
    """How many parts wait, by run."""
    with ledger.database.reading() as session:
        steps = session.scalars(select(WaitingPartRow.step_id).where(WaitingPartRow.executor_id.is_(None)))
        return Counter(step.partition("@")[0] for step in steps)


def assert_nothing_left(ledger: Ledger) -> None:
    with ledger.database.transaction() as session:
        for table in (WaitingPartRow, DividedStepRow, PartTakeoverRow):
            assert not session.scalars(select(table)).all(), table


def test_parts_of_one_run_are_spread_over_all_workers(ledger, worker) -> None:
    ledger.submit("r1")
    workers = [worker.working("held parts", slots=2) for _ in range(2)]
    until(lambda: begun(ledger, "load/held a", "load/held b", "load/p0", "load/p1"))
    for name in ("held a", "held b"):
        ledger.signs.add(f"go {name}", "")
    assert [exit_code(one) for one in workers] == [0, 0]
    assert sorted(ledger.effects("r1", "load/")) == ["load/held a", "load/held b", "load/p0", "load/p1"]
    assert_nothing_left(ledger)


def test_a_machine_that_is_gone_is_taken_over_from_within_fifteen_seconds_and_no_more_is_repeated(
    ledger, worker
) -> None:
    """Nothing but its heartbeat tells that it is gone, since its processes cannot be seen."""
    ledger.submit("r1")
    first = worker.working("held parts", host="elsewhere")
    until(lambda: begun(ledger, "load/held a", "load/held b"))
    worker.working("held parts")
    until(lambda: begun(ledger, "load/p0", "load/p1"))
    first.kill()
    killed = time.monotonic()
    until(lambda: begun(ledger, "load/held a", "load/held b", times=2), 15)
    took = time.monotonic() - killed
    print(f"taken over after {took:.1f} s")
    for name in ("held a", "held b"):
        ledger.signs.add(f"go {name}", "")
    until(lambda: ledger.ended("r1"))
    effects = Counter(ledger.effects("r1", "load/"))
    assert effects == {"load/held a": 2, "load/held b": 2, "load/p0": 1, "load/p1": 1}
    assert ledger.run("r1").status == "completed"


def test_a_worker_that_stands_still_keeps_nobody_waiting_and_writes_nothing_when_it_wakes_up(ledger, worker) -> None:
    """It is stopped within a transaction that locks its run's row."""
    ledger.submit("r1")
    first = worker.working("stopping part", host="elsewhere", until_done=False)
    until(lambda: stands_still(first))
    stopped = time.monotonic()
    second = worker("stopping part")
    assert exit_code(second) == 0
    assert time.monotonic() - stopped < 15
    assert stands_still(first), "it was not ended: a session is enough"
    before = [(row.name, row.token, row.pid) for row in ledger.rows("r1")]
    assert before[-1][0] == "loaded p0,stopping"
    os.kill(first.pid, signal.SIGCONT)
    assert exit_code(first) == 1
    ended = (ledger.settings.data_dir / f"{first.pid}.ended").read_text()
    assert ended.startswith("fenced: This worker stood still for too long")
    assert [(row.name, row.token, row.pid) for row in ledger.rows("r1")] == before
    assert ledger.run("r1").status == "completed"
    assert_nothing_left(ledger)


def test_a_part_that_ends_three_workers_fails_its_run_while_others_go_on(ledger, worker) -> None:
    ledger.submit("r1", body="eight parts", organization="a")
    workers = [worker("", edge="part:load:p3:after") for _ in range(3)]
    assert [exit_code(one) for one in workers] == [-signal.SIGKILL] * 3
    ledger.submit("r2", body="two parts", organization="b")
    assert exit_code(worker("", edge="part:load:p3:after")) == 0
    assert ledger.effects("r1").count("load/p3") == 3
    assert ledger.effects("r1")[-1] == "failed:run-failed.takeovers:True"
    assert ledger.run("r2").status == "completed"
    assert_nothing_left(ledger)


def test_a_worker_that_is_asked_to_go_finishes_its_parts_takes_no_more_and_counts_as_no_takeover(
    ledger, worker
) -> None:
    ledger.submit("r1")
    first = worker.working("held parts", host="one", until_done=False)
    until(lambda: begun(ledger, "load/held a", "load/held b"))
    second = worker.working("held parts", host="two")
    until(lambda: begun(ledger, "load/p0", "load/p1"))
    token = ledger.run("r1").token
    assert len(ask_to_drain(ledger.database, "one")) == 1
    until(lambda: ledger.run("r1").token > token)  # it knows, and has left the run to the other one
    ledger.submit("r2", body="eight parts", organization="b")
    until(lambda: ledger.ended("r2"))
    assert first.is_alive(), "it has two parts in flight"
    for name in ("held a", "held b"):
        ledger.signs.add(f"go {name}", "")
    assert [exit_code(first), exit_code(second)] == [0, 0]
    assert Counter(ledger.effects("r1", "load/")).most_common(1)[0][1] == 1
    assert pids(ledger, "r1", "load/held") == {first.pid}
    assert pids(ledger, "r1", "loaded") == {second.pid}
    assert_nothing_left(ledger)


def test_a_worker_of_an_older_release_leaves_runs_of_a_newer_one_alone(ledger, worker) -> None:
    ledger.submit("r1")
    newer = worker.working("held parts", version=2)
    until(lambda: begun(ledger, "load/held a", "load/held b"))
    older = worker.working("held parts", version=1, until_done=False)
    ledger.submit("r2", body="three")
    until(lambda: ledger.ended("r2"))
    assert not pids(ledger, "r1", "load/") - {newer.pid}, "two parts wait, and it has free slots"
    newer.kill()
    ledger.submit("r3", body="three")
    until(lambda: ledger.ended("r3"))
    time.sleep(7)  # longer than a round of the reaper
    assert not pids(ledger, "r1", "") - {newer.pid}
    assert (ledger.run("r1").status, ledger.run("r1").attempt) == ("running", 1)
    for name in ("held a", "held b"):
        ledger.signs.add(f"go {name}", "")
    assert exit_code(worker("held parts", version=2)) == 0
    assert (ledger.run("r1").status, ledger.run("r1").attempt) == ("completed", 1)
    assert older.pid not in pids(ledger, "r1", "")


def test_a_full_shard_keeps_its_own_runs_waiting_and_no_others(ledger, worker) -> None:
    settings = {"shard_parts_at_once": 2}
    ledger.submit("r1", organization="a", shard="s")
    workers = [worker.working("four held parts", settings=settings) for _ in range(3)]
    until(lambda: len(ledger.effects("r1", "load/")) == 2)
    ledger.submit("r2", organization="a", shard="t", body="eight parts")
    until(lambda: ledger.ended("r2"))
    assert len(ledger.effects("r1", "load/")) == 2, "six slots are free, and the shard takes two parts"
    for number in range(1, 5):
        ledger.signs.add(f"go held {number}", "")
    assert [exit_code(one) for one in workers] == [0, 0, 0]


def test_one_organization_s_long_run_does_not_keep_another_s_waiting(ledger, worker) -> None:
    """One slot in all, which the long run has when the other one comes."""
    ledger.submit("long", organization="a", body="four held parts")
    one = worker.working("", slots=1)
    until(lambda: ledger.effects("long", "load/held 1"))
    ledger.submit("short", organization="b", body="two parts")
    until(lambda: waiting(ledger) == {"long": 3, "short": 2})
    order = []
    for number in range(1, 5):
        ledger.signs.add(f"go held {number}", "")
        until(lambda number=number: ledger.ended("long") or ledger.effects("long", f"load/held {number + 1}"))
        order.append(len(ledger.effects("short", "load/")))
    assert order[:3] == [0, 1, 2], "a new one counts as just served; from then on they take turns"
    assert exit_code(one) == 0


def test_three_workers_of_which_two_are_killed_at_random_moments_complete_ten_runs(ledger, worker) -> None:
    moments = random.Random(SEED)
    sizes = ["two parts", "eight parts", "thirty parts", "twenty", "three"] * 2
    for number, body in enumerate(sizes):
        ledger.submit(f"r{number}", body=body, organization=f"org{number % 3}", shard=f"s{number % 2}")
    workers = [worker.working("", slots=2) for _ in range(3)]
    for victim in moments.sample(workers, 2):
        moment = moments.randrange(10, 60)
        until(lambda moment=moment: effects_of_all(ledger) >= moment)
        victim.kill()
    until(lambda: not ledger.open_runs(), 60)
    for number, body in enumerate(sizes):
        run = ledger.run(f"r{number}")
        assert (run.status, run.attempt) == ("completed", 1), (number, run.error)
        again = {name: count for name, count in Counter(ledger.effects(run.id)).items() if count > 1}
        assert all(count <= 3 for count in again.values()), (body, again)
    assert_nothing_left(ledger)


def effects_of_all(ledger: Ledger) -> int:
    return sum(len(ledger.effects(f"r{number}")) for number in range(10))
