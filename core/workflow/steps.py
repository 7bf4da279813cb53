"""How one execution of a run does its steps and parts: through the journal, watching for the sign to stop."""

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from core.errors import Fenced, RestorebotError
from core.workflow.journal import Journal
from core.workflow.outcome import SKIPPED, error_outcome, is_error, unwrap, value_outcome
from core.workflow.runs import Edge

T = TypeVar("T")

TRIES = 4
#: Waiting for parts: seconds between looks, at first and at most, and how many of the oldest are looked at.
FIRST_LOOK, LAST_LOOK, LOOKED_AT = 0.02, 0.25, 200


class Interrupted(BaseException):
    """The worker stops: the execution ends here without an outcome, and another one goes on from the journal. Not an
    Exception, so that neither a body nor the journal takes it for a failure."""


class Gate:
    """Closed when the worker stops or is fenced; every step looks at it before it begins."""

    def __init__(self) -> None:
        self._closed = threading.Event()

    def close(self) -> None:
        self._closed.set()

    def pass_(self) -> None:
        if self._closed.is_set():
            raise Interrupted

    def wait(self, seconds: float) -> None:
        if self._closed.wait(seconds):
            raise Interrupted


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What one execution of a workflow in this process needs."""

    workflow_id: str
    journal: Journal
    gate: Gate
    #: Steps of runs of this process in which a part has failed: their parts that have not begun need not.
    failed_steps: set[str]
    #: Ids of the workflows this process executes.
    executing: Callable[[], set[str]]
    edge: Edge
    retry_seconds: float
    #: Called when something of this workflow was completed: it is no longer taken over *in a row*.
    completed: Callable[[str], None]

    def once(self, name: str, edge_name: str, call: Callable[[], Any]) -> dict[str, Any]:
        """One journaled call. Its outcome is a value: only an error worth another try is left to DBOS's retry."""
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

    def __init__(self, execution: Execution, part_workflow: Callable[..., Any], run_id: str, attempt: int) -> None:
        self._execution = execution
        self._part_workflow = part_workflow
        self._run_id = run_id
        self._attempt = attempt
        self._divided: set[str] = set()

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:
        self._execution.gate.pass_()
        outcome = self._execution.once(name, f"step:{name}", lambda: function(*args))
        value: T = unwrap(outcome)
        return value

    def parts(self, name: str, parts: Sequence[str]) -> list[Any]:
        if name in self._divided or len(set(parts)) != len(parts):
            raise ValueError(f"step {name} of a run is divided twice, or its parts have no unique names")
        self._divided.add(name)
        step_id = f"{self._execution.workflow_id}/{name}"
        children = [f"{step_id}/{part}" for part in parts]
        for child, part in zip(children, parts, strict=True):
            self._execution.gate.pass_()
            self._execution.journal.enqueue_part(child, self._part_workflow, self._run_id, self._attempt, name, part)
        collected = self._execution.journal.step(
            f"{name}:parts", lambda: self._collect(step_id, children), tries=1, interval=1.0
        )
        outcomes: list[dict[str, Any]] = collected["outcomes"]
        for outcome in outcomes:
            if is_error(outcome):
                unwrap(outcome)
        if SKIPPED in outcomes:
            raise Fenced(f"The run {self._run_id} was closed or begun again elsewhere; its parts were not executed.")
        return [unwrap(outcome) for outcome in outcomes]

    def _collect(self, step_id: str, children: Sequence[str]) -> dict[str, Any]:
        """Wait for all parts, as one step, so that the journal gets their outcomes at once and not a look for each.
        What a process knows of its own parts is not enough: only what the journal has of them survives it."""
        journal, gate = self._execution.journal, self._execution.gate
        ended: dict[str, dict[str, Any]] = {}
        pause = FIRST_LOOK
        told = False
        while missing := [child for child in children if child not in ended]:
            found = journal.outcomes(missing[:LOOKED_AT])
            ended |= found
            if not told and any(map(is_error, found.values())):
                self._execution.failed_steps.add(step_id)
                journal.cancel_waiting(missing)
                told = True
            elif not found:
                gate.wait(pause)
                pause = min(pause * 1.5, LAST_LOOK)
        while told and not self._execution.executing().isdisjoint(children):
            gate.wait(FIRST_LOOK)  # cancelled just when it began: it ends before the failure is told
        return {"outcomes": [ended[child] for child in children]}


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition became true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
