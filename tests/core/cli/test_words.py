"""Every command can be found, explains itself, and answers wrong words with exit status 2."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup

from core.cli.main import NOUNS, load
from tests.core.cli.shell import Shell

CORE = Path(__file__).parents[3] / "core"
#: Commands that show nothing but what happens while they run.
WITHOUT_JSON = {"worker", "demo"}


def _commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield words, command
    if isinstance(command, TyperGroup):
        for name, inner in command.commands.items():
            yield from _commands(f"{words} {name}", inner)


COMMANDS = dict(pair for noun in NOUNS for pair in _commands(noun, load(noun)))


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_explains_itself(words: str) -> None:
    command = COMMANDS[words]
    assert command.help or words in NOUNS
    unexplained = [one.name for one in command.params if one.name != "help" and not getattr(one, "help", None)]
    assert unexplained == []


@pytest.mark.parametrize("words", COMMANDS)
def test_help_is_shown(words: str, fresh: Shell) -> None:
    assert f"Usage: restorebot {words}" in fresh.says(*words.split(), "--help").replace("root ", "restorebot ", 1)
    assert not fresh.data_dir.exists()


def test_every_command_that_shows_something_does_so_as_json() -> None:
    leaves = {words: command for words, command in COMMANDS.items() if not isinstance(command, TyperGroup)}
    without = {
        words for words, one in leaves.items() if "--json" not in {opt for param in one.params for opt in param.opts}
    }
    assert without == WITHOUT_JSON


def test_every_command_that_a_text_names_exists() -> None:
    named = {
        match
        for path in CORE.rglob("*.py")
        for match in re.findall(r"\brestorebot ((?:[a-z-]+)(?: [a-z][a-z-]+)?)", path.read_text(encoding="utf-8"))
    }
    unknown = {
        words
        for words in named
        if words.split()[0] in NOUNS and words not in COMMANDS and isinstance(COMMANDS[words.split()[0]], TyperGroup)
    }
    assert unknown == set()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("restor", "Did you mean 'restore'"),
        ("app lok", "Did you mean 'look'"),
        ("app look", "Missing argument 'APP'"),
        ("app provision x", "Missing option '--type'"),
        ("app provision x --type word", "'word' is not one of"),
        ("role grant os:x king", "'king' is not one of"),
        ("audit --limit 0", "greater than or equal to 1"),
        ("backup list --everything", "No such option"),
    ],
)
def test_wrong_words(words: str, told: str, fresh: Shell) -> None:
    assert told in fresh.says(*words.split(), status=2)
    assert not fresh.data_dir.exists()


def test_help_answers_without_loading_the_engine() -> None:
    script = (
        "import sys; from core.cli.main import run\n"
        "try: run(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'dbos', 'pyarrow', 'pydantic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


def test_no_command_but_those_that_work_loads_the_journal() -> None:
    script = (
        "import sys; from core.cli.main import NOUNS, load\n"
        "for noun in set(NOUNS) - {'doctor'}: load(noun)\n"
        "print('dbos' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
