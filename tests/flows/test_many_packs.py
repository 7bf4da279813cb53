"""Where a backup has many packs, some of them share a part of a restore."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.content.record_type import AppType
from core.restore.request import Part
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceShape
from tests.flows.world import World, assert_counts_add_up, assert_same_as_backup, new_world

SHAPE = ConfluenceShape(personal_spaces=2, pages_per_space=30, attachments_per_page=1, attachment_bytes=3_000)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = new_world(tmp_path / "data", part_bytes=6_000)
    yield found
    found.engine.close()


@pytest.mark.parametrize("without", [(), (Part.PERSONAL_SPACES,)], ids=["whole", "without-personal-spaces"])
def test_parts_of_several_packs(world: World, tmp_path: Path, without: tuple[Part, ...]) -> None:
    """Without personal spaces packs of one part are copied whole, made anew, and left out."""
    export = write_confluence_export(tmp_path / "wiki.zip", shape=SHAPE)
    backup = world.import_export(export.path, world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    restore = world.restored(world.request(backup, destination, without=without))
    assert max(len(part.packs) for part in restore.plan.parts) > 1
    assert [pack for part in restore.plan.parts for pack in part.packs] == [
        one.id for one in world.manifest(backup).packs
    ]
    left_out = assert_counts_add_up(restore, world.manifest(backup))["attachments"]["left_out"]
    assert bool(left_out) == bool(without)
    assert_same_as_backup(world, backup, restore, destination)
