"""What comes while somebody reads or types: nothing jumps, nothing typed is lost."""

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.canned import NOON, message, status
from tests.browser.canned_views import field, option, section, small_modal
from tests.browser.conftest import OpenPage, seen, states_held_back
from tests.browser.page_fixture import Canned

Json = dict[str, Any]


def names(*more: Json, hint: str = "") -> Json:
    name = field(
        "name", "Name", {"type": "plain_text_input"}, **({"hint": {"type": "plain_text", "text": hint}} if hint else {})
    )
    return small_modal("V1", "Names", *more, name)


def test_the_caret_stays_over_an_update(canned: Canned, open_page: OpenPage) -> None:
    canned.modals = [names(section("Checking 1 of 9", block_id="progress"))]
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    name = page.get_by_role("textbox", name="Name")
    name.fill("wiki-prod")
    name.evaluate("node => { node.mark = 'same'; node.setSelectionRange(2, 4); }")
    canned.modals = [names(section("Checking 2 of 9", block_id="progress"))]
    canned.change("modal")
    expect(seen(page, "Checking 2 of 9")).to_be_visible()
    assert name.evaluate("node => [node.mark, node.value, node.selectionStart, node.selectionEnd]") == [
        "same",
        "wiki-prod",
        2,
        4,
    ]
    # The field's own block changes too, and another comes before it.
    canned.modals = [
        names(section("Found", block_id="found"), section("Checking 3 of 9", block_id="progress"), hint="At most 80.")
    ]
    canned.change("modal")
    expect(seen(page, "At most 80.")).to_be_visible()
    expect(name).to_be_focused()
    assert name.evaluate("node => [node.value, node.selectionStart, node.selectionEnd]") == ["wiki-prod", 2, 4]
    page.keyboard.type("X")
    expect(name).to_have_value("wiX-prod")


def test_a_list_that_is_open_stays_open(canned: Canned, open_page: OpenPage) -> None:
    choose = field("app", "App", {"type": "static_select", "options": [option("a", "wiki-a"), option("b", "wiki-b")]})
    canned.modals = [small_modal("V1", "Apps", section("1", block_id="n"), choose)]
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    page.get_by_role("combobox", name="App").click()
    page.keyboard.type("wiki-b")
    canned.modals = [small_modal("V1", "Apps", section("2", block_id="n"), choose)]
    canned.change("modal")
    expect(page.locator(".view .text").first).to_have_text("2")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="App")).to_have_value("wiki-b")


def test_input_of_another_id_begins_anew(canned: Canned, open_page: OpenPage) -> None:
    canned.modals = [names()]
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    page.get_by_role("textbox", name="Name").fill("typed")
    canned.modals = [
        small_modal("V1", "Names", field("other", "Name", {"type": "plain_text_input", "initial_value": "given"}))
    ]
    canned.change("modal")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("given")
    expect(page.get_by_role("heading", name="Names")).to_be_focused()
    canned.modals = [names()]
    canned.change("modal")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("")


def test_the_page_loaded_again_has_what_the_server_knows(canned: Canned, open_page: OpenPage) -> None:
    values = {"name": {"name": {"type": "plain_text_input", "value": "kept"}}}
    canned.modals = [names() | {"state": {"values": values}}]
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    expect(page.get_by_role("textbox", name="Name")).to_have_value("kept")


def test_a_message_is_edited_in_place(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    look = page.get_by_role("button", name="Look inside")
    look.focus()
    look.evaluate("node => { node.mark = 'same' }")
    before = look.bounding_box()
    canned.messages["C0OPS", ""][4] |= {"blocks": status(4), "edited": {"ts": "2"}}
    canned.change("message", channel="C0OPS")
    expect(seen(page, "Loading (4 of 10)")).to_be_visible()
    assert look.evaluate("node => node.mark") == "same"
    expect(look).to_be_focused()
    assert look.bounding_box() == before
    expect(page.locator("#live-polite")).to_have_text("")


def scroll(page: Page) -> Json:
    found: Json = page.locator(".scroller").first.evaluate(
        "node => ({ top: node.scrollTop, end: node.scrollHeight - node.clientHeight - node.scrollTop })"
    )
    return found


def top(node: Locator) -> float:
    box = node.bounding_box()
    assert box
    return box["y"]


def test_who_reads_further_up_is_left_there(canned: Canned, open_page: OpenPage) -> None:
    lines = canned.messages["C0TEAM", ""]
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0TEAM")
    seen(page, "Line 59").wait_for()
    assert scroll(page)["end"] <= 1
    lines.append(message(70, "First new line", user="U0APPROVE"))
    canned.change("message", channel="C0TEAM")
    expect(seen(page, "First new line", exact=True)).to_be_in_viewport()
    expect(page.locator("#live-polite")).to_have_text("Béla Bartók: First new line")
    page.locator(".scroller").first.evaluate("node => { node.scrollTop = 500 }")
    line = seen(page, "Line 20 of many")
    place = top(line)
    # One message above grows by some lines, one at the end is new.
    lines[2]["text"] = "Line 2\n" * 8
    lines.append(message(80, "Second new line", user="U0APPROVE"))
    canned.change("message", channel="C0TEAM")
    expect(page.get_by_role("button", name="New messages")).to_be_visible()
    assert top(line) == pytest.approx(place, abs=1)
    page.goto(page.url.replace("C0TEAM", "C0OPS"))
    seen(page, "The report").wait_for()
    page.goto(page.url.replace("C0OPS", "C0TEAM"))
    seen(page, "Second new line", exact=True).wait_for()
    assert top(line) == pytest.approx(place, abs=1)


def test_threads_open_beside_and_close_with_escape(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    page.get_by_role("button", name="2 replies").click()
    thread = page.get_by_role("complementary", name="Thread")
    reply = thread.get_by_role("textbox", name="Reply…")
    expect(reply).to_be_focused()
    reply.fill("On it")
    page.keyboard.press("Enter")
    expect(reply).to_have_value("")
    assert canned.sent("/page/message", 1) == [
        {"person": "U0ADMIN", "channel": "C0OPS", "text": "On it", "thread_ts": f"{NOON + 1800:.6f}"}
    ]
    reply.fill("/restore")
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("not supported in threads")
    page.keyboard.press("Escape")
    expect(thread).to_have_count(0)


def test_what_is_written_goes_where_the_field_says(canned: Canned, open_page: OpenPage) -> None:
    """Another place was clicked, and is not drawn yet."""
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    page.get_by_role("button", name="2 replies").wait_for()
    with states_held_back(page):
        with page.expect_request("**/page/state*"):
            page.get_by_role("link", name="wiki-team").click()
        page.get_by_role("combobox", name="Message #restores").fill("On it")
        page.keyboard.press("Enter")
        assert canned.sent("/page/message", 1) == [{"person": "U0ADMIN", "channel": "C0OPS", "text": "On it"}]
    expect(page.get_by_role("combobox", name="Message #wiki-team")).to_have_value("")
    page.get_by_role("link", name="restores").click()
    expect(page.get_by_role("combobox", name="Message #restores")).to_have_value("")


def test_after_a_switch_everything_is_the_other_persons(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    page.get_by_role("combobox", name="Message #restores").press_sequentially("/re")
    expect(page.get_by_role("option")).to_have_count(1)
    page.evaluate("location.hash = location.hash.replace('U0ADMIN', 'U0APPROVE')")
    page.get_by_role("button", name="You are bela, Access approver. Switch person").wait_for()
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Message #restores")).to_have_value("")
    addresses = [link.get_attribute("href") or "" for link in page.locator("a[href^='#person']").all()]
    assert len(addresses) > 3
    assert [one for one in addresses if "U0APPROVE" not in one] == []
    page.get_by_role("link", name="wiki-team").click()
    expect(page.get_by_role("combobox", name="Message #wiki-team")).to_be_visible()
    page.get_by_role("button", name="You are bela, Access approver. Switch person").wait_for()
    page.evaluate("location.hash = 'person=U0ADMIN&channel=home'")
    assert canned.sent("/page/home", 1) == [{"person": "U0ADMIN"}]


def test_two_tabs_are_two_people(canned: Canned, open_page: OpenPage) -> None:
    canned.modals = [names()]
    admin = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    approver = open_page(f"{canned.url}#person=U0APPROVE&channel=C0OPS")
    admin.get_by_role("dialog").wait_for()
    approver.get_by_role("button", name="You are bela, Access approver. Switch person").wait_for()
    assert approver.get_by_role("dialog").count() == 0
    approver.get_by_role("combobox", name="Message #restores").fill("mine")
    approver.keyboard.press("Enter")
    expect(approver.get_by_role("combobox", name="Message #restores")).to_have_value("")
    assert [body["person"] for body in canned.sent("/page/message", 1)] == ["U0APPROVE"]


def test_another_person_is_chosen_in_the_sidebar(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0TEAM")
    page.get_by_role("button", name="Switch person").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="You are bela").wait_for()
    assert "person=U0APPROVE&channel=C0OPS" in page.url
    canned.change("notice", text="The app did not respond.")
    expect(page.locator(".notice")).to_contain_text("The app did not respond.")


def test_a_permalink_opens_the_message(canned: Canned, open_page: OpenPage) -> None:
    ts = f"{NOON + 1800:.6f}"
    canned.messages["C0TEAM", ""] = [message(1, f"<{canned.url}archives/C0OPS/p{ts.replace('.', '')}|the restore>")]
    page = open_page(f"{canned.url}#person=U0APPROVE&channel=C0TEAM")
    page.get_by_role("link", name="the restore").click()
    expect(page.get_by_role("complementary", name="Thread").get_by_text("Any news?")).to_be_visible()
    assert page.url.endswith(f"#person=U0APPROVE&channel=C0OPS&thread={ts}")


def test_a_file_is_downloaded(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download report.csv").click()
    assert download.value.suggested_filename == "report.csv"
    assert download.value.path().read_text() == "one,two\n"


def test_somebody_who_is_not_there_any_more_is_the_first_person(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U404&channel=C404")
    page.get_by_role("button", name="You are ada").wait_for()
    assert page.url.endswith("#person=U0ADMIN&channel=C0OPS")
