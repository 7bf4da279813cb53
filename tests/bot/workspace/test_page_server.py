"""What the page asks the server, over HTTP as a browser does it; and who else may not."""

import json
import threading
from email.message import Message
from http.client import HTTPConnection
from typing import Any

import pytest

from bot.workspace import Fault
from tests.bot.workspace.slack import SECONDS, Slack, actions, button, modal, option, plain


class Page:
    """A browser's requests, with the cookie that the page gave it."""

    def __init__(self, slack: Slack) -> None:
        self.host = slack.workspace.url.removeprefix("http://")
        self.url = slack.workspace.url
        _, self.headers, _ = self.send("/")
        self.cookie = self.headers["Set-Cookie"]

    def send(self, path: str, body: Any = None, **headers: str) -> tuple[int, Message, bytes]:
        connection = HTTPConnection(self.host, timeout=SECONDS)
        content = None if body is None else json.dumps(body)
        try:
            connection.request("GET" if body is None else "POST", path, content, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def ask(self, path: str, body: Any = None, **headers: str) -> Any:
        status, _, content = self.send(path, body, **{"Cookie": self.cookie.split(";")[0]} | headers)
        assert status == 200
        return json.loads(content)

    def refused(self, path: str, body: Any = None, **headers: str) -> int:
        return self.send(path, body, **{"Cookie": self.cookie.split(";")[0]} | headers)[0]


@pytest.fixture
def page(http: Slack) -> Page:
    return Page(http)


def test_the_page_sees_what_its_person_sees(http: Slack, page: Page) -> None:
    http.client.chat_postMessage(channel="C0OPS", text="Hello")
    http.client.chat_postEphemeral(channel="C0OPS", user="U0BOB", text="Psst")
    state = page.ask("/page/state?person=U0BOB")
    assert state["me"]["real_name"] == "Bob Approver"
    assert (state["people"][0]["id"], state["people"][0]["role_label"]) == ("U0ANN", "admin")
    assert [(each["name"], each["kind"], each["unread"]) for each in state["channels"]] == [
        ("ops", "channel", 1),
        ("Restorebot", "dm", 0),
    ]
    assert state["commands"] == [{"command": "/restore", "description": "Restore a backup", "usage_hint": "[list]"}]
    assert state["shortcuts"] == [{"callback_id": "restore", "name": "Restore", "description": "Restore it"}]
    assert (state["modals"], state["home"]) == ([], None)
    seen = page.ask("/page/messages?person=U0BOB&channel=C0OPS")["messages"]
    assert [(each["text"], each["ephemeral"]) for each in seen] == [("Hello", False), ("Psst", True)]
    seen = page.ask("/page/messages?person=U0ANN&channel=C0OPS")["messages"]
    assert [each["text"] for each in seen] == ["Hello"]
    assert page.ask("/page/state?person=U0BOB")["channels"][0]["unread"] == 0
    assert page.refused("/page/messages?person=U0BOB&channel=C0OPEN") == 404


def test_a_person_is_in_the_time_zone_of_their_browser(http: Slack, page: Page) -> None:
    for zone, expected in (("Asia/Kolkata", ("Asia/Kolkata", 19_800)), ("Nowhere/Land", ("Asia/Kolkata", 19_800))):
        page.ask(f"/page/state?person=U0BOB&zone={zone}")
        user = http.app.client.users_info(user="U0BOB")["user"]
        assert (user["tz"], user["tz_offset"]) == expected
    assert http.app.client.users_info(user="U0ANN")["user"]["tz"] != "Asia/Kolkata"


def test_a_modal_is_filled_in_on_the_page(http: Slack, page: Page) -> None:
    @http.app.command("/restore")
    def command(ack: Any, body: Any, client: Any) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal())
        ack()

    @http.app.view("form")
    def form(ack: Any, view: Any) -> None:
        ack(response_action="errors", errors={"name": "Taken."})

    assert page.ask("/page/command", {"person": "U0ANN", "channel": "C0OPS", "text": "/restore"}) == {"ok": True}
    view = page.ask("/page/state?person=U0ANN")["modals"][0]
    values = {"name": {"name": {"type": "plain_text_input", "value": "Jira"}}}
    answer = page.ask("/page/submit", {"person": "U0ANN", "view_id": view["id"], "state_values": values})
    assert answer == {"ok": False, "error": "errors", "errors": {"name": "Taken."}}
    assert page.ask("/page/close", {"person": "U0ANN", "view_id": view["id"]}) == {"ok": True}
    assert page.ask("/page/state?person=U0ANN")["modals"] == []
    answer = page.ask("/page/close", {"person": "U0ANN", "view_id": view["id"]})
    assert (answer["ok"], answer["error"]) == (False, "not_found")


def test_buttons_searches_homes_and_messages_go_through_the_page(http: Slack, page: Page) -> None:
    pressed: list[Any] = []

    @http.app.action("press")
    def press(ack: Any, body: Any) -> None:
        ack()
        pressed.append(body["container"]["type"])

    @http.app.options("search")
    def search(ack: Any, payload: Any) -> None:
        ack(options=[option(payload["value"])])

    lookup = {"type": "external_select", "action_id": "search", "min_query_length": 0}
    blocks = [actions(button(), lookup)]
    ts = http.client.chat_postMessage(channel="C0OPS", text="x", blocks=blocks)["ts"]
    view_id = http.client.views_publish(user_id="U0ANN", view={"type": "home", "blocks": blocks})["view"]["id"]
    for container in ({"type": "message", "channel": "C0OPS", "ts": ts}, {"type": "view", "view_id": view_id}):
        where = {"person": "U0ANN", "container": container, "block_id": "buttons"}
        assert page.ask("/page/action", {**where, "action_id": "press", "value": "pressed"}) == {"ok": True}
        found = page.ask("/page/options", {**where, "action_id": "search", "query": "jira"})
        assert found == {"ok": True, "options": [option("jira")]}
    assert pressed == ["message", "view"]
    assert page.ask("/page/home", {"person": "U0ANN"}) == {"ok": True}
    written = page.ask("/page/message", {"person": "U0ANN", "channel": "C0OPS", "text": "Hi", "thread_ts": ts})
    thread = page.ask(f"/page/messages?person=U0ANN&channel=C0OPS&thread_ts={ts}")["messages"]
    assert [each["ts"] for each in thread] == [ts, written["ts"]]


def test_a_long_poll_ends_with_the_first_change_for_this_person(http: Slack, page: Page) -> None:
    sequence = page.ask("/page/state?person=U0BOB")["sequence"]
    found: list[Any] = []
    asking = threading.Thread(target=lambda: found.append(page.ask(f"/page/changes?person=U0BOB&after={sequence}")))
    asking.start()
    http.workspace.state.views.open("U0ANN", modal())
    http.workspace.acting.message(person="U0BOB", channel="C0OPS", text="Hi")
    asking.join(SECONDS)
    assert found[0]["changes"] == [{"kind": "message", "channel": "C0OPS"}]
    later = page.ask(f"/page/changes?person=U0ANN&after={sequence}")
    assert [each["kind"] for each in later["changes"]] == ["modal", "message"]
    after_restart = page.ask("/page/changes?person=U0ANN&after=1000000")
    assert {each["kind"] for each in after_restart["changes"]} == {"message", "modal", "home", "inspector"}


def test_the_inspector_shows_what_went_over_the_wire_without_tokens(http: Slack, page: Page) -> None:
    @http.app.command("/restore")
    def command(ack: Any) -> None:
        ack("Hello")

    page.ask("/page/command", {"person": "U0ANN", "channel": "C0OPS", "text": "/restore"})
    http.client.api_call("chat.postMessage", data={"token": http.client.token, "channel": "C0OPS", "text": "Hello"})
    http.workspace.state.faults.add(method="chat.postMessage", answer=Fault.INTERNAL_ERROR)
    http.client.api_call("team.info")
    entries = page.ask("/page/inspector")["entries"]
    seen = [(each["direction"], each["what"], each["status"]) for each in entries]
    assert ("to app", "slash_command", 200) in seen
    assert ("from app", "chat.postMessage", 200) in seen
    posted = next(each for each in entries if each["what"] == "chat.postMessage")
    assert posted["request"] == {"channel": "C0OPS", "text": "Hello"}
    assert posted["response"]["ok"] is True
    assert "xoxb-" not in json.dumps(entries)
    assert [each["number"] for each in page.ask(f"/page/inspector?after={posted['number']}")["entries"]] == list(
        range(posted["number"] + 1, len(entries) + 1)
    )


def test_a_file_is_downloaded_and_never_shown(http: Slack, page: Page) -> None:
    name = '"ev\r\nil.html'
    file = http.client.files_upload_v2(channel="C0OPS", content="<script>", filename=name)["file"]["id"]
    _, headers, content = page.send("/page/download", {"file": file}, Cookie=page.cookie.split(";")[0])
    assert content == b"<script>"
    assert headers["Content-Disposition"] == 'attachment; filename="evil.html"'
    assert headers["Content-Type"] == "application/octet-stream"
    assert page.refused("/page/download", {"file": "F0NONE"}) == 404


def test_another_page_cannot_drive_it(http: Slack, page: Page) -> None:
    body = {"person": "U0ANN", "channel": "C0OPS", "text": "Hi"}
    assert page.refused("/page/message", body, Cookie="") == 403
    assert page.refused("/page/message", body, Cookie="workspace_page=guessed") == 403
    assert page.refused("/page/message", body, Origin="http://127.0.0.1:1") == 403
    assert page.refused("/page/message", body, Origin="null") == 403
    assert page.refused("/page/message", body, **{"Sec-Fetch-Site": "same-site"}) == 403
    assert page.refused("/page/state", None, Cookie="") == 403
    assert page.refused("/page/state", None, Host="evil.example") == 400
    assert page.refused("/", None, Host="evil.example:80") == 400
    assert http.texts() == []
    assert page.ask("/page/message", body, Origin=page.url)["ok"]


def test_the_page_is_kept_out_of_frames_and_its_cookie_out_of_scripts(page: Page) -> None:
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(page.cookie.split("; "))
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/page/command", {"person": "U0NONE", "channel": "C0OPS", "text": "/restore"}, "user_not_found"),
        ("/page/command", {"person": "U0ANN", "channel": "C0NONE", "text": "/restore"}, "channel_not_found"),
        ("/page/command", {"person": "U0BOB", "channel": "C0OPEN", "text": "/restore"}, "not_in_channel"),
        ("/page/command", {"person": "U0ANN", "channel": "C0OPS", "text": "/other"}, "unknown_command"),
        ("/page/command", {"person": "U0ANN", "channel": "C0OPS"}, "invalid_arguments"),
        ("/page/command", {"person": ["U0ANN"], "channel": "C0OPS", "text": "/restore"}, "invalid_arguments"),
        ("/page/message", {"person": "U0ANN", "channel": "C0OLD", "text": "Hi"}, "is_archived"),
        ("/page/shortcut", {"person": "U0ANN", "callback_id": "other"}, "unknown_shortcut"),
        ("/page/shortcut", {"person": "U0GONE", "callback_id": "restore"}, "user_disabled"),
        ("/page/home", {"person": "U0GONE"}, "user_disabled"),
        ("/page/submit", {"person": "U0ANN", "view_id": "V0"}, "not_found"),
        (
            "/page/action",
            {"person": "U0ANN", "container": {"type": "view", "view_id": "V0"}, "block_id": "b", "action_id": "a"},
            "not_found",
        ),
        (
            "/page/action",
            {
                "person": "U0ANN",
                "container": {"type": "message", "channel": "C0OPS", "ts": "1.2"},
                "block_id": "b",
                "action_id": "a",
            },
            "message_not_found",
        ),
    ],
)
def test_what_cannot_be_done_is_an_answer(page: Page, path: str, body: Any, error: str) -> None:
    answer = page.ask(path, body)
    assert (answer["ok"], answer["error"]) == (False, error)
    assert answer["shown"]


def test_what_is_no_request_of_the_page_is_refused(page: Page) -> None:
    assert page.refused("/page/nothing", {}) == 404
    assert page.refused("/page/nothing") == 404
    assert page.refused("/page/command", [1, 2]) == 404


def test_a_permalink_opens_the_page_at_the_message(http: Slack, page: Page) -> None:
    ts = http.client.chat_postMessage(channel="C0OPS", text="Hello")["ts"]
    link = http.client.chat_getPermalink(channel="C0OPS", message_ts=ts)["permalink"]
    status, headers, _ = page.send(link.removeprefix(page.url))
    assert (status, headers["Location"]) == (307, f"/#channel=C0OPS&thread={ts}")


def test_plain_text_stays_plain(page: Page, http: Slack) -> None:
    http.client.chat_postMessage(
        channel="C0OPS", text="<script>alert(1)</script>", blocks=[{"type": "header", "text": plain("<b>")}]
    )
    (message,) = page.ask("/page/messages?person=U0ANN&channel=C0OPS")["messages"]
    assert message["blocks"][0]["text"] == {"type": "plain_text", "text": "<b>", "emoji": True}
