"""A worker: executes the runs the catalog has open, and takes over from workers that are gone. Importing this imports
DBOS, which takes most of a second."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from core.database import Database
from core.errors import Fenced, RestorebotError
from core.settings import Settings
from core.workflow.journal import LIVING, VERSION, Journal
from core.workflow.outcome import SKIPPED, error_outcome, unwrap
from core.workflow.presence import Presence
from core.workflow.recovery import Reaper, Takeovers, open_run, workflow_id
from core.workflow.runs import Edge, RunKind, RunRef, no_edge
from core.workflow.steps import Execution, Gate, Steps, wait_until

log = logging.getLogger(__name__)

#: Heartbeats in the time after which their absence is noticed.
HEARTBEATS = 5
TICK_SECONDS = 1.0
REAP_SECONDS = 5.0
#: How long a stop waits for what is in flight: with drain for its end, without only for those that merely wait.
DRAIN_SECONDS, LEAVE_SECONDS = 60.0, 1.0


class Worker:
    """One per process at a time; may be stopped and another one started.

    slots            parts executed at once
    runs_at_once     runs driven at once; the others stay queued
    stale_seconds    how long a heartbeat must stand still before its worker is taken for gone
    poll_seconds     how often a free slot looks for a queued part; at 0.2 an idle worker takes some 3 % of a core
    retry_seconds    pause before the first retry of a transient error; it doubles
    edge             called at every edge of a step or part
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        kinds: Sequence[RunKind],
        *,
        slots: int = 2,
        runs_at_once: int = 4,
        stale_seconds: float = 10.0,
        poll_seconds: float = 0.2,
        retry_seconds: float = 0.5,
        edge: Edge = no_edge,
    ) -> None:
        self._database = database
        self._settings = settings
        self._kinds = tuple(kinds)
        self._runs_at_once = runs_at_once
        self._retry_seconds = retry_seconds
        self._edge = edge
        self._presence = Presence(database, version=VERSION, stale_seconds=stale_seconds)
        self._journal = Journal(
            settings.journal_url, executor_id=self._presence.executor_id, slots=slots, poll_seconds=poll_seconds
        )
        self._takeovers = Takeovers(database)
        self._reaper = Reaper(
            journal=self._journal,
            presence=self._presence,
            takeovers=self._takeovers,
            kinds=self._kinds,
            max_takeovers=settings.max_takeovers,
            owned=self._own,
            executing=self._executing_now,
        )
        self._heartbeat_seconds = stale_seconds / HEARTBEATS
        self._gate = Gate()
        self._failed_steps: set[str] = set()
        self._workflows: dict[str, Callable[..., Any]] = {}
        self._tokens: dict[str, int] = {}
        self._executing: list[str] = []
        self._unstarted: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._fenced = threading.Event()
        self._working = threading.Event()
        self._ready = threading.Event()
        self._reaped = 0.0
        self._threads: list[threading.Thread] = []

    @property
    def working(self) -> bool:
        """Whether this worker drives runs; on SQLite, whether it has the slot. Otherwise it follows."""
        return self._working.is_set() and not self._fenced.is_set()

    @property
    def executor_id(self) -> str:
        return self._presence.executor_id

    def start(self) -> bool:
        """Begin to work, and return True; or, on SQLite while another worker has the slot, begin to follow: it is taken
        as soon as its holder is gone."""
        self._threads = [
            threading.Thread(target=self._beat, name="heartbeat", daemon=True),
            threading.Thread(target=self._drive, name="dispatcher", daemon=True),
        ]
        try:
            self._tick()
            for thread in self._threads:
                thread.start()
        except BaseException:
            self.stop(drain=False)
            raise
        return self.working

    def run_until(self, done: Callable[[], bool]) -> None:
        """Work or follow until `done()`. Raises Fenced if another worker has taken over from this one."""
        while not done():
            if self._fenced.wait(0.1):
                raise Fenced(
                    "This worker stood still for too long and another one has taken over its work.",
                    hint="Nothing is lost. Start it again.",
                )

    def stop(self, *, drain: bool = True) -> None:
        """Begin nothing more, and leave what is not finished to the next worker; that counts as no takeover.

        With `drain` steps and parts in flight end first. Without it they are left: their writes are refused as soon as
        another worker takes over, but the process does not end before they do."""
        self._gate.close()
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        wait_until(lambda: not self._executing_now(), DRAIN_SECONDS if drain else LEAVE_SECONDS)
        if self._working.is_set():
            self._working.clear()
            self._journal.close()
        self._presence.leave()

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat_seconds):
            try:
                if self._presence.joined and not self._presence.beat():
                    self._gate.close()
                    self._fenced.set()
                    return
            except RestorebotError as error:
                log.warning("no heartbeat: %s", error)

    def _drive(self) -> None:
        while not self._stop.wait(TICK_SECONDS) and not self._fenced.is_set():
            try:
                self._tick()
            except Exception:
                log.exception("the dispatcher will try again")

    def _tick(self) -> None:
        if not self._working.is_set() and not self._begin():
            return
        now = time.monotonic()
        if not self._reaped or now - self._reaped >= REAP_SECONDS:
            self._reaper.reap()
            self._reaped = now
            self._ready.set()
        self._dispatch()

    def _begin(self) -> bool:
        """Open the journal if this worker may work."""
        if not self._presence.join():
            return False
        workflows: dict[str, Callable[..., Any]] = {}
        for kind in self._kinds:
            workflows[kind.workflow] = self._run_workflow(kind)
            workflows[f"{kind.workflow}.part"] = self._part_workflow(kind)
        self._workflows = self._journal.open(workflows)
        self._working.set()
        self._journal.forget_finished(older_than=timedelta(days=self._settings.journal_days))
        return True

    def _enter(self, name: str) -> None:
        """A workflow begins here. None does before the first look at what others left, which may take it over."""
        while not self._ready.wait(0.1):
            self._gate.pass_()
        self._gate.pass_()
        with self._lock:
            self._executing.append(name)

    def _leave(self, name: str) -> None:
        with self._lock:
            self._executing.remove(name)

    def _dispatch(self) -> None:
        """Give every open run without a living workflow its next attempt, oldest first."""
        for kind in self._kinds:
            runs = kind.open_runs()
            states = self._journal.states([workflow_id(run.id, run.attempt) for run in runs]) if runs else {}
            for run in runs:
                before = workflow_id(run.id, run.attempt)
                state = states.get(before)
                if state in LIVING or len(self._tokens) >= self._runs_at_once:
                    continue
                if state is None and run.attempt and before not in self._unstarted:
                    # Another worker may be between its claim and its start: look twice.
                    self._unstarted.add(before)
                    continue
                self._unstarted.discard(before)
                claimed = kind.begin_attempt(run.id, run.attempt)
                if claimed is not None:
                    self._start(kind, claimed)

    def _start(self, kind: RunKind, run: RunRef) -> None:
        name = workflow_id(run.id, run.attempt)
        self._own(name, run.token)
        try:
            self._journal.start(name, self._workflows[kind.workflow], run.id, run.attempt)
        except Exception:
            self._disown(name)
            raise

    def _run_workflow(self, kind: RunKind) -> Callable[[str, int], dict[str, Any]]:
        def drive(run_id: str, attempt: int) -> dict[str, Any]:
            name = workflow_id(run_id, attempt)
            self._enter(name)
            try:
                run = RunRef(kind=kind.name, id=run_id, attempt=attempt, token=self._tokens[name])
                return self._drive_run(kind, run, name)
            finally:
                self._leave(name)
                self._disown(name)

        return drive

    def _drive_run(self, kind: RunKind, run: RunRef, name: str) -> dict[str, Any]:
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
        self._gate.pass_()
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
            gate=self._gate,
            failed_steps=self._failed_steps,
            executing=self._executing_now,
            edge=self._edge,
            retry_seconds=self._retry_seconds,
            completed=self._takeovers.reset,
        )

    def _own(self, name: str, token: int) -> None:
        with self._lock:
            self._tokens[name] = token

    def _disown(self, name: str) -> None:
        with self._lock:
            self._tokens.pop(name, None)
            self._failed_steps -= {step for step in self._failed_steps if step.startswith(f"{name}/")}

    def _executing_now(self) -> set[str]:
        with self._lock:
            return set(self._executing)


def _report(kind: RunKind, run: RunRef, failure: dict[str, Any]) -> None:
    try:
        unwrap(failure)
    except RestorebotError as error:
        kind.failed(run, error)
