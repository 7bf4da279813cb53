"""Every payload against the shape that Slack publishes; on Enterprise Grid, too."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt import BoltContext

from tests.bot.workspace.published import PUBLISHED, differences
from tests.bot.workspace.slack import CONFIG, Slack, actions, button, modal, plain, running, text_input

GRID = replace(CONFIG, enterprise_id="E0ACME", enterprise_name="Acme Group")
SEARCH = {"type": "external_select", "action_id": "backup", "min_query_length": 0}


def open_modal(slack: Slack) -> str:
    search = {"type": "input", "block_id": "backup", "label": plain("Backup"), "element": SEARCH, "optional": True}
    view = modal(text_input(initial_value="x"), search, actions(button()), notify_on_close=True)
    found: str = slack.client.views_open(trigger_id=slack.trigger(), view=view)["view"]["id"]
    return found


def press_in_message(slack: Slack) -> None:
    ts = slack.client.chat_postMessage(channel="C0OPS", text="Hello", blocks=[actions(button())])["ts"]
    press(slack, ts)


def press_in_ephemeral(slack: Slack) -> None:
    posted = slack.client.chat_postEphemeral(channel="C0OPS", user="U0ANN", text="x", blocks=[actions(button())])
    press(slack, posted["message_ts"])


def press(slack: Slack, ts: str) -> None:
    slack.workspace.acting.action_in_message(
        person="U0ANN", channel="C0OPS", ts=ts, block_id="buttons", action_id="press", value=None, entered={}
    )


def press_in_view(slack: Slack) -> None:
    slack.workspace.acting.action_in_view(
        person="U0ANN", view_id=open_modal(slack), block_id="buttons", action_id="press", value=None, entered={}
    )


def search(slack: Slack) -> None:
    acting = slack.workspace.acting
    source = acting.source("U0ANN", {"type": "view", "view_id": open_modal(slack)})
    acting.options(person="U0ANN", source=source, block_id="backup", action_id="backup", query="jira")


DOING: dict[str, Callable[[Slack], Any]] = {
    "slash_command": lambda slack: slack.workspace.acting.command(person="U0ANN", channel="C0OPS", text="/restore"),
    "shortcut": lambda slack: slack.workspace.acting.shortcut(person="U0ANN", callback_id="restore"),
    "block_actions in a message": press_in_message,
    "block_actions in an ephemeral message": press_in_ephemeral,
    "block_actions in a view": press_in_view,
    "view_submission": lambda slack: slack.workspace.acting.submit(
        person="U0ANN", view_id=open_modal(slack), entered={}
    ),
    "view_closed": lambda slack: slack.workspace.acting.close(person="U0ANN", view_id=open_modal(slack)),
    "block_suggestion": search,
    "app_home_opened": lambda slack: slack.workspace.acting.home(person="U0ANN"),
    "message": lambda slack: slack.workspace.acting.message(
        person="U0ANN", channel=slack.workspace.state.dm("U0ANN").id, text="help"
    ),
}


@pytest.fixture(scope="module")
def plain_slack() -> Iterator[Slack]:
    with running(replace(CONFIG, event_retry_seconds=())) as slack:
        yield slack


@pytest.fixture(scope="module")
def grid() -> Iterator[Slack]:
    with running(replace(GRID, event_retry_seconds=())) as slack:
        yield slack


def sent(slack: Slack, name: str) -> dict[str, Any]:
    slack.bodies.clear()
    DOING[name](slack)
    slack.until(lambda: slack.bodies)
    return slack.bodies[-1]


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_payload_has_the_shape_that_slack_publishes(plain_slack: Slack, name: str) -> None:
    assert differences(PUBLISHED[name], sent(plain_slack, name)) == []


@pytest.mark.parametrize("name", PUBLISHED)
def test_on_grid_bolt_knows_organization_and_person(grid: Slack, name: str) -> None:
    contexts: list[BoltContext] = []

    @grid.app.middleware
    def remember(context: BoltContext, next_: Callable[[], Any]) -> Any:
        contexts.append(context)
        return next_()

    body = sent(grid, name)
    context = grid.until(lambda: contexts)[-1]
    assert (context.enterprise_id, context.is_enterprise_install) == ("E0ACME", True)
    assert context.user_id == "U0ANN"
    if "user" in body:
        assert body["user"]["team_id"] == "T0ACME"
    if name in ("shortcut", "view_submission", "view_closed"):
        assert body["team"] is None
        assert body["enterprise"] == {"id": "E0ACME", "name": "Acme Group"}


def test_who_the_app_is_on_grid(grid: Slack) -> None:
    who = grid.client.auth_test()
    assert (who["enterprise_id"], who["is_enterprise_install"], who["user_id"]) == ("E0ACME", True, "U0BOT")


def test_a_person_of_another_team_says_so(plain_slack: Slack) -> None:
    view = plain_slack.client.views_open(trigger_id=plain_slack.trigger("U0GUEST"), view=modal())["view"]
    plain_slack.bodies.clear()
    entered = {"name": {"name": {"type": "plain_text_input", "value": "x"}}}
    plain_slack.workspace.acting.submit(person="U0GUEST", view_id=view["id"], entered=entered)
    assert plain_slack.last("view_submission")["user"] == {
        "id": "U0GUEST",
        "username": "guest",
        "name": "guest",
        "team_id": "T0OTHER",
    }


CHOICES: dict[str, tuple[dict[str, Any], Any, str, Any]] = {
    "static_select": (
        {"type": "static_select", "options": [{"text": plain("One"), "value": "1"}]},
        "1",
        "selected_option",
        {"text": {"type": "plain_text", "text": "One", "emoji": True}, "value": "1"},
    ),
    "overflow": (
        {"type": "overflow", "options": [{"text": plain("One"), "value": "1"}]},
        {"text": plain("One"), "value": "1"},
        "selected_option",
        {"text": {"type": "plain_text", "text": "One", "emoji": True}, "value": "1"},
    ),
    "checkboxes": (
        {"type": "checkboxes", "options": [{"text": plain("One"), "value": "1"}]},
        ["1"],
        "selected_options",
        [{"text": {"type": "plain_text", "text": "One", "emoji": True}, "value": "1"}],
    ),
    "radio_buttons": (
        {"type": "radio_buttons", "options": [{"text": plain("One"), "value": "1"}]},
        "1",
        "selected_option",
        {"text": {"type": "plain_text", "text": "One", "emoji": True}, "value": "1"},
    ),
    "datepicker": ({"type": "datepicker"}, "2026-01-31", "selected_date", "2026-01-31"),
    "timepicker": ({"type": "timepicker"}, "23:59", "selected_time", "23:59"),
    "datetimepicker": ({"type": "datetimepicker"}, 1_800_000_000, "selected_date_time", 1_800_000_000),
    "users_select": ({"type": "users_select"}, "U0BOB", "selected_user", "U0BOB"),
    "conversations_select": ({"type": "conversations_select"}, "C0OPS", "selected_conversation", "C0OPS"),
    "channels_select": ({"type": "channels_select"}, "C0OPS", "selected_channel", "C0OPS"),
}


@pytest.mark.parametrize("kind", CHOICES)
def test_what_is_chosen_stands_where_slack_puts_it(plain_slack: Slack, kind: str) -> None:
    element, value, name, expected = CHOICES[kind]
    blocks = [actions(element | {"action_id": "choice"})]
    ts = plain_slack.client.chat_postMessage(channel="C0OPS", text="Choose", blocks=blocks)["ts"]
    plain_slack.workspace.acting.action_in_message(
        person="U0ANN", channel="C0OPS", ts=ts, block_id="buttons", action_id="choice", value=value, entered={}
    )
    body = plain_slack.last("block_actions")
    assert body["actions"][0][name] == expected
    assert body["actions"][0]["type"] == kind
    if kind != "overflow":
        assert body["state"]["values"] == {"buttons": {"choice": {"type": kind, name: expected}}}


@pytest.mark.parametrize(
    ("kind", "value"),
    [("static_select", "2"), ("checkboxes", ["2"]), ("checkboxes", "1"), ("users_select", 7), ("datepicker", {})],
)
def test_a_value_that_the_element_does_not_take_is_refused(plain_slack: Slack, kind: str, value: Any) -> None:
    blocks = [actions(CHOICES[kind][0] | {"action_id": "choice"})]
    ts = plain_slack.client.chat_postMessage(channel="C0OPS", text="Choose", blocks=blocks)["ts"]
    with pytest.raises(Exception, match="invalid_value"):
        plain_slack.workspace.acting.action_in_message(
            person="U0ANN", channel="C0OPS", ts=ts, block_id="buttons", action_id="choice", value=value, entered={}
        )
