"""Catalogs that released versions have made, with data in them: every later version opens them as they are."""

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, text

from core.catalog import apps, backups, organizations
from core.catalog.tables import BackupStatus
from core.database import Database
from core.migrations import head, revision_of, upgrade
from core.migrations.copy import copy
from core.migrations.run import config
from core.migrations.tables import METADATA
from core.moves import moves
from core.restore import restores
from core.restore.tables import RestoreStatus
from tests.core.catalog.world import NOW

DUMPS = sorted((Path(__file__).parent / "released").glob("*.sql"))


def released(dump: Path, url: str, folder: Path) -> Database:
    """The catalog of a dump as it was made; on PostgreSQL its rows in what the revisions up to it make there."""
    path = folder / "released.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    made = Database(f"sqlite:///{path}")
    if url.startswith("sqlite"):
        return made
    found, tables = Database(url), MetaData()
    with made.reading() as old, found.transaction() as new:
        command.upgrade(config(connection=new.connection()), dump.stem)
        tables.reflect(old.connection())
        for table in tables.sorted_tables:
            rows = [dict(row) for row in old.execute(table.select()).mappings()]
            if rows and table.name != "alembic_version":
                new.execute(table.insert(), rows)
    made.dispose()
    return found


def test_there_is_a_dump_of_every_release() -> None:
    assert [dump.stem for dump in DUMPS] == ["0001"]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_released_catalog_is_brought_up_to_date_and_loses_nothing(
    dump: Path, catalog_url: str, tmp_path: Path
) -> None:
    database = released(dump, catalog_url, tmp_path)
    upgrade(database)
    assert_nothing_is_lost(database)
    database.dispose()


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_released_catalog_is_carried_to_postgresql(dump: Path, tmp_path: Path, postgres_url: str) -> None:
    database, target = released(dump, "sqlite:///", tmp_path), Database(postgres_url)
    upgrade(database)
    copy(database, target, person="per-1", now=NOW)
    assert_nothing_is_lost(target)
    for found in (database, target):
        found.dispose()


def assert_nothing_is_lost(database: Database) -> None:
    with database.transaction() as session:
        assert revision_of(session.connection()) == head()
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert [one.name for one in organizations.list_all(session)] == ["Acme"]
        assert sorted(one.name for one in apps.list_all(session)) == ["Wiki", "Wiki restored"]
        folded = session.execute(text("SELECT folded_name FROM app ORDER BY folded_name")).scalars()
        assert list(folded) == ["wiki", "wiki restored"]
        (backup,) = backups.list_all(session)
        assert backup.status is BackupStatus.COMPLETE
        (restore,) = restores.list_all(session)
        assert restore.status is RestoreStatus.COMPLETED
        assert (restore.report or {})["records"]["confluence.page"]["restored"] == 15


def test_a_move_that_was_broken_off_under_an_older_version_goes_on_as_a_run(catalog_url: str, tmp_path: Path) -> None:
    database = released(DUMPS[0], catalog_url, tmp_path)
    with database.transaction() as session:
        app = session.scalars(text("SELECT id FROM app WHERE name = 'Wiki'")).one()
        values = {"app": app, "at": "2026-11-23 12:00:00.000000", "held": f"app:{app}", "yes": True}
        for insert in (
            "INSERT INTO shard VALUES ('s2', 'local', 'sqlite:///s2', 'file:///s2', :at)",
            "INSERT INTO generation (id, app_id, shard, status, run_id, created_at)"
            " VALUES ('gen-2', :app, 's2', 'staged', 'mov-1', :at)",
            "INSERT INTO hold (id, subject, run_id, reason, exclusive, created_at)"
            " VALUES (99, :held, 'mov-1', 'move', :yes, :at)",
        ):
            session.execute(text(insert), values)
    upgrade(database)
    with database.transaction() as session:
        (move,) = moves.RUNS.open_runs(session)
        assert (move.id, move.app_id, move.generation) == ("mov-1", app, "gen-2")
        assert (move.from_shard, move.to_shard) == (apps.get(session, app).shard, "s2")
        assert moves.RUNS.begin_attempt(session, move.id, 0, NOW) is not None
    database.dispose()
