from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.catalog.world import World, world


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as found:
        yield found
