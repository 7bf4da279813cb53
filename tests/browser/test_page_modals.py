"""Modals: the focus, pushed views, what is wrong, what takes a while."""

import threading

from playwright.sync_api import expect

from tests.browser.canned_views import button, field, plain, section, small_modal
from tests.browser.conftest import OpenPage, open_modal, seen
from tests.browser.page_fixture import Canned


def test_the_focus_stays_in_the_modal_and_comes_back(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    composer = page.get_by_role("combobox", name="Message #restores")
    composer.click()
    canned.modals = [small_modal("V1", "Small", field("name", "Name", {"type": "plain_text_input"}))]
    canned.change("modal")
    dialog = page.get_by_role("dialog", name="Small")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    for key in ["Tab"] * 6 + ["Shift+Tab"] * 6:
        page.keyboard.press(key)
        assert page.locator("*:focus").evaluate("node => node.closest('[role=dialog]') !== null")
    assert page.locator(".workspace").evaluate("node => node.inert")
    canned.modals = []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(composer).to_be_focused()
    assert canned.sent("/page/close", 1) == [{"person": "U0ADMIN", "view_id": "V1", "clear_all": False}]


def test_a_pushed_view_leads_back_to_what_was_entered(canned: Canned, open_page: OpenPage) -> None:
    first = small_modal("V1", "First", field("name", "Name", {"type": "plain_text_input"}))
    page = open_modal(canned, open_page, first)
    page.get_by_role("textbox", name="Name").fill("wiki-two")
    canned.modals = [first, small_modal("V2", "Second", section("More"), close=plain("Back to names"))]
    canned.change("modal")
    second = page.get_by_role("dialog", name="Second")
    expect(second).to_be_visible()
    expect(second.get_by_role("button", name="Back", exact=True)).to_be_visible()
    canned.modals = [first]
    second.get_by_role("button", name="Back to names").click()
    expect(page.get_by_role("textbox", name="Name")).to_have_value("wiki-two")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.get_by_role("button", name="Close", exact=True).click()
    assert [body["clear_all"] for body in canned.sent("/page/close", 2)] == [False, True]


def test_what_is_missing_is_said_beside_the_field_and_not_sent(canned: Canned, open_page: OpenPage) -> None:
    blocks = [
        field("name", "Name", {"type": "plain_text_input", "min_length": 3, "max_length": 5}),
        field(
            "count", "Count", {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "9"}
        ),
        field("mail", "E-mail", {"type": "email_text_input"}, optional=True),
        field("who", "Who", {"type": "users_select"}),
    ]
    page = open_modal(canned, open_page, small_modal("V1", "Checks", *blocks))
    page.get_by_role("textbox", name="Name").fill("ab")
    page.get_by_role("textbox", name="Count").fill("12")
    page.get_by_role("textbox", name="E-mail").fill("nobody")
    page.get_by_role("button", name="Next").click()
    assert page.locator(".field-error").all_inner_texts() == [
        "Write at least 3 characters.",
        "Enter 9 or less.",
        "Enter an e-mail address.",
        "Please complete this required field.",
    ]
    name = page.get_by_role("textbox", name="Name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Write at least 3 characters.")
    expect(page.locator("#live-assertive")).to_have_text("4 fields need attention. Write at least 3 characters.")
    assert canned.sent("/page/submit") == []


def test_what_the_app_refuses_is_said_beside_the_field(canned: Canned, open_page: OpenPage) -> None:
    canned.answers["/page/submit"] = lambda _body: {
        "ok": False,
        "error": "errors",
        "errors": {"name": "The name is taken."},
    }
    page = open_modal(
        canned, open_page, small_modal("V1", "Names", field("name", "Name", {"type": "plain_text_input"}))
    )
    page.get_by_role("textbox", name="Name").fill("wiki-prod")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error")).to_have_text("The name is taken.")
    canned.answers["/page/submit"] = lambda _body: {
        "ok": False,
        "error": "timeout",
        "shown": "We had some trouble connecting. Try again?",
    }
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert").filter(has_text="trouble connecting")).to_be_visible()
    expect(page.locator(".field-error")).to_have_text("")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("wiki-prod")


def test_a_second_press_while_it_is_sent_does_nothing(canned: Canned, open_page: OpenPage) -> None:
    answered = threading.Event()
    canned.answers["/page/submit"] = lambda _body: {"ok": answered.wait(10)}
    page = open_modal(canned, open_page, small_modal("V1", "Slow", section("Ready?")))
    submit = page.get_by_role("button", name="Next")
    submit.click()
    expect(page.locator(".view")).to_have_attribute("aria-busy", "true")
    submit.dispatch_event("click")
    page.keyboard.press("Control+Enter")
    answered.set()
    expect(page.locator(".view")).to_have_attribute("aria-busy", "false")
    assert len(canned.sent("/page/submit", 1)) == 1


def test_an_unknown_block_is_named(canned: Canned, open_page: OpenPage) -> None:
    odd = {
        "type": "actions",
        "block_id": "a",
        "elements": [{"type": "workflow_button", "action_id": "w"}, button("b", "B")],
    }
    page = open_modal(canned, open_page, small_modal("V1", "Odd", {"type": "video", "block_id": "v"}, odd))
    expect(seen(page, "A block “video” is not shown here.")).to_be_visible()
    expect(seen(page, "An element “workflow_button” is not shown here.")).to_be_visible()
