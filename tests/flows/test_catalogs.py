"""A worker, its journal and the catalog: the same on a folder's SQLite files and on a PostgreSQL server."""

from pathlib import Path

from core.catalog.run_tables import RunStatus
from core.catalog.tables import SEALED
from core.content.record_type import AppType
from core.restore.tables import RestoreStatus
from core.samples.jira_shape import JiraFlavour
from tests.flows.generated import Generated
from tests.flows.world import assert_counts_add_up, assert_same_as_backup, new_world


def test_a_worker_imports_restores_and_moves(catalog_url: str, tmp_path: Path) -> None:
    world = new_world(tmp_path / "data", database_url=catalog_url)
    export = Generated(flavour=JiraFlavour.CLOUD).write(tmp_path)
    worker = world.engine.worker()
    assert worker.start()
    try:
        submitted = world.submit_import(export.path, world.provision(AppType.JIRA))
        worker.run_until(lambda: world.backup(submitted.id).finished_at is not None)
        backup = world.backup(submitted.id)
        assert backup.status in SEALED, backup.error
        app = world.provision(AppType.JIRA)
        queued = world.submit_restore(world.request(backup, app))
        worker.run_until(lambda: world.restore(queued.id).finished_at is not None)
        world.add_shard("shard-2")
        moving = world.submit_move(app, "shard-2")
        worker.run_until(lambda: world.move(moving.id).finished_at is not None)
    finally:
        worker.stop()
    assert world.move(moving.id).status is RunStatus.COMPLETED, world.move(moving.id).failure
    assert world.app(app.id).shard == "shard-2"
    restore = world.restore(queued.id)
    assert restore.status is RestoreStatus.COMPLETED, restore.failure
    assert_counts_add_up(restore, world.manifest(backup))
    assert_same_as_backup(world, backup, restore, app)
    world.engine.close()
