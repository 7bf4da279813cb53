"""What this process executes: the workflows behind each kind of run, and the token each run was claimed with."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from core.errors import Fenced, RestorebotError
from core.workflow.journal import Journal
from core.workflow.outcome import SKIPPED, error_outcome, unwrap
from core.workflow.recovery import Takeovers, open_run, workflow_id
from core.workflow.runs import Edge, RunKind, RunRef
from core.workflow.steps import Execution, Gate, Steps


class Executions:
    """Executions of runs and parts. None begins before `ready` is set, or another step of one when `gate` is closed."""

    def __init__(self, journal: Journal, takeovers: Takeovers, *, edge: Edge, retry_seconds: float) -> None:
        self.gate = Gate()
        self.ready = threading.Event()
        self._journal = journal
        self._takeovers = takeovers
        self._edge = edge
        self._retry_seconds = retry_seconds
        self._workflows: dict[str, Callable[..., Any]] = {}
        self._tokens: dict[str, int] = {}
        self._executing: list[str] = []
        self._failed_steps: set[str] = set()
        self._lock = threading.Lock()

    def open(self, kinds: Sequence[RunKind]) -> None:
        """Open the journal with the workflows of these kinds."""
        workflows: dict[str, Callable[..., Any]] = {}
        for kind in kinds:
            workflows[kind.workflow] = self._run_workflow(kind)
            workflows[f"{kind.workflow}.part"] = self._part_workflow(kind)
        self._workflows = self._journal.open(workflows)

    def start(self, kind: RunKind, run: RunRef) -> None:
        """Begin to execute an attempt this worker has claimed."""
        name = workflow_id(run.id, run.attempt)
        self.own(name, run.token)
        try:
            self._journal.start(name, self._workflows[kind.workflow], run.id, run.attempt)
        except BaseException:
            self._disown(name)
            raise

    def own(self, name: str, token: int) -> None:
        """This worker has claimed the run with that token; its executions take it from here and never read it again."""
        with self._lock:
            self._tokens[name] = token

    def owned(self) -> int:
        """How many runs this worker drives."""
        with self._lock:
            return len(self._tokens)

    def now(self) -> set[str]:
        """Ids of the workflows in execution."""
        with self._lock:
            return set(self._executing)

    def _run_workflow(self, kind: RunKind) -> Callable[[str, int], dict[str, Any]]:
        def drive(run_id: str, attempt: int) -> dict[str, Any]:
            name = workflow_id(run_id, attempt)
            self._enter(name)
            try:
                run = RunRef(kind=kind.name, id=run_id, attempt=attempt, token=self._tokens[name])
                return self._drive(kind, run, name)
            finally:
                self._leave(name)
                self._disown(name)

        return drive

    def _drive(self, kind: RunKind, run: RunRef, name: str) -> dict[str, Any]:
        execution = self._execution(name)
        steps = Steps(execution, self._workflows[f"{kind.workflow}.part"], run.id, run.attempt)
        try:
            kind.body(run, steps)
        except Fenced:
            return {"fenced": True}
        except Exception as error:  # noqa: BLE001 - a defect, too, must end the run with an outcome
            failure = error_outcome(error, f"run {run.id}")
        else:
            return {"done": True}
        self.gate.pass_()
        unwrap(execution.once("failed", "step:failed", lambda: _report(kind, run, failure)))
        return failure

    def _part_workflow(self, kind: RunKind) -> Callable[[str, int, str, str], dict[str, Any]]:
        def execute(run_id: str, attempt: int, step: str, part: str) -> dict[str, Any]:
            run_name = workflow_id(run_id, attempt)
            name = f"{run_name}/{step}/{part}"
            self._enter(name)
            try:
                run = open_run(kind, run_name)
                if run is None or f"{run_name}/{step}" in self._failed_steps:
                    return SKIPPED
                claimed = RunRef(kind=kind.name, id=run_id, attempt=attempt, token=run.token)
                return self._execution(name).once("part", f"part:{step}:{part}", lambda: kind.part(claimed, step, part))
            finally:
                self._leave(name)

        return execute

    def _execution(self, name: str) -> Execution:
        return Execution(
            workflow_id=name,
            journal=self._journal,
            gate=self.gate,
            failed_steps=self._failed_steps,
            executing=self.now,
            edge=self._edge,
            retry_seconds=self._retry_seconds,
            completed=self._takeovers.reset,
        )

    def _enter(self, name: str) -> None:
        while not self.ready.wait(0.1):
            self.gate.pass_()
        self.gate.pass_()
        with self._lock:
            self._executing.append(name)

    def _leave(self, name: str) -> None:
        with self._lock:
            self._executing.remove(name)

    def _disown(self, name: str) -> None:
        with self._lock:
            self._tokens.pop(name, None)
            self._failed_steps -= {step for step in self._failed_steps if step.startswith(f"{name}/")}


def _report(kind: RunKind, run: RunRef, failure: dict[str, Any]) -> None:
    try:
        unwrap(failure)
    except RestorebotError as error:
        kind.failed(run, error)
