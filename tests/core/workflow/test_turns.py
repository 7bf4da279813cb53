"""Whose turn it is, for any loads: fair, within the limits, and never idle without a reason."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from core.workflow.runs import OpenRun
from core.workflow.turns import Hindrance, Limits, StepLoad, hindrance, next_run, next_step

KNOWN = frozenset({"restore.v2"})
LIMITS = Limits(shard=3, storage=5)


def load(name: str, organization: str = "a", **values: object) -> StepLoad:
    usual = {"workflow": "restore.v2", "run_id": name, "shard": "s", "storage": "t", "waiting": 9, "running": 0}
    return StepLoad(**{"id": name, "organization": organization, "served": 0, **usual, **values})


def serve(steps: list[StepLoad], limits: Limits, turns: int) -> list[str]:
    """Give out parts that never end; returns whose they were."""
    given_out = []
    for turn in range(1, turns + 1):
        chosen = next_step(steps, limits, KNOWN)
        if chosen is None:
            break
        given_out.append(chosen.id)
        steps[steps.index(chosen)] = replace(
            chosen, waiting=chosen.waiting - 1, running=chosen.running + 1, served=turn
        )
    return given_out


def serve_one_slot(steps: list[StepLoad], turns: int) -> list[str]:
    """The same with one slot: each part has ended before the next one is given out."""
    order = []
    for turn in range(1, turns + 1):
        chosen = next_step(steps, LIMITS, KNOWN)
        assert chosen is not None
        order.append(chosen.id)
        steps[steps.index(chosen)] = replace(chosen, waiting=chosen.waiting - 1, served=turn)
    return order


def test_organizations_take_turns_however_many_parts_and_runs_one_has() -> None:
    steps = [load("a1", waiting=1000), load("a2", waiting=1000), load("b1", "b"), load("c1", "c")]
    assert Counter(one[0] for one in serve_one_slot(steps, 12)) == {"a": 4, "b": 4, "c": 4}


def test_within_an_organization_its_runs_go_side_by_side() -> None:
    assert Counter(serve_one_slot([load("a1", waiting=1000), load("a2", waiting=1000)], 10)) == {"a1": 5, "a2": 5}


def test_a_stream_of_small_new_runs_and_a_long_one_take_turns() -> None:
    long, small = load("long", "a", waiting=100, served=1), load("small", "b", waiting=1, served=1)
    order = []
    for turn in range(2, 22):
        chosen = next_step([long, small], LIMITS, KNOWN)
        assert chosen is not None
        order.append(chosen.organization)
        if chosen is long:
            long = replace(long, waiting=long.waiting - 1, served=turn)
        else:
            small = load(f"small{turn}", "b", waiting=1, served=turn)  # a new one counts as just served
    assert order.count("a") == order.count("b") == 10


def test_what_waits_says_for_what() -> None:
    full = [load("a1", running=3), load("b1", "b", shard="other", storage="u")]
    assert hindrance(full[0], full, LIMITS, KNOWN) is Hindrance.SHARD
    assert hindrance(full[1], full, LIMITS, KNOWN) is Hindrance.SLOT
    crowded = [load("a1", running=2), load("b1", "b", shard="x", running=3)]
    assert hindrance(crowded[0], crowded, LIMITS, KNOWN) is Hindrance.STORAGE
    assert hindrance(full[0], full, LIMITS, frozenset()) is Hindrance.NO_WORKER
    assert hindrance(full[0], full, LIMITS, {"restore.v1"}) is Hindrance.NO_SUCH_WORKER
    assert hindrance(load("a1", waiting=0), full, LIMITS, frozenset()) is None


def test_a_part_of_a_workflow_that_is_not_known_is_not_taken() -> None:
    newer = load("a1", workflow="restore.v3")
    assert next_step([newer], LIMITS, KNOWN) is None
    assert next_step([newer, load("b1", "b", served=99)], LIMITS, KNOWN) == load("b1", "b", served=99)


def test_what_uses_no_shard_or_storage_has_no_limit_there() -> None:
    assert len(serve([load("a1", shard="", storage="", waiting=50)], LIMITS, 99)) == 50


def test_the_next_run_is_of_an_organization_with_the_fewest() -> None:
    runs = [OpenRun(id=f"r{number}", attempt=0, token=0, status="queued", organization="a") for number in range(5)]
    other = OpenRun(id="late", attempt=0, token=0, status="queued", organization="b")
    assert next_run([*runs, other], {}) == runs[0]
    assert next_run([*runs[1:], other], {"a": 1}) == other
    assert next_run([], {}) is None


loads = st.lists(
    st.builds(
        load,
        name=st.uuids().map(str),
        organization=st.sampled_from("abc"),
        shard=st.sampled_from(["", "s1", "s2"]),
        storage=st.sampled_from(["", "t1", "t2"]),
        waiting=st.integers(0, 6),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)


@given(steps=loads, shard=st.integers(1, 4), storage=st.integers(1, 6), slots=st.integers(1, 30))
def test_limits_hold_and_a_slot_is_left_free_only_for_a_reason(
    steps: list[StepLoad], shard: int, storage: int, slots: int
) -> None:
    limits = Limits(shard=shard, storage=storage)
    given_out = serve(steps, limits, slots)
    for used, most in (("shard", shard), ("storage", storage)):
        counts: Counter[str] = Counter()
        for one in steps:
            counts[getattr(one, used)] += one.running
        assert all(count <= most for name, count in counts.items() if name)
    if len(given_out) < slots:
        reasons = {hindrance(one, steps, limits, KNOWN) for one in steps}
        assert reasons <= {None, Hindrance.SHARD, Hindrance.STORAGE}


@given(steps=loads, slots=st.integers(1, 30))
def test_no_organization_has_more_in_flight_than_another_that_could_have_one_more(
    steps: list[StepLoad], slots: int
) -> None:
    serve(steps, Limits(shard=99, storage=99), slots)
    running: Counter[str] = Counter()
    for one in steps:
        running[one.organization] += one.running
    hungry = {one.organization for one in steps if one.waiting}
    assert all(running[most] <= running[one] + 1 for one in hungry for most in running)
