"""Every window and message in every state stands as JSON under goldens/: what people see is reviewed as a change of a
file. GOLDENS=write pytest tests/bot writes them anew."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.workspace.lint import lint_message, lint_view

GOLDENS = Path(__file__).parent / "goldens"


def check_golden(name: str, shown: Mapping[str, Any]) -> None:
    """`name` is journey/view-state. What Slack would refuse is no golden."""
    assert (lint_view(shown) if "type" in shown else lint_message(shown["blocks"])) == []
    path = GOLDENS / f"{name}.json"
    text = json.dumps(shown, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    if os.environ.get("GOLDENS") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return
    assert path.is_file(), f"{path.name} is no golden yet: GOLDENS=write pytest {Path(__file__).parent}"
    assert json.loads(path.read_text("utf-8")) == json.loads(text), f"{name} looks different: GOLDENS=write shows how"


def golden_names(journey: str) -> set[str]:
    """Of all that stand there, for who asks whether each is still shown."""
    return {path.stem for path in (GOLDENS / journey).glob("*.json")}
