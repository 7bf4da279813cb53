"""Installations for flows; one a test, since a test may break its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.world import World, new_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    found = new_world(tmp_path / "data")
    yield found
    found.engine.close()
