"""A person's choices applied to records: every rule by example, and what holds for all of them."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.content.record_type import FORMER_USER, PLACEHOLDER, Reference
from core.findings import FindingCode
from core.restore.choices import Choices, apply
from core.restore.person_traces import without_persons
from core.restore.request import RESOLUTIONS, Part, Resolution
from tests.core.restore.rows import archived, type_of

PAGE, COMMENT = type_of("confluence.page"), type_of("jira.comment")
USER, GROUP, MEMBERSHIP = type_of("directory.user"), type_of("directory.group"), type_of("directory.membership")
WITHOUT_USERS = Choices(without=frozenset({Part.USERS_AND_GROUPS}))
WITHOUT_SPACES = Choices(without=frozenset({Part.PERSONAL_SPACES}))


def one(record_type: Any, choices: Choices, **row: Any) -> dict[str, Any]:
    """What becomes of one row."""
    applied = apply(record_type, archived(record_type, {"key": "1", **row}), choices)
    (result,) = applied.batch.to_pylist()
    return dict(result)


def resolved(code: FindingCode, choice: Resolution) -> Choices:
    return Choices(resolutions={code: choice})


def test_without_choices_nothing_changes_but_the_review_columns() -> None:
    batch = archived(PAGE, {"key": "1", "title": "A", "creator": "ada"}, {"key": "2", "personal": True})
    applied = apply(PAGE, batch, Choices())
    assert applied.batch.schema.equals(PAGE.schema)
    assert applied.batch.to_pylist() == [{name: row[name] for name in PAGE.schema.names} for row in batch.to_pylist()]
    assert (applied.left_out, applied.changed) == (0, {})


@pytest.mark.parametrize("record_type", [USER, GROUP, MEMBERSHIP, type_of("directory.other")])
def test_users_and_groups_are_left_out_whole(record_type: Any) -> None:
    assert WITHOUT_USERS.leaves_out(record_type)
    applied = apply(record_type, archived(record_type, {"key": "1"}, {"key": "2"}), WITHOUT_USERS)
    assert (applied.batch.num_rows, applied.left_out) == (0, 2)
    assert not WITHOUT_USERS.leaves_out(PAGE)


def test_persons_become_placeholders() -> None:
    row = one(PAGE, WITHOUT_USERS, creator="ada", people='{"owner":"ada"}', title="Ada's page", extra='{"x":1}')
    assert (row["creator"], row["modifier"], row["people"]) == (PLACEHOLDER, None, None)
    assert (row["title"], row["extra"]) == ("Ada's page", '{"x":1}')
    applied = apply(PAGE, archived(PAGE, {"key": "1", "creator": "ada"}, {"key": "2"}), WITHOUT_USERS)
    assert applied.changed == {FindingCode.CHOICE_PERSON_LEFT_OUT: 1}


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ('<ri:user ri:userkey="ff80"/> and <ri:user ri:account-id="7"/>',
         f'<ri:user ri:userkey="{PLACEHOLDER}"/> and <ri:user ri:account-id="{PLACEHOLDER}"/>'),
        ('<ri:user ri:username="ada"/>', f'<ri:user ri:username="{PLACEHOLDER}"/>'),
        ('<ri:page ri:content-title="ada"/>', '<ri:page ri:content-title="ada"/>'),
        ("ask [~ada] or [Ada|~ada]", f"ask [{PLACEHOLDER}] or [{PLACEHOLDER}]"),
        ("[~accountid:557058:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0]", f"[{PLACEHOLDER}]"),
        ("[a link|http://x/~ada] [1] ~20", "[a link|http://x/~ada] [1] ~20"),
        ("by 557058:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0!", f"by {PLACEHOLDER}!"),
        ("JIRAUSER10207 and JIRAUSERS", f"{PLACEHOLDER} and JIRAUSERS"),
        ('{"type":"mention","attrs":{"id":"5b10","text":"@Ada"}}', '{"type":"mention","attrs":{}}'),
        ('{\\"type\\":\\"mention\\",\\"attrs\\":{\\"id\\":\\"5b10\\"}}', '{\\"type\\":\\"mention\\",\\"attrs\\":{}}'),
        ('{"accountId":"5b10","n":1}', f'{{"accountId":"{PLACEHOLDER}","n":1}}'),
        ('{\\"userName\\":\\"ada\\"}', f'{{\\"userName\\":\\"{PLACEHOLDER}\\"}}'),
        ('<meta name="jira.update.author.key">ada</meta>', f'<meta name="jira.update.author.key">{PLACEHOLDER}</meta>'),
        ("Ada wrote this to ada@example.com", "Ada wrote this to ada@example.com"),
    ],
)  # fmt: skip
def test_traces_of_persons_in_texts(text: str, then: str) -> None:
    assert without_persons(pa.array([text, None])).to_pylist() == [then, None]
    assert without_persons(pa.array([then])).to_pylist() == [then]
    assert one(COMMENT, WITHOUT_USERS, body=text)["body"] == then
    assert one(PAGE, WITHOUT_USERS, extra=text)["extra"] == then
    assert one(COMMENT, Choices(), body=text)["body"] == text


def test_values_that_are_persons() -> None:
    change = type_of("jira.change_item")
    row = one(
        change, WITHOUT_USERS, names_person=True, field="assignee", new_value="ada", new_text="Ada", old_text=None
    )
    assert (row["field"], row["new_value"], row["new_text"], row["old_text"]) == (
        "assignee", PLACEHOLDER, PLACEHOLDER, None,
    )  # fmt: skip
    assert one(change, WITHOUT_USERS, names_person=False, new_text="Open")["new_text"] == "Open"
    assert one(change, WITHOUT_USERS, names_person=None, new_text="Open")["new_text"] == "Open"
    picker = type_of("jira.custom_field_value")
    assert one(picker, WITHOUT_USERS, names_person=True, string_value="ada")["string_value"] == PLACEHOLDER
    assert one(picker, WITHOUT_USERS, names_person=False, string_value="10100")["string_value"] == "10100"
    property_ = type_of("confluence.content_property")
    resolver = one(property_, WITHOUT_USERS, name="status-lastmodifier", string_value="5b10")
    assert resolver["string_value"] == PLACEHOLDER
    assert one(property_, WITHOUT_USERS, name="MEDIA_TYPE", string_value="image/png")["string_value"] == "image/png"


def test_personal_spaces_are_left_out_and_references_into_them_are_placeholders() -> None:
    batch = archived(
        PAGE,
        {"key": "1", "personal": True},
        {"key": "2", "parent": "1", "ref_parent": Reference.PERSONAL.value},
        {"key": "3", "parent": "2", "ref_parent": Reference.GOOD.value},
    )
    applied = apply(PAGE, batch, WITHOUT_SPACES)
    assert [row["parent"] for row in applied.batch.to_pylist()] == [PLACEHOLDER, "2"]
    assert (applied.left_out, applied.changed) == (1, {FindingCode.CHOICE_REFERENCE_LEFT_OUT: 1})
    assert apply(PAGE, batch, Choices()).batch.column("parent").to_pylist() == [None, "1", "2"]


@pytest.mark.parametrize(("choice", "then"), [(Resolution.PLACEHOLDER, PLACEHOLDER), (Resolution.LEAVE_OUT, None)])
def test_dangling_references(choice: Resolution, then: str | None) -> None:
    choices = resolved(FindingCode.CONTENT_DANGLING_REFERENCE, choice)
    assert one(PAGE, choices, parent="nowhere", ref_parent=Reference.DANGLING.value)["parent"] == then
    assert one(PAGE, choices, parent="2", ref_parent=Reference.GOOD.value)["parent"] == "2"
    assert one(PAGE, choices, parent="2", ref_parent=Reference.PERSONAL.value)["parent"] == "2"
    assert one(PAGE, choices)["parent"] is None


def test_repeated_keys() -> None:
    batch = archived(PAGE, {"key": "1"}, {"key": "1#2", "repeated": True})
    kept = apply(PAGE, batch, resolved(FindingCode.CONTENT_REPEATED_KEY, Resolution.KEEP))
    assert kept.batch.column("key").to_pylist() == ["1", "1#2"]
    left = apply(PAGE, batch, resolved(FindingCode.CONTENT_REPEATED_KEY, Resolution.LEAVE_OUT))
    assert (left.batch.column("key").to_pylist(), left.left_out) == (["1"], 1)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (FindingCode.USER_INVALID_EMAIL, "invalid"),
        (FindingCode.USER_DUPLICATE_EMAIL, "duplicate"),
        (FindingCode.USER_MISSING_EMAIL, "missing"),
    ],
)
def test_users_as_placeholders(code: FindingCode, problem: str) -> None:
    choices = resolved(code, Resolution.PLACEHOLDER)
    given_: dict[str, Any] = {
        "username": "ada", "display_name": "Ada", "email": "a", "account_id": "5", "active": True, "extra": "{}",
        "people": "{}",
    }  # fmt: skip
    row = one(USER, choices, email_problem=problem, **given_)
    assert (row["display_name"], row["active"], row["username"]) == (FORMER_USER, False, "ada")
    assert [row[name] for name in ("email", "account_id", "extra", "people")] == [None] * 4
    other = one(USER, choices, email_problem=None, **given_)
    assert other == one(USER, Choices(), email_problem=problem, **given_)
    assert choices.makes_former(problem)
    assert not choices.makes_former(None)
    assert not resolved(code, Resolution.KEEP).makes_former(problem)


def test_groups_get_other_names_wherever_they_are_named() -> None:
    choices = Choices(group_names={"staff": "staff (restored)", "same": "same"})
    assert one(GROUP, choices, name="staff")["name"] == "staff (restored)"
    assert one(GROUP, choices, name="Staff")["name"] == "Staff"
    assert one(MEMBERSHIP, choices, group_name="staff", member_name="staff")["member_name"] == "staff"
    assert one(MEMBERSHIP, choices, group_name="staff")["group_name"] == "staff (restored)"
    assert one(type_of("confluence.space_permission"), choices, group_name="staff")["group_name"] == "staff (restored)"
    assert one(COMMENT, choices, visible_to_group="staff")["visible_to_group"] == "staff (restored)"
    assert one(COMMENT, choices)["visible_to_group"] is None


def test_groups_are_left_out_with_their_memberships() -> None:
    choices = Choices(group_names={"staff": None}, groups_left_out=frozenset({"g1"}))
    groups = archived(GROUP, {"key": "g1", "name": "staff"}, {"key": "g2", "name": "other"}, {"key": "g3"})
    assert apply(GROUP, groups, choices).batch.column("key").to_pylist() == ["g2", "g3"]
    memberships = archived(
        MEMBERSHIP,
        {"key": "1", "group_key": "g1", "member_key": "u1", "member_kind": "user"},
        {"key": "2", "group_key": "g2", "member_key": "g1", "member_kind": "group"},
        {"key": "3", "group_name": "staff", "member_name": "ada", "member_kind": "user"},
        {"key": "4", "group_name": "other", "member_name": "staff", "member_kind": "group"},
        {"key": "5", "group_name": "other", "member_name": "staff", "member_kind": "user"},
        {"key": "6", "group_key": "g2", "member_key": "g1", "member_kind": "user"},
        {"key": "7"},
    )
    applied = apply(MEMBERSHIP, memberships, choices)
    assert (applied.batch.column("key").to_pylist(), applied.left_out) == (["5", "6", "7"], 4)


NAMES = st.sampled_from(["ada", "ben", "[~ada]", '<ri:user ri:userkey="x"/>', "staff", "", None])
STATUS = st.sampled_from([None, *(one.value for one in Reference)])
PAGES = st.lists(
    st.fixed_dictionaries(
        {
            "personal": st.booleans(),
            "repeated": st.booleans(),
            "parent": NAMES,
            "ref_parent": STATUS,
            "creator": NAMES,
            "title": NAMES,
            "extra": NAMES,
            "people": NAMES,
        }
    ),
    max_size=12,
)
CHOICES = st.builds(
    Choices,
    without=st.frozensets(st.sampled_from(Part)),
    resolutions=st.fixed_dictionaries({code: st.sampled_from(choices) for code, choices in RESOLUTIONS.items()}),
)


@given(pages=PAGES, choices=CHOICES)
def test_applying_keeps_order_keys_and_count(pages: list[dict[str, Any]], choices: Choices) -> None:
    """Rows are kept or left out, never moved, merged or renamed; what is not about the choices stays as it is."""
    batch = archived(PAGE, *({"key": f"{number:02}", **page} for number, page in enumerate(pages)))
    applied = apply(PAGE, batch, choices)
    keys, before = applied.batch.column("key").to_pylist(), batch.column("key").to_pylist()
    assert keys == [key for key in before if key in set(keys)]
    assert len(keys) + applied.left_out == len(before)
    assert all(count > 0 for count in applied.changed.values())
    titles = dict(zip(before, batch.column("title").to_pylist(), strict=True))
    assert applied.batch.column("title").to_pylist() == [titles[key] for key in keys]


@given(pages=PAGES, choices=CHOICES)
def test_applying_twice_is_applying_once(pages: list[dict[str, Any]], choices: Choices) -> None:
    """With what it has left, and the same review columns, it finds nothing more to do."""
    rows = [{"key": f"{number:02}", **page} for number, page in enumerate(pages)]
    first = apply(PAGE, archived(PAGE, *rows), choices)
    by_key = {row["key"]: row for row in rows}
    review = [name for name in PAGE.archive_schema.names if name not in PAGE.schema.names]
    again = [
        {**row, **{name: by_key[row["key"]][name] for name in review if name in by_key[row["key"]]}}
        for row in first.batch.to_pylist()
    ]
    second = apply(PAGE, archived(PAGE, *again), choices)
    assert second.left_out == 0
    assert second.batch.equals(first.batch)


@given(pages=PAGES, choices=CHOICES, size=st.integers(1, 5))
def test_how_rows_are_batched_does_not_matter(pages: list[dict[str, Any]], choices: Choices, size: int) -> None:
    rows = [{"key": f"{number:02}", **page} for number, page in enumerate(pages)]
    whole = apply(PAGE, archived(PAGE, *rows), choices)
    pieces = [apply(PAGE, archived(PAGE, *rows[at : at + size]), choices) for at in range(0, len(rows), size)]
    assert sum(piece.left_out for piece in pieces) == whole.left_out
    joined = pa.Table.from_batches([piece.batch for piece in pieces], schema=PAGE.schema)
    assert joined.to_pylist() == whole.batch.to_pylist()
    for code in FindingCode:
        assert sum(piece.changed.get(code, 0) for piece in pieces) == whole.changed.get(code, 0)
