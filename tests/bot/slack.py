"""The bot beside a local workspace: what people do in Slack, and what they see of it."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
import yaml

from bot.app import build_app, build_bot
from bot.bot import Bot
from bot.http import web_app
from bot.settings import load_slack_settings
from bot.workspace import Channel, Person, Workspace, WorkspaceConfig, build_workspace
from bot.workspace.inputs import action_of
from bot.workspace.views import View
from core.engine import Engine

TEAM, CHANNEL, SECRET = "T0ACME", "C0OPS", "a secret of tests"
ADA, BOB, GUEST = "U0ADA", "U0BOB", "U0GUEST"
_MANIFEST = Path(__file__).parents[2] / "manifest.yml"
_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Slack:
    """Ada, Bob and a guest in one channel with the bot. Each of these returns when all that comes of it is done."""

    workspace: Workspace
    bot: Bot

    def type(self, person: str, text: str) -> None:
        """A command in the channel."""
        found = self.workspace.acting.command(person=person, channel=CHANNEL, text=f"/restore {text}")
        assert found.ok, found
        self._settle(person)

    def press(self, person: str, action_id: str, value: str | None = None, *, choose: str = "") -> None:
        """A button of the window on top, or a choice in one of its selects."""
        view = self.window(person)
        block_id, _ = _element(view, action_id, value)
        found = self.workspace.acting.action_in_view(
            person=person, view_id=view.id, block_id=block_id, action_id=action_id, value=choose or None, entered={}
        )
        assert found.ok, found
        self._settle(person)

    def press_in(self, view: View, action_id: str) -> None:
        """A button as it stood in a window that may have been drawn again since."""
        block_id, element = _element(view, action_id, None)
        action = action_of(block_id, element, None, self.workspace.state.ts())
        assert self.workspace.delivery.send(self.workspace.payloads.view_action(view=view, action=action)).is_ok
        self._settle(view.person)

    def search(self, person: str, action_id: str, text: str) -> list[tuple[str, str]]:
        """(value, text) of what a select that is searched offers."""
        view = self.window(person)
        block_id, _ = _element(view, action_id, None)
        found = self.workspace.acting.options(
            person=person, source=view, block_id=block_id, action_id=action_id, query=text
        )
        assert found.ok, found
        return [(one["value"], one["text"]["text"]) for one in found.options["options"]]

    def window(self, person: str = ADA) -> View:
        """The one on top."""
        return self.workspace.state.views.stack(person)[-1]

    def words(self, person: str = ADA) -> str:
        """Everything a person could read in it."""
        return " ".join(_texts(dict(self.window(person).content)))

    def files(self, person: str = ADA) -> dict[str, str]:
        """Name and content of the files in the person's direct messages with the bot."""
        state = self.workspace.state
        direct = state.messages.in_channel(state.dm(person).id)
        found = [state.files.find(one) for message in direct for one in message.files]
        return {one.name: (one.content or b"").decode() for one in found}

    def said(self, person: str = ADA) -> list[str]:
        """What was said to the person alone."""
        return [one.text for one in self.workspace.state.messages.ephemeral(CHANNEL, person, "")]

    def _settle(self, person: str) -> None:
        done = threading.Event()
        self.bot.work.hand_over(f"slack:{TEAM}/{person}", done.set)
        assert done.wait(_SECONDS)


@contextmanager
def slack_with(engine: Engine) -> Iterator[Slack]:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    config = WorkspaceConfig(
        manifest=yaml.safe_load(_MANIFEST.read_text("utf-8")),
        bot_token="xoxb-test",
        app_token="xapp-test",
        signing_secret=SECRET,
        bot_url=f"http://127.0.0.1:{listening.getsockname()[1]}",
        people=(
            Person(id=ADA, name="ada", real_name="Ada Ekwueme", tz="Europe/Berlin", tz_offset=3600),
            Person(id=BOB, name="bob", real_name="Bob"),
            Person(id=GUEST, name="gus", real_name="Gus", is_restricted=True),
        ),
        channels=(Channel(id=CHANNEL, name="ops", members=frozenset({ADA, BOB, GUEST, "U0BOT"})),),
        ack_seconds=_SECONDS,
        trigger_seconds=_SECONDS,
    )
    with ExitStack() as ending:
        workspace = build_workspace(config)
        workspace.start()
        ending.callback(workspace.stop)
        settings = load_slack_settings(
            mode="http", bot_token=config.bot_token, signing_secret=SECRET, base_url=workspace.api_url
        )
        bot = build_bot(engine, settings)
        ending.callback(bot.work.stop)
        ending.enter_context(_served(bot, listening))
        yield Slack(workspace=workspace, bot=bot)


@contextmanager
def _served(bot: Bot, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(web_app(build_app(bot)), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield
    server.should_exit = True
    thread.join()


def _element(view: View, action_id: str, value: str | None) -> tuple[str, dict[str, Any]]:
    for block in view.blocks:
        for element in [*block.get("elements", ()), block.get("accessory", {})]:
            if element.get("action_id") == action_id and value in (None, element.get("value")):
                return block["block_id"], element
    raise AssertionError(f"no {action_id} {value or ''} in {' '.join(_texts(dict(view.content)))}")


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []
