"""On a phone: one thing at a time, nothing wider than the screen."""

import pytest
from playwright.sync_api import expect

from tests.browser.canned import LONG, NOON, message
from tests.browser.canned_views import every_element, option
from tests.browser.conftest import OpenPage, fits, seen
from tests.browser.page_fixture import Canned


def test_long_names_and_words_do_not_widen_it(canned: Canned, open_page: OpenPage) -> None:
    word = "W" * 250
    canned.messages["C0OPS", ""] += [
        message(60, word),
        message(61, f"`{word}`"),
        message(62, f"```{word}```"),
        message(63, f"<https://example.com/{word}>"),
    ]
    modal = every_element()
    modal["title"]["text"] = word[:24]
    modal["blocks"][3]["label"]["text"] = word
    modal["blocks"][3]["element"]["options"] = [option(str(n), f"{n} {word[:70]}", LONG[:75]) for n in range(100)]
    modal["blocks"][6]["element"]["options"][0]["text"]["text"] = word[:75]
    modal["blocks"].append(
        {
            "type": "actions",
            "block_id": "wide",
            "elements": [{"type": "button", "action_id": "w", "text": {"type": "plain_text", "text": word[:75]}}],
        }
    )
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS", width=375, height=812)
    seen(page, "The report").wait_for()
    assert fits(page)
    canned.modals = [modal]
    canned.change("modal")
    page.get_by_role("dialog").get_by_role("combobox").first.click()
    expect(page.get_by_role("option")).to_have_count(100)
    box = page.get_by_role("listbox").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    assert fits(page)


def test_the_sidebar_is_a_drawer(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS", width=375, height=812)
    seen(page, "The report").wait_for()
    sidebar = page.get_by_role("navigation")
    expect(sidebar).not_to_be_in_viewport()
    assert sidebar.evaluate("node => node.inert")
    menu = page.get_by_role("button", name="Channels", exact=True)
    menu.click()
    expect(sidebar.get_by_role("link").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(sidebar).not_to_be_in_viewport()
    expect(menu).to_be_focused()
    menu.click()
    sidebar.get_by_role("link", name="wiki-team").click()
    expect(seen(page, "Line 59")).to_be_in_viewport()
    expect(sidebar).not_to_be_in_viewport()


def test_a_thread_takes_the_whole_screen(canned: Canned, open_page: OpenPage) -> None:
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS&thread={NOON + 1800:.6f}", width=375, height=812)
    thread = page.get_by_role("complementary", name="Thread")
    box = thread.bounding_box()
    assert box
    assert (box["x"], box["width"]) == (0, 375)
    assert page.locator("main").evaluate("node => node.inert")
    thread.get_by_role("button", name="Close the thread").click()
    expect(seen(page, "The report")).to_be_visible()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_enough_contrast(canned: Canned, open_page: OpenPage, *, dark: bool) -> None:
    """WCAG AA: 4.5 to 1 for each text that is seen, by the colours the browser computed."""
    canned.modals = [every_element()]
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS", dark=dark)
    page.get_by_role("button", name="Next").click()
    page.get_by_text("Please complete this required field.").first.wait_for()
    page.mouse.move(0, 0)
    assert page.evaluate(TOO_PALE) == []
    canned.modals = []
    canned.change("modal")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Inspector", exact=True).click()
    page.get_by_role("button", name="views.open").click()
    assert page.evaluate(TOO_PALE) == []


TOO_PALE = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const behind = (node) => {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
      layers.push(rgba(getComputedStyle(at).backgroundColor));
      if (layers.at(-1)[3] === 1) break;
    }
    const over = (under, [r, g, b, a]) => [r, g, b].map((c, i) => c * a + under[i] * (1 - a));
    return layers.reverse().reduce(over, [255, 255, 255]);
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const pale = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.getClientRects().length || node.closest('[inert], .unseen')) continue;
    const both = [light(rgba(getComputedStyle(node).color).slice(0, 3)), light(behind(node))];
    const ratio = (Math.max(...both) + 0.05) / (Math.min(...both) + 0.05);
    if (ratio < 4.5) pale.push(`${node.className}: ${walker.currentNode.data.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return pale;
}"""
