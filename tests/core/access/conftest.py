from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.access.acme import Acme, acme


@pytest.fixture
def organization(tmp_path: Path) -> Iterator[Acme]:
    with acme(f"sqlite:///{tmp_path / 'catalog.sqlite'}") as found:
        yield found
