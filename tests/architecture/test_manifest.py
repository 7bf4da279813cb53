"""manifest.yml against what the bot does: its commands, shortcuts and events are listened to, and its scopes are those
that the called methods need, no more and no fewer."""

import ast
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
import yaml
from pydantic import SecretStr
from slack_sdk import WebClient

from bot import app as bot_app
from bot.app import build_app, build_bot
from bot.commands import COMMANDS
from bot.manifest import manifest_text
from bot.settings import Mode, SlackSettings
from bot.workspace import Channel, Kind, WorkspaceConfig, build_workspace
from bot.workspace.call import Call
from bot.workspace.web_api import METHODS
from core.engine import Engine
from tests.architecture.repository import ROOT, modules

MANIFEST: dict[str, Any] = yaml.safe_load(manifest_text())
#: Those of slack_sdk's methods that are not called as the Web API's are.
_OTHERWISE = {
    "apps_connections_open": ("apps.connections.open",),
    "files_upload_v2": ("files.getUploadURLExternal", "files.completeUploadExternal"),
}
_PREFIX = "acme-"


class _Recording:
    """Stands for the Bolt app, and notes what is listened to."""

    def __init__(self, **_settings: object) -> None:
        self.listened: dict[str, list[Any]] = {}

    def __getattr__(self, kind: str) -> Callable[..., Callable[[object], None]]:
        def to(what: object) -> Callable[[object], None]:
            return lambda _listener: self.listened.setdefault(kind, []).append(what)

        return to

    def error(self, _listener: object) -> None:
        return


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """{kind: names}, as text; without the last resorts for what is unknown."""
    monkeypatch.setattr(bot_app, "App", _Recording)
    settings = SlackSettings(bot_token=SecretStr("xoxb-1"), mode=Mode.HTTP, command_prefix=_PREFIX)
    # nothing of the engine is touched while listeners are registered
    app = cast("_Recording", build_app(build_bot(cast("Engine", None), settings)))
    return {kind: [one for one in found if isinstance(one, str)] for kind, found in app.listened.items()}


def test_commands_are_those_of_the_table(listened: dict[str, list[Any]]) -> None:
    written = MANIFEST["features"]["slash_commands"]
    assert [(one["command"], one["description"], one["usage_hint"]) for one in written] == [
        (f"/{one.name}", one.says, one.usage_hint) for one in COMMANDS
    ]
    prefixed = yaml.safe_load(manifest_text(_PREFIX))["features"]["slash_commands"]
    assert [one["command"] for one in prefixed] == listened["command"]


def test_shortcuts_and_events_are_those_that_are_listened_to(listened: dict[str, list[Any]]) -> None:
    shortcuts = MANIFEST["features"]["shortcuts"]
    assert {one["callback_id"] for one in shortcuts} == set(listened["global_shortcut"])
    assert {one["type"] for one in shortcuts} == {"global"}
    assert set(MANIFEST["settings"]["event_subscriptions"]["bot_events"]) == set(listened["event"])
    assert MANIFEST["settings"]["interactivity"]["is_enabled"], "buttons and windows come over it"
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] == ("app_home_opened" in listened["event"])
    assert MANIFEST["features"]["app_home"]["messages_tab_enabled"], "restores are told in direct messages"


def test_scopes_are_those_of_the_methods_that_are_called() -> None:
    needed = {scope for method in called() for scope in scopes_of(method)} | {"commands"}
    assert sorted(needed) == MANIFEST["oauth_config"]["scopes"]["bot"]


def test_a_method_that_is_called_is_one_of_slacks() -> None:
    assert called() <= set(METHODS)


def called() -> set[str]:
    """The Web API methods named anywhere in the bot: attributes of a client that slack_sdk's client has, too."""
    found: set[str] = set()
    for path in modules():
        parts = path.relative_to(ROOT).parts
        if parts[0] == "bot" and parts[1] != "workspace":
            found.update(name for one in attributes(path.read_text("utf-8")) for name in api_names(one))
    return found


def attributes(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("client"):
            yield node.attr


def api_names(attribute: str) -> tuple[str, ...]:
    """conversations_info → conversations.info; () for what is no method of the Web API."""
    if not callable(getattr(WebClient, attribute, None)) or "_" not in attribute:
        return ()
    return _OTHERWISE.get(attribute, (attribute.replace("_", ".", 1),))


def scopes_of(method: str) -> set[str]:
    """In each kind of conversation the bot can be in; a method of the app-level token needs none of the bot's."""
    if METHODS[method].app_token:
        return set()
    needed = METHODS[method].scopes
    if not callable(needed):
        return set(needed)
    return {scope for kind in Kind for scope in needed(_call_in(kind, method))}


def _call_in(kind: Kind, method: str) -> Call:
    channel = Channel(id="C1", name="one", kind=kind)
    config = WorkspaceConfig(
        manifest=MANIFEST, bot_token="xoxb", app_token="xapp", signing_secret="s", people=(), channels=(channel,)
    )
    workspace = build_workspace(config)
    return Call(state=workspace.state, payloads=workspace.payloads, method=method, arguments={"channel": "C1"})
