"""What a person asked for, read from words and kept as JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.findings import FindingCode
from core.restore.request import (
    RESOLUTIONS,
    Part,
    Resolution,
    RestoreRequest,
    parse_resolution,
    parse_without,
)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("", set()),
        (" , ", set()),
        ("attachments", {Part.ATTACHMENTS}),
        (" personal-spaces , attachments,attachments", {Part.ATTACHMENTS, Part.PERSONAL_SPACES}),
        ("users-and-groups,personal-spaces,attachments", set(Part)),
    ],
)
def test_parts_to_leave_out(words: str, parts: set[Part]) -> None:
    assert parse_without(words) == parts


@pytest.mark.parametrize("words", ["pages", "attachments,users", "Attachments"])
def test_an_unknown_part_is_refused_with_the_known_ones(words: str) -> None:
    with pytest.raises(UsageError, match="nothing was started") as refused:
        parse_without(words)
    assert all(part.value in refused.value.hint for part in Part)


def test_resolutions() -> None:
    for code, choices in RESOLUTIONS.items():
        for choice in choices:
            assert parse_resolution(f"{code.value}={choice.value}") == (code, choice)


@pytest.mark.parametrize("word", ["", "x", "x=keep", "destination.has-data=keep", "=", "=keep"])
def test_what_cannot_be_resolved_is_refused_with_what_can(word: str) -> None:
    with pytest.raises(UsageError, match="nothing was started") as refused:
        parse_resolution(word)
    assert all(code.value in refused.value.hint for code in RESOLUTIONS)


@pytest.mark.parametrize("word", ["group.name-exists", "group.name-exists=", "group.name-exists=keep"])
def test_an_unknown_choice_is_refused_with_the_known_ones(word: str) -> None:
    with pytest.raises(UsageError, match="nothing was started") as refused:
        parse_resolution(word)
    assert refused.value.hint == "Choose one of: merge, new-name, leave-out."


@given(
    without=st.frozensets(st.sampled_from(Part)),
    resolutions=st.dictionaries(st.sampled_from(list(RESOLUTIONS)), st.sampled_from(Resolution)),
)
def test_a_request_survives_json(without: frozenset[Part], resolutions: dict[FindingCode, Resolution]) -> None:
    request = RestoreRequest(
        backup_id="b", destination_id="a", without=without, resolutions=resolutions, requester="per-1"
    )
    assert RestoreRequest.from_json(json.loads(json.dumps(request.to_json()))) == request
    assert request.effective.keys() == RESOLUTIONS.keys()
    assert request.effective == {code: resolutions.get(code, choices[0]) for code, choices in RESOLUTIONS.items()}
