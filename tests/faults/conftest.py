"""The ground of these tests, copies of it, and what undisturbed runs on it leave."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ground import Ground, Reference, content_of, copy_of, lay, report_of, told

#: Makes a copy of the ground; settings may be given.
Fresh = Callable[..., Ground]


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return lay(tmp_path_factory.mktemp("ground") / "data")


@pytest.fixture
def fresh(ground: Ground, tmp_path: Path) -> Iterator[Fresh]:
    made: list[Ground] = []

    def make(**settings: Any) -> Ground:
        made.append(copy_of(ground, tmp_path / f"copy-{len(made)}", **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def reference(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reference]:
    """An undisturbed restore by the command line, with all its points."""
    copy = copy_of(ground, tmp_path_factory.mktemp("reference") / "data")
    starter = copy.starter()
    ended = starter(*copy.run_words(), acts=["RECORD="])
    assert ended.ended() == 0, ended.said()
    restore = copy.only_restore()
    yield Reference(
        content=content_of(copy, copy.destination),
        report=report_of(restore),
        told=told(copy, restore),
        points=sorted(set(starter.signs.lines("points"))),
    )
    starter.end()
    copy.close()
