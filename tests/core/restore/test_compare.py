"""What was loaded beside what the backup holds: nothing that differs goes unnoticed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.content.record_type import RecordType
from core.findings import FindingCode, Severity
from core.restore.compare import Compared, compare
from tests.core.restore.rows import loaded, type_of

ISSUE, USER = type_of("jira.issue"), type_of("directory.user")


def batches(record_type: RecordType, rows: Sequence[dict[str, Any]], cuts: Sequence[int]) -> Iterator[pa.RecordBatch]:
    """The rows in batches that end at `cuts`; some may be empty."""
    start = 0
    for end in (*cuts, len(rows)):
        yield loaded(record_type, *rows[start:end])
        start = end


def issues(*keys: str, **values: Any) -> list[dict[str, Any]]:
    return [{"key": key, "summary": f"S{key}", "votes": 1, **values} for key in keys]


def compared(want: Sequence[dict[str, Any]], have: Sequence[dict[str, Any]], *cuts: int) -> Compared:
    return compare(ISSUE, batches(ISSUE, want, cuts), batches(ISSUE, have, ()))


def test_equal_streams() -> None:
    rows = issues("1", "2", "3")
    assert compared(rows, rows) == Compared(rows=3, findings=())
    assert compared(rows, rows, 0, 1, 1, 2) == Compared(rows=3, findings=())
    assert compare(ISSUE, iter(()), iter(())) == Compared(rows=0, findings=())


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (0, 2, 3)])
@pytest.mark.parametrize(
    ("want", "have", "code", "key"),
    [
        ("1234", "234", FindingCode.VERIFY_RECORDS_MISSING, "1"),
        ("1234", "134", FindingCode.VERIFY_RECORDS_MISSING, "2"),
        ("1234", "123", FindingCode.VERIFY_RECORDS_MISSING, "4"),
        ("1234", "", FindingCode.VERIFY_RECORDS_MISSING, "1"),
        ("234", "1234", FindingCode.VERIFY_RECORDS_ADDED, "1"),
        ("134", "1234", FindingCode.VERIFY_RECORDS_ADDED, "2"),
        ("123", "1234", FindingCode.VERIFY_RECORDS_ADDED, "4"),
        ("", "1234", FindingCode.VERIFY_RECORDS_ADDED, "1"),
    ],
)
def test_missing_and_added(want: str, have: str, code: FindingCode, key: str, cuts: tuple[int, ...]) -> None:
    found = compared(issues(*want), issues(*have), *(cut for cut in cuts if cut <= len(want)))
    assert [(one.code, one.severity, one.examples) for one in found.findings] == [(code, Severity.ERROR, (key,))]
    assert found.findings[0].subject == "jira.issue"
    assert found.findings[0].hint


def test_keys_are_compared_by_code_point() -> None:
    """As Parquet and databases order them: not as people do, and not by UTF-16."""
    rows = issues("Z", "a", "\uffee", "\U0001f680")
    assert compared(rows, rows).findings == ()
    assert compared(rows, [*rows[:2], rows[3]]).findings[0].examples == ("\uffee",)


def changed_values(record_type: RecordType) -> Iterator[tuple[str, Any]]:
    for one in record_type.schema:
        if one.name == "key":
            continue
        if pa.types.is_string(one.type):
            yield one.name, "another"
        elif pa.types.is_timestamp(one.type):
            yield one.name, datetime(2026, 1, 1, 0, 0, 0, 1)  # noqa: DTZ001 - exports write no zone
        else:
            yield one.name, True if pa.types.is_boolean(one.type) else 7


@pytest.mark.parametrize(("column", "value"), [*changed_values(ISSUE)])
def test_every_column_of_an_issue_counts(column: str, value: Any) -> None:
    rows = issues("1", "2", "3")
    other = [rows[0], {**rows[1], column: value}, rows[2]]
    for want, have in ((rows, other), (other, rows)):
        (found,) = compared(want, have, 1).findings
        assert (found.code, found.subject) == (FindingCode.VERIFY_RECORDS_DIFFER, f"jira.issue.{column}")
        assert (found.count, found.examples) == (1, ("2",))


def test_null_is_not_empty_and_not_false() -> None:
    assert [one.subject for one in compared(issues("1", summary=None), issues("1", summary="")).findings] == [
        "jira.issue.summary"
    ]
    rows = [{"key": "1", "active": None}], [{"key": "1", "active": False}]
    found = compare(USER, batches(USER, rows[0], ()), batches(USER, rows[1], ()))
    assert [one.subject for one in found.findings] == ["directory.user.active"]


def test_rows_that_differ_are_counted_over_batches_and_named_up_to_five() -> None:
    want = issues(*"123456789")
    have = [{**row, "summary": "x"} for row in want[:8]] + want[8:]
    (found,) = compared(want, have, 3, 5).findings
    assert (found.count, found.examples) == (8, ("1", "2", "3", "4", "5"))


def test_a_missing_row_is_told_besides_rows_that_differ() -> None:
    want = issues("1", "2", "3")
    found = compared(want, [{**want[0], "votes": 9}, want[1]])
    assert [one.code for one in found.findings] == [
        FindingCode.VERIFY_RECORDS_DIFFER, FindingCode.VERIFY_RECORDS_MISSING,
    ]  # fmt: skip


VALUES = st.one_of(st.none(), st.text(max_size=3))
ROWS = st.lists(
    st.fixed_dictionaries({"summary": VALUES, "votes": st.one_of(st.none(), st.integers(0, 3))}), max_size=15
)
CUTS = st.lists(st.integers(0, 15), max_size=5)


def with_keys(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"key": f"{number:03}", **row} for number, row in enumerate(rows)]


def within(cuts: list[int], rows: list[dict[str, Any]]) -> list[int]:
    return sorted(min(cut, len(rows)) for cut in cuts)


@given(rows=ROWS, left=CUTS, right=CUTS)
def test_equal_rows_are_equal_however_they_are_batched(
    rows: list[dict[str, Any]], left: list[int], right: list[int]
) -> None:
    keyed = with_keys(rows)
    found = compare(ISSUE, batches(ISSUE, keyed, within(left, rows)), batches(ISSUE, keyed, within(right, rows)))
    assert found == Compared(rows=len(rows), findings=())


@given(rows=ROWS.filter(bool), left=CUTS, right=CUTS, data=st.data())
def test_one_changed_cell_is_named(
    rows: list[dict[str, Any]], left: list[int], right: list[int], data: st.DataObject
) -> None:
    keyed = with_keys(rows)
    number = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.sampled_from(["summary", "votes"]))
    other = [dict(row) for row in keyed]
    other[number][column] = "changed" if column == "summary" else 99
    found = compare(ISSUE, batches(ISSUE, keyed, within(left, rows)), batches(ISSUE, other, within(right, rows)))
    assert [(one.code, one.subject, one.count, one.examples) for one in found.findings] == [
        (FindingCode.VERIFY_RECORDS_DIFFER, f"jira.issue.{column}", 1, (f"{number:03}",))
    ]


@given(rows=ROWS.filter(bool), cuts=CUTS, data=st.data())
def test_one_missing_row_is_named(rows: list[dict[str, Any]], cuts: list[int], data: st.DataObject) -> None:
    keyed = with_keys(rows)
    number = data.draw(st.integers(0, len(rows) - 1))
    fewer = keyed[:number] + keyed[number + 1 :]
    missing = compare(ISSUE, batches(ISSUE, keyed, within(cuts, rows)), batches(ISSUE, fewer, ()))
    assert [(one.code, one.examples) for one in missing.findings] == [
        (FindingCode.VERIFY_RECORDS_MISSING, (f"{number:03}",))
    ]
    added = compare(ISSUE, batches(ISSUE, fewer, ()), batches(ISSUE, keyed, within(cuts, rows)))
    assert [(one.code, one.examples) for one in added.findings] == [
        (FindingCode.VERIFY_RECORDS_ADDED, (f"{number:03}",))
    ]
