"""The local workspace as one server on this machine's loopback: Web API, Socket Mode, page."""

import asyncio
import contextlib
import json
import secrets
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import anyio.to_thread
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.workspace.acting import Acting
from bot.workspace.answers import Answers
from bot.workspace.blocks import Json
from bot.workspace.config import WorkspaceConfig
from bot.workspace.delivery import Delivery, SignedHttp, Transport
from bot.workspace.faults import Fault
from bot.workspace.page_api import PageApi
from bot.workspace.payloads import Payloads
from bot.workspace.refusal import Refused
from bot.workspace.saving import Saving
from bot.workspace.socket_mode import SocketMode
from bot.workspace.state import State
from bot.workspace.web_api import WebApi

LOOPBACK: Final = "127.0.0.1"
PAGE: Final = Path(__file__).with_name("page")
#: The page's cookie; also taken as the header X-Page-Token.
_COOKIE: Final = "workspace_page"
#: Long polls of the pages, calls of the bot and waits for its answers each hold one.
_THREADS: Final = 200
_START_SECONDS: Final = 20
_STOP_SECONDS: Final = 10
_SAFE: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Workspace:
    """A running stand-in for Slack. Everything it has is reached from here, for tests and for the demo."""

    def __init__(self, config: WorkspaceConfig) -> None:
        self.config = config
        self.state = State(config)
        self.payloads = Payloads(self.state)
        self.socket_mode = SocketMode(self.state)
        transport: Transport = (
            SignedHttp(config.bot_url, config.signing_secret, self.state) if config.bot_url else self.socket_mode
        )
        self.delivery = Delivery(self.state, transport)
        #: what people do, as the page does it
        self.acting = Acting(self.state, self.delivery, self.payloads)
        self._web_api = WebApi(self.state, self.payloads)
        self._answers = Answers(self.state, self.payloads)
        self._page_api = PageApi(self.state, self.acting, self.payloads)
        self._saving = Saving(self.state)
        #: lets a script act as the page: header X-Page-Token
        self.page_token = secrets.token_urlsafe(24)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.asgi = self._app()

    @property
    def url(self) -> str:
        """The page's address; the Web API is below it, under /api/."""
        return self.payloads.base_url

    @property
    def api_url(self) -> str:
        return f"{self.url}/api/"

    def start(self, port: int = 0) -> str:
        """Listens on loopback, at any free port for 0, and gives the address back."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((LOOPBACK, port))
        listening.listen()
        self.payloads.base_url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        config = uvicorn.Config(
            self.asgi,
            http="h11",
            ws="wsproto",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, daemon=True, name="workspace"
        )
        self._thread.start()
        if not self._started.wait(_START_SECONDS):
            raise RuntimeError(f"The workspace did not start within {_START_SECONDS} s at {self.url}.")
        return self.url

    def stop(self) -> None:
        self.state.feed.stop()
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_STOP_SECONDS)
        self.delivery.stop()
        self._saving.stop()

    def _app(self) -> Starlette:
        self._started = threading.Event()
        routes = [
            Route("/api/{method}", self._api, methods=["GET", "POST"]),
            Route("/response/{id}", self._response_url, methods=["POST"]),
            Route("/upload/{id}", self._upload, methods=["POST"]),
            WebSocketRoute("/socket", self.socket_mode.serve),
            Route("/page/download", self._download, methods=["POST"]),
            Route("/page/{name}", self._look, methods=["GET"]),
            Route("/page/{name}", self._do, methods=["POST"]),
            Mount("/static", StaticFiles(directory=PAGE, check_dir=False)),
            Route("/", self._index),
            Route("/archives/{channel}/p{digits:int}", self._permalink),
        ]
        middleware = [
            # a page of another site that resolves its own name to this address is refused here
            Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost"]),
            Middleware(_OnlyThisPage, page_token=self.page_token),
        ]
        return Starlette(routes=routes, middleware=middleware, lifespan=self._lifespan)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        self._started.set()
        yield

    async def _api(self, request: Request) -> Response:
        body = await request.body()
        reply = await run_in_threadpool(
            self._web_api.answer,
            request.path_params["method"],
            authorization=request.headers.get("authorization", ""),
            content_type=request.headers.get("content-type", ""),
            body=body,
            query=request.url.query,
        )
        if reply.silence:
            return _Silence(self._server, hold=reply.silence is Fault.NOTHING)
        return JSONResponse(reply.body, status_code=reply.status, headers=dict(reply.headers))

    async def _response_url(self, request: Request) -> Response:
        given = _json_of(await request.body())
        if given is None:
            return PlainTextResponse("invalid_payload", status_code=400)
        try:
            await run_in_threadpool(self._answers.to_response_url, request.path_params["id"], given)
        except Refused as error:
            status = 404 if error.error in ("used_url", "expired_url") else 400
            return PlainTextResponse(error.error, status_code=status)
        return PlainTextResponse("ok")

    async def _upload(self, request: Request) -> Response:
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > self.config.max_file_bytes:
                return PlainTextResponse("file too large", status_code=413)
        try:
            file = self.state.files.receive(request.path_params["id"], bytes(content))
        except Refused as error:
            return PlainTextResponse(error.error, status_code=400)
        return PlainTextResponse(f"OK - {file.size}")

    async def _look(self, request: Request) -> Response:
        query, page = request.query_params, self._page_api
        person, after = query.get("person", ""), _number(query.get("after", "0"))
        try:
            match request.path_params["name"]:
                case "state":
                    found = await run_in_threadpool(page.state, person, query.get("zone", ""))
                case "messages":
                    found = await run_in_threadpool(
                        page.messages, person, query.get("channel", ""), query.get("thread_ts", "")
                    )
                case "changes":
                    found = await run_in_threadpool(page.changes, person, after)
                case "inspector":
                    found = page.inspector(after)
                case _:
                    return JSONResponse({"ok": False, "error": "unknown"}, status_code=404)
        except Refused as error:
            return JSONResponse({"ok": False, "error": error.error}, status_code=404)
        return JSONResponse({"ok": True} | found)

    async def _do(self, request: Request) -> Response:
        given = _json_of(await request.body())
        name = request.path_params["name"]
        if given is None or name not in self._page_api.doings:
            return JSONResponse({"ok": False, "error": "unknown"}, status_code=404)
        return JSONResponse(await run_in_threadpool(self._page_api.do, name, given))

    async def _download(self, request: Request) -> Response:
        given = _json_of(await request.body()) or {}
        try:
            file = self._page_api.file(str(given.get("file")))
        except Refused as error:
            return JSONResponse({"ok": False, "error": error.error}, status_code=404)
        name = "".join(char for char in file.name if char.isalnum() or char in "._- ")
        headers = {"Content-Disposition": f'attachment; filename="{name.encode("ascii", "replace").decode()}"'}
        return Response(file.content or b"", media_type="application/octet-stream", headers=headers)

    def _permalink(self, request: Request) -> Response:
        """Where the page shows that message."""
        channel, digits = request.path_params["channel"], str(request.path_params["digits"])
        thread = request.query_params.get("thread_ts") or f"{digits[:-6]}.{digits[-6:]}"
        return RedirectResponse(f"/#{urlencode({'channel': channel, 'thread': thread})}")

    def _index(self, _request: Request) -> Response:
        index = PAGE / "index.html"
        response: Response = FileResponse(index) if index.is_file() else PlainTextResponse("The page is not installed.")
        response.set_cookie(_COOKIE, self.page_token, httponly=True, samesite="strict", path="/")
        return response


def build_workspace(config: WorkspaceConfig) -> Workspace:
    return Workspace(config)


class _OnlyThisPage:
    """What drives people is for the page alone: its cookie, and no origin but its own. Everything is sent with headers
    that keep it out of frames and caches."""

    def __init__(self, app: ASGIApp, page_token: str) -> None:
        self._app = app
        self._page_token = page_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def safe_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                safe = [(name.lower().encode(), value.encode()) for name, value in _SAFE.items()]
                message["headers"] = [*message["headers"], *safe]
            await send(message)

        request = Request(scope)
        if request.url.path.startswith("/page/") and not self._is_page(request):
            refused = PlainTextResponse("Only the workspace's own page may do this.", status_code=403)
            await refused(scope, receive, safe_send)
            return
        await self._app(scope, receive, safe_send)

    def _is_page(self, request: Request) -> bool:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return False
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return False
        given = request.headers.get("x-page-token") or request.cookies.get(_COOKIE) or ""
        return secrets.compare_digest(given.encode(), self._page_token.encode())


class _Silence(Response):
    """No answer: holds the connection until the caller gives up, or cuts it at once."""

    def __init__(self, server: uvicorn.Server | None, *, hold: bool) -> None:
        super().__init__()
        self._server = server
        self._hold = hold

    async def __call__(self, scope: Scope, receive: Receive, _send: Send) -> None:
        if not self._hold:
            for connection in list(self._server.server_state.connections if self._server else ()):
                transport = getattr(connection, "transport", None)
                if transport is not None and getattr(connection, "client", None) == scope["client"]:
                    transport.abort()
        while (await receive())["type"] != "http.disconnect":
            await asyncio.sleep(0)


def _json_of(body: bytes) -> Json | None:
    """JSON, or a form with `payload`, as old webhooks send it."""
    text = body.decode("utf-8", "replace")
    if text.startswith("payload="):
        text = dict(parse_qsl(text)).get("payload", "")
    try:
        given = json.loads(text or "{}")
    except ValueError:
        return None
    return given if isinstance(given, dict) else None


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
