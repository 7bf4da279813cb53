"""A ledger on each database, and workers on it in processes of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.workflow.ledger import Ledger
from tests.core.workflow.processes import Starter


@pytest.fixture
def ledger(tmp_path: Path, catalog_url: str) -> Iterator[Ledger]:
    ledger = Ledger(tmp_path, catalog_url if catalog_url.startswith("postgresql") else "")
    ledger.create()
    yield ledger
    ledger.database.dispose()


@pytest.fixture
def worker(ledger: Ledger) -> Iterator[Starter]:
    starter = Starter(ledger)
    yield starter
    starter.end()
