"""Catalogs that released versions have made, with data in them: every later version opens them as they are."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from core.catalog import apps, backups, organizations
from core.catalog.tables import BackupStatus
from core.database import Database
from core.migrations import head, revision_of, upgrade
from core.migrations.tables import METADATA
from core.moves import moves
from core.restore import restores
from core.restore.tables import RestoreStatus
from tests.core.catalog.world import NOW

DUMPS = sorted((Path(__file__).parent / "released").glob("*.sql"))


def test_there_is_a_dump_of_every_release() -> None:
    assert [dump.stem for dump in DUMPS] == ["0001"]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: dump.stem)
def test_a_released_catalog_is_brought_up_to_date_and_loses_nothing(dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(dump.read_text(encoding="utf-8"))
    connection.close()
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.transaction() as session:
        assert revision_of(session.connection()) == head()
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
        assert [one.name for one in organizations.list_all(session)] == ["Acme"]
        assert sorted(one.name for one in apps.list_all(session)) == ["Wiki", "Wiki restored"]
        (backup,) = backups.list_all(session)
        assert backup.status is BackupStatus.COMPLETE
        (restore,) = restores.list_all(session)
        assert restore.status is RestoreStatus.COMPLETED
        assert (restore.report or {})["records"]["confluence.page"]["restored"] == 15
    database.dispose()


def test_a_move_that_was_broken_off_under_an_older_version_goes_on_as_a_run(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(DUMPS[0].read_text(encoding="utf-8"))
        (app,) = connection.execute("SELECT id FROM app WHERE name = 'Wiki'").fetchone()
        at = "2026-11-23 12:00:00.000000"
        connection.execute("INSERT INTO shard VALUES ('s2', 'local', 'sqlite:///s2', 'file:///s2', ?)", [at])
        connection.execute(
            "INSERT INTO generation (id, app_id, shard, status, run_id, created_at)"
            " VALUES ('gen-2', ?, 's2', 'staged', 'mov-1', ?)",
            [app, at],
        )
        connection.execute(
            "INSERT INTO hold (subject, run_id, reason, exclusive, created_at) VALUES (?, 'mov-1', 'move', 1, ?)",
            [f"app:{app}", at],
        )
    connection.close()
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    with database.transaction() as session:
        (move,) = moves.RUNS.open_runs(session)
        assert (move.id, move.app_id, move.generation) == ("mov-1", app, "gen-2")
        assert (move.from_shard, move.to_shard) == (apps.get(session, app).shard, "s2")
        assert moves.RUNS.begin_attempt(session, move.id, 0, NOW) is not None
    database.dispose()
