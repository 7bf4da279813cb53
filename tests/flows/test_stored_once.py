"""An attachment that did not change is stored once for all backups of an app."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.archive.layout import PACKS_PREFIX
from core.archive.manifest import Manifest
from core.catalog.backups import Backup
from core.content.record_type import AppType
from core.samples.jira import write_jira_export
from core.samples.jira_shape import JiraShape
from tests.flows.world import World, assert_same_as_backup, new_world

#: 40 attachments of about 20 kB, of which half is compressed to little.
SHAPE = JiraShape(issues=40, attachments_per_issue=1, attachment_bytes=20_000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = new_world(tmp_path / "data", part_bytes=100_000)
    yield found
    found.engine.close()


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_jira_export(tmp_path / "tracker.zip", shape=SHAPE).path


def packs(world: World) -> dict[str, int]:
    return {one.key.removeprefix(PACKS_PREFIX): one.size for one in world.store.list(PACKS_PREFIX)}


def changed(export: Path, files: int) -> Path:
    """The same export with other bytes in its first attachments."""
    target = export.with_name(f"changed-{files}.zip")
    with zipfile.ZipFile(export) as source, zipfile.ZipFile(target, "w") as made:
        left = files
        for info in source.infolist():
            data = source.read(info)
            if "attachments/" in info.filename and left:
                data, left = data[::-1] + b"!", left - 1
            made.writestr(info, data)
    return target


def restored_as_backed_up(world: World, backup: Backup) -> None:
    destination = world.provision(AppType.JIRA)
    restore = world.restored(world.request(backup, destination))
    assert_same_as_backup(world, backup, restore, destination)


def ids(manifest: Manifest) -> set[str]:
    return {one.id for one in manifest.packs}


def test_the_same_export_again_adds_no_pack(export: Path, world: World) -> None:
    app = world.provision(AppType.JIRA)
    first = world.import_export(export, app)
    stored = packs(world)
    assert len(stored) > 3
    second = world.import_export(export, app)
    assert packs(world) == stored
    assert world.manifest(second).packs == world.manifest(first).packs
    assert world.manifest(second).attachments == world.manifest(first).attachments == 40
    restored_as_backed_up(world, second)


def test_a_small_change_adds_little(export: Path, world: World) -> None:
    app = world.provision(AppType.JIRA)
    world.import_export(export, app)
    before = packs(world)
    second = world.import_export(changed(export, 1), app)
    added = {pack: size for pack, size in packs(world).items() if pack not in before}
    assert len(added) == 1
    assert sum(added.values()) < 40_000
    assert ids(world.manifest(second)) == before.keys() | added.keys()
    restored_as_backed_up(world, second)


def test_a_pack_of_which_less_than_half_is_needed_is_not_used_again(export: Path, world: World) -> None:
    app = world.provision(AppType.JIRA)
    first = world.import_export(export, app)
    second = world.import_export(changed(export, 36), app)
    kept = ids(world.manifest(first)) & ids(world.manifest(second))
    needed = dict.fromkeys(kept, 0)
    for row in world.reader(second).attachments():
        if row.pack in needed:
            needed[row.pack] += row.stored_size
    sizes = {one.id: one.size for one in world.manifest(first).packs}
    assert len(kept) <= 1
    assert all(used * 2 >= sizes[pack] for pack, used in needed.items())
    assert world.manifest(second).attachments == 40
    restored_as_backed_up(world, second)


def test_packs_of_older_backups_are_found_too(export: Path, world: World, tmp_path: Path) -> None:
    """Also where the newest backup has no attachments."""
    app = world.provision(AppType.JIRA)
    first = world.import_export(export, app)
    with zipfile.ZipFile(export) as archive:
        archive.extract("entities.xml", tmp_path)
    bare = world.import_export(tmp_path / "entities.xml", app)
    assert world.manifest(bare).packs == ()
    third = world.import_export(export, app)
    assert ids(world.manifest(third)) == ids(world.manifest(first))


def test_another_app_shares_nothing(export: Path, world: World) -> None:
    first = world.import_export(export, world.provision(AppType.JIRA))
    second = world.import_export(export, world.provision(AppType.JIRA))
    assert not ids(world.manifest(first)) & ids(world.manifest(second))


def test_a_pack_that_is_gone_or_cut_off_is_not_used_again(export: Path, world: World) -> None:
    app = world.provision(AppType.JIRA)
    first = world.import_export(export, app)
    gone, cut, *_ = sorted(ids(world.manifest(first)))
    (world.storage_dir / PACKS_PREFIX / gone).unlink()
    (world.storage_dir / PACKS_PREFIX / cut).chmod(0o600)
    (world.storage_dir / PACKS_PREFIX / cut).write_bytes(b"short")
    second = world.import_export(export, app)
    assert not {gone, cut} & ids(world.manifest(second))
    restored_as_backed_up(world, second)


@pytest.mark.parametrize("damage", ["index", "manifest"])
def test_an_earlier_backup_that_cannot_be_read_is_no_harm(damage: str, export: Path, world: World) -> None:
    app = world.provision(AppType.JIRA)
    first = world.import_export(export, app)
    name = "attachments-1.parquet" if damage == "index" else "manifest.json"
    path = world.storage_dir / "backups" / first.id / name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-10])
    before = packs(world)
    second = world.import_export(export, app)
    assert not ids(world.manifest(second)) & before.keys()
    restored_as_backed_up(world, second)


def test_files_that_one_record_would_claim_twice(world: World, tmp_path: Path) -> None:
    """Under the old and the new folder of a project: the first is the record's, the other is kept beside."""
    export = write_jira_export(tmp_path / "tracker.zip", shape=JiraShape(issues=4, attachments_per_issue=1)).path
    with zipfile.ZipFile(export) as archive:
        name = next(one for one in archive.namelist() if "attachments/" in one)
    with zipfile.ZipFile(export, "a") as archive:
        archive.writestr(f"data/attachments/OLD/{name.rpartition('/')[2]}", b"another file of that id")
    backup = world.import_export(export, world.provision(AppType.JIRA))
    rows = list(world.reader(backup).attachments())
    assert len(rows) == 5
    assert [row.size for row in rows if not row.record_type] == [len(b"another file of that id")]
    restored_as_backed_up(world, backup)
