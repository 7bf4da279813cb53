from pathlib import Path

import pytest

from tests.core.cli.shell import Shell


@pytest.fixture
def fresh(tmp_path: Path) -> Shell:
    """Nothing was made yet."""
    return Shell(tmp_path / "data")


@pytest.fixture
def shell(fresh: Shell) -> Shell:
    """After `restorebot init`."""
    fresh.says("init", "--org", "Acme")
    return fresh
