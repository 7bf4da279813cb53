"""The page on the real workspace, with a Bolt app behind it: views upon views, two people, files, a new start."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from slack_sdk.errors import SlackApiError

from bot.workspace import build_workspace
from tests.bot.workspace.slack import CONFIG, Slack, actions, modal, plain, running, text_input
from tests.browser.conftest import OpenPage, seen

Json = dict[str, Any]


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running() as slack:
        yield slack


def press(action_id: str) -> Json:
    return {"type": "button", "action_id": action_id, "value": action_id, "text": plain(action_id.title())}


def say(page: Page, text: str) -> None:
    page.get_by_role("combobox", name="Message #ops").fill(text)
    page.keyboard.press("Enter")


def ops(slack: Slack, open_page: OpenPage, person: str = "U0ANN") -> Page:
    page = open_page(f"{slack.workspace.url}/#person={person}&channel=C0OPS")
    page.get_by_role("combobox", name="Message #ops").wait_for()
    return page


def form(slack: Slack) -> None:
    """/restore opens a form with a select of the app's own; “taken” is refused, everything else is answered by a view
    from which one can go deeper."""
    choose = {"type": "external_select", "action_id": "app", "min_query_length": 0}
    app = {"type": "input", "block_id": "app", "label": plain("App"), "element": choose}

    @slack.app.command("/restore")
    def open_(ack: Any, body: Json, client: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=modal(app, text_input()))

    @slack.app.options("app")
    def options(ack: Any, payload: Json) -> None:
        found = [name for name in ("wiki", "jira") if payload["value"] in name]
        ack(options=[{"text": plain(name), "value": name} for name in found])

    @slack.app.view("form")
    def submit(ack: Any, view: Json, client: Any, body: Json) -> None:
        values = view["state"]["values"]
        name = values["name"]["name"]["value"]
        if name == "taken":
            ack(response_action="errors", errors={"name": "There is an app of this name."})
            return
        chosen = values["app"]["app"]["selected_option"]["value"]
        text = {"type": "section", "text": plain(f"{chosen} into {name}")}
        ack(response_action="update", view=modal(text, actions(press("deeper")), callback_id="done"))

    @slack.app.action("deeper")
    def push(ack: Any, body: Json, client: Any) -> None:
        ack()
        more = {"type": "section", "text": plain("More of it")}
        client.views_push(trigger_id=body["trigger_id"], view=modal(more, title=plain("Deeper"), callback_id="deeper"))


def test_a_form_from_the_command_to_its_end(slack: Slack, open_page: OpenPage) -> None:
    form(slack)
    page = ops(slack, open_page)
    say(page, "/restore")
    dialog = page.get_by_role("dialog", name="A form")
    dialog.get_by_role("combobox", name="App").click()
    page.keyboard.type("ji")
    expect(page.get_by_role("option")).to_have_text(["jira"])
    page.keyboard.press("Enter")
    name = dialog.get_by_role("textbox", name="Name")
    name.fill("taken")
    page.keyboard.press("Enter")
    expect(seen(page, "There is an app of this name.")).to_be_visible()
    expect(name).to_be_focused()
    name.fill("copy")
    page.keyboard.press("Enter")
    expect(dialog.get_by_text("jira into copy")).to_be_visible()
    dialog.get_by_role("button", name="Deeper").click()
    deeper = page.get_by_role("dialog", name="Deeper")
    expect(deeper.get_by_text("More of it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog.get_by_text("jira into copy")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_form_outlives_the_page(slack: Slack, open_page: OpenPage) -> None:
    """What an action told the app of is there again after the page was loaded anew."""
    form(slack)
    slack.app.action("tick")(lambda ack: ack())
    tick = {"type": "checkboxes", "action_id": "tick", "options": [{"text": plain("Sure"), "value": "sure"}]}
    slack.client.views_open(
        trigger_id=slack.trigger(), view=modal(actions(tick, block_id="ticks"), text_input(), submit=plain("Go"))
    )
    page = ops(slack, open_page)
    page.get_by_role("textbox", name="Name").fill("typed")
    page.get_by_role("checkbox", name="Sure").check()
    slack.until(lambda: slack.stack()[0]["state"]["values"]["name"]["name"]["value"] == "typed")
    page.reload()
    expect(page.get_by_role("checkbox", name="Sure")).to_be_checked()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("typed")


def test_a_message_with_a_button_for_two_people(slack: Slack, open_page: OpenPage) -> None:
    @slack.app.action("decide")
    def decide(ack: Any, body: Json, client: Any, respond: Any) -> None:
        ack()
        person, message = body["user"]["id"], body["message"]
        if person == "U0BOB":
            respond("Only Ann decides. Nothing was changed.", response_type="ephemeral", replace_original=False)
            return
        client.chat_update(channel="C0OPS", ts=message["ts"], text="Decided", blocks=[])

    slack.client.chat_postMessage(channel="C0OPS", text="Decide", blocks=[actions(press("decide"))])
    bob, ann = ops(slack, open_page, "U0BOB"), ops(slack, open_page)
    bob.get_by_role("button", name="Decide").click()
    expect(bob.get_by_role("main").get_by_text("Only visible to you")).to_be_visible()
    expect(bob.get_by_role("main").get_by_text("Only Ann decides.")).to_be_visible()
    ann.get_by_role("button", name="Decide").click()
    for page in (ann, bob):
        expect(page.get_by_role("button", name="Decide")).to_have_count(0)
        expect(page.get_by_role("main").get_by_text("Decided")).to_be_visible()
    assert ann.get_by_text("Only visible to you").count() == 0


def test_what_is_refused_stands_in_the_inspector(slack: Slack, open_page: OpenPage) -> None:
    long = {"type": "header", "text": plain("W" * 151)}
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        slack.client.chat_postMessage(channel="C0OPS", text="x", blocks=[long])
    page = ops(slack, open_page)
    page.get_by_role("button", name="Inspector", exact=True).click()
    page.get_by_role("button", name="chat.postMessage").first.click()
    expect(page.get_by_role("heading", name="Lint findings")).to_be_visible()
    expect(page.locator(".json").last).to_contain_text('"invalid_blocks"')
    # What comes while it is open is seen without a further click.
    slack.client.chat_postMessage(channel="C0OPS", text="y")
    expect(page.get_by_role("button", name="chat.postMessage")).to_have_count(2)


def test_a_file_in_a_thread(slack: Slack, open_page: OpenPage) -> None:
    first = slack.client.chat_postMessage(channel="C0OPS", text="A restore")["ts"]
    slack.client.files_upload_v2(
        channel="C0OPS", thread_ts=first, filename="report.csv", content="a,b\n", title="The report"
    )
    page = ops(slack, open_page)
    page.get_by_role("button", name="1 reply").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download The report").click()
    assert download.value.path().read_text() == "a,b\n"


def test_an_archived_channel_takes_no_messages(slack: Slack, open_page: OpenPage) -> None:
    page = open_page(f"{slack.workspace.url}/#person=U0ANN&channel=C0OLD")
    expect(seen(page, "This channel is archived. Nothing can be written here.")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_count(0)


def test_the_page_finds_a_workspace_that_was_started_again(open_page: OpenPage) -> None:
    first = build_workspace(CONFIG)
    page = open_page(first.start(), breaks=True)
    page.get_by_role("link", name="ops").wait_for()
    first.stop()
    expect(seen(page, "The local workspace does not answer. Trying again…")).to_be_visible()
    second = build_workspace(replace(CONFIG, team_name="Second"))
    second.start(urlsplit(first.url).port or 0)
    try:
        expect(page.get_by_role("heading", name="Second")).to_be_visible()
        expect(seen(page, "The local workspace does not answer. Trying again…")).to_be_hidden()
    finally:
        second.stop()
