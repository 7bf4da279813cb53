"""restorebot worker: execute runs until told to stop."""

import signal
import threading

import typer

from core.cli.context import engine_of, say


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
            running.run_until(stopping.is_set)
        finally:
            running.stop(drain=True)
