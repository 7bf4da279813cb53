"""What `restorebot demo` starts, as a process of its own: the real bot, worker and workspace; and who looks at it."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenPage

ADA, BORIS = "U0ADA", "U0BORIS"
OPERATIONS: Final = "C0OPS"
_STOP_SECONDS: Final = 60


@dataclass(kw_only=True)
class Demo:
    """A folder, and the process that goes on with what lies in it."""

    folder: Path
    url: str = ""
    _process: "subprocess.Popen[str] | None" = field(default=None)

    def start(self) -> None:
        command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--keep", str(self.folder)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if found := re.search(r"workspace is open: (\S+)", line):
                self.url = found[1]
                return
        raise AssertionError(f"the demo ended: {''.join(said)}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate(timeout=_STOP_SECONDS)
            self._process = None

    @contextmanager
    def worker_stands_still(self) -> Iterator[None]:
        """As long as somebody looks at what is running."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children(recursive=True)
        (worker,) = [one for one in children if "worker" in one.cmdline()]
        worker.suspend()
        try:
            yield
        finally:
            worker.resume()


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    demo = Demo(folder=folder)
    try:
        demo.start()
        yield demo
    finally:
        demo.stop()


@dataclass(frozen=True, kw_only=True)
class Sight:
    """One person's browser. Everything is found by its role and its name, as a person or a screen reader finds it."""

    page: Page

    @property
    def window(self) -> Locator:
        """The one on top."""
        return self.page.get_by_role("dialog").last

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    def type(self, text: str) -> None:
        """In the channel."""
        self.page.get_by_role("combobox", name="Message #restores").fill(text)
        self.page.keyboard.press("Enter")

    def press(self, name: str) -> None:
        self.window.get_by_role("button", name=name, exact=True).click()

    def go_on(self, step: str) -> None:
        """Next; once more where the window changed under the finger, which is said and sends nothing."""
        self.press("Next")
        changed = self.window.get_by_text("changed meanwhile")
        expect(self.window.get_by_role("heading", name=step).or_(changed).first).to_be_visible()
        if changed.is_visible():
            self.press("Next")
        self.is_at(step)

    def confirm(self, name: str) -> None:
        """In the question that lies over everything."""
        self.page.get_by_role("alertdialog").get_by_role("button", name=name, exact=True).click()

    def choose(self, label: str, text: str, option: str | re.Pattern[str]) -> None:
        """Type a part of a name, and take what is offered."""
        self.window.get_by_role("combobox", name=label).click()
        self.page.keyboard.type(text)
        self.page.get_by_role("option", name=option).first.click()

    def sees(self, text: str) -> None:
        """In the window."""
        expect(self.window.get_by_text(text).first).to_be_visible()

    def is_at(self, step: str) -> None:
        """The window shows this step, and waits for nothing."""
        expect(self.window.get_by_role("heading", name=step)).to_be_visible()
        expect(self.page.locator('[aria-busy="true"]')).to_have_count(0)

    def newest(self, title: str) -> Locator:
        """The channel's last message that is about this."""
        articles = self.page.get_by_role("main").get_by_role("article")
        return articles.filter(has=self.page.get_by_role("heading", name=title)).last

    def close(self) -> None:
        self.page.keyboard.press("Escape")
        expect(self.page.get_by_role("dialog")).to_have_count(0)


def sight(open_page: OpenPage, demo: Demo, person: str = ADA, *, place: str = OPERATIONS, width: int = 1280) -> Sight:
    page = open_page(f"{demo.url}/#person={person}&channel={place}", width=width)
    page.get_by_role("main").get_by_role("heading", level=2).wait_for()
    for _ in page.get_by_role("dialog").all():  # windows stay open for a person, whichever browser shows them
        page.keyboard.press("Escape")
    return Sight(page=page)
