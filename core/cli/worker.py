"""restorebot worker: execute runs until told to stop."""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import monotonic
from typing import Annotated

import typer

from core.cli.context import engine_of, say
from core.engine import Engine
from core.errors import RestorebotError
from core.workflow.presence import ask_to_drain, standing, this_host

SWEEP_EVERY = timedelta(minutes=10)
LOOK_SECONDS = 0.2

log = logging.getLogger(__name__)

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    context: typer.Context,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Parts this worker executes at once.")] = 2,
    drain: Annotated[
        bool, typer.Option("--drain", help="Start none: let those on this machine finish what they hold, and go.")
    ] = False,
    until_input_ends: Annotated[
        bool, typer.Option("--until-input-ends", help="Stop as by SIGTERM when the standard input ends.", hidden=True)
    ] = False,
) -> None:
    """Work on restores and backups until stopped. Any number of workers share the work on PostgreSQL; on SQLite one
    works at a time and the others wait for it.

    Ctrl-C or SIGTERM: finish the parts and steps in flight, and leave the rest to other workers. A second one: at once.
    """
    with engine_of(context) as engine:
        if drain:
            _drain(engine)
        else:
            _work(engine, slots, until_input_ends=until_input_ends)


def _work(engine: Engine, slots: int, *, until_input_ends: bool) -> None:
    running = engine.worker(slots=slots)
    with _stopped_by_signals() as stopping:
        if until_input_ends:
            threading.Thread(target=_wait_for_end, args=(stopping,), name="input", daemon=True).start()
        try:
            if running.start():
                say(f"Working on {slots} parts at once. Ctrl-C stops after what is in flight.")
            else:
                say("Another worker is alive; this one waits and takes over when it goes.")
            while not (stopping.is_set() or running.draining):
                if running.working:
                    _sweep(engine)
                running.run_until(_set_within(stopping, SWEEP_EVERY))
            say("Finishing what is in flight. Press Ctrl-C again to leave at once.")
        finally:
            running.stop(drain=True)


def _sweep(engine: Engine) -> None:
    """What is left over can wait; a database or a storage that is down does not end a worker."""
    try:
        engine.sweep()
    except RestorebotError as error:
        log.warning("what is left over could not be removed; it will be tried again: %s", error)


@contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Set by the first signal. The second one ends the process, whatever it does."""
    stopping = threading.Event()

    def stop(number: int, _frame: object) -> None:
        if stopping.is_set():
            os.write(2, b"Left at once. What was in flight is begun again by the next worker.\n")
            os._exit(128 + number)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    yield stopping


def _wait_for_end(stopping: threading.Event) -> None:
    """The input is a pipe whose other end the parent has: it ends with the parent, however that ends."""
    while os.read(0, 1024):
        pass
    stopping.set()


def _drain(engine: Engine) -> None:
    """Returns when they are gone. Ctrl-C ends the waiting only."""
    asked = ask_to_drain(engine.database, this_host())
    if not asked:
        say("No worker runs on this machine; nothing was changed.")
        return
    say(f"{len(asked)} workers on this machine finish what they hold. Ctrl-C ends the waiting only.")
    while standing(engine.database, asked):
        time.sleep(LOOK_SECONDS)
    say("All of them have gone.")


def _set_within(event: threading.Event, time: timedelta) -> Callable[[], bool]:
    """True once the event is set or the time is over."""
    until = monotonic() + time.total_seconds()
    return lambda: event.is_set() or monotonic() >= until
