"""Every noun of the command line can be loaded and helps itself."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from bot.__main__ import ALL_NOUNS, ALLOCATOR
from core.cli.main import load


@pytest.mark.parametrize("name", ALL_NOUNS)
def test_every_noun_loads_and_says_what_it_does(name: str) -> None:
    command = load(name, ALL_NOUNS)
    assert command.help or command.commands


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Arrow allocates as it likes")
@pytest.mark.parametrize(("chosen", "used"), [({}, "jemalloc"), ({ALLOCATOR[0]: "system"}, "system")])
def test_arrow_allocates_as_it_should_unless_somebody_says_otherwise(chosen: Mapping[str, str], used: str) -> None:
    program = """
import sys
from bot.__main__ import main
assert "pyarrow" not in sys.modules, "too early: it has chosen already"
sys.argv = ["restorebot", "app", "--help"]
try:
    main()
except SystemExit:
    pass
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""
    around = {name: value for name, value in os.environ.items() if name != ALLOCATOR[0]}
    ran = subprocess.run(
        [sys.executable, "-c", program], env={**around, **chosen}, check=True, capture_output=True, text=True
    )
    assert ran.stdout.split()[-1] == used
    assert ran.stderr == ""
