"""Where it does not go straight on: no role, too large, a cancel, a new start in the middle of the wizard."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.restorebot_demo import ADA, BORIS, Demo, Sight, running, sight

Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("refused") / "demo") as demo:
        yield demo


def backup_of(ada: Sight, app: str, option: str | re.Pattern[str]) -> None:
    """From the command to the backup that is chosen."""
    ada.type("/restore")
    ada.window.get_by_text(re.compile("Step 1 of 6|You have begun a restore")).first.wait_for()
    if ada.window.get_by_role("button", name="Start over").count():
        ada.press("Start over")
    ada.is_at("What to restore")
    ada.choose("App whose backup you want", app, re.compile(f"^{app}"))
    ada.go_on("Which backup")
    ada.choose("Backup", "", option)
    ada.sees("Taken")


def test_who_has_no_role_is_told_whom_to_ask(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    ada.page.get_by_role("button", name="Switch person").click()
    ada.page.get_by_role("menuitemradio", name=re.compile("Boris Approver")).click()
    boris = Sight(page=ada.page)
    boris.page.get_by_role("button", name="You are boris").wait_for()
    boris.type("/restore")
    boris.sees("Boris Approver may not do this: it takes the role organization admin in Acme. Nothing was changed.")
    boris.sees("An organization admin of Acme can give it: Ada Admin.")
    shoot(boris.page, "refused-1-no-role")
    boris.close()
    home = sight(open_page, demo, BORIS, place="home")
    expect(home.page.get_by_role("region", name="App Home").get_by_text("Ada Admin")).to_be_visible()
    expect(home.page.get_by_role("button", name="Restore a backup")).to_have_count(0)
    shoot(home.page, "refused-2-home")


def test_a_backup_above_the_limit_leads_to_support(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    backup_of(ada, "Service Desk", re.compile("24 hours ago"))
    ada.sees("This backup is too large to restore by yourself.")
    expect(ada.window.get_by_role("button", name="Next")).to_have_count(0)
    shoot(ada.page, "refused-3-too-large")


def test_an_incomplete_backup_says_what_it_lacks(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    backup_of(ada, "Support Wiki", re.compile("incomplete!"))
    ada.sees("Incomplete:")
    ada.sees("What it holds can be restored.")
    shoot(ada.page, "refused-4-incomplete")


def test_a_restore_is_cancelled_from_its_thread(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    backup_of(ada, "Acme Wiki", re.compile("24 hours ago"))
    ada.go_on("What to include")
    ada.go_on("Where to")
    ada.press("Provision a new app")
    ada.window.get_by_role("textbox", name="Name").fill("Wiki to cancel")
    ada.press("Provision")
    ada.sees("Wiki to cancel is made, and chosen.")
    ada.go_on("Checks")
    ada.go_on("Review")
    ada.window.get_by_role("checkbox", name="I have read the warnings").check()
    with demo.worker_stands_still():
        ada.press("Restore")
        ada.sees("The restore has started.")
        ada.press("Done")
        status = ada.newest("Restore: Acme Wiki → Wiki to cancel")
        status.get_by_role("button", name="Cancel").click()
        expect(ada.page.get_by_role("alertdialog")).to_contain_text("the destination stays as it is")
        shoot(ada.page, "cancel-1-asked")
        ada.confirm("Go on")
        expect(status.get_by_role("button", name="Cancel")).to_be_visible()
        status.get_by_role("button", name="Cancel").click()
        ada.confirm("Cancel it")
        expect(
            ada.page.get_by_role("main").get_by_text("is being cancelled. Its destination stays as it is.")
        ).to_be_visible()
    expect(status.get_by_text("Cancelled")).to_be_visible(timeout=60_000)
    expect(status.get_by_role("button", name="Cancel")).to_have_count(0)
    status.get_by_role("button", name=re.compile("repl")).click()
    expect(ada.thread.get_by_text("The restore was cancelled.")).to_be_visible()
    shoot(ada.page, "cancel-2-thread")
    ada.type("/restore look Wiki to cancel")
    ada.sees("has no space at all")
    ada.close()


def test_what_was_chosen_is_there_after_a_new_start(demo: Demo, open_page: OpenPage, shoot: Shoot) -> None:
    ada = sight(open_page, demo)
    backup_of(ada, "Acme Wiki", re.compile("9 days ago"))
    ada.go_on("What to include")
    ada.window.get_by_role("checkbox", name="Attachments").uncheck()
    ada.go_on("Where to")
    ada.page.context.close()
    demo.stop()
    demo.start()

    ada = sight(open_page, demo, ADA)
    ada.type("/restore")
    ada.sees("You have begun a restore and not started it:")
    ada.sees("Acme Wiki")
    ada.sees("at step 4 of 6, “Where to”")
    shoot(ada.page, "draft-1-continue")
    ada.press("Continue")
    ada.is_at("Where to")
    ada.press("Back")
    ada.is_at("What to include")
    expect(ada.window.get_by_role("checkbox", name="Attachments")).not_to_be_checked()
    expect(ada.window.get_by_role("checkbox", name="Users and groups")).to_be_checked()
    shoot(ada.page, "draft-2-continued")
    ada.close()
    ada.type("/restore")
    ada.press("Start over")
    ada.is_at("What to restore")
    expect(ada.window.get_by_role("combobox", name="App whose backup you want")).to_have_value("")
