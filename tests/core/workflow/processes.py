"""Workers in processes of their own, forked from one that has imported everything."""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import psutil

from tests.core.workflow.ledger import Ledger, work


class Starter:
    """Starts workers on one ledger, and ends those that are left."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._started: list[BaseProcess] = []
        self._fork = multiprocessing.get_context("forkserver")
        self._fork.set_forkserver_preload(["core.workflow.worker", "tests.core.workflow.ledger"])

    def __call__(self, body: str = "", *, edge: str = "", **options: Any) -> BaseProcess:
        """`options` are those of `work`, and of the Worker."""
        settings = self._ledger.settings
        process = self._fork.Process(
            target=work, args=(settings.data_dir, settings.database_url, body, edge), kwargs=options
        )
        process.start()
        self._started.append(process)
        return process

    def said(self, process: BaseProcess) -> str:
        """Whether it works or follows."""
        file = self._ledger.settings.data_dir / f"{process.pid}.said"
        until(lambda: file.exists() and file.read_text())
        return file.read_text()

    def working(self, body: str = "", **options: Any) -> BaseProcess:
        """One that is ready to work."""
        process = self(body, **options)
        assert self.said(process) == "works"
        return process

    def end(self) -> None:
        for process in self._started:
            process.kill()
            process.join()


def exit_code(process: BaseProcess) -> int | None:
    process.join(30)
    return process.exitcode


def stands_still(process: BaseProcess) -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def until(done: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "not within its time"
        time.sleep(0.05)
