"""Work on a run, or follow the workers that do, with a progress bar, until it is over."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, DownloadColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from core.catalog.run_tables import Progress
from core.catalog.runs import R, Runs
from core.cli.context import INTERRUPTED, notes, say
from core.engine import Engine
from core.errors import RestorebotError, WorkerBroken
from core.workflow.waits import situation

if TYPE_CHECKING:
    from core.workflow.worker import Worker

_LOOK_SECONDS = 0.2
#: How often it is looked what the run waits for.
_WHY_SECONDS = 1.0


def follow(engine: Engine, look: Callable[[], Progress], *, run_id: str, what: str, quiet: bool) -> None:
    """Returns when the run is over. Works in this process where no other worker is alive, else follows those that are,
    and takes over when they go. Says what the run waits for. Ctrl-C (KeyboardInterrupt) leaves it to the next worker.
    """
    helper = _Helper(engine)
    why = None if quiet else _Why(engine, run_id)
    try:
        helper.keep()
        with _bar(quiet=quiet) as bar:
            task = bar.add_task(what, total=None, step="")
            while True:
                try:
                    now = look()
                    if now.over:
                        break
                    step = "; ".join(filter(None, (now.step.replace("_", " "), why.said() if why else "")))
                    bar.update(task, completed=now.done, total=now.total or None, step=step)
                    helper.keep()
                except RestorebotError as error:
                    if not error.transient:
                        raise
                    bar.update(task, step=f"waits, and goes on by itself: {error.message}")
                time.sleep(_LOOK_SECONDS)
            bar.update(task, completed=now.done if now.total else 1, total=now.total or 1, step="")
    finally:
        helper.stop()


class _Helper:
    """The worker of this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._worker: Worker | None = None
        self._wanted = True

    def keep(self) -> None:
        """Start it; and again when it was taken over or has broken, since there may be no other at all. One that was
        asked to go is not."""
        worker = self._worker
        if worker is None:
            if self._wanted:
                self._start()
        elif worker.draining:
            worker.stop(drain=True)
            self._worker, self._wanted = None, False
        elif not _works(worker):
            self.stop()

    def _start(self) -> None:
        worker = self._engine.worker(alone=True)
        worker.start()
        self._worker = worker

    def stop(self) -> None:
        if self._worker is not None:
            self._worker.stop(drain=False)
            self._worker = None


def _works(worker: "Worker") -> bool:
    try:
        worker.check()
    except WorkerBroken:
        return False
    return not worker.fenced


class _Why:
    """What the run waits for, looked up now and then."""

    def __init__(self, engine: Engine, run_id: str) -> None:
        self._engine = engine
        self._run_id = run_id
        self._kinds = engine.run_kinds()
        self._looked = 0.0
        self._said = ""

    def said(self) -> str:
        if time.monotonic() - self._looked >= _WHY_SECONDS:
            engine = self._engine
            self._said = (
                situation(engine.database, engine.settings, self._kinds, engine.now()).wait_of(self._run_id).said
            )
            self._looked = time.monotonic()
        return self._said


def follow_to_end(engine: Engine, runs: Runs[R], run_id: str, *, quiet: bool) -> R:
    """The run as it is when it is over. Ctrl-C (KeyboardInterrupt) leaves it to the next worker."""

    def look() -> Progress:
        with engine.database.reading() as session:
            return runs.progress(session, run_id)

    follow(engine, look, run_id=run_id, what=f"{runs.word} {run_id}", quiet=quiet)
    with engine.database.reading() as session:
        return runs.get(session, run_id)


def follow_or_leave(engine: Engine, runs: Runs[R], run_id: str, *, quiet: bool) -> R:
    """The same for a command that ends with the run: Ctrl-C ends it sooner, and it says how to go on."""
    try:
        return follow_to_end(engine, runs, run_id, quiet=quiet)
    except KeyboardInterrupt:
        say(f"\nLeft. The {runs.word} goes on when a worker runs, or: restorebot {runs.word} resume {run_id}")
        say(f"To end it, with everything as it was: restorebot {runs.word} cancel {run_id}")
        raise typer.Exit(INTERRUPTED) from None


def _bar(*, quiet: bool) -> Bar:
    return Bar(
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
