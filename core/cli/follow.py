"""Work on a run, or follow the worker that does, with a progress bar, until it is over."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from core.cli.context import notes
from core.engine import Engine

_LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class Progressing:
    """How far a run is."""

    over: bool
    step: str
    done: int
    total: int


def follow(engine: Engine, look: Callable[[], Progressing], *, what: str, quiet: bool) -> None:
    """Returns when the run is over. Works in this process where no other worker is alive, else waits for that one, and
    takes over when it goes. Ctrl-C (KeyboardInterrupt) leaves the run to the next worker."""
    worker = engine.worker()
    try:
        working = worker.start()
        with _bar(quiet=quiet) as bar:
            task = bar.add_task(what, total=None, step="" if working else "waiting for the worker that is running")
            now = look()
            while not now.over:
                bar.update(task, completed=now.done, total=now.total or None, step=now.step.replace("_", " "))
                time.sleep(_LOOK_SECONDS)
                now = look()
            bar.update(task, completed=now.done if now.total else 1, total=now.total or 1, step="")
    finally:
        worker.stop(drain=False)


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[step]}"),
        console=notes(),
        disable=quiet,
        transient=False,
    )
