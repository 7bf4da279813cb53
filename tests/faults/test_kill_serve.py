"""Kill serve at any moment of a wizard and of a restore, and start it again: the wizard goes on, the thread has no gap
and no double, and one restore comes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.cli.demo_organization import DEMO_LIMIT_BYTES
from core.content.record_type import AppType
from tests.bot.flows.organization import organization
from tests.bot.flows.serving import Kill, assert_once, restored_in_spite_of
from tests.bot.flows.walking import EMPTY
from tests.flows.copies import copy_of
from tests.flows.world import World, assert_same_as_backup

KILLS = (
    Kill(what="users.info", after=False),
    Kill(what="views.open", after=False),
    Kill(what="views.open"),
    *(Kill(what="views.update", number=number, after=number % 2 == 0) for number in range(1, 5)),
    *(Kill(what="view_submission", number=number, everything=number % 2 == 0) for number in range(1, 7)),
    Kill(what="view_submission", number=6, after=False),
    Kill(what="block_actions", number=2),
    Kill(what="conversations.info"),
    *(Kill(what="chat.postMessage", number=number, after=after) for number in range(1, 5) for after in (True, False)),
    Kill(what="chat.postMessage", number=2, everything=True),
    Kill(what="chat.update", after=False),
    Kill(what="chat.update", everything=True),
)


@pytest.fixture(scope="module")
def original() -> Iterator[World]:
    with organization() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_serve_is_killed(original: World, tmp_path: Path, kill: Kill) -> None:
    world = copy_of(original, tmp_path / "data", self_service_limit_bytes=DEMO_LIMIT_BYTES)
    world.provision(AppType.CONFLUENCE, EMPTY)
    found = restored_in_spite_of(world, tmp_path, kill)
    assert_once(found)
    (restore,) = found.restores
    assert_same_as_backup(world, world.backup(restore.backup_id), restore, world.app(restore.app_id))
    world.engine.close()
