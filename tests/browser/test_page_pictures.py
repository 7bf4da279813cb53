"""Pictures of every part of the page, wide and narrow, light and dark: test output to be looked at.

Each picture also asserts what can be measured of it: nothing is wider than the screen.
"""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.canned import NOON
from tests.browser.canned_views import every_element
from tests.browser.conftest import OpenPage, fits, seen
from tests.browser.page_fixture import Canned

SIZES = {"wide": (1280, 800), "narrow": (375, 812)}
Shoot = Callable[[Page, str], None]


@pytest.fixture(params=["wide-light", "wide-dark", "narrow-light", "narrow-dark"])
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(look: str, canned: Canned, open_page: OpenPage) -> Callable[[str], Page]:
    size, scheme = look.split("-")
    width, height = SIZES[size]

    def open_(place: str) -> Page:
        page = open_page(f"{canned.url}#person=U0ADMIN&{place}", width=width, height=height, dark=scheme == "dark")
        page.wait_for_selector(".place-title .icon")
        return page

    return open_


def test_channel_and_thread(page: Callable[[str], Page], look: str, shoot: Shoot) -> None:
    shown = page("channel=C0OPS")
    seen(shown, "Only visible to you").wait_for()
    shoot(shown, f"channel-{look}")
    shown.locator(".scroller").first.evaluate("node => node.scrollTop = 0")
    shoot(shown, f"channel-top-{look}")
    shown.goto(f"{shown.url}&thread={NOON + 1800:.6f}")
    seen(shown, "Any news?").wait_for()
    shoot(shown, f"thread-{look}")
    assert fits(shown)


def test_every_element_and_errors(page: Callable[[str], Page], canned: Canned, look: str, shoot: Shoot) -> None:
    canned.modals = [every_element()]
    shown = page("channel=C0OPS")
    dialog = shown.get_by_role("dialog")
    dialog.wait_for()
    shoot(shown, f"modal-1-{look}")
    body = shown.locator(".modal-body")
    pages = 2
    while body.evaluate("node => node.scrollTop + node.clientHeight < node.scrollHeight - 1") and pages < 9:
        body.evaluate("node => node.scrollTop += node.clientHeight - 40")
        shoot(shown, f"modal-{pages}-{look}")
        pages += 1
    dialog.get_by_role("combobox", name="Destination").click()
    shoot(shown, f"select-{look}")
    shown.keyboard.press("Escape")
    dialog.get_by_role("button", name="Next").click()
    shown.get_by_text("Please complete this required field.").first.wait_for()
    shoot(shown, f"errors-{look}")
    dialog.get_by_role("button", name="Delete it").click()
    shown.get_by_role("alertdialog").wait_for()
    shoot(shown, f"confirm-{look}")
    assert fits(shown)


def test_home_and_inspector(page: Callable[[str], Page], look: str, shoot: Shoot) -> None:
    shown = page("channel=home")
    shown.get_by_role("heading", name="Backups").wait_for()
    shoot(shown, f"home-{look}")
    shown.get_by_role("button", name="Inspector", exact=True).click()
    shown.get_by_role("button", name="views.open").click()
    shoot(shown, f"inspector-{look}")
    assert fits(shown)


def test_commands_a_notice_and_the_drawer(page: Callable[[str], Page], canned: Canned, look: str, shoot: Shoot) -> None:
    shown_sentence = "/restore failed because the app did not respond"
    canned.answers["/page/command"] = lambda _body: {"ok": False, "shown": shown_sentence}
    shown = page("channel=C0OPS")
    shown.get_by_role("combobox", name="Message #restores").press_sequentially("/")
    shown.get_by_role("option").first.wait_for()
    shoot(shown, f"commands-{look}")
    shown.keyboard.press("Enter")
    shown.keyboard.press("Enter")
    shown.locator(".notice").wait_for()
    shoot(shown, f"notice-{look}")
    shown.get_by_role("button", name="Dismiss").click()
    if look.startswith("narrow"):
        shown.get_by_role("button", name="Channels").click()
    shown.get_by_role("button", name="Switch person").click()
    shoot(shown, f"people-{look}")
    assert fits(shown)
