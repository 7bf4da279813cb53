"""What names a file's bytes."""

from hashlib import file_digest
from pathlib import Path
from typing import Any, cast

from blake3 import blake3


def digest_of(path: Path) -> str:
    """blake3, hexadecimal. Read piece by piece: mapped, the whole file would count as this process's memory."""
    with path.open("rb") as file:
        return file_digest(file, cast("Any", blake3)).hexdigest()
