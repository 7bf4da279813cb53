"""Text of people and of the app: Slack's markup is drawn, everything else is read as it was written."""

from playwright.sync_api import Page, expect

from tests.browser.canned import EVIL, message
from tests.browser.canned_views import every_element, small_modal
from tests.browser.conftest import OpenPage, seen
from tests.browser.page_fixture import Canned


def open_channel(canned: Canned, open_page: OpenPage, channel: str = "C0OPS") -> Page:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel={channel}")
    page.locator(".message").first.wait_for()
    return page


def row(page: Page, number: int) -> str:
    html: str = page.locator(".messages > li").nth(number).locator(".text").first.inner_html()
    return html


def test_mrkdwn_is_drawn(canned: Canned, open_page: OpenPage) -> None:
    shown = row(open_channel(canned, open_page), 2)
    for piece in (
        "<strong>bold</strong> <em>italic</em> <s>struck</s> <code>code</code> snake_case_stays 2*3*4",
        "<blockquote>quoted &amp; escaped &lt;b&gt;</blockquote>",
        "second with <strong>bold</strong>",
        "<pre>SELECT 1;\n-- &lt;b&gt;not bold&lt;/b&gt;</pre>After",
        '<span class="mention">@here</span> ✅ :no_such:',
    ):
        assert piece in shown


def test_mrkdwn_that_only_looks_like_it_stays_text(canned: Canned, open_page: OpenPage) -> None:
    said = [
        ("a * b * c _ d", "a * b * c _ d"),
        ("file_name_here and 12:30:45", "file_name_here and 12:30:45"),
        ("<javascript:alert(1)|press>", "<javascript:alert(1)|press>"),
        ("`*not bold* <@U0ADMIN>`", "*not bold* <@U0ADMIN>"),
        ("&amp;lt; is text", "&lt; is text"),
        ("**", "**"),
    ]
    canned.messages["C0TEAM", ""] = [message(n, text) for n, (text, _) in enumerate(said)]
    page = open_channel(canned, open_page, "C0TEAM")
    assert [text.strip() for text in page.locator(".messages .text").all_inner_texts()] == [text for _, text in said]
    assert page.locator(".messages .text a").count() == 0


def test_links_mentions_and_dates(canned: Canned, open_page: OpenPage) -> None:
    canned.messages["C0TEAM", ""] = [
        message(1, "<https://example.com/a?b=1&amp;c=2|a *link*> <mailto:ada@example.com|mail> <https://example.com>"),
        message(2, "<@U0ADMIN> <@U0APPROVE> <#C0OPS> <#C404|gone>"),
        message(3, "<!date^1772625600^{date_long} {time}|then> <!date^1772625600^{nonsense}^https://example.com|x>"),
    ]
    page = open_channel(canned, open_page, "C0TEAM")
    links = page.locator(".messages > li").nth(0).locator(".text a")
    assert [link.get_attribute("href") for link in links.all()] == [
        "https://example.com/a?b=1&c=2",
        "mailto:ada@example.com",
        "https://example.com",
    ]
    assert links.nth(0).inner_text() == "a *link*"
    assert page.locator(".mention.mine").inner_text() == "@Ada Lovelace"
    assert seen(page, "#gone").count() == 1
    assert "Wednesday, 4 March 2026 13:00 {nonsense}" in page.locator(".messages > li").nth(2).inner_text()
    page.locator(".messages a.mention").click()
    expect(page.locator(".place-title").first).to_have_text("restores")


def test_nothing_of_people_becomes_markup(canned: Canned, open_page: OpenPage) -> None:
    """Names, messages, options, titles, errors and what went over the wire; a script that ran would fail the test."""
    evil = {"type": "plain_text", "text": EVIL}
    canned.channels[0]["name"] = EVIL
    canned.messages["C0OPS", ""].append(message(50, EVIL, files=[{"id": "F2", "name": EVIL, "size": 3}]))
    modal = every_element()
    modal["title"] = evil
    modal["blocks"][3]["element"]["options"][0] |= {"text": evil, "description": evil}
    modal["blocks"].append(
        {"type": "markdown", "block_id": "evil", "text": f"# {EVIL}\n\n{EVIL} [x](javascript:alert(1))"}
    )
    canned.modals = [modal]
    canned.answers["/page/submit"] = lambda _body: {"ok": False, "errors": {"backup": EVIL}, "shown": EVIL}
    page = open_channel(canned, open_page)
    page.get_by_role("combobox", name="Backup").click()
    expect(page.get_by_role("option").first).to_contain_text(EVIL)
    page.get_by_role("option").first.click()
    page.get_by_role("button", name="Inspector", exact=True).click()
    page.get_by_role("button", name="views.open").click()
    expect(page.locator(".json").first).to_contain_text(EVIL)
    assert page.locator("img[src='x'], .messages script, [href^='javascript']").count() == 0


def test_emoji_names_of_plain_text_only_where_it_says_so(canned: Canned, open_page: OpenPage) -> None:
    canned.modals = [
        small_modal(
            "V1",
            "Emoji",
            {"type": "section", "block_id": "a", "text": {"type": "plain_text", "text": ":warning: a", "emoji": True}},
            {
                "type": "section",
                "block_id": "b",
                "text": {"type": "plain_text", "text": ":warning: *b*", "emoji": False},
            },
        )
    ]
    page = open_channel(canned, open_page)
    expect(page.locator(".view .text").first).to_have_text("⚠️ a")
    expect(page.locator(".view .text").last).to_have_text(":warning: *b*")


def test_lines_stay_lines(canned: Canned, open_page: OpenPage) -> None:
    said = "one\n\n  three"
    blocks = [
        {"type": "section", "block_id": "a", "text": {"type": "plain_text", "text": said}},
        {"type": "section", "block_id": "b", "text": {"type": "mrkdwn", "text": said}},
    ]
    canned.modals = [small_modal("V1", "Lines", *blocks)]
    page = open_channel(canned, open_page)
    assert [text.inner_text() for text in page.locator(".view .text").all()] == [said, said]
    boxes = [text.bounding_box() or {} for text in page.locator(".view .text").all()]
    assert boxes[0]["height"] == boxes[1]["height"]


def test_what_a_person_writes_is_sent_as_slack_sends_it(canned: Canned, open_page: OpenPage) -> None:
    page = open_channel(canned, open_page)
    page.get_by_role("combobox", name="Message #restores").fill("@Restorebot is 1 < 2 & @Béla Bartók <b>?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Message #restores")).to_have_value("")
    assert canned.sent("/page/message", 1) == [
        {"person": "U0ADMIN", "channel": "C0OPS", "text": "<@U0BOT> is 1 &lt; 2 &amp; <@U0APPROVE> &lt;b&gt;?"}
    ]
