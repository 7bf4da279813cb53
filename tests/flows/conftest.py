"""Installations for flows; one a test, since a test may break its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.world import POSTGRES, World, new_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = new_world(tmp_path / "data")
    yield found
    found.engine.close()


@pytest.fixture
def both(world: World, postgres_shard_url: str, tmp_path: Path) -> World:
    """An installation with a shard of either kind, in one region."""
    world.add_shard(POSTGRES, url=postgres_shard_url, attachments=(tmp_path / "files").as_uri())
    return world
