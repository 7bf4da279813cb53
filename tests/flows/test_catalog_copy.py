"""What was begun under a catalog on SQLite goes on under the one on PostgreSQL it was carried to."""

import getpass
from pathlib import Path

from core.catalog import generations
from core.content.record_type import AppType
from core.engine import build_engine
from core.errors import StorageUnreachable
from core.restore.tables import RestoreStatus
from core.samples.confluence_shape import ConfluenceFlavour
from core.settings import load_settings
from tests.core.cli.shell import Shell
from tests.flows.failing import failing_store
from tests.flows.generated import Generated
from tests.flows.world import PART_BYTES, World, assert_counts_add_up, assert_same_as_backup, new_world


def test_a_restore_that_failed_for_a_passing_reason_is_resumed_after_the_catalog_was_carried(
    tmp_path: Path, postgres_url: str
) -> None:
    """Rows are loaded when the storage goes: they are not loaded again by the worker that goes on."""
    world = new_world(tmp_path / "data")
    export = Generated(flavour=ConfluenceFlavour.CLOUD).write(tmp_path)
    backup = world.import_export(export.path, world.provision(AppType.CONFLUENCE))
    app = world.provision(AppType.CONFLUENCE)
    submitted = world.submit_restore(world.request(backup, app))
    failing_store(world, StorageUnreachable("The storage does not answer.", hint="Wait."), ("copy_from",)).drive()
    failed = world.restore(submitted.id)
    assert (failed.status, failed.attempt) == (RestoreStatus.FAILED, 1)
    with world.engine.database.reading() as session:
        staged = generations.place(session, failed.generation or "")
    assert world.driver(app).loaded_parts(staged)

    shell, person = Shell(tmp_path / "data"), getpass.getuser()
    settings = {"database_url": postgres_url, "part_bytes": str(PART_BYTES), "person": person}
    shell.says("catalog", "copy", "--to", postgres_url, person=person)
    resumed = shell.json("restore", "resume", failed.id, **settings)
    assert resumed["status"] == "completed"

    there = World(
        engine=build_engine(load_settings(data_dir=tmp_path / "data", database_url=postgres_url)), person=world.person
    )
    done = there.restore(failed.id)
    assert (done.attempt, done.generation) == (2, failed.generation)
    assert done.token > failed.token
    assert_counts_add_up(done, there.manifest(backup))
    assert_same_as_backup(there, backup, done, app)
    there.engine.close()
    assert world.restore(failed.id) == failed
    world.engine.close()
