"""A person restores from Slack: the whole way, and every way in which it bends."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.restore.ids import Action
from core.catalog.tables import BackupRow, BackupStatus
from core.cli.demo_organization import DESK, FAR, NEW, OLD, SUPPORT, TRACKER, WIKI
from core.content.record_type import AppType
from core.findings import FindingCode
from core.restore.request import Part, Resolution
from core.restore.tables import RestoreStatus
from tests.bot.flows.office import ADA, GENERAL, IN_BOTH_MODES, OPS, Office, Someone, said
from tests.bot.flows.walking import (
    EMPTY,
    restores,
    to_backups,
    to_checks,
    to_destinations,
    to_review,
    with_empty_app,
)
from tests.flows.world import assert_same_as_backup


@IN_BOTH_MODES
def test_from_the_command_to_the_restored_app(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    assert WIKI in ada.reads
    assert EMPTY in ada.reads
    restores(ada)
    assert office.only_restore().status is RestoreStatus.QUEUED
    office.tell()
    office.drive()
    office.tell(2)

    restore = office.only_restore()
    assert restore.status is RestoreStatus.COMPLETED
    assert_same_as_backup(office.world, office.backups_of(WIKI)[0], restore, office.catalog_app(EMPTY))
    status, *replies = office.thread()
    assert "Completed" in status.text
    assert status.channel == OPS
    told = [said(one.blocks) for one in replies]
    assert ["The checks found" in told[0], "Verified and published" in told[1], "completed" in told[2]] == [True] * 3
    assert len(told) == 3
    assert f"<@{ADA}>" in told[2]
    assert f"<@{ADA}>" in said(status.blocks)
    assert len(office.calls("chat.postMessage")) == 4
    assert office.workspace.state.messages.in_channel(GENERAL) == []


def test_a_channel_is_told_codes_and_counts_only(office: Office) -> None:
    with_empty_app(office, "Empty Tracker", AppType.JIRA)
    ada = office.person()
    to_review(ada, TRACKER, destination="Empty Tracker")
    restores(ada)
    office.drive()
    office.tell(2)
    names = {
        value
        for _, table in office.world.records(office.catalog_app("Empty Tracker"))
        for column in ("summary", "email", "display_name", "title", "user_name")
        if column in table.column_names
        for value in table.column(column).to_pylist()
        if value and len(value) > 3
    }
    assert len(names) > 20
    told = " ".join(f"{one.text} {said(one.blocks)}" for one in office.thread())
    assert [one for one in names if one in told] == []


@IN_BOTH_MODES
def test_an_error_with_a_fix_is_fixed_by_one_click(office: Office) -> None:
    ada = office.person()
    to_destinations(ada)
    assert not ada.offers(Action.DESTINATION)
    assert ada.view["submit"] is None
    ada.presses(Action.ANY_DATA)
    ada.chooses(Action.DESTINATION, NEW)
    ada.submits()
    assert ada.step == "Checks"
    assert "1 error" in ada.reads
    assert ada.view["submit"] is None
    ada.presses(Action.CLEAR_SPACE)
    assert ada.step == "Checks"
    assert "error" not in ada.reads
    ada.submits()
    restores(ada)
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED
    assert office.only_restore().app_id == office.catalog_app(NEW).id


@IN_BOTH_MODES
def test_a_resolution_is_checked_again_and_becomes_part_of_the_restore(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_checks(ada)
    code = FindingCode.USER_DUPLICATE_EMAIL
    ada.presses(f"{Action.RESOLVE}:{code}", Resolution.PLACEHOLDER.value)
    assert "Use a placeholder" in ada.reads
    ada.submits()
    assert f"{code}: use a placeholder" in ada.reads
    restores(ada)
    assert office.only_restore().request.resolutions == {code: Resolution.PLACEHOLDER}
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED


def test_what_is_not_ticked_is_left_out_and_back_keeps_it(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_backups(ada)
    ada.chooses(Action.BACKUP)
    ada.submits()
    ada.ticks(Action.CONTENTS, Part.USERS_AND_GROUPS.value)
    ada.submits()
    ada.presses(Action.BACK)
    assert ada.step == "What to include"
    ada.submits()
    ada.chooses(Action.DESTINATION, EMPTY)
    ada.submits()
    ada.submits()
    assert "without attachments and personal spaces" in ada.reads
    restores(ada)
    assert office.only_restore().request.without == {Part.ATTACHMENTS, Part.PERSONAL_SPACES}


def test_what_a_backup_does_not_hold_is_not_said_to_be_left_out(office: Office) -> None:
    with_empty_app(office, "Empty Tracker", AppType.JIRA)
    ada = office.person()
    to_review(ada, TRACKER, destination="Empty Tracker")
    assert "without" not in ada.reads
    restores(ada)
    assert office.only_restore().request.without == frozenset()


@IN_BOTH_MODES
def test_a_new_app_is_provisioned_from_the_wizard(office: Office) -> None:
    ada = office.person()
    to_destinations(ada)
    ada.presses(Action.PROVISION)
    assert len(ada.stack) == 2
    ada.writes(Action.NAME, "Wiki, once more")
    ada.submits()
    assert len(ada.stack) == 1
    assert "Wiki, once more is made, and chosen." in ada.reads
    ada.submits()
    assert ada.step == "Checks"
    ada.submits()
    restores(ada)
    assert office.only_restore().app_id == office.catalog_app("Wiki, once more").id


@IN_BOTH_MODES
def test_a_name_that_is_taken_is_said_where_it_was_entered_and_nothing_is_lost(office: Office) -> None:
    ada = office.person()
    to_destinations(ada)
    ada.presses(Action.PROVISION)
    ada.writes(Action.NAME, WIKI)
    ada.submits()
    assert WIKI in ada.reads
    assert "already" in ada.reads
    ada.types()
    ada.presses(Action.CONTINUE)
    assert ada.step == "Where to"


def test_a_destination_on_another_shard_is_moved_and_said_to_be(office: Office) -> None:
    with_empty_app(office, "Wiki elsewhere", shard="shard-2")
    ada = office.person()
    to_destinations(ada)
    assert not ada.offers(Action.DESTINATION)
    ada.presses(Action.ONLY_SHARD, [])
    ada.chooses(Action.DESTINATION, "Wiki elsewhere")
    assert "It is moved there with the restore, an additional step that takes about 30 minutes." in ada.reads
    ada.submits()
    ada.submits()
    assert "shard-1, the backup's shard" in ada.reads
    restores(ada)
    office.drive()
    office.tell(2)
    assert office.only_restore().status is RestoreStatus.COMPLETED
    assert office.catalog_app("Wiki elsewhere").shard == "shard-1"
    assert "With a move to shard-1" in said(office.thread()[0].blocks)


def test_no_app_of_another_region_is_offered(office: Office) -> None:
    with_empty_app(office, "Wiki far away", shard="shard-us")
    ada = office.person()
    to_destinations(ada)
    ada.presses(Action.ONLY_SHARD, [])
    ada.presses(Action.CONTAINS_DATA, "any")
    offered = [one["text"]["text"] for one in ada.searches(Action.DESTINATION)]
    assert WIKI in offered
    assert "Wiki far away" not in offered
    assert FAR not in offered


def test_a_search_that_finds_nothing_leaves_the_filters(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_destinations(ada)
    assert ada.searches(Action.DESTINATION, "nobody calls an app so") == []
    ada.presses(Action.CONTAINS_DATA, "yes")
    assert [one["text"]["text"] for one in ada.searches(Action.DESTINATION)] == [WIKI, NEW]


def test_a_backup_above_the_limit_is_explained_and_goes_no_further(office: Office) -> None:
    ada = office.person()
    to_backups(ada, DESK)
    ada.chooses(Action.BACKUP)
    assert "too large to restore by yourself" in ada.reads
    assert ada.view["submit"] is None
    assert office.backups_of(DESK)[0].id in ada.reads


def test_an_incomplete_backup_says_what_it_lacks_before_and_in_the_review(office: Office) -> None:
    with_empty_app(office, "Empty Support", shard="shard-2")
    ada = office.person()
    to_backups(ada, SUPPORT)
    option = ada.chooses(Action.BACKUP)
    assert "incomplete!" in option["description"]["text"]
    assert "Incomplete:" in ada.reads
    ada.submits()
    ada.submits()
    ada.chooses(Action.DESTINATION, "Empty Support")
    ada.submits()
    ada.submits()
    assert "The backup is incomplete" in ada.reads
    ada.submits()
    assert ada.step == "Review", "a warning that is not ticked holds it up"
    assert office.restores == []
    restores(ada)
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED


def test_a_backup_with_less_than_a_day_says_so(office: Office) -> None:
    ada = office.person()
    to_backups(ada, SUPPORT)
    assert "less than a day left" in ada.searches(Action.BACKUP)[-1]["description"]["text"]


def test_expired_backups_are_counted_and_not_offered(office: Office) -> None:
    ada = office.person()
    to_backups(ada)
    assert len(ada.searches(Action.BACKUP)) == 2
    assert "1 expired one is not listed" in ada.reads


@pytest.mark.parametrize("at", ["destination", "review"])
def test_a_backup_that_expires_between_two_steps_is_not_restored(office: Office, at: str) -> None:
    with_empty_app(office)
    ada = office.person()
    if at == "destination":
        to_destinations(ada)
        ada.chooses(Action.DESTINATION, EMPTY)
    else:
        to_review(ada)
        ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    expire(office, office.backups_of(WIKI)[0].id)
    ada.submits()
    assert ada.step == "Checks", ada.reads
    assert "expired" in ada.reads
    assert ada.view["submit"] is None
    assert office.restores == []


def test_a_destination_that_was_filled_meanwhile_is_not_touched(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    world, app = office.world, office.catalog_app(EMPTY)
    others = world.restored(world.request(office.backups_of(OLD)[0], app))
    before = world.digest_of(office.catalog_app(EMPTY))
    ada.submits()
    assert ada.step == "Checks", ada.reads
    assert "Nothing was changed" in ada.reads
    assert "1 error" in ada.reads
    assert office.only_restore().id == others.id
    assert world.digest_of(office.catalog_app(EMPTY)) == before


def test_a_plan_that_changed_since_the_review_is_shown_again(office: Office) -> None:
    """The destination moves to another shard meanwhile: no error, but not what was confirmed."""
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    office.world.moved(office.catalog_app(EMPTY), "shard-2")
    ada.submits()
    assert ada.step == "Checks", ada.reads
    assert "What would be done is no longer what was confirmed" in ada.reads
    assert office.restores == []
    ada.submits()
    restores(ada)
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED


@IN_BOTH_MODES
def test_the_shortcut_opens_the_wizard(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    ada.takes_shortcut()
    assert ada.step == "What to restore"
    walk_on(ada)
    restores(ada)
    office.drive()
    office.tell(2)
    assert "completed" in said(office.thread()[-1].blocks)


def walk_on(person: Someone) -> None:
    person.chooses(Action.APP, WIKI)
    person.submits()
    person.chooses(Action.BACKUP)
    person.submits()
    person.submits()
    person.chooses(Action.DESTINATION, EMPTY)
    person.submits()
    person.submits()


def expire(office: Office, backup_id: str) -> None:
    engine = office.world.engine
    with engine.database.transaction() as session:
        then = engine.now() - timedelta(minutes=1)
        session.execute(update(BackupRow).where(BackupRow.id == backup_id).values(expires_at=then))
    assert office.world.backup(backup_id).status in {BackupStatus.COMPLETE, BackupStatus.INCOMPLETE}
