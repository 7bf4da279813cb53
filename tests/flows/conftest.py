"""Installations for flows; one a test, since a test may break its own."""

from collections.abc import Callable, Iterator
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


@pytest.fixture(params=["one machine", "production"])
def either_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """SQLite and folders, then catalog and shard on PostgreSQL with backups and attachments in S3."""
    places: dict[str, str] = {}
    if request.param == "production":
        s3_url: Callable[[str], str] = request.getfixturevalue("s3_url")
        places = {
            "database_url": request.getfixturevalue("postgres_url"),
            "shard_url": request.getfixturevalue("postgres_shard_url"),
            "storage": s3_url("backups"),
            "attachments": s3_url("attachments"),
        }
    found = new_world(tmp_path / "data", **places)
    yield found
    found.engine.close()
