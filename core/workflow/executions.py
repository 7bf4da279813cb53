"""What this process executes: the workflows behind each kind of run, and the token each run was claimed with."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar

from core.errors import Fenced, RestorebotError
from core.workflow.journal import Journal
from core.workflow.outcome import error_outcome, unwrap
from core.workflow.parts import ClaimedPart, DividedStep, PartQueue
from core.workflow.recovery import Takeovers, open_run, workflow_id
from core.workflow.runs import Edge, RunKind, RunRef
from core.workflow.steps import Execution, Gate, Interrupted, Steps

LOOK_SECONDS = 0.1


class Overtaken(Fenced):
    """A part was refused, since its run was taken over, or since a former owner of it woke up. While its claim stands
    it is executed once more, with the run's present token."""

    transient: ClassVar[bool] = True


class Executions:
    """Executions of runs and parts. None begins before `ready` is set, or another step of one when `gate` is closed."""

    def __init__(
        self,
        journal: Journal,
        parts: PartQueue,
        takeovers: Takeovers,
        *,
        steps_at_once: int,
        edge: Edge,
        retry_seconds: float,
    ) -> None:
        self.gate = Gate()
        self._turns = threading.Semaphore(steps_at_once)
        self.ready = threading.Event()
        self._journal = journal
        self._parts = parts
        self._takeovers = takeovers
        self._edge = edge
        self._retry_seconds = retry_seconds
        self._kinds: tuple[RunKind, ...] = ()
        self._workflows: dict[str, Callable[..., Any]] = {}
        self._tokens: dict[str, int] = {}
        self._interrupted: dict[str, int] = {}
        self._executing: list[str] = []
        self._lock = threading.Lock()

    def open(self, kinds: Sequence[RunKind]) -> None:
        """Open the journal with the workflows of these kinds."""
        self._kinds = tuple(kinds)
        workflows: dict[str, Callable[..., Any]] = {}
        for kind in kinds:
            workflows[kind.workflow] = self._run_workflow(kind)
            workflows[part_workflow(kind.workflow)] = self._part_workflow(kind)
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

    def execute(self, part: ClaimedPart) -> dict[str, Any]:
        """The outcome of a part this worker has claimed. One that another worker has begun goes on from the journal."""
        name = part.workflow_id
        state = self._journal.states([name]).get(name)
        if state is None:
            workflow = self._workflows[part_workflow(part.workflow)]
            return self._journal.call(name, workflow, part.run_id, part.attempt, part.step, part.part)
        if state.living:
            self._journal.resume(name)
            while self._journal.states([name])[name].living:
                if self.gate.is_closed and name not in self.now():
                    raise Interrupted
                time.sleep(LOOK_SECONDS)
        return self._journal.outcomes([name])[name]

    def hand_over(self) -> None:
        """Leave runs that were interrupted to other workers at once, and not only when this one has gone. One that was
        taken over is not this worker's to leave."""
        with self._lock:
            interrupted, self._interrupted = self._interrupted, {}
        for name, token in interrupted.items():
            if any((run := open_run(kind, name)) and run.token == token for kind in self._kinds):
                self._journal.hand_over(name)

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
                outcome = self._drive(kind, run, name)
                with suppress(RestorebotError):  # rows that nobody asks for again
                    self._takeovers.forget(name)
                return outcome
            except Interrupted:
                with self._lock:
                    self._interrupted[name] = self._tokens[name]
                raise
            finally:
                self._leave(name)
                self._disown(name)

        return drive

    def _drive(self, kind: RunKind, run: RunRef, name: str) -> dict[str, Any]:
        execution = self._execution(name)
        steps = Steps(execution, lambda step: _divided(kind, name, step), self._turns)
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
                execution = self._execution(name, may_fail=lambda: self._parts.holds(f"{run_name}/{step}", part))
                return execution.once("part", f"part:{step}:{part}", lambda: self._part(kind, run_name, step, part))
            finally:
                self._leave(name)

        return execute

    def _part(self, kind: RunKind, run_name: str, step: str, part: str) -> Any:
        run = open_run(kind, run_name)
        if run is None:
            raise Fenced(f"The run {run_name} is over or was begun again; the part {part} was not executed.")
        if not self._parts.holds(f"{run_name}/{step}", part):
            raise Interrupted
        try:
            return kind.part(RunRef(kind=kind.name, id=run.id, attempt=run.attempt, token=run.token), step, part)
        except Fenced as error:
            raise Overtaken(error.message) from error

    def _execution(self, name: str, may_fail: Callable[[], bool] = lambda: True) -> Execution:
        return Execution(
            workflow_id=name,
            journal=self._journal,
            parts=self._parts,
            gate=self.gate,
            edge=self._edge,
            retry_seconds=self._retry_seconds,
            completed=self._takeovers.reset,
            may_fail=may_fail,
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


def part_workflow(workflow: str) -> str:
    """The workflow of the parts of such a run."""
    return f"{workflow}.part"


def _divided(kind: RunKind, run_name: str, step: str) -> DividedStep:
    run = open_run(kind, run_name)
    if run is None:
        raise Fenced(f"The run {run_name} is over or was begun again; its step {step} was not divided.")
    return DividedStep(
        run_workflow_id=run_name,
        workflow=kind.workflow,
        run_id=run.id,
        attempt=run.attempt,
        step=step,
        organization=run.organization,
        shard=run.shard,
        storage=run.storage,
    )


def _report(kind: RunKind, run: RunRef, failure: dict[str, Any]) -> None:
    try:
        unwrap(failure)
    except RestorebotError as error:
        kind.failed(run, error)
