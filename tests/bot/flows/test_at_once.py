"""Two windows, two people, deliveries that come twice, and windows that are closed: nothing mixes, and one restore
starts."""

import threading

import pytest
from sqlalchemy import text

from bot.restore.ids import Action
from bot.workspace import Fault
from core.access.people import ensure_person
from core.access.roles import grant_role
from core.access.tables import RoleName
from core.cli.demo_organization import TRACKER, WIKI
from core.content.record_type import AppType
from core.restore.tables import RestoreStatus
from tests.bot.flows.office import BORIS, TEAM, Office, Someone
from tests.bot.flows.walking import EMPTY, restores, to_backups, to_destinations, to_review, with_empty_app


def admin(office: Office, user: str = BORIS) -> Someone:
    """Another organization admin."""
    engine = office.world.engine
    with engine.database.transaction() as session:
        person = ensure_person(session, f"slack:{TEAM}/{user}", "Boris Approver", engine.now())
        grant_role(
            session,
            person=person,
            organization_id=office.catalog_app(WIKI).organization_id,
            role=RoleName.ORGANIZATION_ADMIN,
            by=office.world.person,
            now=engine.now(),
        )
    return office.person(user)


def test_a_second_tab_is_told_of_the_first_and_nothing_mixes(office: Office) -> None:
    """What the second tab sends was drawn before the first one went on."""
    ada = office.person()
    ada.types()
    ada.chooses(Action.APP, WIKI)
    behind = ada.submission()
    ada.chooses(Action.APP, TRACKER)
    ada.submits()
    assert ada.step == "Which backup"
    ada.sends(behind)
    office.settle()
    assert "Something changed meanwhile" in ada.reads
    assert TRACKER in ada.reads
    assert WIKI not in ada.reads
    ada.chooses(Action.BACKUP)
    ada.submits()
    assert TRACKER in ada.reads


def test_next_that_is_pressed_before_the_window_shows_the_choice_goes_on(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_destinations(ada)
    before = ada.view["private_metadata"]
    ada.chooses(Action.DESTINATION, EMPTY)
    assert ada.view["private_metadata"] != before
    early = ada.submission(lambda body: body["view"].update(private_metadata=before))
    ada.sends(early)
    office.settle()
    assert ada.step == "Checks"
    ada.sends(early)
    office.settle()
    assert "Something changed meanwhile" in ada.reads


def test_next_with_another_choice_than_the_one_kept_since_is_told(office: Office) -> None:
    """As from a second tab that was drawn before."""
    ada = office.person()
    to_backups(ada, TRACKER)
    before = ada.view["private_metadata"]
    ada.chooses(Action.BACKUP, number=1)
    other = ada.submission(lambda body: body["view"].update(private_metadata=before))
    ada.chooses(Action.BACKUP)
    once = ada.submission(lambda body: body["view"].update(private_metadata=before))
    for late in (other, once):
        ada.sends(late)
        office.settle()
        assert "Something changed meanwhile" in ada.reads
        assert ada.step == "Which backup"


def test_two_people_restore_at_once_and_do_not_mix(office: Office) -> None:
    with_empty_app(office)
    with_empty_app(office, "Empty Tracker", AppType.JIRA)
    ada, boris = office.person(), admin(office)
    to_destinations(ada)
    to_destinations(boris, TRACKER)
    ada.chooses(Action.DESTINATION, EMPTY)
    boris.chooses(Action.DESTINATION, "Empty Tracker")
    ada.submits()
    boris.submits()
    ada.submits()
    boris.submits()
    restores(boris)
    restores(ada)
    office.drive()
    by_app = {one.app_id: one for one in office.restores}
    assert by_app[office.catalog_app(EMPTY).id].backup_id == office.backups_of(WIKI)[0].id
    assert by_app[office.catalog_app("Empty Tracker").id].backup_id == office.backups_of(TRACKER)[0].id
    assert {one.status for one in office.restores} == {RestoreStatus.COMPLETED}
    assert len({one.requested_by for one in office.restores}) == 2


def test_two_people_who_want_the_same_destination_get_one_restore_and_one_reason(office: Office) -> None:
    with_empty_app(office)
    ada, boris = office.person(), admin(office)
    to_review(ada)
    to_review(boris)
    restores(ada)
    boris.ticks(Action.ACKNOWLEDGE, "acknowledged")
    boris.submits()
    assert boris.step == "Checks"
    assert boris.view["submit"] is None
    assert office.only_restore().id in boris.reads
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED


def test_a_double_click_on_restore_starts_one(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    again = ada.submission()
    clicks = [threading.Thread(target=office.workspace.delivery.send, args=(again,)) for _ in range(3)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    office.settle()
    assert "The restore has started." in ada.reads
    assert office.only_restore().status is RestoreStatus.QUEUED


@pytest.mark.parametrize("payload", ["view_submission", "block_actions", "slash_command"])
def test_what_slack_delivers_twice_is_done_once(office: Office, payload: str) -> None:
    with_empty_app(office)
    office.expects_refusals = {"exchanged_trigger_id"}
    ada = office.person()
    office.workspace.state.faults.add(method=payload, answer=Fault.TWICE, times=20)
    ada.types()
    ada.chooses(Action.APP, WIKI)
    ada.submits()
    ada.chooses(Action.BACKUP)
    ada.submits()
    ada.submits()
    ada.chooses(Action.DESTINATION, EMPTY)
    ada.submits()
    assert ada.step == "Checks", ada.reads
    ada.submits()
    restores(ada)
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED
    office.workspace.state.faults.clear()


def test_an_unfinished_one_is_continued_where_it_was(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.closes()
    ada.types()
    assert "You have begun a restore and not started it" in ada.reads
    assert WIKI in ada.reads
    ada.presses(Action.CONTINUE)
    assert ada.step == "Checks", "what was checked is checked again"
    ada.submits()
    restores(ada)
    assert office.only_restore().status is RestoreStatus.QUEUED


def test_starting_over_forgets_what_was_chosen(office: Office) -> None:
    ada = office.person()
    to_backups(ada)
    ada.closes()
    ada.types()
    ada.presses(Action.START_OVER)
    assert ada.step == "What to restore"
    assert WIKI not in ada.reads
    ada.closes()
    ada.types()
    assert ada.step == "What to restore", "nothing was chosen, so there is nothing to continue"


def test_a_search_is_answered_while_somebody_else_writes(office: Office) -> None:
    """On SQLite there is one writer at a time, and Slack waits three seconds for a list."""
    ada = office.person()
    ada.types()
    with office.world.engine.database.transaction() as session:
        session.execute(text("SELECT 1"))  # from here on it is the only writer
        assert ada.searches(Action.APP, "wiki")
