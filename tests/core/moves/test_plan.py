"""How an app is divided."""

import json

from core.apps.driver import KeyRange, KeySlice
from core.moves.plan import MovePlan, make_plan


def a_slice(size: int, first: str = "a", last: str = "b") -> KeySlice:
    return KeySlice(keys=KeyRange(first=first, last=last), rows=1, size_bytes=size)


def test_small_slices_share_a_part_in_their_order() -> None:
    records = [("jira.project", a_slice(40)), ("jira.issue", a_slice(50)), ("jira.issue", a_slice(90, "c", "d"))]
    plan = make_plan(records, {"q": 7, "p": 5}, edits=3, part_bytes=100)
    assert [
        (part.name, [(one.record_type, one.keys) for one in part.slices], part.pack, part.size_bytes)
        for part in plan.parts
    ] == [
        (
            "records-00001",
            [("jira.project", KeyRange(first="a", last="b")), ("jira.issue", KeyRange(first="a", last="b"))],
            "",
            90,
        ),
        ("records-00002", [("jira.issue", KeyRange(first="c", last="d"))], "", 90),
        ("pack-00001", [], "p", 5),
        ("pack-00002", [], "q", 7),
    ]
    assert plan.work_bytes == 2 * (90 + 90 + 5 + 7)


def test_a_key_may_be_empty() -> None:
    plan = make_plan([("jira.issue", a_slice(1, "", ""))], {}, edits=0, part_bytes=100)
    assert plan.parts[0].slices[0].keys == KeyRange(first="", last="")


def test_an_empty_app_has_no_part() -> None:
    assert make_plan([], {}, edits=0, part_bytes=100).parts == ()


def test_it_is_kept_as_json() -> None:
    plan = make_plan([("jira.issue", a_slice(1))], {"p": 5}, edits=3, part_bytes=100)
    assert MovePlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
