"""kill -9 at any instant of an import: it goes on to the same backup, or nothing of it is left; never half a backup."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from core.archive.check import Depth, check
from core.archive.layout import INBOX_PREFIX, backup_prefix, manifest_key, pack_key
from core.catalog import backups
from core.catalog.backups import Backup
from core.catalog.tables import SEALED
from core.content.record_type import AppType
from core.events import log
from core.events.kinds import StreamKind
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground, copy_of
from tests.faults.sample import chosen, share, turns

DANGEROUS = (
    "command/store.put_file:after",
    "command/catalog:before",
    "step:read/store.put_file:after#3",
    "step:read:after",
    "step:seal/store.put:before",
    "step:seal/store.put:after",
    "step:seal/catalog:after#2",
)
TURNS = turns(8, 2)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an undisturbed import makes, as it can be compared with another one of the same file."""

    facts: Mapping[str, Any]
    records: Mapping[str, pa.Table]
    attachments: set[tuple[str, str, str, int]]
    told: list[str]


def imported(ground: Ground, backup: Backup) -> Imported:
    reader = ground.world.reader(backup)
    records: dict[str, list[pa.RecordBatch]] = {}
    for one in reader.manifest.objects:
        records.setdefault(one.record_type, []).extend(reader.batches(one))
    own = ("backup_id", "taken_at", "objects", "attachments_index", "packs", "app_id")
    with ground.world.engine.database.transaction() as session:
        events = log.read(session, stream=(StreamKind.BACKUP, backup.id))
    assert [one.number for one in events] == list(range(1, len(events) + 1))
    return Imported(
        facts={name: value for name, value in vars(reader.manifest).items() if name not in own},
        records={name: pa.Table.from_batches(batches) for name, batches in records.items()},
        attachments={(row.record_type, row.record_key, row.blob, row.size) for row in reader.attachments()},
        told=[f"{one.kind.value} {one.data.get('step', '')}".strip() for one in events],
    )


@pytest.fixture(scope="session")
def undisturbed(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Imported, list[str]]]:
    copy = copy_of(ground, tmp_path_factory.mktemp("imported") / "data")
    starter = copy.starter()
    ended = starter(*import_words(copy), acts=["RECORD="])
    assert ended.ended() == 0, ended.said()
    yield imported(copy, newest(copy)), sorted(set(starter.signs.lines("points")))
    starter.end()
    copy.close()


@pytest.mark.parametrize("turn", TURNS)
def test_after_a_kill_at_any_point_an_import_comes_to_the_same_backup_or_to_none(
    turn: int, fresh: Fresh, undisturbed: tuple[Imported, list[str]], subtests: pytest.Subtests
) -> None:
    expected, points = undisturbed
    for point in share(chosen(points, always=DANGEROUS, few=1), turn, TURNS):
        with subtests.test(point=point):
            ground = fresh()
            starter = ground.starter()
            try:
                killed = starter(*import_words(ground), acts=[f"KILL={point}"])
                assert killed.ended() == -9, killed.said()
                assert_no_half_backup(ground)
                if not submitted(ground):
                    assert starter(*import_words(ground)).ended() == 0
                elif newest(ground).status not in SEALED:
                    resumed = starter.worker_until_done()
                    assert resumed.ended() == 0, resumed.said()
                assert imported(ground, newest(ground)) == expected
                assert_clean(ground)
            finally:
                starter.end()
                ground.close()


def import_words(ground: Ground) -> tuple[str, ...]:
    """Into the empty app, so that no earlier backup's packs are used again."""
    return ("backup", "import", str(ground.export), "--app", ground.destination.id)


def submitted(ground: Ground) -> list[Backup]:
    with ground.world.engine.database.transaction() as session:
        return list(backups.list_all(session, app_id=ground.destination.id))


def newest(ground: Ground) -> Backup:
    return submitted(ground)[0]


def assert_no_half_backup(ground: Ground) -> None:
    """What can be restored is sealed and whole; what is not sealed is in no list of backups to restore."""
    with ground.world.engine.database.transaction() as session:
        offered = backups.list_all(session, restorable_at=ground.world.engine.now())
    for one in offered:
        assert not list(check(ground.world.reader(one), Depth.CONTENTS))
    for one in submitted(ground):
        assert (one.status in SEALED) == (one.id in {each.id for each in offered})


def assert_clean(ground: Ground) -> None:
    """Nothing is left that no manifest counts: no inbox a day later, no work file, no hold, no object of an attempt."""
    assert ground.destination.type is AppType.CONFLUENCE
    backup = newest(ground)
    manifest = ground.world.manifest(backup)
    assert not list(check(ground.world.reader(backup), Depth.CONTENTS))
    later = replace(ground.world.engine, now=lambda: ground.world.engine.now() + timedelta(days=2))
    later.sweep()
    assert manifest.attachments_index is not None
    counted = {manifest_key(backup.id), manifest.attachments_index.key, *(one.key for one in manifest.objects)}
    stored = ground.world.stored_keys()
    assert {key for key in stored if key.startswith(backup_prefix(backup.id))} == counted
    assert not [key for key in stored if key.startswith(INBOX_PREFIX)]
    assert {pack_key(one.id) for one in manifest.packs} <= set(stored)
    assert ground.holds() == []
    assert [path.name for path in ground.world.engine.settings.work_dir.iterdir()] == []
