"""Where a backup can go, with the reason where it can go nowhere."""

from pathlib import Path

import pytest

from core.apps.driver import Contents, Edit, EditKind
from core.catalog import holds
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.tables import HoldReason
from core.content.record_type import AppType
from core.restore import destinations
from core.restore.destinations import DestinationPage, find_destinations
from core.restore.draft_state import ContainsData
from core.retention import deactivation
from core.retention.policy import Rules
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceShape
from tests.flows.world import World


@pytest.fixture
def backup(world: World, tmp_path: Path) -> Backup:
    file = tmp_path / "export.zip"
    write_confluence_export(file, shape=ConfluenceShape(spaces=1, pages_per_space=1, users=3))
    return world.import_export(file, world.provision(AppType.CONFLUENCE, "Source"))


def find(world: World, backup: Backup, **values: object) -> DestinationPage:
    return find_destinations(world.engine.tools, backup.id, **values)  # type: ignore[arg-type]  # each test's own


def names(page: DestinationPage) -> list[str]:
    return [one.app.name for one in page.found]


def fill(world: World, app: App) -> None:
    world.driver(app).edit(world.place(app), Edit(kind=EditKind.ADD_ITEM, container="OWN", title="Mine", text="x"))


def test_filters_by_data_shard_type_region_and_name(world: World, backup: Backup) -> None:
    world.add_shard("shard-2")
    world.add_shard("far", region="elsewhere")
    world.provision(AppType.CONFLUENCE, "With space", with_space=True)
    fill(world, world.provision(AppType.CONFLUENCE, "Filled"))
    held = world.provision(AppType.CONFLUENCE, "Beside", shard="shard-2")
    world.provision(AppType.CONFLUENCE, "Far", shard="far")
    world.provision(AppType.JIRA, "Tracker")
    with world.engine.database.transaction() as session:
        holds.take_exclusive(session, holds.on_app(held.id), "rst-1", HoldReason.RESTORE, world.engine.now())
    assert names(find(world, backup)) == ["Source"]
    wide = find(world, backup, only_backup_shard=False)
    assert names(wide) == ["Beside", "Source"]  # the newest first
    assert [(one.moves, "rst-1" in one.held) for one in wide.found] == [(True, True), (False, False)]
    full = find(world, backup, contains_data=ContainsData.YES)
    assert [(one.app.name, one.contents) for one in full.found] == [
        ("Filled", Contents.DATA),
        ("With space", Contents.DEFAULT_PERSONAL_SPACE),
    ]
    assert names(find(world, backup, contains_data=ContainsData.ANY)) == ["Filled", "Source", "With space"]
    assert names(find(world, backup, text="SPACE", contains_data=ContainsData.ANY)) == ["With space"]


def test_an_empty_list_says_why_and_what_to_do(world: World, backup: Backup) -> None:
    engine, source = world.engine, world.app(backup.app_id)
    assert "has “zzz” in its name" in find(world, backup, text="zzz").empty
    assert "contains data" in find(world, backup, contains_data=ContainsData.YES).empty
    fill(world, source)
    assert "Provision a new app" in find(world, backup).empty
    world.add_shard("shard-2")
    world.provision(AppType.CONFLUENCE, "Beside", shard="shard-2")
    with engine.database.transaction() as session:
        deactivation.deactivate(session, source.id, person="per-1", now=engine.now(), rules=Rules.of(engine.settings))
    assert "on other shards" in find(world, backup).empty
    found = find(world, backup, only_backup_shard=False)
    assert (names(found), found.empty) == (["Beside"], "")
    with engine.database.transaction() as session:
        deactivation.deactivate(
            session, found.found[0].app.id, person="per-1", now=engine.now(), rules=Rules.of(engine.settings)
        )
    assert "no active Confluence app in region local" in find(world, backup, only_backup_shard=False).empty


def test_a_page_looks_into_few_apps_and_the_next_goes_on(
    world: World, backup: Backup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(destinations, "LOOKED_INTO", 2)
    for number in range(3):
        fill(world, world.provision(AppType.CONFLUENCE, f"Filled {number}"))
    first = find(world, backup)
    assert (names(first), first.next_offset, first.candidates) == ([], 2, 4)
    assert "None of the 2 apps looked into so far fits" in first.empty
    second = find(world, backup, offset=2)
    assert (names(second), second.next_offset, second.empty) == (["Source"], None, "")


def test_an_app_that_cannot_be_looked_into_is_shown_with_its_problem(world: World, backup: Backup) -> None:
    place = world.place(world.app(backup.app_id))
    (Path(place.shard.url.removeprefix("sqlite:///")) / "generations" / f"{place.generation}.sqlite").unlink()
    (one,) = find(world, backup).found
    assert one.contents is None
    assert one.problem.startswith("Source could not be looked at")
