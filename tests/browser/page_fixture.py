"""A workspace of canned answers over real HTTP, so that the page is tested without Slack's rules behind it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import bot.workspace

Json = dict[str, Any]

PAGE = Path(bot.workspace.__file__).parent / "page"
HEADERS = {"content-security-policy": "default-src 'self'", "cache-control": "no-store"}
_POLL_SECONDS = 0.02
_PATIENCE_SECONDS = 30.0

PEOPLE: list[Json] = [
    {"id": "U0ADMIN", "name": "ada", "real_name": "Ada Lovelace", "role_label": "Organization admin"},
    {"id": "U0APPROVE", "name": "bela", "real_name": "Béla Bartók", "role_label": "Access approver"},
    {"id": "U0EVIL", "name": "<img src=x onerror=alert(1)>", "real_name": "<b>Bold</b> & *Co*", "role_label": ""},
]
APP: Json = {"id": "A0RESTORE", "name": "Restorebot", "user": "U0BOT"}


class Canned:
    """What the page is told, changed by the tests from their own thread; what it sent stands in `received`."""

    def __init__(self) -> None:
        self.url = ""
        self.channels: list[Json] = []
        self.messages: dict[tuple[str, str], list[Json]] = {}
        self.modals: list[Json] = []
        self.home: Json | None = None
        self.commands: list[Json] = []
        self.shortcuts: list[Json] = []
        self.wire: list[Json] = []
        self.received: list[tuple[str, Json]] = []
        #: by path: what a POST is answered; it may change the rest first
        self.answers: dict[str, Callable[[Json], Json]] = {}
        self.changes: list[Json] = []

    def change(self, kind: str, **more: Any) -> None:
        self.changes.append({"kind": kind, **more})

    def sent(self, path: str, at_least: int = 0) -> list[Json]:
        """What came to a path; waits until there is as much as is expected, for what is pressed is sent a moment
        later."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            found = [body for to, body in self.received if to == path]
            if len(found) >= at_least or time.monotonic() > until:
                return found
            time.sleep(_POLL_SECONDS)

    def app(self) -> Starlette:
        posts = ("command", "message", "shortcut", "action", "submit", "close", "options", "home")
        return Starlette(
            routes=[
                Route("/", lambda _request: FileResponse(PAGE / "index.html", headers=HEADERS)),
                Route("/page/state", self._state),
                Route("/page/messages", self._messages),
                Route("/page/changes", self._changes),
                Route("/page/inspector", lambda _request: JSONResponse({"entries": self.wire})),
                Route("/page/download", lambda _request: Response("one,two\n"), methods=["POST"]),
                *(Route(f"/page/{name}", self._post, methods=["POST"]) for name in posts),
                Mount("/static", StaticFiles(directory=PAGE)),
            ]
        )

    def _state(self, request: Request) -> JSONResponse:
        person = request.query_params.get("person")
        me = next((one for one in PEOPLE if one["id"] == (person or PEOPLE[0]["id"])), None)
        if me is None:
            return JSONResponse({"ok": False, "error": "user_not_found"})
        return JSONResponse(
            {
                "me": me,
                "team": {"name": "Acme Rockets"},
                "people": PEOPLE,
                "channels": self.channels,
                "commands": self.commands,
                "shortcuts": self.shortcuts,
                "modals": self.modals if me is PEOPLE[0] else [],
                "home": self.home,
                "app": APP,
                "sequence": len(self.changes),
            }
        )

    def _messages(self, request: Request) -> JSONResponse:
        asked = request.query_params
        found = self.messages.get((asked["channel"], asked.get("thread_ts", "")), [])
        return JSONResponse({"messages": found})

    async def _changes(self, request: Request) -> JSONResponse:
        after = int(request.query_params["after"])
        until = time.monotonic() + 20
        while len(self.changes) <= after and time.monotonic() < until and not await request.is_disconnected():
            await asyncio.sleep(_POLL_SECONDS)
        return JSONResponse({"sequence": len(self.changes), "changes": self.changes[after:]})

    async def _post(self, request: Request) -> JSONResponse:
        body = await request.json()
        path = request.url.path
        self.received.append((path, body))
        answer = self.answers.get(path, lambda _body: {"ok": True})
        return JSONResponse(await asyncio.to_thread(answer, body))
