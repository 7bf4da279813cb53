"""Command lines in processes of their own, forked from one that has imported everything."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil

from tests.faults.kill_at import main
from tests.services.signs import Signs

SECONDS = 60.0


class Started:
    """One process: `words` as tests.faults.kill_at takes them."""

    def __init__(self, process: BaseProcess, log: Path) -> None:
        self.process = process
        self.pid = process.pid or 0
        self.log = log

    def ended(self, seconds: float = SECONDS) -> int:
        """Its exit status, negative for a signal."""
        self.process.join(seconds)
        code = self.process.exitcode
        assert code is not None, f"still running: {self.said()}"
        return code

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    @property
    def alive(self) -> bool:
        return self.process.is_alive()

    def stands_still(self) -> bool:
        return self.alive and psutil.Process(self.pid).status() == psutil.STATUS_STOPPED

    def interrupt(self) -> None:
        os.kill(self.pid, signal.SIGINT)

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


class Starter:
    """Starts processes on one installation, and ends those that are left."""

    def __init__(self, data_dir: Path, settings: dict[str, str]) -> None:
        self.signs = Signs(data_dir)
        self._data_dir = data_dir
        self._environment = {"RESTOREBOT_DATA_DIR": str(data_dir), **settings}
        self._started: list[Started] = []
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload(["core.workflow.worker", "core.cli.restores", "tests.faults.kill_at"])

    def __call__(self, *words: str, acts: Sequence[str] = ()) -> Started:
        log = self._data_dir / f"said-{len(self._started)}.txt"
        process = self._forks.Process(target=_work, args=(self._environment, log, [*acts, "--", *words]))
        process.start()
        self._started.append(Started(process, log))
        return self._started[-1]

    def worker_until_done(self, *acts: str) -> Started:
        """A worker that ends when no run is open."""
        return self("worker", acts=["EXIT-WHEN-DONE=", *acts])

    def end(self) -> None:
        for one in self._started:
            one.kill()


def until(done: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "not within its time"
        time.sleep(0.02)


def _work(environment: dict[str, str], log: Path, words: list[str]) -> None:
    os.environ.update(environment)
    with log.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    try:
        main(words)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
