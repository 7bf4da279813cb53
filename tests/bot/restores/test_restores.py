"""/restore list, status and cancel, as people use them."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from bot.restores.ids import Action
from core.access.roles import revoke_role
from core.access.tables import RoleName
from core.catalog.run_tables import RunStatus
from core.content.record_type import AppType
from core.restore.tables import RestoreRow
from tests.bot.conftest import Acme
from tests.bot.slack import ADA, BOB, GUEST


def test_the_table_shows_what_was_restored(acme: Acme) -> None:
    done = acme.restored()
    acme.slack.type(ADA, "list")
    words = acme.slack.words()
    assert "Acme Wiki → Acme Wiki restored" in words
    assert done.id in words
    assert "Completed" in words
    assert "1 to 1 of 1 restore" in words
    assert "by Ada Ekwueme" in words
    assert "warning" in words


def test_an_empty_table_says_how_to_begin(acme: Acme) -> None:
    acme.slack.type(ADA, "list")
    assert "Nothing has been restored yet. Begin with /restore." in acme.slack.words()


def test_ten_thousand_restores_are_leafed_through(acme: Acme) -> None:
    many(acme, 10_000)
    slack = acme.slack
    slack.type(ADA, "list")
    assert "1 to 10 of 10,000 restores" in slack.words()
    slack.press(ADA, Action.OLDER)
    assert "11 to 20 of 10,000" in slack.words()
    assert "rst-00000010" in slack.words()
    slack.press(ADA, Action.NEWER)
    assert "1 to 10 of" in slack.words()
    slack.press(ADA, Action.STATUS_FILTER, choose="failed")
    assert "1 to 10 of 2,500 restores" in slack.words()
    slack.press(ADA, Action.STATUS_FILTER, choose="running")
    assert "No restore matches these filters" in slack.words()


def test_a_double_press_turns_one_page(acme: Acme) -> None:
    many(acme, 40)
    slack = acme.slack
    slack.type(ADA, "list")
    seen = slack.window()
    slack.press_in(seen, Action.OLDER)
    slack.press_in(seen, Action.OLDER)
    assert "11 to 20 of 40" in slack.words()
    assert not slack.said()


def test_the_table_is_filtered_by_an_app_that_is_searched(acme: Acme) -> None:
    other = acme.world.provision(AppType.JIRA, "Tracker <!channel>")
    acme.restored()
    slack = acme.slack
    slack.type(ADA, "list")
    assert slack.search(ADA, Action.APP_FILTER, "tracker") == [(other.id, "Tracker <!channel>")]
    slack.press(ADA, Action.APP_FILTER, choose=other.id)
    assert "No restore matches" in slack.words()
    slack.search(ADA, Action.APP_FILTER, "")
    slack.press(ADA, Action.APP_FILTER, choose=acme.source.id)
    assert "1 to 1 of 1 restore" in slack.words()
    slack.press(ADA, Action.ALL_APPS)
    assert "1 to 1 of 1 restore" in slack.words()


def test_a_row_leads_to_its_restore_and_back(acme: Acme) -> None:
    done = acme.restored()
    slack = acme.slack
    slack.type(ADA, "list")
    slack.press(ADA, Action.DETAILS, done.id)
    words = slack.words()
    assert "restored" in words
    assert "user.duplicate-email" in words
    slack.press(ADA, Action.TO_TABLE)
    assert "1 to 1 of 1 restore" in slack.words()
    assert len(slack.workspace.state.views.stack(ADA)) == 1


def test_status_alone_is_the_last_one(acme: Acme) -> None:
    acme.slack.type(ADA, "status")
    assert "You have not restored anything yet." in acme.slack.words()
    done = acme.restored()
    acme.slack.type(ADA, "status")
    assert done.id in acme.slack.words()


def test_the_report_goes_to_the_person_alone(acme: Acme) -> None:
    done = acme.restored()
    slack = acme.slack
    slack.type(ADA, f"status {done.id}")
    slack.press(ADA, Action.JSON)
    slack.press(ADA, Action.CSV)
    files = slack.files(ADA)
    assert set(files) == {f"{done.id}.json", f"{done.id}.csv"}
    report = json.loads(files[f"{done.id}.json"])
    assert (report["id"], report["status"]) == (done.id, "completed")
    rows = list(csv.DictReader(io.StringIO(files[f"{done.id}.csv"])))
    held = {one["records"]: int(one["in_backup"]) for one in rows}
    assert sum(held.values()) == sum(one["in_backup"] for one in report["records"].values()) + held["files"]
    assert all(
        int(one["restored"]) + int(one["left_out"]) + int(one["failed"]) == int(one["in_backup"]) for one in rows
    )


def test_a_role_that_was_taken_away_is_missed_at_the_button(acme: Acme) -> None:
    done = acme.restored()
    slack = acme.slack
    slack.type(ADA, f"status {done.id}")
    engine = acme.world.engine
    with engine.database.transaction() as session:
        revoke_role(
            session, person=acme.ada, organization_id=done.organization_id, role=RoleName.ORGANIZATION_ADMIN,
            by=acme.world.person, now=engine.now(),
        )  # fmt: skip
    slack.press(ADA, Action.JSON)
    assert not slack.files()
    assert "takes the role organization admin" in slack.words()


@pytest.mark.parametrize("command", ["list", "status", "status rst-00000001", "cancel", "cancel rst-00000001"])
def test_who_has_no_role_is_told_whom_to_ask(acme: Acme, command: str) -> None:
    many(acme, 2)
    acme.slack.type(BOB, command)
    words = acme.slack.words(BOB)
    assert "may not do this: it takes the role organization admin" in words
    assert "Ada Ekwueme" in words
    assert "Acme Wiki" not in words


def test_guests_are_refused(acme: Acme) -> None:
    acme.slack.type(GUEST, "list")
    assert "Guests of a workspace have no role here." in acme.slack.words(GUEST)


def test_cancel_asks_and_ends_the_only_one(acme: Acme) -> None:
    waiting = acme.submitted()
    slack = acme.slack
    slack.type(ADA, "cancel")
    assert "Cancel this restore?" in slack.words()
    assert not acme.world.restore(waiting.id).cancel_wanted
    slack.press(ADA, Action.CANCEL)
    assert "It is being cancelled." in slack.words()
    acme.world.drive()
    assert acme.world.restore(waiting.id).status is RunStatus.CANCELLED


def test_cancel_lets_choose_among_several(acme: Acme) -> None:
    first = acme.submitted()
    second = acme.submitted(acme.world.provision(AppType.CONFLUENCE, "Another"))
    slack = acme.slack
    slack.type(ADA, "cancel")
    slack.press(ADA, Action.CHOOSE, second.id)
    slack.press(ADA, Action.CANCEL, second.id)
    assert acme.world.restore(second.id).cancel_wanted
    assert not acme.world.restore(first.id).cancel_wanted


def test_what_is_published_is_not_cancelled(acme: Acme) -> None:
    done = acme.restored()
    slack = acme.slack
    slack.type(ADA, f"cancel {done.id}")
    assert "It is published and can no longer be cancelled." in slack.words()
    slack.type(ADA, "cancel")
    assert "You have no restore that could be cancelled." in slack.words()


def test_a_cancel_that_comes_too_late_says_so(acme: Acme) -> None:
    waiting = acme.submitted()
    slack = acme.slack
    slack.type(ADA, f"status {waiting.id}")
    seen = slack.window()
    acme.world.drive()
    slack.press_in(seen, Action.CANCEL)
    words = slack.words()
    assert "is published and can no longer be cancelled; nothing was changed." in words
    assert "Completed" in words


def test_a_failed_one_is_resumed(acme: Acme) -> None:
    waiting = acme.submitted()
    engine = acme.world.engine
    with engine.database.transaction() as session:
        row = session.get_one(RestoreRow, waiting.id)
        row.status, row.staging_until = RunStatus.FAILED.value, engine.now() + timedelta(hours=2)
        row.failure = {"code": "storage.unreachable", "message": "The storage did not answer.", "hint": "Wait."}
    slack = acme.slack
    slack.type(ADA, "status")
    assert "The storage did not answer." in slack.words()
    slack.press(ADA, Action.RESUME)
    assert "It goes on where it stopped" in slack.words()
    assert acme.world.restore(waiting.id).status is RunStatus.QUEUED
    acme.world.drive()
    assert acme.world.restore(waiting.id).status is RunStatus.COMPLETED


def test_a_window_that_was_tampered_with_is_told(acme: Acme) -> None:
    slack = acme.slack
    slack.type(ADA, "list")
    shown = slack.window()
    forged = {**shown.content, "private_metadata": '{"v":1,"step":"table","detail":"{\\"offset\\":\\"x\\"}"}'}
    slack.press_in(replace(shown, content=forged), Action.REFRESH)
    assert "This window is from another version of Restorebot." in slack.words()


def many(acme: Acme, number: int) -> None:
    """Restores as rows: completed and, each fourth, failed; rst-00000000 is the newest."""
    one = acme.submitted()
    statuses = [RunStatus.FAILED, RunStatus.COMPLETED, RunStatus.COMPLETED, RunStatus.CANCELLED]
    with acme.world.engine.database.transaction() as session:
        table = RestoreRow.__table__
        row = dict(session.execute(select(table).where(table.c.id == one.id)).mappings().one())
        session.execute(table.delete().where(table.c.id == one.id))
        rows = [
            {
                **row, "id": f"rst-{count:08}", "status": statuses[count % 4].value,
                "created_at": row["created_at"] - timedelta(minutes=count),
            }
            for count in range(number)
        ]  # fmt: skip
        session.execute(insert(table), rows)
