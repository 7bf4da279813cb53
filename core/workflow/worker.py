"""A worker: executes the runs the catalog has open, and takes over from workers that are gone. Importing this imports
DBOS, which takes most of a second."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from core.database import Database
from core.errors import Fenced, RestorebotError
from core.settings import Settings
from core.workflow.executions import Executions
from core.workflow.journal import LIVING, VERSION, Journal
from core.workflow.presence import Presence
from core.workflow.recovery import Reaper, Takeovers, workflow_id
from core.workflow.runs import Edge, RunKind, no_edge
from core.workflow.steps import wait_until

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
        self._presence = Presence(database, version=VERSION, stale_seconds=stale_seconds)
        self._journal = Journal(
            settings.journal_url,
            name=database.name,
            executor_id=self._presence.executor_id,
            slots=slots,
            poll_seconds=poll_seconds,
        )
        takeovers = Takeovers(database)
        self._executions = Executions(self._journal, takeovers, edge=edge, retry_seconds=retry_seconds)
        self._reaper = Reaper(
            journal=self._journal,
            presence=self._presence,
            takeovers=takeovers,
            kinds=self._kinds,
            max_takeovers=settings.max_takeovers,
            own=self._executions.own,
            executing=self._executions.now,
        )
        self._heartbeat_seconds = stale_seconds / HEARTBEATS
        self._unstarted: set[str] = set()
        self._stop = threading.Event()
        self._fenced = threading.Event()
        self._working = threading.Event()
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
        self._executions.gate.close()
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        wait_until(lambda: not self._executions.now(), DRAIN_SECONDS if drain else LEAVE_SECONDS)
        if self._working.is_set():
            self._working.clear()
            self._journal.close()
        self._presence.leave()

    def _beat(self) -> None:
        while not self._stop.wait(self._heartbeat_seconds):
            try:
                if self._presence.joined and not self._presence.beat():
                    self._executions.gate.close()
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
            self._executions.ready.set()
        self._dispatch()

    def _begin(self) -> bool:
        """Open the journal if this worker may work."""
        if not self._presence.join():
            return False
        self._executions.open(self._kinds)
        self._working.set()
        self._journal.forget_finished(older_than=timedelta(days=self._settings.journal_days))
        return True

    def _dispatch(self) -> None:
        """Give every open run without a living workflow its next attempt, oldest first."""
        for kind in self._kinds:
            runs = kind.open_runs()
            states = self._journal.states([workflow_id(run.id, run.attempt) for run in runs]) if runs else {}
            for run in runs:
                before = workflow_id(run.id, run.attempt)
                state = states.get(before)
                if state in LIVING or self._executions.owned() >= self._runs_at_once:
                    continue
                if state is None and run.attempt and before not in self._unstarted:
                    # Another worker may be between its claim and its start: look twice.
                    self._unstarted.add(before)
                    continue
                self._unstarted.discard(before)
                claimed = kind.begin_attempt(run.id, run.attempt)
                if claimed is not None:
                    self._executions.start(kind, claimed)
