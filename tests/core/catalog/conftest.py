from collections.abc import Iterator

import pytest

from tests.core.catalog.world import World, world


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[World]:
    with world(catalog_url) as found:
        yield found
