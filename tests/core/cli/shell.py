"""The command line as a person uses it, on a data folder of its own."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from core.cli.main import app

#: What is shown as one word stays one word.
WIDE = {"COLUMNS": "400", "TERM": "dumb", "NO_COLOR": "1"}


@dataclass(frozen=True)
class Shell:
    data_dir: Path

    def run(self, *words: str, answer: str = "", person: str = "olga", **settings: str) -> Result:
        """What a command prints and exits with. `settings` are without their prefix."""
        foreign = {name: None for name in os.environ if name.startswith("RESTOREBOT_")}
        given = {f"RESTOREBOT_{name.upper()}": value for name, value in settings.items()}
        env = {**foreign, "RESTOREBOT_DATA_DIR": str(self.data_dir), "LOGNAME": person, **WIDE, **given}
        return CliRunner().invoke(app, list(words), input=answer, env=env)

    def says(self, *words: str, status: int = 0, **values: Any) -> str:
        """Everything it says, on either stream."""
        result = self.run(*words, **values)
        assert result.exit_code == status, result.output
        return result.output

    def json(self, *words: str, status: int = 0, **values: Any) -> Any:
        """The one document on standard output."""
        result = self.run(*words, "--json", **values)
        assert result.exit_code == status, result.output
        return json.loads(result.stdout)
