"""Every noun of the command line can be loaded and helps itself."""

import pytest

from bot.__main__ import ALL_NOUNS
from core.cli.main import load


@pytest.mark.parametrize("name", ALL_NOUNS)
def test_every_noun_loads_and_says_what_it_does(name: str) -> None:
    command = load(name, ALL_NOUNS)
    assert command.help or command.commands
