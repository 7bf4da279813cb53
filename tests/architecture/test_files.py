"""Names, sizes and texts of the repository's files."""

import re

from tests.architecture.repository import ROOT, modules, tracked_files

FORBIDDEN_NAMES = {
    "util", "utils", "helper", "helpers", "common", "manager", "managers", "misc",
}  # fmt: skip
MOST_LINES = 350
#: Written in two halves so that this file passes its own test.
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:wor" r"k|hom" r"e|roo" r"t|User" r"s)/")


def test_no_file_or_folder_is_a_drawer() -> None:
    drawers = [
        str(path.relative_to(ROOT))
        for path in tracked_files()
        if FORBIDDEN_NAMES & {part.partition(".")[0] for part in path.relative_to(ROOT).parts}
    ]
    assert drawers == []


def test_modules_stay_readable_in_one_go() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if path.parent.name != "versions"  # a revision lists a whole schema, and is never read to be changed
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_requirement_files_are_pinned_by_hash_and_name_no_host() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if "http" in line or "//" in line], name
        pinned = [number for number, line in enumerate(lines) if "==" in line and not line.startswith(" ")]
        assert pinned
        assert all("--hash=sha256:" in lines[number + 1] for number in pinned), name


def test_what_runs_is_pinned_alike_for_development() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^([\w.\[\]-]+==\S+)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_no_text_names_a_path_of_one_machine() -> None:
    found = []
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if MACHINE_PATH.search(text):
            found.append(str(path.relative_to(ROOT)))
    assert found == []
