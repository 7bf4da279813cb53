"""manifest.yml, with a prefix before the commands where a workspace has their names already."""

from pathlib import Path
from typing import Final

_FILE: Final = Path(__file__).parent.parent / "manifest.yml"


def manifest_text(prefix: str = "") -> str:
    """The file as it stands, with the commands' names begun by `prefix`."""
    return _FILE.read_text("utf-8").replace("- command: /", f"- command: /{prefix}")
