"""How one execution of a run does its steps and parts: through the journal, watching for the sign to stop."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import Fenced, RestorebotError
from core.workflow.journal import Journal
from core.workflow.outcome import SKIPPED, error_outcome, is_error, unwrap, value_outcome
from core.workflow.parts import DividedStep, PartQueue
from core.workflow.runs import Edge

T = TypeVar("T")

log = logging.getLogger(__name__)

#: How often a step or part is tried. With the pauses of the journal's retry, which double from half a second, that is
#: half a minute: a database that is restarted has come back by then.
TRIES = 7
#: Waiting for parts: seconds between looks, at first and at most.
FIRST_LOOK, LAST_LOOK = 0.02, 0.25
#: Seconds between two tries of what must not fail because a database is down.
PATIENCE_SECONDS = 1.0


class Interrupted(BaseException):
    """The worker stops: the execution ends here without an outcome, and another one goes on from the journal. Not an
    Exception, so that neither a body nor the journal takes it for a failure."""


class Gate:
    """Closed when the worker stops or is fenced; every step looks at it before it begins."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    @property
    def is_closed(self) -> bool:
        return self._closed.is_set()

    def close(self) -> None:
        self._closed.set()

    def pass_(self) -> None:
        if self._closed.is_set():
            raise Interrupted

    def wait(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise Interrupted

    def patiently(self, call: Callable[[], T], what: str) -> T:
        """Call until it succeeds or fails for a lasting reason; says once what is waited for."""
        told = False
        while True:
            try:
                found = call()
            except RestorebotError as error:
                if not error.transient:
                    raise
                if not told:
                    log.warning("%s waits, and goes on by itself: %s", what, error)
                told = True
            else:
                if told:
                    log.warning("%s goes on", what)
                return found
            self.wait(PATIENCE_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What one execution of a workflow in this process needs."""

    workflow_id: str
    journal: Journal
    parts: PartQueue
    gate: Gate
    edge: Edge
    retry_seconds: float
    #: Called when something of this workflow was completed: it is no longer taken over *in a row*.
    completed: Callable[[str], None]
    #: Whether this execution may still fail what it executes: a part that was taken over goes on elsewhere instead.
    may_fail: Callable[[], bool] = lambda: True

    def once(self, name: str, edge_name: str, call: Callable[[], Any]) -> dict[str, Any]:
        """One journaled call. Its outcome is a value: only an error worth another try is left to the journal's
        retry."""
        tries = 0

        def attempt() -> dict[str, Any]:
            nonlocal tries
            tries += 1
            self.gate.pass_()
            self.edge(f"{edge_name}:before")
            try:
                outcome = value_outcome(call())
            except Exception as error:
                if isinstance(error, RestorebotError) and error.transient and tries < TRIES:
                    raise
                if not self.gate.patiently(self.may_fail, edge_name):
                    raise Interrupted from error
                outcome = error_outcome(error, edge_name)
            self.edge(f"{edge_name}:after")
            return outcome

        outcome = self.journal.step(name, attempt, tries=TRIES, interval=self.retry_seconds)
        if tries:
            self.edge(f"{edge_name}:recorded")
            with contextlib.suppress(RestorebotError):
                self.completed(self.workflow_id)
        return outcome


class Steps:
    """The StepRunner of one execution of a run."""

    def __init__(self, execution: Execution, divided: Callable[[str], DividedStep], turns: threading.Semaphore) -> None:
        """`divided` describes a step of this run by its name. `turns` are shared by all runs of this process: a step
        that is not divided waits for one of them, however many runs are driven."""
        self._execution = execution
        self._describe = divided
        self._turns = turns
        self._divided: set[str] = set()

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:
        self._execution.gate.pass_()
        outcome = self._execution.once(name, f"step:{name}", lambda: self._in_turn(function, *args))
        value: T = unwrap(outcome)
        return value

    def _in_turn(self, function: Callable[..., T], *args: Any) -> T:
        while not self._turns.acquire(timeout=PATIENCE_SECONDS):
            self._execution.gate.pass_()
        try:
            return function(*args)
        finally:
            self._turns.release()

    def parts(self, name: str, parts: Sequence[str]) -> list[Any]:
        if name in self._divided or len(set(parts)) != len(parts):
            raise ValueError(f"step {name} of a run is divided twice, or its parts have no unique names")
        self._divided.add(name)
        gate = self._execution.gate
        gate.pass_()
        step = gate.patiently(lambda: self._describe(name), f"{self._execution.workflow_id}/{name}")
        collected = self._execution.journal.step(
            f"{name}:parts", lambda: self._collect(step, parts), tries=1, interval=1.0
        )
        outcomes: list[dict[str, Any]] = collected["outcomes"]
        for outcome in outcomes:
            if is_error(outcome):
                unwrap(outcome)
        if SKIPPED in outcomes:
            raise Fenced(f"The run of {self._execution.workflow_id} was closed elsewhere; its parts were not executed.")
        return [unwrap(outcome) for outcome in outcomes]

    def _collect(self, step: DividedStep, parts: Sequence[str]) -> dict[str, Any]:
        """Spread the parts over the workers and wait for all of them, as one step, so that the journal gets their
        outcomes at once and not a look for each. Repeated, it finds what has ended, and what is still in flight."""
        journal, gate, queue = self._execution.journal, self._execution.gate, self._execution.parts
        children = {part: f"{step.id}/{part}" for part in parts}
        ended = journal.outcomes(children.values())
        if any(map(is_error, ended.values())):
            gate.patiently(lambda: queue.drop_waiting(step.id), step.id)
        else:
            left = [part for part, child in children.items() if child not in ended]
            gate.patiently(lambda: queue.divide(step, left), step.id)
            self._execution.edge(f"parts:{step.step}:divided")
        finished, pause = queue.watch(step.id), FIRST_LOOK
        while gate.patiently(lambda: queue.remaining(step.id), step.id):
            finished.wait(pause)
            finished.clear()  # before the next look, so that none is missed
            gate.pass_()
            pause = min(pause * 1.5, LAST_LOOK)
        ended = journal.outcomes(children.values())
        gate.patiently(lambda: queue.close(step.id), step.id)
        return {"outcomes": [ended.get(child, SKIPPED) for child in children.values()]}


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition became true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
