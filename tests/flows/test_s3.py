"""Backups in the customer's S3, and a shard whose attachments lie in S3, too."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.archive.layout import pack_key
from core.catalog import storages
from core.catalog.backups import Backup
from core.catalog.tables import StorageKind
from core.content.record_type import AppType
from core.restore import restores
from core.restore.request import Part
from core.restore.restores import Restore
from core.restore.tables import RestoreStatus
from core.samples.jira import write_jira_export
from core.samples.jira_shape import JiraShape
from core.storage.location import open_store
from core.storage.s3_place import parse_place
from tests.flows.world import World, assert_counts_add_up, assert_same_as_backup, new_world
from tests.services.s3_proxy import Fault, Proxy, Request

#: 40 attachments of about 20 kB, in several packs.
SHAPE = JiraShape(issues=40, attachments_per_issue=1, attachment_bytes=20_000)


def exported(folder: Path) -> Path:
    return write_jira_export(folder / "tracker.zip", shape=SHAPE).path


@pytest.fixture
def storage(proxied_s3_url: Callable[[str], str]) -> str:
    return proxied_s3_url("backups")


@pytest.fixture
def attachments(proxied_s3_url: Callable[[str], str]) -> str:
    return proxied_s3_url("attachments")


@pytest.fixture
def world(tmp_path: Path, hasty_s3: None, storage: str, attachments: str) -> Iterator[World]:
    found = new_world(tmp_path / "data", storage=storage, attachments=attachments, part_bytes=100_000)
    yield found
    found.engine.close()


@pytest.fixture
def backup(world: World, tmp_path: Path) -> Backup:
    return world.import_export(exported(tmp_path), world.provision(AppType.JIRA))


def of_packs(storage: str) -> Callable[[Request], bool]:
    place = parse_place(storage)
    return lambda request: request.path.startswith(f"/{place.bucket}/{place.prefix}/packs/")


def test_a_backup_in_s3_is_restored_and_no_byte_of_a_pack_passes_while_it_is_loaded(
    world: World, backup: Backup, storage: str, attachments: str, proxy: Proxy
) -> None:
    manifest = world.manifest(backup)
    assert len(manifest.packs) > 3
    with world.engine.database.transaction() as session:
        assert storages.get(session, backup.storage_id).kind is StorageKind.S3
    assert backup.expires_at == backup.taken_at + timedelta(days=30)
    assert not [key for key in world.stored_keys() if key.startswith("inbox/")]

    proxy.forget()
    app = world.provision(AppType.JIRA)
    done = world.restored(world.request(backup, app))
    seen = list(proxy.seen)
    assert_counts_add_up(done, manifest)
    assert_same_as_backup(world, backup, done, app)

    packs = [one.operation for one in seen if of_packs(storage)(one)]
    assert set(packs) == {"HeadObject"}  # the check of the backup, and the copies' look at their source
    assert [one.operation for one in seen].count("CopyObject") == len(manifest.packs)
    copied = max(number for number, one in enumerate(seen) if one.operation == "CopyObject")
    place = parse_place(attachments)
    read = [
        number
        for number, one in enumerate(seen)
        if one.operation == "GetObject" and one.path.startswith(f"/{place.bucket}/{place.prefix}/")
    ]
    assert min(read) > copied  # verification reads every byte of what was copied
    sizes = {one.key.rpartition("/")[2]: one.size for one in open_store(attachments).list("")}
    assert sizes == {one.id: one.size for one in manifest.packs}


def test_what_is_left_out_is_not_copied(world: World, backup: Backup, attachments: str) -> None:
    app = world.provision(AppType.JIRA)
    done = world.restored(world.request(backup, app, without=[Part.ATTACHMENTS]))
    assert_same_as_backup(world, backup, done, app)
    assert list(open_store(attachments).list("")) == []


def test_a_pack_that_was_replaced_behind_our_back_is_named_and_nothing_is_published(
    world: World, backup: Backup, attachments: str
) -> None:
    pack = pack_key(world.manifest(backup).packs[1].id)
    size = world.store.stat(pack).size
    world.store.delete(pack)
    world.store.put(pack, bytes(size))
    app = world.provision(AppType.JIRA)
    done = world.run_restore(world.request(backup, app))
    assert done.status is RestoreStatus.FAILED
    assert pack in str(done.failure)
    assert not list(world.records(app))
    assert list(open_store(attachments).list("")) == []


def test_a_pack_that_was_deleted_is_named_before_anything_is_staged(world: World, backup: Backup) -> None:
    pack = pack_key(world.manifest(backup).packs[0].id)
    world.store.delete(pack)
    app = world.provision(AppType.JIRA)
    done = world.run_restore(world.request(backup, app))
    assert done.status is RestoreStatus.FAILED
    assert done.generation is None
    assert pack in str([one.subject for one in world.findings(done)])


def test_between_a_folder_and_s3(tmp_path: Path, hasty_s3: None, s3_url: Callable[[str], str]) -> None:
    """Both ways: a backup in S3 into a shard whose attachments lie in a folder, and the other way round."""
    for number, places in enumerate(({"storage": s3_url("b")}, {"attachments": s3_url("a")})):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = new_world(folder / "data", part_bytes=100_000, **places)
        try:
            backup = world.import_export(exported(folder), world.provision(AppType.JIRA))
            app = world.provision(AppType.JIRA)
            done = world.restored(world.request(backup, app))
            assert_same_as_backup(world, backup, done, app)
        finally:
            world.engine.close()


def test_an_s3_that_is_away_for_long_ends_the_run_and_it_can_be_resumed(
    world: World, backup: Backup, proxy: Proxy
) -> None:
    app = world.provision(AppType.JIRA)
    proxy.does(Fault(answer=(503, "SlowDown")), to="CopyObject", times=99)
    failed = world.run_restore(world.request(backup, app))
    assert failed.failure is not None
    assert failed.failure["code"] == "storage.unreachable"
    proxy.forget()
    assert_same_as_backup(world, backup, resumed(world, failed), app)


def test_bytes_that_change_on_their_way_are_no_damage(
    world: World, backup: Backup, attachments: str, proxy: Proxy
) -> None:
    """What is read whole is asked for again at once; a pack's checksum is known at its end, and then the step is worth
    another try."""
    app = world.provision(AppType.JIRA)
    place = parse_place(attachments)
    packs = f"/{place.bucket}/{place.prefix}/"
    proxy.does(Fault(flip=True), to="GetObject", where=lambda one: "/records/" in one.path)
    proxy.does(Fault(flip=True), to="GetObject", where=lambda one: one.path.startswith(packs))
    failed = world.run_restore(world.request(backup, app))
    assert not proxy.waiting
    assert failed.failure is not None
    assert failed.failure["code"] == "storage.checksum"
    assert_same_as_backup(world, backup, resumed(world, failed), app)


def resumed(world: World, failed: Restore) -> Restore:
    assert failed.status is RestoreStatus.FAILED
    assert failed.staging_until is not None
    with world.engine.database.transaction() as session:
        restores.resume(session, failed.id, world.person.id, world.engine.now())
    world.drive()
    done = world.restore(failed.id)
    assert done.status is RestoreStatus.COMPLETED
    return done


def test_a_failed_import_leaves_nothing_in_the_bucket(world: World, tmp_path: Path, proxy: Proxy) -> None:
    export = exported(tmp_path)
    app = world.provision(AppType.JIRA)
    proxy.does(
        Fault(answer=(403, "AccessDenied")), to="PutObject", where=lambda one: one.path.endswith("manifest.json")
    )
    backup = world.run_import(export, app)
    assert backup.status.value == "failed"
    assert backup.error is not None
    assert backup.error["code"] == "storage.access-denied"
    assert "s3:PutObject" in backup.error["hint"]
    assert world.stored_keys() == []
