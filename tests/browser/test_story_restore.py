"""The story of the demo, with clicks only: a page is gone, yesterday's backup is restored, the page is there."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, fits
from tests.browser.restorebot_demo import ADA, Demo, Sight, running, sight

Shoot = Callable[[Page, str], None]
LOST = "On-call checklist"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("story") / "demo") as demo:
        yield demo


def pages_of_engineering(ada: Sight, app: str) -> None:
    ada.choose("Search apps", app, re.compile(f"^{app} "))
    ada.sees("4 spaces")
    ada.press("Open Engineering")
    ada.sees("→ Engineering")


def test_the_story(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    shoot(ada.page, "story-01-the-story")
    ada.type("/restore look")
    pages_of_engineering(ada, "Acme Wiki")
    expect(ada.window.get_by_text(LOST)).to_have_count(0)
    shoot(ada.page, "story-02-the-page-is-gone")
    ada.close()

    ada.newest("Acme is in trouble").get_by_role("button", name="Restore a backup").click()
    ada.is_at("What to restore")
    ada.choose("App whose backup you want", "acme wi", re.compile("^Acme Wiki Confluence"))
    shoot(ada.page, "story-03-what-to-restore")
    ada.go_on("Which backup")
    ada.sees("2 backups can be restored. 1 expired one is not listed.")
    ada.choose("Backup", "", re.compile("24 hours ago"))
    ada.sees("Holds content, attachments, users and groups, personal spaces")
    taken = ada.window.get_by_role("combobox", name="Backup").input_value()
    clock = taken.partition(",")[2].split()[0]  # the same in a list and in a text, where an hour may have one digit
    ada.sees(f"yesterday at {clock.removeprefix('0')}")
    shoot(ada.page, "story-04-which-backup")
    ada.go_on("What to include")
    shoot(ada.page, "story-05-what-to-include")
    ada.go_on("Where to")
    ada.sees("a restore goes into an empty app only")
    shoot(ada.page, "story-06-where-to-empty")
    ada.press("Show apps that contain data")
    ada.choose("Destination", "new", re.compile("^New Wiki"))
    shoot(ada.page, "story-07-where-to")
    ada.go_on("Checks")
    ada.sees("New Wiki holds its default personal space, which counts as data.")
    expect(ada.window.get_by_role("button", name="Next")).to_have_count(0)
    shoot(ada.page, "story-08-checks-blocked")
    ada.press("Delete the default personal space")
    shoot(ada.page, "story-09-confirm")
    ada.confirm("Delete it")
    expect(ada.window.get_by_role("button", name="Next")).to_be_visible()
    expect(ada.window.get_by_text("default personal space")).to_have_count(0)
    shoot(ada.page, "story-10-checks-passed")
    ada.go_on("Review")
    ada.sees("Acme Wiki as of")
    ada.press("Restore")
    ada.sees("Please complete this required field.")
    shoot(ada.page, "story-11-review-without-the-tick")
    ada.window.get_by_role("checkbox", name="I have read the warnings").check()
    ada.press("Restore")
    ada.sees("The restore has started.")
    shoot(ada.page, "story-12-started")
    ada.press("Done")

    status = ada.newest("Restore: Acme Wiki → New Wiki")
    expect(status.get_by_text("Completed")).to_be_visible(timeout=60_000)
    status.get_by_role("button", name=re.compile("3 replies")).click()
    expect(ada.thread.get_by_text("The restore is completed.")).to_be_visible()
    expect(ada.thread.get_by_text("pages: 15 of 15 restored")).to_be_visible()
    expect(ada.thread.get_by_text("The checks found 4 warnings, 2 notes.")).to_be_visible()
    shoot(ada.page, "story-13-thread")
    ada.thread.get_by_role("button", name="Look inside").last.click()
    ada.sees("4 spaces")
    ada.press("Open Engineering")
    ada.sees(LOST)
    shoot(ada.page, "story-14-the-page-is-there")
    ada.press(f"Open {LOST}")
    expect(ada.window.get_by_role("heading", name=LOST)).to_be_visible()
    shoot(ada.page, "story-15-read")
    ada.close()

    ada.thread.get_by_role("button", name="Report").click()
    ada.sees("15 of 15 restored")
    shoot(ada.page, "story-16-report")
    for name in ("Report as JSON", "Counts as CSV"):
        ada.press(name)
        ada.sees("It is in your direct messages.")
    ada.close()
    ada.page.get_by_role("link", name="Restorebot").first.click()
    expect(ada.page.get_by_role("main").get_by_text(re.compile(r"rst-\w+\.json")).first).to_be_visible()
    expect(ada.page.get_by_role("main").get_by_text(re.compile(r"rst-\w+\.csv")).first).to_be_visible()
    shoot(ada.page, "story-17-files")


def test_the_same_wizard_on_a_telephone(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    """A Jira backup into an app that is provisioned on the way; what the checks ask is answered."""
    ada = sight(open_page, demo, width=375)
    ada.type("/restore")
    ada.is_at("What to restore")
    ada.choose("App whose backup you want", "track", re.compile("^Acme Tracker"))
    ada.go_on("Which backup")
    ada.choose("Backup", "complete", re.compile("2 days ago"))
    ada.sees("Taken")
    ada.choose("Backup", "", re.compile("24 hours ago"))
    ada.sees("24 hours ago")
    assert fits(ada.page)
    shoot(ada.page, "telephone-1-backup")
    ada.go_on("What to include")
    ada.go_on("Where to")
    ada.window.get_by_role("checkbox", name="Show apps in the backup's shard").uncheck()
    ada.sees("Every active Jira app here contains data")
    ada.press("Provision a new app")
    name = ada.window.get_by_role("textbox", name="Name")
    name.fill("Tracker again")
    shoot(ada.page, "telephone-2-provision")
    ada.press("Provision")
    ada.sees("Tracker again is made, and chosen.")
    shoot(ada.page, "telephone-3-where-to")
    ada.go_on("Checks")
    treat = ada.window.get_by_role("combobox", name="How to treat them:").last
    treat.click()
    ada.page.get_by_role("option", name="Use a placeholder").click()
    expect(treat).to_have_value("Use a placeholder")
    ada.press("Run the checks again")
    expect(treat).to_have_value("Use a placeholder")
    assert fits(ada.page)
    shoot(ada.page, "telephone-4-checks")
    ada.go_on("Review")
    ada.sees("use a placeholder")
    ada.window.get_by_role("checkbox", name="I have read the warnings").check()
    assert fits(ada.page)
    shoot(ada.page, "telephone-5-review")
    ada.press("Restore")
    ada.sees("The restore has started.")
    ada.press("Done")
    status = ada.newest("Restore: Acme Tracker → Tracker again")
    expect(status.get_by_text("Completed")).to_be_visible(timeout=60_000)
    assert fits(ada.page)
    shoot(ada.page, "telephone-6-channel")


def test_home_lists_and_help(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    ada.type("/restore list")
    ada.sees("newest first")
    ada.choose("Any app", "desk", "Service Desk")
    ada.sees("1 restore")
    ada.press("Any app")
    expect(ada.window.get_by_role("button", name="Any app")).to_have_count(0)
    ada.window.get_by_role("combobox", name="Status").click()
    ada.page.get_by_role("option", name="Failed").click()
    ada.sees("No restore matches these filters. Choose others.")
    shoot(ada.page, "list-1-filtered")
    ada.window.get_by_role("combobox", name="Status").click()
    ada.page.get_by_role("option", name="Any status").click()
    ada.sees("newest first")
    shoot(ada.page, "list-2-all")
    ada.press("Details: Service Desk → Service Desk")
    ada.sees("What the backup holds, and what became of it")
    ada.press("Back to the list")
    ada.sees("newest first")
    ada.close()

    ada.type("/restore help")
    helped = ada.newest("Restorebot")
    expect(helped.get_by_text("Only visible to you")).to_be_visible()
    expect(helped.get_by_text("/restore cancel [ID]")).to_be_visible()
    shoot(ada.page, "help")
    ada.type("/restore everything")
    expect(
        ada.page.get_by_role("main").get_by_text("/restore knows no “everything”. Nothing was changed.")
    ).to_be_visible()

    home = sight(open_page, demo, ADA, place="home")
    expect(home.page.get_by_role("region", name="App Home").get_by_text("Latest restores")).to_be_visible()
    shoot(home.page, "home")
    home.page.get_by_role("button", name="How it stands: Service Desk → Service Desk").click()
    home.sees("What the backup holds, and what became of it")
