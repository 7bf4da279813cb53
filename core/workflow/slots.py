"""The slots of a worker: threads that execute one part after the other, as long as there are any."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from core.errors import Fenced, RestorebotError
from core.workflow.outcome import is_error
from core.workflow.parts import ClaimedPart, PartQueue
from core.workflow.runs import Edge
from core.workflow.steps import Gate, Interrupted

log = logging.getLogger(__name__)

#: Seconds before a part whose journal failed is looked at again.
AGAIN_SECONDS = 1.0


class Slots:
    """`count` threads. One of those that are free looks for work, all others wait for it to find some."""

    def __init__(
        self,
        queue: PartQueue,
        execute: Callable[[ClaimedPart], dict[str, Any]],
        gate: Gate,
        *,
        count: int,
        poll_seconds: float,
        edge: Edge,
    ) -> None:
        self._edge = edge
        self._queue = queue
        self._execute = execute
        self._gate = gate
        self._poll_seconds = poll_seconds
        self._looking = threading.Lock()
        self._threads = [
            threading.Thread(target=self._work, name=f"slot-{number}", daemon=True) for number in range(1, count + 1)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> bool:
        return all(thread.is_alive() for thread in self._threads)

    @property
    def busy(self) -> bool:
        """Whether any is left, once the gate is closed."""
        return any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        try:
            part = self._look()
            while True:
                self._serve(part)
                part = self._claim() or self._look()  # after one part there mostly is another
        except Interrupted:
            return

    def _look(self) -> ClaimedPart:
        """The part whose turn it is, when there is one."""
        with self._looking:
            while not self._has_work() or (part := self._claim()) is None:
                self._queue.divided_here.wait(self._poll_seconds)
                self._queue.divided_here.clear()
            return part

    def _has_work(self) -> bool:
        self._gate.pass_()
        return self._gate.patiently(self._queue.has_work, "a free slot")

    def _claim(self) -> ClaimedPart | None:
        self._gate.pass_()
        try:
            return self._gate.patiently(self._queue.claim, "a free slot")
        except Fenced:
            self._gate.wait(AGAIN_SECONDS)  # the heartbeat will find it too, and close the gate
            return None

    def _serve(self, part: ClaimedPart) -> None:
        self._edge(f"part:{part.step}:{part.part}:claimed")
        try:
            outcome = self._outcome(part)
        except Interrupted:
            with suppress(RestorebotError):  # then it is taken back, as from a worker that is gone
                self._queue.give_back(part)
            self._gate.pass_()
            return  # the claim was not this worker's any more
        self._gate.patiently(lambda: self._queue.finish(part, failed=is_error(outcome)), part.workflow_id)
        self._edge(f"part:{part.step}:{part.part}:finished")

    def _outcome(self, part: ClaimedPart) -> dict[str, Any]:
        """Whatever happens to the journal, a part that was claimed is executed, or given back when the worker stops."""
        while True:
            self._gate.pass_()
            try:
                return self._execute(part)
            except Exception:
                self._gate.pass_()
                log.exception("the journal failed with the part %s, which is tried again", part.workflow_id)
            self._gate.wait(AGAIN_SECONDS)
