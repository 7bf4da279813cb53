"""A workspace with a real Bolt app on the other side, which knows Slack and nothing of the workspace."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette import SlackRequestHandler
from slack_sdk import WebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.workspace import Channel, Kind, Person, Workspace, WorkspaceConfig, build_workspace

SECONDS = 10.0

MANIFEST: dict[str, Any] = {
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "shortcuts": [{"name": "Restore", "type": "global", "callback_id": "restore", "description": "Restore it"}],
        "slash_commands": [{"command": "/restore", "description": "Restore a backup", "usage_hint": "[list]"}],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "channels:history",
                "channels:join",
                "channels:read",
                "chat:write",
                "commands",
                "files:write",
                "groups:history",
                "groups:read",
                "im:history",
                "im:read",
                "im:write",
                "reactions:write",
                "team:read",
                "users:read",
            ]
        }
    },
    "settings": {
        "interactivity": {"is_enabled": True},
        "event_subscriptions": {"bot_events": ["app_home_opened", "app_mention", "message.im"]},
    },
}

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-bot", "xapp-app", "signing-secret"

CONFIG = WorkspaceConfig(
    manifest=MANIFEST,
    bot_token=BOT_TOKEN,
    app_token=APP_TOKEN,
    signing_secret=SECRET,
    people=(
        Person(id="U0ANN", name="ann", real_name="Ann Admin", email="ann@example.com", role_label="admin"),
        Person(id="U0BOB", name="bob", real_name="Bob Approver", tz="Europe/Berlin", tz_offset=3600),
        Person(id="U0GUEST", name="guest", real_name="Guest", is_restricted=True, team_id="T0OTHER"),
        Person(id="U0GONE", name="gone", real_name="Gone", deleted=True),
    ),
    channels=(
        Channel(id="C0OPS", name="ops", members=frozenset({"U0ANN", "U0BOB", "U0BOT"})),
        Channel(id="C0OPEN", name="open", members=frozenset({"U0ANN"})),
        Channel(id="G0SECRET", name="secret", members=frozenset({"U0ANN"}), kind=Kind.PRIVATE),
        Channel(id="C0OLD", name="old", members=frozenset({"U0ANN", "U0BOT"}), is_archived=True),
    ),
)


@dataclass(kw_only=True)
class Slack:
    workspace: Workspace
    app: App
    client: WebClient
    #: what reached the app, as Bolt parsed it
    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def until(self, what: Callable[[], Any]) -> Any:
        """Waits for something that happens in another thread."""
        deadline = time.monotonic() + SECONDS
        while not (found := what()):
            assert time.monotonic() < deadline, "it did not happen"
            with self.workspace.state.lock:
                self.workspace.state.lock.wait(0.02)
        return found

    def last(self, type_: str) -> dict[str, Any]:
        return next(body for body in reversed(self.bodies) if body.get("type", "slash_command") == type_)

    def stack(self, person: str = "U0ANN") -> list[dict[str, Any]]:
        views = self.workspace.state.views
        return [views.shown(view) for view in views.stack(person)]

    def trigger(self, person: str = "U0ANN") -> str:
        return self.workspace.state.short_lived.trigger(person)

    def texts(self, channel: str = "C0OPS") -> list[str]:
        return [message.text for message in self.workspace.state.messages.in_channel(channel)]

    def seen_only_by(self, person: str, channel: str = "C0OPS") -> list[str]:
        return [message.text for message in self.workspace.state.messages.ephemeral(channel, person, "")]


@contextlib.contextmanager
def running(config: WorkspaceConfig = CONFIG, *, transport: str = "http", secret: str = SECRET) -> Iterator[Slack]:
    """The workspace, and a Bolt app that is reached by signed HTTP, by Socket Mode, or by nothing (none)."""
    with contextlib.ExitStack() as ending:
        listening = ending.enter_context(socket.socket())
        if transport == "http":
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            config = replace(config, bot_url=f"http://127.0.0.1:{listening.getsockname()[1]}")
        workspace = build_workspace(config)
        workspace.start()
        ending.callback(workspace.stop)
        client = WebClient(token=config.bot_token, base_url=workspace.api_url, timeout=20)
        app = App(client=client, signing_secret=secret)
        slack = Slack(workspace=workspace, app=app, client=client)

        @app.middleware
        def remember(body: dict[str, Any], req: Any, next_: Callable[[], Any]) -> Any:
            slack.bodies.append(body)
            slack.headers.append({name: values[0] for name, values in req.headers.items()})
            return next_()

        if transport == "http":
            ending.enter_context(_served(app, listening))
        elif transport == "socket":
            handler = SocketModeHandler(app, APP_TOKEN)
            handler.connect()
            ending.callback(_close, handler)
            assert workspace.socket_mode.wait_for(1, SECONDS)
        yield slack


def _close(handler: SocketModeHandler) -> None:
    """At once: who reads is woken, where slack_sdk's own close waits for up to three seconds until its read is over."""
    client = handler.client
    client.current_session_state.terminated = True
    with contextlib.suppress(OSError, AttributeError):
        client.current_session.sock.shutdown(socket.SHUT_RDWR)
    handler.close()


@contextlib.contextmanager
def _served(app: App, listening: socket.socket) -> Iterator[None]:
    handler = SlackRequestHandler(app)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    routes = [Route("/slack/events", events, methods=["POST"])]
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), http="h11", ws="none", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(SECONDS)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def text_input(block_id: str = "name", action_id: str = "name", **element: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Name"),
        "element": {"type": "plain_text_input", "action_id": action_id, **element},
    }


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("A form"),
        "submit": plain("Go"),
        "blocks": list(blocks) or [text_input()],
        **more,
    }


def actions(*elements: dict[str, Any], block_id: str = "buttons") -> dict[str, Any]:
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def button(action_id: str = "press", **more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": action_id, "text": plain("Press"), "value": "pressed", **more}


def option(value: str) -> dict[str, Any]:
    return {"text": plain(value.title()), "value": value}
