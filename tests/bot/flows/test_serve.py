"""restorebot serve over Socket Mode, as it is started: a restore by clicks, in spite of kills. More of them stand in
tests/faults/test_kill_serve.py."""

from pathlib import Path

from core.content.record_type import AppType
from tests.bot.flows.serving import Kill, assert_once, restored_in_spite_of
from tests.bot.flows.walking import EMPTY
from tests.flows.world import World, assert_same_as_backup


def test_a_restore_over_socket_mode_in_spite_of_three_kills(world: World, tmp_path: Path) -> None:
    """While the wizard is drawn, between a post and its receipt, and with the worker in the middle of the restore."""
    world.provision(AppType.CONFLUENCE, EMPTY)
    found = restored_in_spite_of(
        world,
        tmp_path,
        Kill(what="views.update", number=2, after=False),
        Kill(what="chat.postMessage"),
        Kill(what="chat.postMessage", after=False, everything=True),
    )
    assert_once(found)
    (restore,) = found.restores
    assert_same_as_backup(world, world.backup(restore.backup_id), restore, world.app(restore.app_id))
