"""Controls by keyboard, and what they send."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.canned_views import CANCEL, every_element, field, option, section, small_modal
from tests.browser.conftest import OpenPage, open_modal, seen, states_held_back
from tests.browser.page_fixture import Canned

Json = dict[str, Any]


def entered(canned: Canned) -> Json:
    values: Json = canned.sent("/page/submit", 1)[-1]["state_values"]
    return values


def test_a_select_is_searched_and_chosen_by_keyboard(canned: Canned, open_page: OpenPage) -> None:
    page = open_modal(canned, open_page, every_element())
    box = page.get_by_role("combobox", name="Destination")
    box.focus()
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("option")).to_have_count(3)
    page.keyboard.type("arch")
    expect(page.get_by_role("option")).to_have_count(1)
    assert page.locator(f"#{box.get_attribute('aria-activedescendant')}").inner_text().startswith("wiki-archive")
    page.keyboard.press("Enter")
    expect(box).to_have_value("wiki-archive")
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")
    expect(box).to_have_value("wiki-archive")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert canned.sent("/page/close") == []


def test_an_external_select_asks_the_app(canned: Canned, open_page: OpenPage) -> None:
    canned.answers["/page/options"] = lambda body: (
        {"ok": True, "options": [option("x1", f"{body['query']}-prod")]}
        if body["query"] != "broken"
        else {"ok": False, "error": "timeout", "shown": "The app did not answer."}
    )
    page = open_modal(canned, open_page, every_element())
    page.get_by_role("combobox", name="App", exact=True).click()
    expect(seen(page, "Type at least 2 characters to search.")).to_be_visible()
    page.keyboard.type("broken")
    expect(seen(page, "The app did not answer.")).to_be_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("wiki")
    page.get_by_role("option", name="wiki-prod").wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="App", exact=True)).to_have_value("wiki-prod")
    assert canned.sent("/page/options")[-1] == {
        "person": "U0ADMIN",
        "container": {"type": "view", "view_id": "V1"},
        "block_id": "app",
        "action_id": "app",
        "query": "wiki",
    }


def test_several_choices_as_chips_up_to_the_most(canned: Canned, open_page: OpenPage) -> None:
    page = open_modal(canned, open_page, every_element())
    page.get_by_role("combobox", name="Tags").focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.type("test")
    page.keyboard.press("Enter")
    expect(page.get_by_text("At most 2 can be chosen.").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".chip-text")).to_have_count(2)
    page.keyboard.press("Backspace")
    expect(page.locator(".chip-text")).to_have_text(["Quarterly"])
    page.get_by_role("button", name="Remove Quarterly").click()
    expect(page.locator(".chip-text")).to_have_count(0)


def test_everything_entered_is_sent_in_slacks_shape(canned: Canned, open_page: OpenPage) -> None:
    page = open_modal(canned, open_page, every_element())
    canned.answers["/page/options"] = lambda _body: {"ok": True, "options": [option("x1", "wiki-prod")]}
    for name, typed in (
        ("Backup", "Today"),
        ("Destination", "spare"),
        ("App", "wi"),
        ("Who decides", "Béla"),
        ("Tell it in (optional)", "secu"),
        ("Channel (optional)", "rest"),
        ("Tell these people (optional)", "Ada"),
    ):
        page.get_by_role("combobox", name=name, exact=True).click()
        page.keyboard.type(typed)
        page.get_by_role("option").first.wait_for()
        page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Users and groups").check()
    page.get_by_role("radio", name="Any").check()
    page.get_by_role("textbox", name="Name").fill("wiki-new")
    page.get_by_role("textbox", name="Reason").fill("two\nlines")
    page.get_by_label("Day (optional)", exact=True).fill("2026-04-01")
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".view")).to_have_attribute("aria-busy", "false")
    values = entered(canned)
    assert {block: next(iter(actions.values())) for block, actions in values.items()} == {
        "backup": {
            "type": "static_select",
            "selected_option": option("b1", "Today 03:00 · 4.8 GB", "13 days left · proven yesterday"),
        },
        "destination": {"type": "static_select", "selected_option": option("a2", "wiki-spare")},
        "app": {"type": "external_select", "selected_option": option("x1", "wiki-prod")},
        "include": {
            "type": "checkboxes",
            "selected_options": [
                option("attachments", "Attachments", "3.9 GB in 12 400 files"),
                option("users", "Users and groups", "Left out, authors become a placeholder"),
            ],
        },
        "data": {"type": "radio_buttons", "selected_option": option("any", "Any", "Full apps cannot be chosen")},
        "tags": {"type": "multi_static_select", "selected_options": []},
        "who": {"type": "users_select", "selected_user": "U0APPROVE"},
        "others": {"type": "multi_users_select", "selected_users": ["U0ADMIN"]},
        "where": {"type": "conversations_select", "selected_conversation": "G0SEC"},
        "channel": {"type": "channels_select", "selected_channel": "C0OPS"},
        "name": {"type": "plain_text_input", "value": "wiki-new"},
        "why": {"type": "plain_text_input", "value": "two\nlines"},
        "count": {"type": "number_input", "value": None},
        "mail": {"type": "email_text_input", "value": None},
        "day": {"type": "datepicker", "selected_date": "2026-04-01"},
        "time": {"type": "timepicker", "selected_time": "13:30"},
        "moment": {"type": "datetimepicker", "selected_date_time": 1772625600},
        "filter": {"type": "static_select", "selected_option": None},
    }


def test_actions_are_sent_with_what_else_is_entered(canned: Canned, open_page: OpenPage) -> None:
    page = open_modal(canned, open_page, every_element())
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="More actions").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Filter").click()
    page.keyboard.type("run")
    page.keyboard.press("Enter")
    page.get_by_role("checkbox", name="Personal spaces").check()
    expect(page.get_by_role("combobox", name="Filter")).to_have_value("Running")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    sent = [(body["block_id"], body["action_id"], body["value"]) for body in canned.sent("/page/action", 3)]
    assert sent == [
        ("acts", "again", "again"),
        ("row", "more", option("o2", "Delete its personal space", "With a question first")),
        ("filter", "filter", option("running", "Running")),
    ]
    assert canned.sent("/page/action")[0]["container"] == {"type": "view", "view_id": "V1"}
    assert canned.sent("/page/action")[0]["state_values"]["include"]["include"]["selected_options"]


def test_a_question_comes_first_where_the_app_wants_one(canned: Canned, open_page: OpenPage) -> None:
    page = open_modal(
        canned, open_page, small_modal("V1", "Ask", {"type": "actions", "block_id": "do", "elements": [CANCEL]})
    )
    cancel = page.get_by_role("dialog").get_by_role("button", name="Cancel restore")
    cancel.click()
    question = page.get_by_role("alertdialog", name="Cancel this restore?")
    expect(question.get_by_role("button", name="Keep going")).to_be_focused()
    expect(question).to_have_accessible_description(
        "Space Travel stays as it was before. What was staged is thrown away."
    )
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    expect(cancel).to_be_focused()
    assert canned.sent("/page/action") == []
    assert canned.sent("/page/close") == []
    page.keyboard.press("Enter")
    question.get_by_role("button", name="Cancel restore").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert [body["value"] for body in canned.sent("/page/action", 1)] == ["cancel"]


def test_a_denied_choice_is_taken_back(canned: Canned, open_page: OpenPage) -> None:
    ticks = {
        "type": "checkboxes",
        "action_id": "tick",
        "options": [option("a", "Delete all")],
        "confirm": CANCEL["confirm"],
    }
    page = open_modal(canned, open_page, small_modal("V1", "Ask", section("Sure?", accessory=ticks)))
    page.get_by_role("checkbox", name="Delete all").click()
    page.get_by_role("button", name="Keep going").click()
    expect(page.get_by_role("checkbox", name="Delete all")).not_to_be_checked()
    assert canned.sent("/page/action") == []


def test_text_is_told_when_the_app_asks_for_it(canned: Canned, open_page: OpenPage) -> None:
    told = {"trigger_actions_on": ["on_character_entered"]}
    blocks = [
        field("enter", "On enter", {"type": "plain_text_input"}, dispatch_action=True),
        field("each", "On each", {"type": "plain_text_input", "dispatch_action_config": told}, dispatch_action=True),
        field("never", "Never", {"type": "static_select", "options": [option("a", "A")]}),
    ]
    page = open_modal(canned, open_page, small_modal("V1", "Told", *blocks))
    page.get_by_role("textbox", name="On enter").press_sequentially("ab")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="On each").press_sequentially("c")
    canned.sent("/page/action", 2)  # two at once may overtake each other
    page.keyboard.type("d")
    page.get_by_role("combobox", name="Never").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Never")).to_have_value("A")
    assert [(body["block_id"], body["value"]) for body in canned.sent("/page/action", 3)] == [
        ("enter", "ab"),
        ("each", "c"),
        ("each", "cd"),
    ]
    assert canned.sent("/page/submit") == []


def test_what_slack_says_when_the_app_does_not_respond(canned: Canned, open_page: OpenPage) -> None:
    shown = "/restore failed because the app did not respond"
    canned.answers["/page/command"] = lambda _body: {"ok": False, "error": "timeout", "shown": shown}
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    composer = page.get_by_role("combobox", name="Message #restores")
    composer.press_sequentially("/re")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(composer).to_have_value("/restore ")
    composer.press_sequentially("status")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text(shown)
    expect(page.locator("#live-assertive")).to_have_text(shown)
    expect(composer).to_have_value("/restore status")
    assert canned.sent("/page/command", 1) == [{"person": "U0ADMIN", "channel": "C0OPS", "text": "/restore status"}]


def test_nothing_is_offered_before_it_is_known_what_there_is(canned: Canned, open_page: OpenPage) -> None:
    """A menu that was opened too early would say that there is nothing to choose."""
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    with states_held_back(page):
        with page.expect_request("**/page/state*"):
            page.reload()
        expect(page.get_by_role("navigation", name="Channels and people")).to_be_attached()
        expect(page.get_by_role("button", name="Shortcuts")).to_have_count(0)
    expect(page.get_by_role("button", name="Shortcuts")).to_be_visible()


def test_shortcuts_and_home_by_keyboard(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    page.get_by_role("button", name="Shortcuts").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Restore a backup")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Shortcuts")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.get_by_role("navigation").get_by_role("link", name="Restorebot").last.click()
    page.get_by_role("button", name="All restores").click()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert canned.sent("/page/shortcut", 1) == [{"person": "U0ADMIN", "callback_id": "restore"}]
    assert canned.sent("/page/home", 1) == [{"person": "U0ADMIN"}]
    assert canned.sent("/page/action", 1)[0]["container"] == {"type": "view", "view_id": "VHOME"}
