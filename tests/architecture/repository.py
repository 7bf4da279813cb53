"""The repository as the architecture tests see it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "bot")


def tracked_files() -> list[Path]:
    """Files git knows or would take in; a tree without git is walked by its packages and top-level files."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        names = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        names = [*ROOT.glob("*"), *(path for top in (*PACKAGES, "tests", ".ci") for path in (ROOT / top).rglob("*"))]
    return sorted(path for path in names if path.is_file() and "__pycache__" not in path.parts)


def modules() -> list[Path]:
    """The product's own modules."""
    return [path for path in tracked_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PACKAGES]
