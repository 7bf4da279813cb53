"""The plan: what will be done, cut into parts, and named by a digest."""

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.archive.manifest import PackObject
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import AppType
from core.findings import FindingCode
from core.restore.plan import RestorePlan, make_plan
from core.restore.request import RESOLUTIONS, Part, Resolution, RestoreRequest
from tests.core.restore.rows import a_manifest, an_object

REQUEST = RestoreRequest(backup_id="b", destination_id="app-1", requester="per-1")
TYPES = [one.name for one in RECORD_TYPES[AppType.CONFLUENCE]]
PACKS = (PackObject(id="p1", size=500, blake3="0"), PackObject(id="p2", size=700, blake3="1"))
OBJECTS = (an_object("directory.user", 300), an_object("confluence.page", 900), an_object("confluence.space", 100))


def planned(request: RestoreRequest = REQUEST, **values: Any) -> RestorePlan:
    words: dict[str, Any] = {
        "manifest": a_manifest(OBJECTS, PACKS),
        "manifest_digest": "d",
        "destination_shard": "eu-1",
        "target_shard": "eu-1",
        "existing_groups": frozenset(),
        "backup_groups": {},
        "part_bytes": 1_000,
    }
    return make_plan(request=request, **{**words, **values})


def without(*parts: Part) -> RestoreRequest:
    return replace(REQUEST, without=frozenset(parts))


@given(
    sizes=st.lists(st.tuples(st.sampled_from(TYPES), st.integers(1, 3_000)), max_size=30),
    leave=st.frozensets(st.sampled_from(Part)),
)
def test_parts_cover_every_wanted_object_once(sizes: list[tuple[str, int]], leave: frozenset[Part]) -> None:
    objects = [an_object(name, size, number=number) for number, (name, size) in enumerate(sizes)]
    plan = planned(without(*leave), manifest=a_manifest(objects, PACKS))
    wanted = [
        index
        for index, one in enumerate(objects)
        if not (BY_NAME[one.record_type].is_directory and Part.USERS_AND_GROUPS in leave)
    ]
    covered = Counter(index for part in plan.parts for index in part.objects)
    assert covered == Counter(wanted)
    packs = [part.packs for part in plan.parts if part.packs]
    assert sorted(packs) == ([] if Part.ATTACHMENTS in leave else [("p1",), ("p2",)])
    assert all(bool(part.objects) != bool(part.packs) for part in plan.parts)
    assert len({part.name for part in plan.parts}) == len(plan.parts)
    for part in plan.parts:
        if part.objects:
            assert part.size_bytes == sum(objects[index].arrow_bytes for index in part.objects)
            assert part.size_bytes <= 1_000 or len(part.objects) == 1
    assert plan.size_bytes == sum(part.size_bytes for part in plan.parts)
    assert plan.work_bytes == 2 * plan.size_bytes
    by_name = sorted(plan.parts, key=lambda part: part.name)
    order = [BY_NAME[objects[index].record_type].order for part in by_name for index in part.objects]
    assert order == sorted(order)


def test_small_objects_share_a_part() -> None:
    objects = [an_object("confluence.page", 400, number=number) for number in range(5)]
    plan = planned(without(Part.ATTACHMENTS), manifest=a_manifest(objects))
    assert [part.objects for part in plan.parts] == [(0, 1), (2, 3), (4,)]
    assert [part.rows for part in plan.parts] == [2, 2, 1]


def test_types_and_packs_take_turns_and_what_is_small_comes_last() -> None:
    types = ["confluence.space"] + ["confluence.page"] * 2 + ["confluence.body"] * 4
    objects = [an_object(name, 900 if number else 400, number=number) for number, name in enumerate(types)]
    packs = [PackObject(id="p1", size=1_000, blake3="0"), PackObject(id="p2", size=90, blake3="0")]
    plan = planned(manifest=a_manifest(objects, packs))
    assert [part.objects or part.packs for part in plan.parts] == [
        (3,), (1,), ("p1",), (4,), (5,), (2,), (6,), (0,), ("p2",),
    ]  # fmt: skip


@pytest.mark.parametrize(("packs", "parts", "most"), [(1, 1, 1), (15, 15, 1), (16, 8, 2), (31, 11, 3), (1_000, 250, 4)])
def test_of_many_packs_some_share_a_part(packs: int, parts: int, most: int) -> None:
    """And each is in one."""
    many = [PackObject(id=f"p{number:04}", size=number, blake3="0") for number in range(packs)]
    plan = planned(manifest=a_manifest((), many))
    assert sorted(pack for part in plan.parts for pack in part.packs) == [one.id for one in many]
    assert (len(plan.parts), max(len(part.packs) for part in plan.parts)) == (parts, most)
    assert plan.size_bytes == sum(one.size for one in many)


def test_a_plan_of_earlier_days_is_read() -> None:
    """Its parts had one pack each, which a restore that runs over an upgrade goes on with."""
    plan = planned()
    stored = json.loads(json.dumps(plan.to_json()))
    for part in stored["parts"]:
        (part["pack"],) = part.pop("packs") or [""]
    assert RestorePlan.from_json(stored) == plan


@given(st.data())
def test_the_digest_is_stable(data: st.DataObject) -> None:
    """Also over JSON, and whatever the order in which choices were given."""
    order = data.draw(st.permutations(list(RESOLUTIONS)))
    resolutions = {code: RESOLUTIONS[code][-1] for code in order}
    plan = planned(replace(REQUEST, resolutions=resolutions))
    again = planned(replace(REQUEST, resolutions={code: RESOLUTIONS[code][-1] for code in RESOLUTIONS}))
    assert plan.digest == again.digest
    stored = json.loads(json.dumps(plan.to_json()))
    assert RestorePlan.from_json(stored) == plan
    assert RestorePlan.from_json(stored).digest == stored["digest"] == plan.digest


OTHERS: dict[str, RestorePlan] = {
    "backup": planned(replace(REQUEST, backup_id="other")),
    "destination": planned(replace(REQUEST, destination_id="other")),
    "manifest": planned(manifest_digest="other"),
    "source shard": planned(manifest=a_manifest(OBJECTS, PACKS, shard="eu-9")),
    "target shard": planned(target_shard="eu-2"),
    "destination's shard": planned(destination_shard="eu-2"),
    "a group appears": planned(
        replace(REQUEST, resolutions={FindingCode.GROUP_NAME_EXISTS: Resolution.NEW_NAME}),
        existing_groups=frozenset({"staff"}),
        backup_groups={"g": "staff"},
    ),
    "a group is left out": planned(
        replace(REQUEST, resolutions={FindingCode.GROUP_NAME_EXISTS: Resolution.LEAVE_OUT}),
        existing_groups=frozenset({"staff"}),
        backup_groups={"g": "staff"},
    ),
    "a pack": planned(manifest=a_manifest(OBJECTS, PACKS[:1])),
    "an object": planned(manifest=a_manifest(OBJECTS[:2], PACKS)),
    "parts": planned(part_bytes=10_000),
    **{part.value: planned(without(part)) for part in Part},
    **{
        f"{code}={choice}": planned(replace(REQUEST, resolutions={code: choice}))
        for code, choices in RESOLUTIONS.items()
        for choice in choices[1:]
    },
}


def test_every_input_changes_the_digest() -> None:
    digests = Counter([planned().digest, *(plan.digest for plan in OTHERS.values())])
    twice = {digest for digest, count in digests.items() if count > 1}
    assert [what for what, plan in OTHERS.items() if plan.digest in twice] == []


def test_who_asks_is_not_part_of_the_plan() -> None:
    assert planned(replace(REQUEST, requester="per-2")).digest == planned().digest


def test_the_default_spelled_out_is_the_default() -> None:
    spelled = {code: choices[0] for code, choices in RESOLUTIONS.items()}
    assert planned(replace(REQUEST, resolutions=spelled)).digest == planned().digest


@pytest.mark.parametrize(("destination", "moves"), [("eu-1", False), ("eu-2", True)])
def test_a_move_is_planned(destination: str, moves: bool) -> None:
    plan = planned(destination_shard=destination)
    assert (plan.moves, plan.source_shard, plan.target_shard) == (moves, "eu-1", "eu-1")


def named(choice: Resolution, groups: dict[str, str], *existing: str) -> RestorePlan:
    request = replace(REQUEST, resolutions={FindingCode.GROUP_NAME_EXISTS: choice})
    return planned(request, existing_groups=frozenset(existing), backup_groups=groups)


def test_new_names_are_free_on_both_sides() -> None:
    groups = {"1": "Staff", "2": "staff (restored)", "3": "other", "4": "STAFF"}
    plan = named(Resolution.NEW_NAME, groups, "staff", "staff (restored 2)")
    assert plan.group_names == {"STAFF": "STAFF (restored 3)", "Staff": "Staff (restored 4)"}
    assert plan.groups_left_out == ()


def test_groups_are_left_out_by_key() -> None:
    plan = named(Resolution.LEAVE_OUT, {"1": "Staff", "2": "other", "3": "staff"}, "staff")
    assert plan.group_names == {"Staff": None, "staff": None}
    assert plan.groups_left_out == ("1", "3")
    assert plan.choices.groups_left_out == {"1", "3"}


def test_merged_groups_are_not_spoken_of() -> None:
    assert named(Resolution.MERGE, {"1": "Staff"}, "staff").group_names == {}
    plan = planned(
        replace(without(Part.USERS_AND_GROUPS), resolutions={FindingCode.GROUP_NAME_EXISTS: Resolution.NEW_NAME}),
        existing_groups=frozenset({"staff"}),
        backup_groups={"1": "staff"},
    )
    assert plan.group_names == {}
