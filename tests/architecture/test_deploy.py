"""What deploy/ and README's set-up for production tell people to run exists: every command, option and setting."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from typer.core import TyperGroup

from core.cli.main import NOUNS, load
from core.settings import PREFIX, Settings
from tests.architecture.repository import ROOT

DEPLOY = ROOT / "deploy"
COMMAND = re.compile(
    r"(?:^|[/ ])restorebot ((?:worker|init|doctor|storage|shard|app|backup|catalog) ?.*)$", re.MULTILINE
)


def compose() -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = yaml.safe_load((DEPLOY / "compose.yml").read_text())["services"]
    return services


def told() -> Iterator[str]:
    """Command lines without the program's name."""
    yield from COMMAND.findall((DEPLOY / "restorebot-worker.service").read_text())
    readme = (ROOT / "README.md").read_text()
    section = readme[readme.index("## Production") : readme.index("## Configuration")]
    yield from (line.strip().removeprefix("restorebot ") for line in section.splitlines() if "   restorebot " in line)
    yield from re.findall(r"`restorebot ([^`]+)`", section)
    for service in compose().values():
        if "command" in service:
            yield shlex.join(service["command"])
    for line in (DEPLOY / "compose.yml").read_text().splitlines():
        if " run --rm command " in line:
            yield line.partition(" run --rm command ")[2]


@pytest.mark.parametrize("line", sorted(set(told())))
def test_every_command_that_is_told_is_understood(line: str) -> None:
    name, *words = shlex.split(line)
    assert name in NOUNS, line
    command = load(name)
    while isinstance(command, TyperGroup) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    context = command.make_context(name, words, resilient_parsing=False)
    assert context.command is command
    context.close()


def test_the_unit_starts_a_worker() -> None:
    unit = (DEPLOY / "restorebot-worker.service").read_text()
    assert [one.partition(" ")[0] for one in COMMAND.findall(unit)] == ["worker"]


def test_every_setting_that_is_told_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    texts = [path.read_text() for path in DEPLOY.iterdir()]
    assert {name for text in texts for name in re.findall(rf"{PREFIX}[A-Z_]+", text)} <= known
    assert "RESTOREBOT_DATABASE_URL" in "".join(texts)


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        load("worker").make_context("worker", ["--no-such-option"])
