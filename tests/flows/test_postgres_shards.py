"""The same export restored on SQLite and on PostgreSQL is the same app, and a restore takes an app from one to the
other."""

from pathlib import Path
from typing import Any

import pytest

from core.apps.driver import entries_of
from core.catalog import generations
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.tables import GenerationStatus
from core.findings import FindingCode
from core.samples.confluence_shape import ConfluenceFlavour
from core.samples.jira_shape import JiraFlavour
from tests.flows.generated import Generated
from tests.flows.world import (
    POSTGRES,
    SQLITE,
    World,
    assert_counts_add_up,
    assert_looked_after,
    assert_same_as_backup,
)

EXPORTS = [Generated(flavour=list(ConfluenceFlavour)[-1]), Generated(flavour=list(JiraFlavour)[-1])]


def restored(world: World, backup: Backup, app: App) -> Any:
    """The report of a restore whose result equals the backup."""
    done = world.restored(world.request(backup, app))
    assert_counts_add_up(done, world.manifest(backup))
    assert_same_as_backup(world, backup, done, world.app(app.id))
    return done.report


@pytest.mark.parametrize("generated", EXPORTS, ids=lambda one: one.app_type)
def test_a_restore_gives_the_same_app_on_either_database(generated: Generated, both: World, tmp_path: Path) -> None:
    export = generated.write(tmp_path).path
    results = []
    for shard in (SQLITE, POSTGRES):
        backup = both.import_export(export, both.provision(generated.app_type, shard=shard))
        app = both.provision(generated.app_type, shard=shard)
        report = restored(both, backup, app)
        assert both.app(app.id).shard == shard
        if shard == POSTGRES:
            assert_looked_after(both.place(app))
        results.append((report["records"], report["attachments"], dict(both.records(app)), contents(both, app)))
    (*reports, on_sqlite, files), (*other_reports, on_postgres, other_files) = results
    assert on_sqlite
    assert on_sqlite == on_postgres
    assert reports == other_reports
    assert files
    assert files == other_files


@pytest.mark.parametrize(("home", "elsewhere"), [(SQLITE, POSTGRES), (POSTGRES, SQLITE)])
def test_a_restore_takes_an_app_to_the_database_of_its_backup(
    home: str, elsewhere: str, both: World, tmp_path: Path
) -> None:
    generated = EXPORTS[0]
    source = both.provision(generated.app_type, shard=home)
    backup = both.import_export(generated.write(tmp_path).path, source)
    app = both.provision(generated.app_type, shard=elsewhere)
    told = {one.code for one in both.assess(both.request(backup, app)).findings}
    assert FindingCode.DESTINATION_OTHER_SHARD in told
    restored(both, backup, app)
    assert both.app(app.id).shard == home
    with both.engine.database.transaction() as session:
        left, _ = generations.list_of(session, app.id)
    assert (left.shard, left.status) == (elsewhere, GenerationStatus.RETIRED)


def contents(world: World, app: App) -> dict[tuple[str, str], bytes]:
    """What the files of the live app hold."""
    driver, place = world.driver(app), world.place(app)
    found = {}
    for one in entries_of(driver.read_attachments(place)):
        with driver.open_attachment(place, one.record_key) as stream:
            found[one.record_type, one.record_key] = stream.read()
    return found
