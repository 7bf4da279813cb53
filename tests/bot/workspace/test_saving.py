"""A workspace with a folder: what people saw is there again after a restart."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.workspace import WorkspaceConfig, build_workspace
from tests.bot.workspace.slack import CONFIG, Slack, actions, button, running

HOME: dict[str, Any] = {"type": "home", "blocks": [actions(button())]}


@pytest.fixture
def config(tmp_path: Path) -> WorkspaceConfig:
    return replace(CONFIG, folder=tmp_path / "workspace")


def thread(slack: Slack, ts: str) -> list[Any]:
    found = slack.client.conversations_replies(channel="C0OPS", ts=ts, include_all_metadata=True)["messages"]
    return [(each["ts"], each["text"], each.get("metadata"), each.get("blocks")) for each in found]


def test_threads_channels_and_homes_outlive_a_restart(config: WorkspaceConfig) -> None:
    with running(config, transport="none") as slack:
        posted = slack.client.chat_postMessage(
            channel="C0OPS",
            text="Hello",
            blocks=[actions(button())],
            metadata={"event_type": "restore", "event_payload": {"number": 1}},
        )
        slack.client.chat_postMessage(channel="C0OPS", text="Reply", thread_ts=posted["ts"])
        slack.client.chat_postMessage(channel="U0BOB", text="To you")
        slack.client.chat_postEphemeral(channel="C0OPS", user="U0ANN", text="Psst")
        slack.client.conversations_join(channel="C0OPEN")
        home = slack.client.views_publish(user_id="U0ANN", view=HOME)["view"]
        before = thread(slack, posted["ts"])
    with running(config, transport="none") as slack:
        assert thread(slack, posted["ts"]) == before
        assert [each.text for each in slack.workspace.state.messages.in_channel("D0BOB")] == ["To you"]
        assert slack.client.conversations_info(channel="C0OPEN")["channel"]["is_member"]
        again = slack.workspace.state.views.home("U0ANN")
        assert again is not None
        assert again.blocks == home["blocks"]
        later = slack.client.chat_postMessage(channel="C0OPS", text="Later", thread_ts=posted["ts"])
        assert later["ts"] > before[-1][0]
        assert slack.seen_only_by("U0ANN") == []


def test_only_its_owner_reads_it_and_it_holds_no_secret(config: WorkspaceConfig) -> None:
    with running(config, transport="none") as slack:
        slack.client.chat_postMessage(channel="C0OPS", text="Hello")
    assert config.folder is not None
    (file,) = config.folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.folder.stat().st_mode) == 0o700
    for secret in (config.bot_token, config.app_token, config.signing_secret):
        assert secret not in file.read_text()


def test_a_folder_of_another_version_is_refused(config: WorkspaceConfig) -> None:
    assert config.folder is not None
    config.folder.mkdir()
    (config.folder / "workspace.json").write_text(json.dumps({"version": 99}))
    with pytest.raises(ValueError, match="Delete it to begin with an empty one"):
        build_workspace(config)
