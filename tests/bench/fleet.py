"""Workers as processes of their own on one catalog, and what the catalog says of them while they work."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from tests.bench.children import ROOT, BenchError
from tests.bench.installation import Installation

_LOOK_SECONDS: Final = 0.05
_START_SECONDS: Final = 120.0


@dataclass(frozen=True)
class Part:
    """One part in flight."""

    name: str  # with its run and step
    worker: str  # executor id


@dataclass(frozen=True)
class Fleet:
    """Look at it with `catalog`, a connection of its own."""

    catalog: psycopg.Connection
    processes: tuple[subprocess.Popen[bytes], ...]

    def process_of(self, worker: str) -> subprocess.Popen[bytes]:
        ((pid,),) = self.catalog.execute("SELECT pid FROM worker WHERE executor_id = %s", (worker,)).fetchall()
        return next(one for one in self.processes if one.pid == pid)

    def parts(self, step: str) -> frozenset[Part]:
        """In flight in a step of a run."""
        found = self.catalog.execute(
            "SELECT step_id || '/' || part, executor_id FROM waiting_part"
            " WHERE executor_id IS NOT NULL AND step_id LIKE %s",
            (f"%/{step}",),
        )
        return frozenset(Part(*row) for row in found)

    def wait_for(self, what: str, found: Callable[[], object], seconds: float) -> float:
        """How long it took until that was so. Raises BenchError."""
        started = time.monotonic()
        while not found():
            if time.monotonic() - started > seconds:
                raise BenchError(f"{what} did not come to be within {seconds:.0f} s.")
            time.sleep(_LOOK_SECONDS)
        return time.monotonic() - started


@contextmanager
def fleet(installation: Installation, catalog_url: str, *, count: int, slots: int) -> Iterator[Fleet]:
    """So many workers, all of them ready. They are stopped at the end, and killed if they do not go."""
    processes: list[subprocess.Popen[bytes]] = []
    with psycopg.connect(catalog_url, autocommit=True) as catalog:
        started = Fleet(catalog, ())
        ready = "SELECT count(*) FROM worker WHERE stopped_at IS NULL AND reaped_by IS NULL AND pid = ANY(%s)"
        try:
            for _ in range(count):
                processes.append(_worker(installation, slots))  # noqa: PERF401 - those that were started are ended
            pids = [one.pid for one in processes]
            started.wait_for(
                f"{count} workers",
                lambda: catalog.execute(ready, (pids,)).fetchone() == (count,),
                _START_SECONDS,
            )
            yield Fleet(catalog, tuple(processes))
        finally:
            for one in processes:
                with suppress(ProcessLookupError):
                    one.send_signal(signal.SIGCONT)
                    one.terminate()
            for one in processes:
                try:
                    one.wait(_START_SECONDS)
                except subprocess.TimeoutExpired:
                    one.kill()
                    one.wait()


def _worker(installation: Installation, slots: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "worker", "--slots", str(slots)],
        cwd=ROOT,
        env={**os.environ, **installation.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
