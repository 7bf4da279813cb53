"""manifest.yml, with a prefix before the commands where a workspace has their names already."""

import sysconfig
from pathlib import Path
from typing import Final

_NAME: Final = "manifest.yml"
#: In a checkout, and where an installed package puts it.
_PLACES: Final = (Path(__file__).parent.parent, Path(sysconfig.get_path("data")) / "share" / "restorebot")


def manifest_text(prefix: str = "") -> str:
    """The file as it stands, with the commands' names begun by `prefix`."""
    file = next(place / _NAME for place in _PLACES if (place / _NAME).is_file())
    return file.read_text("utf-8").replace("- command: /", f"- command: /{prefix}")
