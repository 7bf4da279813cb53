"""restorebot serve: the bot, its threads, and one worker as a child process, until told to stop."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import uvicorn
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.app import build_app, build_bot
from bot.bot import Bot
from bot.child import Child, worker_command
from bot.client import make_client
from bot.http import web_app
from bot.settings import Mode, SlackSettings
from bot.threads.deliverer import Deliverer
from core.cli.context import say
from core.engine import Engine

log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 30.0


def serve(engine: Engine, settings: SlackSettings, *, slots: int) -> None:
    """Returns when a signal asks for it: what was acknowledged is done, and the rest goes on at the next start."""
    with ExitStack() as stack:
        over = stack.enter_context(_until_signal())
        child = Child(worker_command(slots))
        child.start()
        stack.callback(child.stop, wait_seconds=_DRAIN_SECONDS)
        if settings.is_connected:
            stack.enter_context(connected(engine, settings))
        else:
            say("No Slack tokens are set: the worker runs, and Slack is not connected.")
        over.wait()
        say("Finishing what is in flight.")


@contextmanager
def connected(engine: Engine, settings: SlackSettings) -> Iterator[Bot]:
    """The bot, listening, and its threads."""
    bot = build_bot(engine, settings)
    app = build_app(bot)
    plain = make_client(token=settings.bot_token.get_secret_value(), base_url=settings.base_url, retries=False)
    threads = Deliverer(bot=bot, client=plain)
    threads.start()
    try:
        with listening(app, settings):
            yield bot
    finally:  # nothing is handed over any more
        threads.stop()
        bot.work.stop()


@contextmanager
def listening(app: App, settings: SlackSettings) -> Iterator[None]:
    """Slack's requests reach the app, in the mode that the settings name."""
    if settings.mode is Mode.SOCKET:
        handler: Any = SocketModeHandler(app, settings.app_token.get_secret_value())  # Bolt leaves its methods untyped
        handler.connect()
        say("Connected to Slack. Ctrl-C stops after what is in flight.")
        try:
            yield
        finally:
            handler.close()
        return
    config = uvicorn.Config(web_app(app), host=settings.host, port=settings.port, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="http", daemon=True)
    thread.start()
    say(f"Listening on {settings.host}:{settings.port}. Ctrl-C stops after what is in flight.")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def _until_signal() -> Iterator[threading.Event]:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    yield over
