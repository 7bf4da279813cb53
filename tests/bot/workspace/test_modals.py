"""Modals as a Bolt app meets them, by signed HTTP and by Socket Mode."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.bot.workspace.slack import Slack, actions, button, modal, option, plain, text_input


def opened(slack: Slack, view: dict[str, Any], person: str = "U0ANN") -> dict[str, Any]:
    found: dict[str, Any] = slack.client.views_open(trigger_id=slack.trigger(person), view=view)["view"]
    return found


def submit(slack: Slack, view: dict[str, Any], **entered: str) -> Any:
    values = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in entered.items()}
    return slack.workspace.acting.submit(person="U0ANN", view_id=view["id"], entered=values)


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as error:
        call(**arguments)
    return str(error.value.response["error"])


def test_a_command_opens_a_modal_whose_submission_brings_what_was_entered(slack: Slack) -> None:
    said: list[Any] = []

    @slack.app.command("/restore")
    def command(ack: Any, body: Any, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(private_metadata='{"draft": 7}'))

    @slack.app.view("form")
    def form(ack: Any, view: Any, body: Any) -> None:
        ack()
        said.append((body["user"]["id"], view["private_metadata"], view["state"]["values"]))

    outcome = slack.workspace.acting.command(person="U0ANN", channel="C0OPS", text="/restore  list all ")
    assert outcome.ok
    assert slack.last("slash_command")["text"] == "list all"
    slack.until(slack.stack)
    assert submit(slack, slack.stack()[0], name="Jira").ok
    entered = {"name": {"name": {"type": "plain_text_input", "value": "Jira"}}}
    assert said == [("U0ANN", '{"draft": 7}', entered)]
    assert slack.stack() == []


def test_errors_stand_beside_the_field_and_the_modal_stays(slack: Slack) -> None:
    @slack.app.view("form")
    def form(ack: Any) -> None:
        ack(response_action="errors", errors={"name": "That one is taken."})

    view = opened(slack, modal())
    outcome = submit(slack, view, name="Jira")
    assert (outcome.ok, dict(outcome.errors)) == (False, {"name": "That one is taken."})
    assert [each["id"] for each in slack.stack()] == [view["id"]]


def test_errors_for_a_block_that_is_no_input_are_refused(slack: Slack) -> None:
    @slack.app.view("form")
    def form(ack: Any) -> None:
        ack(response_action="errors", errors={"elsewhere": "Wrong."})

    outcome = submit(slack, opened(slack, modal()), name="Jira")
    assert (outcome.ok, outcome.error, dict(outcome.errors)) == (False, "invalid_errors", {})
    assert outcome.shown == "We had some trouble connecting. Try again?"


def test_update_push_and_clear_answer_a_submission(slack: Slack) -> None:
    @slack.app.view("form")
    def form(ack: Any, view: Any) -> None:
        match view["state"]["values"]["name"]["name"]["value"]:
            case "update":
                ack(response_action="update", view=modal(title=plain("Changed")))
            case "push":
                ack(response_action="push", view=modal(title=plain("Above")))
            case "clear":
                ack(response_action="clear")

    first = opened(slack, modal())
    assert submit(slack, first, name="update").ok
    changed = slack.stack()[0]
    assert (changed["id"], changed["title"]["text"]) == (first["id"], "Changed")
    assert changed["hash"] != first["hash"]
    assert submit(slack, first, name="push").ok
    above = slack.stack()[1]
    assert (above["root_view_id"], above["previous_view_id"]) == (first["id"], first["id"])
    assert submit(slack, above, name="clear").ok
    assert slack.stack() == []


def test_slack_looks_at_the_inputs_before_the_app_does(http: Slack) -> None:
    form = modal(
        text_input(min_length=3, max_length=5),
        {
            "type": "input",
            "block_id": "mail",
            "optional": True,
            "label": plain("E-mail"),
            "element": {"type": "email_text_input", "action_id": "mail"},
        },
    )
    view = opened(http, form)
    assert dict(submit(http, view).errors) == {"name": "Please complete this required field."}
    assert dict(submit(http, view, name="ab").errors) == {"name": "Please use at least 3 characters."}
    assert dict(submit(http, view, name="abcdef").errors) == {"name": "Please use at most 5 characters."}
    assert dict(submit(http, view, name="abc", mail="nobody").errors) == {"mail": "Please enter a valid email address."}
    assert http.bodies == []


def test_what_was_entered_survives_an_update_where_ids_are_the_same(slack: Slack) -> None:
    select = {"type": "static_select", "action_id": "app", "options": [option("one"), option("two")]}
    more = {"type": "static_select", "action_id": "app", "options": [option("one")]}

    @slack.app.action("press")
    def press(ack: Any, body: Any, client: Any) -> None:
        ack()
        view = modal(text_input(), text_input("other", "other"), actions(more, button()))
        client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)

    view = opened(slack, modal(text_input(), actions(select, button())))
    entered = {
        "name": {"name": {"type": "plain_text_input", "value": "half a na"}},
        "buttons": {"app": {"type": "static_select", "selected_option": option("two")}},
    }
    slack.workspace.acting.action_in_view(
        person="U0ANN", view_id=view["id"], block_id="buttons", action_id="press", value=None, entered=entered
    )
    assert slack.last("block_actions")["view"]["state"]["values"]["name"]["name"]["value"] == "half a na"
    slack.until(lambda: slack.stack()[0]["hash"] != view["hash"])
    values = slack.stack()[0]["state"]["values"]
    assert values["name"]["name"]["value"] == "half a na"
    assert values["other"]["other"]["value"] is None
    assert values["buttons"]["app"]["selected_option"] is None, "it is offered no more"


def test_hash_stack_and_external_id_are_held(http: Slack) -> None:
    call = http.client
    first = opened(http, modal(external_id="draft-7"))
    assert refused(call.views_update, view_id=first["id"], hash="old", view=modal()) == "hash_conflict"
    updated = call.views_update(external_id="draft-7", hash=first["hash"], view=modal(external_id="draft-7"))["view"]
    assert refused(call.views_update, view_id=first["id"], hash=first["hash"], view=modal()) == "hash_conflict"
    assert updated["id"] == first["id"]

    def from_inside() -> str:
        return http.workspace.state.short_lived.trigger("U0ANN", first["id"])

    assert refused(call.views_push, trigger_id=from_inside(), view=modal(external_id="draft-7")) == (
        "duplicate_external_id"
    )
    for _ in range(2):
        call.views_push(trigger_id=from_inside(), view=modal())
    assert refused(call.views_push, trigger_id=from_inside(), view=modal()) == "push_limit_reached"
    assert http.stack()[0]["previous_view_id"] is None
    http.workspace.acting.close(person="U0ANN", view_id=first["id"], clear_all=True)
    assert refused(call.views_update, view_id=first["id"], view=modal()) == "not_found"


def test_a_trigger_works_once_and_for_three_seconds(http: Slack) -> None:
    trigger = http.trigger()
    http.client.views_open(trigger_id=trigger, view=modal())
    assert refused(http.client.views_open, trigger_id=trigger, view=modal()) == "exchanged_trigger_id"
    assert refused(http.client.views_open, trigger_id="1.2.3", view=modal()) == "invalid_trigger_id"
    assert refused(http.client.views_push, trigger_id=http.trigger(), view=modal()) == "invalid_trigger_id"


def test_a_view_that_asks_for_it_is_told_that_it_was_closed(slack: Slack) -> None:
    @slack.app.view_closed("form")
    def closed(ack: Any) -> None:
        ack()

    view = opened(slack, modal(notify_on_close=True))
    slack.workspace.acting.close(person="U0ANN", view_id=view["id"])
    body = slack.last("view_closed")
    assert (body["view"]["id"], body["is_cleared"]) == (view["id"], False)

    lower = opened(slack, modal(notify_on_close=True))
    trigger = slack.workspace.state.short_lived.trigger("U0ANN", lower["id"])
    upper = slack.client.views_push(trigger_id=trigger, view=modal(clear_on_close=True))["view"]
    slack.workspace.acting.close(person="U0ANN", view_id=upper["id"])
    body = slack.last("view_closed")
    assert (body["view"]["id"], body["is_cleared"]) == (lower["id"], True)
    assert slack.stack() == []


def test_two_people_have_modals_of_their_own(http: Slack) -> None:
    anns, bobs = opened(http, modal()), opened(http, modal(), person="U0BOB")
    assert [each["id"] for each in http.stack("U0BOB")] == [bobs["id"]]
    page = http.workspace.acting
    with pytest.raises(Exception, match="not_found"):
        page.submit(person="U0BOB", view_id=anns["id"], entered={})


def test_a_select_with_a_search_asks_the_app(slack: Slack) -> None:
    @slack.app.options("backup")
    def backups(ack: Any, payload: Any) -> None:
        ack(option_groups=[{"label": plain("Newest"), "options": [option(f"{payload['value']}-1")]}])

    chosen: list[Any] = []

    @slack.app.view("form")
    def form(ack: Any, view: Any) -> None:
        ack()
        chosen.append(view["state"]["values"]["backup"]["backup"]["selected_option"])

    search = {"type": "external_select", "action_id": "backup", "min_query_length": 0}
    view = opened(slack, modal({"type": "input", "block_id": "backup", "label": plain("Backup"), "element": search}))
    acting = slack.workspace.acting
    source = acting.source("U0ANN", {"type": "view", "view_id": view["id"]})
    found = acting.options(person="U0ANN", source=source, block_id="backup", action_id="backup", query="jira")
    assert found.options["option_groups"][0]["options"][0]["value"] == "jira-1"
    entered = {"backup": {"backup": {"type": "external_select", "selected_option": option("jira-1")}}}
    assert acting.submit(person="U0ANN", view_id=view["id"], entered=entered).ok
    assert chosen == [option("jira-1")]


def test_a_search_answered_with_too_much_is_refused(http: Slack) -> None:
    @http.app.options("backup")
    def backups(ack: Any) -> None:
        ack(options=[option(f"number-{number}") for number in range(101)])

    search = {"type": "external_select", "action_id": "backup", "min_query_length": 0}
    view = opened(http, modal({"type": "input", "block_id": "backup", "label": plain("Backup"), "element": search}))
    acting = http.workspace.acting
    source = acting.source("U0ANN", {"type": "view", "view_id": view["id"]})
    found = acting.options(person="U0ANN", source=source, block_id="backup", action_id="backup", query="x")
    assert (found.ok, found.shown) == (False, "Results failed to load.")
    assert found.error == "no more than 100 items allowed [json-pointer:/options]"
