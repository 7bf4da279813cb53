"""A catalog carried from SQLite to PostgreSQL: every row as it is stored, or nothing."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import delete, inspect, select, text, update

from core import audit
from core.catalog.tables import AppRow, BackupRow, HoldRow
from core.database import Database
from core.errors import CatalogError, CatalogNotAllowed, CatalogUnreachable, WrongState
from core.migrations import copy as copying
from core.migrations import upgrade
from core.migrations.copy import copy
from core.migrations.tables import METADATA
from core.moves.tables import MoveRow
from core.restore.tables import RestoreRow
from core.workflow.presence import this_host
from core.workflow.tables import WorkerRow
from tests.core.catalog.world import NOW
from tests.core.migrations.every_row import ROWS, every_row, fill


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    """Rows in every table, no run open, no worker there."""
    found = Database(f"sqlite:///{tmp_path / 'catalog.sqlite'}")
    upgrade(found)
    fill(found)
    with found.transaction() as session:
        session.execute(update(WorkerRow).values(heartbeat_at=NOW - timedelta(hours=1)))
    yield found
    found.dispose()


@pytest.fixture
def target(postgres_url: str) -> Iterator[Database]:
    found = Database(postgres_url)
    yield found
    found.dispose()


def carry(source: Database, target: Database) -> dict[str, int]:
    return dict(copy(source, target, person="per-1", now=NOW))


def refused(source: Database, target: Database, *words: str) -> None:
    """Says so, and leaves both as they were."""
    with source.reading() as session:
        before = every_row(session)
    with pytest.raises(WrongState) as raised:
        carry(source, target)
    for word in (*words, "Nothing was copied"):
        assert word in raised.value.message
    assert raised.value.hint
    with source.reading() as session:
        assert every_row(session) == before


def tables(target: Database) -> list[str]:
    with target.reading() as session:
        return inspect(session.connection()).get_table_names()


def test_every_row_of_every_table_arrives_as_it_was_stored(source: Database, target: Database) -> None:
    with source.reading() as session:
        before = every_row(session)
    assert carry(source, target) == dict.fromkeys(METADATA.tables, ROWS)
    with source.reading() as session:
        assert every_row(session) == before
    with target.transaction() as session:
        (entry,) = audit.entries(session, subject="catalog")
        assert (entry.action, entry.person) == ("catalog.copied", "per-1")
        session.execute(delete(audit.AuditRow).where(audit.AuditRow.action == "catalog.copied"))
        assert every_row(session) == before


def test_rows_are_numbered_on(source: Database, target: Database) -> None:
    carry(source, target)
    numbered = [one for one in METADATA.sorted_tables if one.autoincrement_column is not None]
    assert {one.name for one in numbered} >= {"hold", "audit_entry"}
    with target.transaction() as session:
        held = HoldRow(subject="app:new", run_id="new", reason="backup", exclusive=True, created_at=NOW)
        session.add(held)
        session.flush()
        assert held.id == 2**30 + ROWS
        for one in numbered:
            column = one.autoincrement_column
            assert column is not None
            highest = session.scalar(text(f'SELECT max("{column.name}") FROM "{one.name}"'))
            following = session.scalar(text(f"SELECT nextval(pg_get_serial_sequence('{one.name}', '{column.name}'))"))
            assert following == highest + 1, one.name


def test_tables_without_rows_number_from_one(tmp_path: Path, target: Database) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
    upgrade(empty)
    assert set(carry(empty, target).values()) == {0}
    empty.dispose()
    with target.transaction() as session:
        held = HoldRow(subject="app:new", run_id="new", reason="backup", exclusive=True, created_at=NOW)
        session.add(held)
        session.flush()
        assert held.id == 1


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_that_is_not_over_is_named(source: Database, target: Database, status: str) -> None:
    with source.transaction() as session:
        restore = session.scalars(select(RestoreRow.id).order_by(RestoreRow.id)).first()
        session.execute(update(RestoreRow).where(RestoreRow.id == restore).values(status=status))
        move = session.scalars(select(MoveRow.id).order_by(MoveRow.id)).first()
        session.execute(update(MoveRow).where(MoveRow.id == move).values(status=status))
    refused(source, target, f"restore {restore} ({status}), move {move} ({status})")
    assert tables(target) == []


def test_an_import_that_is_not_over_is_named(source: Database, target: Database) -> None:
    with source.transaction() as session:
        session.execute(update(BackupRow).values(status="running"))
        (backup, *_) = session.scalars(select(BackupRow.id).order_by(BackupRow.id))
    refused(source, target, f"import {backup} (running)")
    assert tables(target) == []


def test_a_worker_that_is_there_is_named(source: Database, target: Database) -> None:
    """On this machine its process tells, elsewhere its heartbeat; one that stopped or died is in nobody's way."""
    with source.transaction() as session:
        session.execute(update(WorkerRow).values(stopped_at=None))
        worker = session.scalars(select(WorkerRow).order_by(WorkerRow.executor_id)).first()
        assert worker is not None
        worker.host, worker.pid, worker.heartbeat_at = "elsewhere/b/n", 77, NOW - timedelta(seconds=5)
    refused(source, target, "the worker in process 77 on elsewhere")
    assert tables(target) == []
    with source.transaction() as session:
        session.execute(update(WorkerRow).values(host=this_host(), heartbeat_at=NOW, process_started=-5.0))
    carry(source, target)


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_another_revision_is_refused(source: Database, target: Database, revision: str) -> None:
    with source.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    refused(source, target, f"at revision {revision}")
    assert tables(target) == []


def test_a_database_that_is_used_is_refused(source: Database, target: Database) -> None:
    with target.transaction() as session:
        session.execute(text("CREATE TABLE theirs (id integer)"))
    refused(source, target, "not empty", "tables of its own: theirs")
    assert tables(target) == ["theirs"]
    with target.transaction() as session:
        session.execute(text("DROP TABLE theirs"))
    carry(source, target)
    refused(source, target, "not empty", f"rows: {ROWS + 1} of audit_entry", "more")


def test_a_journal_in_which_somebody_worked_is_refused(source: Database, target: Database) -> None:
    with target.transaction() as session:
        session.execute(text("CREATE SCHEMA dbos"))
        session.execute(text("CREATE TABLE dbos.workflow_status AS SELECT 'rst-1@1' AS workflow_uuid"))
    refused(source, target, "not empty", "a journal with 1 runs")
    with target.transaction() as session:
        session.execute(text("DELETE FROM dbos.workflow_status"))
    carry(source, target)


def test_what_postgresql_cannot_hold_is_named_and_nothing_is_copied_until_it_is_gone(
    source: Database, target: Database
) -> None:
    with source.transaction() as session:
        name = session.scalars(select(AppRow.name).order_by(AppRow.id)).first()
        session.execute(text("UPDATE app SET name = name || char(0) WHERE id = (SELECT min(id) FROM app)"))
    with pytest.raises(CatalogError, match=r"table app cannot be held .*NUL.*Nothing was copied") as raised:
        carry(source, target)
    assert raised.value.code == "catalog"
    with target.reading() as session:
        assert not every_row(session)
    with source.transaction() as session:
        session.execute(text("UPDATE app SET name = :name WHERE id = (SELECT min(id) FROM app)"), {"name": name})
    assert carry(source, target) == dict.fromkeys(METADATA.tables, ROWS)


def test_rows_that_do_not_arrive_are_noticed(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade(target)
    with target.transaction() as session:
        session.execute(text("CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"))
        session.execute(
            text(
                "CREATE TRIGGER lose BEFORE INSERT ON event FOR EACH ROW WHEN (NEW.number % 2 = 0)"
                " EXECUTE FUNCTION lose()"
            )
        )
    with pytest.raises(CatalogError, match=f"Of {ROWS} rows of the table event [0-2] arrived. Nothing was copied"):
        carry(source, target)
    with target.reading() as session:
        assert not every_row(session)


def test_a_connection_that_is_lost_leaves_nothing_and_it_can_be_done_again(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all but the last table are carried."""
    carry_table = copying._carry

    def cut_off(*given: Any) -> int:
        if given[-1] is copying._TABLES[-1]:
            with target.transaction() as session:
                ended = (
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
                )
                session.execute(text(f"{ended} AND pid <> pg_backend_pid()"))
        return carry_table(*given)

    monkeypatch.setattr(copying, "_carry", cut_off)
    with pytest.raises(CatalogUnreachable, match="is there whole or not at all"):
        carry(source, target)
    monkeypatch.undo()
    with target.reading() as session:
        assert not every_row(session)
    assert carry(source, target) == dict.fromkeys(METADATA.tables, ROWS)


def test_an_account_that_may_not_make_tables_is_told(source: Database, target: Database) -> None:
    with target.transaction() as session:
        session.execute(text("DROP ROLE IF EXISTS copier"))
        session.execute(text("CREATE ROLE copier LOGIN PASSWORD 'restorebot'"))
    visitor = Database(target.engine.url.set(username="copier").render_as_string(hide_password=False))
    with pytest.raises(CatalogNotAllowed):
        carry(source, visitor)
    visitor.dispose()
    assert tables(target) == []


def test_of_two_that_copy_at_once_one_does_and_the_other_is_refused(
    source: Database, target: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second begins when the first has looked whether the database is empty, and has carried something."""
    said: list[WrongState] = []

    def second() -> None:
        with pytest.raises(WrongState) as raised:
            carry(source, target)
        said.append(raised.value)

    thread = Thread(target=second)
    carry_table = copying._carry

    def held(*given: Any) -> int:
        if thread.ident is None and given[-1] is copying._TABLES[-1]:
            thread.start()
            with target.reading() as session:
                while not session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                    session.rollback()
        return carry_table(*given)

    monkeypatch.setattr(copying, "_carry", held)
    assert carry(source, target) == dict.fromkeys(METADATA.tables, ROWS)
    thread.join(timeout=30)
    assert "is not empty" in said[0].message
