"""Import rules import-linter cannot spell: siblings told apart by the beginning of their names."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, modules

#: Within the package, no module of one family imports a module of another.
FAMILIES = {
    "core.formats": ("confluence", "jira"),
    "core.samples": ("confluence", "jira"),
}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{one.name}" for one in node.names)


@pytest.mark.parametrize("package", FAMILIES)
def test_families_do_not_know_each_other(package: str) -> None:
    def family(name: str) -> str | None:
        rest = name.removeprefix(f"{package}.") if name.startswith(f"{package}.") else ""
        return next((one for one in FAMILIES[package] if rest.startswith(one)), None)

    crossing = [
        (dotted(path), name)
        for path in modules()
        if (own := family(dotted(path)))
        for name in imported(path)
        if (other := family(name)) and other != own
    ]
    assert crossing == []
