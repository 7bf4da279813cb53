from collections.abc import Iterator

import pytest

from tests.core.access.acme import Acme, acme


@pytest.fixture
def organization(catalog_url: str) -> Iterator[Acme]:
    with acme(catalog_url) as found:
        yield found
