"""What nobody should send: forged, old, unknown, tampered with. Each is answered as Slack wants, with a clear message,
never a stack trace, and changes nothing."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import anyio
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.http import PATH, web_app
from bot.metadata import VERSION, Metadata
from bot.restore.ids import Action, Callback
from bot.workspace import Kind
from bot.workspace.payloads import Payload
from core.cli.demo_organization import TRACKER, WIKI
from core.restore.draft_state import DraftStep
from tests.bot.flows.office import ADA, BORIS, GENERAL, IN_BOTH_MODES, OPS, SECRET, Office, Someone, signed
from tests.bot.flows.walking import restores, to_backups, to_destinations, to_review, with_empty_app

Change = Callable[[dict[str, Any]], object]


def pressed(office: Office, person: Someone, action: Action, *, change: Change = lambda _body: None) -> Payload:
    view = office.workspace.state.views.stack(person.user)[-1]
    acted = {"type": "button", "action_id": action.value, "block_id": "steps", "value": "", "action_ts": "1.0"}
    made = office.workspace.payloads.view_action(view=view, action=acted)
    body = json.loads(json.dumps(made.body))
    change(body)
    return replace(made, body=body)


@pytest.mark.parametrize("case", ["forged", "old", "from the future", "unsigned", "another body"])
def test_a_request_that_is_not_slacks_is_refused_and_does_nothing(office: Office, case: str) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    payload = ada.submission()
    request = signed(payload)
    if case == "forged":
        request = signed(payload, secret=f"not {SECRET}")
    elif case == "old":
        request = signed(payload, at=time.time() - 301)
    elif case == "from the future":
        request = signed(payload, at=time.time() + 301)
    elif case == "unsigned":
        request.headers.pop("x-slack-signature")
    else:
        request.raw_body = request.raw_body.replace("acknowledged", "acknowledgex")
    calls = len(office.workspace.state.feed.wire())
    assert office.app.dispatch(request).status == 401
    office.settle()
    assert len(office.workspace.state.feed.wire()) == calls
    assert office.restores == []
    assert ada.step == "Review"


@pytest.mark.parametrize("is_signed", [True, False])
@pytest.mark.parametrize("body", ["", "payload=", "payload=%7B", "payload=null", "payload=%5B%5D", "{", "[1]", "\x00"])
def test_a_body_that_is_none_of_slacks_is_answered(office: Office, body: str, is_signed: bool) -> None:
    """Bolt reads the body before the signature: nobody may fill the log with traces by it."""
    timestamp = str(int(time.time()))
    signature = SignatureVerifier(SECRET if is_signed else "another").generate_signature(timestamp=timestamp, body=body)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature or "",
    }
    status = anyio.run(posted, web_app(office.app), body.encode(), headers)
    assert status in ({200, 400, 404} if is_signed else {400, 401})
    office.settle()


async def posted(app: Any, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; what the app raises is raised."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)
    return int(sent[0]["status"])


@pytest.mark.parametrize("case", ["action", "callback", "resolution", "choice"])
def test_what_is_unknown_is_told_in_the_window(office: Office, case: str) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.presses(Action.BACK)

    def change(body: dict[str, Any]) -> None:
        if case == "action":
            body["actions"][0]["action_id"] = "restore.of-tomorrow"
        elif case == "resolution":
            body["actions"][0]["action_id"] = "restore.resolve:of.tomorrow"
        else:
            body["actions"][0] |= {
                "action_id": "restore.resolve:user.duplicate-email",
                "selected_option": {"value": "of-tomorrow"},
            }

    if case == "callback":

        def rename(body: dict[str, Any]) -> None:
            body["view"]["callback_id"] = "restore.of-tomorrow"

        payload = ada.submission(rename)
    else:
        payload = pressed(office, ada, Action.BACK, change=change)
    assert office.workspace.delivery.send(payload).status == 200
    office.settle()
    told = " ".join([*(ada.stack and [ada.reads]), *ada.whispers(), *(one.text for one in office.direct_messages())])
    assert "another version of Restorebot" in told
    assert "Nothing was changed" in told
    assert office.restores == []


_TAMPERED: dict[str, str] = {
    "not json": "{{{",
    "empty": "",
    "a list": "[]",
    "before an upgrade": json.dumps({"v": VERSION - 1, "draft": "dft-1", "step": "review"}),
    "after a downgrade": json.dumps({"v": VERSION + 1, "draft": "dft-1", "step": "review"}),
    "a field too many": json.dumps({"v": VERSION, "draft": "dft-1", "step": "review", "more": 1}),
    "wrong types": json.dumps({"v": VERSION, "draft": ["dft-1"], "step": "review"}),
    "no such step": json.dumps({"v": VERSION, "draft": "dft-1", "version": 1, "step": "of-tomorrow"}),
}


@pytest.mark.parametrize("case", _TAMPERED)
def test_metadata_that_was_tampered_with_is_told_in_the_window(office: Office, case: str) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")

    def change(body: dict[str, Any]) -> None:
        body["view"]["private_metadata"] = _TAMPERED[case]

    answer = ada.sends(ada.submission(change))
    assert answer.status == 200
    assert "another version of Restorebot" in str(answer.body)
    assert answer.body["response_action"] == "update"
    answer = office.workspace.delivery.send(pressed(office, ada, Action.BACK, change=change))
    assert answer.status == 200
    office.settle()
    if case != "no such step":  # a button does not ask which step it stands in
        assert "another version of Restorebot" in ada.reads
    assert office.restores == []


def test_a_search_with_metadata_of_another_version_is_told_in_the_window(office: Office) -> None:
    ada = office.person()
    ada.types()
    view = office.workspace.state.views.stack(ADA)[-1]
    made = office.workspace.payloads.suggestion(
        person=ADA, source=view, block_id=str(view.blocks[-2]["block_id"]), action_id=Action.APP, query=""
    )
    body = json.loads(json.dumps(made.body))
    body["view"]["private_metadata"] = _TAMPERED["before an upgrade"]
    assert office.workspace.delivery.send(replace(made, body=body)).status == 200
    office.settle()
    assert "another version of Restorebot" in ada.reads


def test_another_persons_draft_is_nobody_elses(office: Office) -> None:
    from tests.bot.flows.test_at_once import admin

    ada, boris = office.person(), admin(office)
    to_backups(ada)
    to_backups(boris, TRACKER)
    hers = json.loads(ada.view["private_metadata"])

    def change(body: dict[str, Any]) -> None:
        body["view"]["private_metadata"] = Metadata(
            draft=hers["draft"], version=hers["version"], step=DraftStep.BACKUP
        ).pack()

    boris.chooses(Action.BACKUP)
    boris.sends(boris.submission(change))
    office.settle()
    assert "not yours" in boris.reads
    assert WIKI not in boris.reads
    ada.chooses(Action.BACKUP)
    ada.submits()
    assert ada.step == "What to include"


def test_a_draft_that_is_gone_says_so(office: Office) -> None:
    ada = office.person()
    to_backups(ada)

    def change(body: dict[str, Any]) -> None:
        body["view"]["private_metadata"] = Metadata(draft="dft-gone", version=1, step=DraftStep.BACKUP).pack()

    ada.chooses(Action.BACKUP)
    ada.sends(ada.submission(change))
    office.settle()
    assert "not there any more" in ada.reads
    assert "Nothing was started" in ada.reads


@pytest.mark.parametrize("what", ["app", "backup"])
def test_something_that_does_not_exist_is_named(office: Office, what: str) -> None:
    ada = office.person()
    to_backups(ada)

    def change(body: dict[str, Any]) -> None:
        values = body["view"]["state"]["values"]
        for elements in values.values():
            for element in elements.values():
                element["selected_option"] = {
                    "value": f"{what[:3]}-nowhere",
                    "text": {"type": "plain_text", "text": "x"},
                }

    ada.sends(ada.submission(change))
    office.settle()
    assert "nowhere" in ada.reads
    ada.types()
    assert ada.offers(Action.CONTINUE)


def test_an_unknown_word_after_the_command_says_what_there_is(office: Office) -> None:
    ada = office.person()
    ada.types("/restore everything <!channel> now")
    (told,) = ada.whispers()
    assert "/restore help" in told
    assert "<!channel>" not in told
    assert "Nothing was changed" in told


@pytest.mark.parametrize("change", [{"is_archived": True}, {"kind": Kind.PRIVATE, "members": frozenset({ADA})}])
def test_where_the_bot_may_not_speak_the_person_is_told_directly(office: Office, change: dict[str, Any]) -> None:
    office.expects_refusals = {"is_archived", "channel_not_found", "not_in_channel"}
    office.workspace.state.change_channel(GENERAL, **change)
    office.person().types("/restore everything")
    (told,) = office.direct_messages()
    assert "Nothing was changed" in told.text
    assert office.workspace.state.messages.in_channel(GENERAL) == []


@IN_BOTH_MODES
def test_an_error_nobody_foresaw_has_a_reference_and_no_trace(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office.expects_errors = True

    def broken(*_args: object) -> None:
        raise RuntimeError("SELECT secret FROM somewhere")

    monkeypatch.setattr("bot.restore.wizard.Wizard.begin", broken)
    ada = office.person()
    ada.types()
    assert "reference" in ada.reads
    assert "secret" not in ada.reads
    assert "RuntimeError" not in ada.reads
    reference = ada.reads.split("reference ")[1].split(",")[0]
    assert any(reference in one.getMessage() for one in caplog.records)


def test_slack_down_while_the_wizard_is_open_loses_no_choice(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_destinations(ada)
    ada.chooses(Action.DESTINATION)
    office.expects_refusals = {"internal_error"}
    office.workspace.state.faults.add(method="views.update", answer="internal_error", times=30)
    ada.submits()  # the answer may hold the next step; what is drawn by calls stays away
    office.workspace.state.faults.clear()
    ada.closes()
    ada.types()
    ada.presses(Action.CONTINUE)
    assert ada.step == "Checks"
    ada.submits()
    restores(ada)
    assert len(office.restores) == 1


def test_nothing_of_the_wizard_is_said_in_a_channel(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    restores(ada)
    office.person(BORIS).types()
    for channel in (GENERAL, OPS):
        assert office.workspace.state.messages.in_channel(channel) == []
    assert Callback.STARTED in str(ada.view["callback_id"])
