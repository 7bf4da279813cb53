"""A storage fails at one of an import's calls: the import comes to its backup, or to none and nothing of it stays."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.archive.check import Depth, check
from core.archive.layout import INBOX_PREFIX, backup_prefix
from core.catalog.backups import Backup
from core.catalog.tables import SEALED, BackupStatus
from core.errors import DiskFull, RestorebotError, StorageReadOnly
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground, backup_row, copy_of
from tests.faults.inline import drive_to_end
from tests.faults.sample import chosen
from tests.faults.scripted import Faults, failing, unreachable


@pytest.fixture(scope="session")
def calls(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    copy = copy_of(ground, tmp_path_factory.mktemp("calls") / "data")
    faults = Faults()
    copy.world.submit_import(copy.export, copy.destination)
    drive_to_end(failing(copy.world.engine, faults))
    yield faults.calls
    copy.close()


def imported(ground: Ground, call: str, error: RestorebotError) -> Backup:
    faults = Faults(breaks=call, error=error)
    submitted = ground.world.submit_import(ground.export, ground.destination)
    drive_to_end(failing(ground.world.engine, faults))
    assert faults.raised
    return backup_row(ground, submitted.id)


def test_an_import_tries_again_what_cannot_be_reached_for_a_moment(
    calls: list[str], fresh: Fresh, subtests: pytest.Subtests
) -> None:
    for call in chosen(calls, few=4):
        with subtests.test(call=call):
            ground = fresh()
            backup = imported(ground, call, unreachable())
            assert backup.status in SEALED, backup.error
            assert not list(check(ground.world.reader(backup), Depth.CONTENTS))
            assert_no_more_than(ground, backup)
            ground.close()


@pytest.mark.parametrize("error", [DiskFull, StorageReadOnly])
def test_a_full_or_read_only_storage_ends_an_import_with_nothing_left(
    error: type[RestorebotError], calls: list[str], fresh: Fresh, subtests: pytest.Subtests
) -> None:
    for call in chosen(calls, few=4):
        with subtests.test(call=call):
            ground = fresh()
            before = set(ground.world.stored_keys())
            backup = imported(ground, call, error("The disk cannot be written.", hint="Make room."))
            if backup.status is BackupStatus.FAILED:
                assert backup.error is not None
                assert backup.error["message"]
                assert set(ground.world.stored_keys()) == before
            else:
                assert not list(check(ground.world.reader(backup), Depth.CONTENTS))
            assert_no_more_than(ground, backup)
            ground.close()


def assert_no_more_than(ground: Ground, backup: Backup) -> None:
    """No hold, no inbox once the storage deletes again, no work file, and of the backup's objects those that its
    manifest counts."""
    later = replace(ground.world.engine, now=lambda: ground.world.engine.now() + timedelta(days=2))
    later.sweep()
    counted: set[str] = set()
    if backup.status in SEALED:
        manifest = ground.world.manifest(backup)
        assert manifest.attachments_index is not None
        counted = {one.key for one in manifest.objects} | {manifest.attachments_index.key}
        counted.add(f"{backup_prefix(backup.id)}manifest.json")
    stored = ground.world.stored_keys()
    assert {key for key in stored if key.startswith(backup_prefix(backup.id))} == counted
    assert not [key for key in stored if key.startswith(INBOX_PREFIX)]
    assert ground.holds() == []
    assert [path.name for path in ground.world.engine.settings.work_dir.iterdir()] == []
