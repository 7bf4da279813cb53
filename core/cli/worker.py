"""restorebot worker: execute runs until told to stop."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from time import monotonic

import typer

from core.cli.context import engine_of, say

SWEEP_EVERY = timedelta(minutes=10)

app = typer.Typer(add_completion=False)


@app.command()
def worker(context: typer.Context) -> None:
    """Work on restores and backups until stopped (Ctrl-C). On SQLite one worker works at a time; others wait for it."""
    with engine_of(context) as engine:
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        running = engine.worker()
        try:
            if running.start():
                say("Working. Ctrl-C stops after the part in flight.")
            else:
                say("Another worker is alive; this one waits and takes over when it goes.")
            while not stopping.is_set():
                if running.working:
                    engine.sweep()
                running.run_until(_set_within(stopping, SWEEP_EVERY))
        finally:
            running.stop(drain=True)


def _set_within(event: threading.Event, time: timedelta) -> Callable[[], bool]:
    """True once the event is set or the time is over."""
    until = monotonic() + time.total_seconds()
    return lambda: event.is_set() or monotonic() >= until
