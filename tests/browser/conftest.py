"""Debian's Chromium, and the page before a workspace of canned answers."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, Locator, Page, Route, expect, sync_playwright

from tests.browser.canned import fill
from tests.browser.page_fixture import Canned, Json

OUTPUT = Path(__file__).parent / "output"
MISSING = (
    "The browser tests need Chromium, which only an administrator can install. Run: sudo apt-get install --yes chromium"
)
_WAIT_MS = 30_000  # a machine that runs everything at once

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: while it lives, an event loop runs in this thread, in which no worker of ours can start."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail(MISSING)
    # Chromium refuses to put its sandbox up for root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    expect.set_options(timeout=_WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Open a URL as a browser of its own; a script error or a broken rule of the page's security fails the test.
    `breaks`: the server goes away in between, which the browser notes as an error of its own."""
    contexts = []
    wrong: list[str] = []

    def open_(url: str, *, width: int = 1280, height: int = 800, dark: bool = False, breaks: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            locale="en-GB",
            timezone_id="Europe/Budapest",
            reduced_motion="reduce",
        )
        contexts.append(context)
        context.set_default_timeout(_WAIT_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        unloaded = "Failed to load resource" if breaks else "\0"
        page.on(
            "console",
            lambda said: wrong.append(said.text) if said.type == "error" and unloaded not in said.text else None,
        )
        page.on("dialog", lambda dialog: wrong.append(f"a script ran: {dialog.message}"))
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def canned() -> Iterator[Canned]:
    """Canned answers at `canned.url`."""
    canned = fill(Canned())
    listening = socket.create_server(("127.0.0.1", 0))
    canned.url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server = uvicorn.Server(uvicorn.Config(canned.app(), log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield canned
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keep a picture of the page as test output."""
    OUTPUT.mkdir(exist_ok=True)

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=OUTPUT / f"{name}.png", animations="disabled")

    return keep


@contextmanager
def states_held_back(page: Page) -> Iterator[None]:
    """The page asks what there is, and hears of it only afterwards."""
    late: list[Route] = []
    is_late = True
    page.route("**/page/state*", lambda route: late.append(route) if is_late else route.continue_())
    yield
    is_late = False
    for one in late:
        one.continue_()


def seen(page: Page, text: str, *, exact: bool = False) -> Locator:
    """Where a text stands for the eye: what is read out stands a second time, where nobody sees it."""
    return page.locator("body > :not([aria-live])").get_by_text(text, exact=exact)


def open_modal(canned: Canned, open_page: OpenPage, *views: Json, width: int = 1280) -> Page:
    canned.modals = list(views)
    page = open_page(f"{canned.url}#person=U0ADMIN&channel=C0OPS", width=width)
    page.get_by_role("dialog").wait_for()
    return page


def fits(page: Page) -> bool:
    """No sideways scrolling, of the page or of a part of it that should not."""
    found: bool = page.evaluate(
        """() => [document.documentElement,
                 ...document.querySelectorAll('.scroller, .modal-body, .places, .side, .main')]
            .every(node => node.scrollWidth <= node.clientWidth)"""
    )
    return found
