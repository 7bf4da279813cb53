"""Installations for flows; one a test, since a test may break its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.apps.driver import Shard
from core.catalog import shards
from tests.flows.world import POSTGRES, SQLITE, World, new_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = new_world(tmp_path / "data")
    yield found
    found.engine.close()


@pytest.fixture
def both(world: World, postgres_shard_url: str, tmp_path: Path) -> World:
    """An installation with a shard of either kind, in one region."""
    with world.engine.database.transaction() as session:
        region = shards.get(session, SQLITE).region
        wanted = Shard(
            name=POSTGRES, region=region, url=postgres_shard_url, attachments_url=(tmp_path / "files").as_uri()
        )
        shards.create(
            session,
            name=wanted.name,
            region=wanted.region,
            url=wanted.url,
            attachments_url=wanted.attachments_url,
            person=world.person.id,
            now=world.engine.now(),
        )
    world.engine.drivers["embedded"].prepare(wanted)
    world.engine.open_store(wanted.attachments_url, create=True)
    return world
