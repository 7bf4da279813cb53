"""What the app answers, as a person sees it: a window drawn anew, a button that asks first, a home, nothing at all."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.bot.workspace.slack import CONFIG, Slack, actions, button, modal, plain, running, text_input
from tests.browser.conftest import OpenPage, seen

CONFIRM = {
    "title": plain("Sure?"),
    "text": plain("It is pressed for good."),
    "confirm": plain("Do it"),
    "deny": plain("No"),
}
CHECK = actions(button("check", text=plain("Check")), block_id="check")


@pytest.fixture
def slack() -> Iterator[Slack]:
    with running() as found:
        _listen(found)
        yield found


def _listen(slack: Slack) -> None:
    @slack.app.command("/restore")
    def command(ack: Any, body: Any, client: Any) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=modal(text_input(), CHECK))
        ack()

    @slack.app.action("check")
    def check(ack: Any, body: Any, client: Any) -> None:
        ack()
        checked = {"type": "section", "block_id": "said", "text": plain("Checked.")}
        view = modal(checked, text_input(), CHECK)
        client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)

    @slack.app.view("form")
    def form(ack: Any, view: Any, client: Any) -> None:
        ack()
        said = view["state"]["values"]["name"]["name"]["value"]
        client.chat_postMessage(channel="C0OPS", text=said, blocks=[_said(said), actions(button(confirm=CONFIRM))])

    @slack.app.action("press")
    def press(ack: Any, body: Any, client: Any, respond: Any) -> None:
        ack()
        client.chat_postMessage(channel="C0OPS", thread_ts=body["message"]["ts"], text="Pressed.")
        respond(text="Only you see this.", replace_original=False)

    @slack.app.event("app_home_opened")
    def opened(event: Any, client: Any) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": [_said("At home.")]})


def _said(text: str) -> dict[str, Any]:
    return {"type": "section", "text": plain(text)}


def test_a_window_drawn_anew_keeps_what_was_typed_and_a_button_asks_first(slack: Slack, open_page: OpenPage) -> None:
    page = open_page(f"{slack.workspace.url}/#person=U0ANN&channel=C0OPS")
    page.get_by_role("combobox", name="Message #ops").fill("/restore")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="A form")
    dialog.get_by_role("textbox", name="Name").fill("copy")
    dialog.get_by_role("button", name="Check").click()
    expect(dialog.get_by_text("Checked.")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Name")).to_have_value("copy")
    dialog.get_by_role("button", name="Go").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Press").click()
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_role("button", name="Press").click()
    page.get_by_role("button", name="Do it").click()
    expect(page.get_by_role("main").get_by_text("Only you see this.")).to_be_visible()
    page.get_by_role("button", name="1 reply").click()
    expect(page.get_by_text("Pressed.").last).to_be_visible()
    assert [body.get("type", "slash_command") for body in slack.bodies] == [
        "slash_command",
        "block_actions",
        "view_submission",
        "block_actions",
    ]


def test_what_is_pressed_on_a_window_that_has_changed_is_not_sent_and_says_so(
    slack: Slack, open_page: OpenPage
) -> None:
    page = open_page(f"{slack.workspace.url}/#person=U0ANN&channel=C0OPS")
    page.get_by_role("combobox", name="Message #ops").fill("/restore")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="A form")
    dialog.get_by_role("textbox", name="Name").fill("copy")
    late: list[Route] = []
    is_late = True
    page.route("**/page/state*", lambda route: late.append(route) if is_late else route.continue_())
    slack.client.views_update(view_id=slack.stack()[0]["id"], view=modal(_said("Working…"), submit=None))
    with page.expect_response("**/page/submit"):
        dialog.get_by_role("button", name="Go").click()
    is_late = False
    for one in late:
        one.continue_()
    expect(dialog.get_by_text("This has changed meanwhile, and nothing was sent. Look again.")).to_be_visible()
    expect(dialog.get_by_text("Working…")).to_be_visible()
    expect(dialog.get_by_role("button", name="Go")).to_be_hidden()
    assert [body.get("type", "slash_command") for body in slack.bodies] == ["slash_command"]


def test_the_app_home_is_drawn_when_it_is_opened(slack: Slack, open_page: OpenPage) -> None:
    page = open_page(f"{slack.workspace.url}/#person=U0BOB&channel=home")
    expect(seen(page, "At home.")).to_be_visible()


@pytest.fixture
def silent() -> Iterator[Slack]:
    """A workspace whose app does not run."""
    with running(replace(CONFIG, ack_seconds=0.2), transport="none") as found:
        yield found


def test_a_command_without_an_answer_says_so(silent: Slack, open_page: OpenPage) -> None:
    page = open_page(f"{silent.workspace.url}/#person=U0ANN&channel=C0OPS")
    page.get_by_role("combobox", name="Message #ops").fill("/restore")
    page.keyboard.press("Enter")
    failed = page.get_by_role("paragraph").filter(has_text="/restore failed because the app did not respond")
    expect(failed).to_be_visible()
