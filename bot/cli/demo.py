"""restorebot demo: a local Slack workspace in the browser, or --cli in the terminal."""

import os
import signal
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from core.cli.context import say
from core.cli.demo import demo as demo_in_terminal

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    context: typer.Context,
    cli: Annotated[bool, typer.Option("--cli", help="Here in the terminal, without a browser.")] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep everything in this folder, to go on with it. Default: it is removed.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the workspace's page; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page, if this machine has a browser.")] = True,
) -> None:
    """Try everything without any account: an organization in trouble, in a Slack workspace of this machine."""
    if cli:
        demo_in_terminal(context, keep=keep)
        return
    from bot.demo import demo as running  # takes a second, which --help need not wait for

    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    say("Making an organization to try things on; this takes a few seconds.")
    with _folder(keep) as folder, running(folder, port=port) as workspace:
        say(f"The workspace is open: {workspace.url}")
        say("Ctrl-C ends it." + ("" if keep else " Nothing of it is kept; --keep FOLDER keeps it."))
        if browser and _has_browser():
            webbrowser.open(workspace.url)
        over.wait()
        say("Stopping.")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="restorebot-demo-") as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    yield keep.absolute()


def _has_browser() -> bool:
    """A machine without a screen has none, or one that would take this terminal."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
