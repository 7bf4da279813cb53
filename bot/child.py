"""The worker as a child process: it is started again when it dies, and ends when its parent does."""

import logging
import subprocess
import sys
import threading
import time
from typing import Final

log = logging.getLogger(__name__)

#: Parts that a worker executes at once.
SLOTS: Final = 2
_LOOK_SECONDS: Final = 0.5
#: Between two starts of a child that dies at once.
_LONGEST_WAIT: Final = 30.0
#: One that lived this long did not die at once.
_LIVED_SECONDS: Final = 60.0


class Child:
    """`command` is run as long as this lives. It reads its standard input, whose end tells it that the parent is gone,
    however that went."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._over = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="child", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, wait_seconds: float) -> None:
        """Its standard input ends, and it finishes what it holds; after `wait_seconds` it is left to end by itself."""
        self._over.set()
        self._thread.join()
        process = self._process
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            process.wait(timeout=wait_seconds)
        except subprocess.TimeoutExpired:
            log.warning("the worker finishes what it holds in process %s", process.pid)

    @property
    def pid(self) -> int | None:
        """Of the one that runs now."""
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def _keep(self) -> None:
        failures = 0
        while not self._over.is_set():
            began = time.monotonic()
            # In a group of its own: a terminal's Ctrl-C is for the parent, which ends it in its turn.
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, process_group=0)
            while self._process.poll() is None:
                if self._over.wait(_LOOK_SECONDS):
                    return
            if self._process.stdin is not None:
                self._process.stdin.close()
            failures = 0 if time.monotonic() - began > _LIVED_SECONDS else failures + 1
            log.warning("the worker ended with status %s; it is started again", self._process.returncode)
            self._over.wait(min(2.0**failures / 2, _LONGEST_WAIT))


def worker_command(slots: int = SLOTS) -> list[str]:
    return [sys.executable, "-m", "bot", "worker", "--until-input-ends", "--slots", str(slots)]
