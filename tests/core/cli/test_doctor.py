"""Doctor tells what is the matter and what to do, and changes nothing."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import update

from core.catalog import apps, backups, holds, storages
from core.catalog.tables import HoldReason
from core.database import Database
from core.moves import moves
from core.moves.moves import Outlook
from core.workflow.tables import DividedStepRow, WaitingPartRow, WorkerRow
from tests.core.cli.shell import Shell

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def not_ok(found: dict[str, Any]) -> dict[str, str]:
    """What is not in order → its state."""
    return {one["what"]: one["state"] for one in found["lines"] if one["state"] != "ok"}


def test_before_init_it_says_what_to_do_and_makes_nothing(fresh: Shell) -> None:
    found = fresh.json("doctor", status=1)
    assert (found["good"], not_ok(found)) == (False, {"catalog": "bad"})
    assert "restorebot init" in fresh.says("doctor", status=1)
    assert not fresh.data_dir.exists()


def test_after_init_all_is_well(shell: Shell) -> None:
    found = shell.json("doctor")
    assert (found["good"], not_ok(found)) == (True, {})
    assert "second_person=always" in shell.says("doctor", second_person="always")


def test_a_setting_that_is_wrong_is_its_finding(shell: Shell) -> None:
    assert not_ok(shell.json("doctor", status=1, apps_per_shard="none")) == {"settings": "bad"}


def test_what_is_gone_or_open_to_others_is_bad(shell: Shell) -> None:
    (shell.data_dir / "keys" / "signing.pem").chmod(0o644)
    shutil.rmtree(shell.data_dir / "shards" / "shard-1")
    shutil.rmtree(shell.data_dir / "storage")
    assert not_ok(shell.json("doctor", status=1)) == {
        "signing key": "bad",
        "shard shard-1": "bad",
        "storage managed": "bad",
        "leftovers": "bad",
    }


def test_a_key_that_is_gone_is_bad(shell: Shell) -> None:
    (shell.data_dir / "keys" / "signing.pem").unlink()
    assert not_ok(shell.json("doctor", status=1)) == {"signing key": "bad"}


def test_nobody_who_can_decide_is_told(shell: Shell) -> None:
    shell.says("role", "revoke", "os:olga", "access-approver")
    found = shell.json("doctor")
    assert not_ok(found) == {"organization Acme": "warning"}


def test_runs_that_nobody_works_on_and_a_broken_off_clearing_are_named(shell: Shell) -> None:
    wiki = shell.json("app", "provision", "Wiki", "--type", "confluence")["id"]
    tracker = shell.json("app", "provision", "Tracker", "--type", "jira")["id"]
    notes = shell.json("app", "provision", "Notes", "--type", "confluence")["id"]
    shell.says("shard", "create", "s2", "--region", "local")
    database = Database(f"sqlite:///{shell.data_dir / 'catalog.sqlite'}")
    with database.transaction() as session:
        (storage,) = storages.list_all(session)
        running = backups.create(session, app_id=wiki, storage_id=storage.id, request={}, requested_by="per-1", now=NOW)
        outlook = Outlook(app=apps.get(session, tracker), shard="s2", size_bytes=1, minutes=1)
        move = moves.submit(session, outlook, apps_per_shard=9, person="per-1", now=NOW)
        apps.lock(session, notes)
        holds.take_up(session, notes, HoldReason.CLEAR, NOW, prefix="clr")
    database.dispose()
    found = shell.json("doctor")
    assert not_ok(found) == {f"import {running.id}": "warning", f"move {move.id}": "warning", "app Notes": "warning"}
    told = shell.says("doctor")
    assert "restorebot worker" in told
    assert 'restorebot app clear-default-space "Notes"' in told


def test_workers_are_told_by_what_became_of_them(shell: Shell) -> None:
    shell.says("doctor")
    database = Database(f"sqlite:///{shell.data_dir / 'catalog.sqlite'}")
    with database.transaction() as session:
        session.add(
            WorkerRow(
                executor_id="e1",
                host="elsewhere",
                pid=os.getpid(),
                process_started=0.0,
                version="1",
                started_at=NOW,
                heartbeat_at=datetime.now(UTC),
            )
        )
    assert "working, last seen" in shell.says("doctor")
    with database.transaction() as session:
        session.execute(update(WorkerRow).values(heartbeat_at=datetime.now(UTC) - timedelta(hours=1)))
    database.dispose()
    assert not_ok(shell.json("doctor")) == {"worker": "warning"}


def test_queues_are_told_by_organization_and_a_run_by_what_it_waits_for(shell: Shell) -> None:
    wiki = shell.json("app", "provision", "Wiki", "--type", "confluence")["id"]
    database = Database(f"sqlite:///{shell.data_dir / 'catalog.sqlite'}")
    now = datetime.now(UTC)
    with database.transaction() as session:
        (storage,) = storages.list_all(session)
        run = backups.create(session, app_id=wiki, storage_id=storage.id, request={}, requested_by="per-1", now=now)
        organization = apps.get(session, wiki).organization_id
        session.add(
            WorkerRow(
                executor_id="e1",
                host="elsewhere",
                pid=1,
                process_started=0.0,
                version="1.2.3",
                kinds=["backup.v2"],
                slots=2,
                started_at=now,
                heartbeat_at=now,
            )
        )
        step = DividedStepRow(
            id=f"{run.id}@1/read",
            workflow="backup.v2",
            run_id=run.id,
            attempt=1,
            step="read",
            organization=organization,
            shard="",
            storage=storage.id,
            served=1,
        )
        session.add(step)
        session.flush()
        for position, executor in enumerate(["e1", "e1", None, None, None]):
            session.add(WaitingPartRow(step_id=step.id, part=f"p{position}", position=position, executor_id=executor))
    database.dispose()
    told = shell.says("doctor")
    assert "working, last seen" in told
    assert "2 of 2 slots in use, release 1.2.3" in told
    assert "queue of Acme 1 runs begun, 0 queued; 2 parts in flight, 3 wait" in told
    assert f"import {run.id}" in told
    assert "; parts: 2 in flight, 3 wait" in told
