"""A worker: executes the runs the catalog has open, and takes over from workers that are gone. Importing this imports
DBOS, which takes most of a second."""

import gc
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.metadata import version

from core.database import Database
from core.errors import Fenced, RestorebotError, WorkerBroken
from core.settings import Settings
from core.workflow.executions import Executions
from core.workflow.journal import Journal
from core.workflow.parts import PartQueue
from core.workflow.presence import Beat, Gone, Presence
from core.workflow.recovery import Reaper, Takeovers, workflow_id
from core.workflow.runs import Edge, OpenRun, RunKind, is_newer, no_edge
from core.workflow.slots import Slots
from core.workflow.steps import wait_until
from core.workflow.turns import Limits, next_run

log = logging.getLogger(__name__)

#: Heartbeats in the time after which their absence is noticed.
HEARTBEATS = 5
#: How often it is looked for new runs, and whether all other workers are there.
TICK_SECONDS = 1.0
#: How often it is looked for what workers left that nobody saw go.
REAP_SECONDS = 5.0
#: How long a stop without drain waits for what merely waits itself.
LEAVE_SECONDS = 1.0
#: So long the journal's threads may take to begin.
BEGIN_SECONDS = 10.0


class Worker:
    """One per process at a time; may be stopped and another one started.

    slots            parts executed at once
    runs_at_once     runs driven at once; the others stay queued. One whose parts wait costs a thread and little else
    steps_at_once    of these, how many execute a step that is not divided, which may take as much memory as a part
    alone            work only where no other worker is alive, else follow
    stale_seconds    how long a heartbeat must stand still before its worker is taken for gone
    poll_seconds     how often a free slot looks for a part of another worker's run
    retry_seconds    pause before the first retry of a transient error; it doubles
    evict            ends what a worker that is gone still does in the databases
    edge             called at every edge of a step or part, and when parts are divided, claimed and finished
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        kinds: Sequence[RunKind],
        *,
        slots: int = 2,
        runs_at_once: int = 20,
        steps_at_once: int = 4,
        alone: bool = False,
        stale_seconds: float = 6.0,
        poll_seconds: float = 0.2,
        retry_seconds: float = 0.5,
        evict: Callable[[Gone], None] = lambda _gone: None,
        edge: Edge = no_edge,
    ) -> None:
        self._settings = settings
        self._kinds = {kind.workflow: kind for kind in kinds}
        self._runs_at_once = runs_at_once
        self._alone = alone
        self._heartbeat_seconds = stale_seconds / HEARTBEATS
        self._presence = Presence(
            database, version=version("restorebot"), kinds=list(self._kinds), slots=slots, stale_seconds=stale_seconds
        )
        executor_id = self._presence.executor_id
        self._journal = Journal(settings.journal_url, name=database.name, executor_id=executor_id, slots=slots)
        limits = Limits(shard=settings.shard_parts_at_once, storage=settings.storage_parts_at_once)
        parts = PartQueue(database, executor_id=executor_id, limits=limits, known=self._kinds)
        takeovers = Takeovers(database)
        self._executions = Executions(
            self._journal, parts, takeovers, steps_at_once=steps_at_once, edge=edge, retry_seconds=retry_seconds
        )
        self._slots = Slots(
            parts, self._executions.execute, self._executions.gate, count=slots, poll_seconds=poll_seconds, edge=edge
        )
        self._reaper = Reaper(
            journal=self._journal,
            parts=parts,
            presence=self._presence,
            takeovers=takeovers,
            kinds=kinds,
            max_takeovers=settings.max_takeovers,
            own=self._executions.own,
            executing=self._executions.now,
            evict=evict,
        )
        self._unstarted: set[str] = set()
        self._reaped = 0.0
        self._gone: frozenset[str] = frozenset()
        self._begun = 0.0
        self._working, self._fenced, self._draining = threading.Event(), threading.Event(), threading.Event()
        self._stop, self._over = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def working(self) -> bool:
        """Whether this worker drives runs. Otherwise it follows: on SQLite another one has the slot."""
        return self._working.is_set() and not self.fenced and not self.draining

    @property
    def fenced(self) -> bool:
        """Whether another worker has taken over from this one, which can do no more than stop."""
        return self._fenced.is_set()

    @property
    def draining(self) -> bool:
        """Whether somebody wants this worker to finish what it holds, and to go."""
        return self._draining.is_set()

    @property
    def executor_id(self) -> str:
        return self._presence.executor_id

    def start(self) -> bool:
        """Begin to work, and return True; or, while another worker has the slot, begin to follow: this one works as
        soon as that is gone."""
        self._threads = [
            threading.Thread(target=self._repeat, args=(name, act, seconds, until), name=name, daemon=True)
            for name, act, seconds, until in (
                ("heartbeat", self._beat, self._heartbeat_seconds, self._over),
                ("dispatcher", self._dispatch, TICK_SECONDS, self._stop),
                # apart from the dispatcher, which may wait for a lock that only the reaper can end
                ("reaper", self._reap, TICK_SECONDS, self._stop),
            )
        ]
        try:
            if self._begin():
                self._reap()
                self._dispatch()
            for thread in self._threads:
                thread.start()
        except BaseException:
            self.stop(drain=False)
            raise
        return self.working

    def run_until(self, done: Callable[[], bool]) -> None:
        """Work or follow until `done()`, or until somebody wants this worker to go. Raises Fenced if another worker has
        taken over from this one, and WorkerBroken when it cannot go on."""
        while not done() and not self.draining:
            if self._fenced.wait(0.1):
                raise Fenced(
                    "This worker stood still for too long and another one has taken over its work.",
                    hint="Nothing is lost. Start it again.",
                )
            self.check()

    def check(self) -> None:
        """Raises WorkerBroken when a thread has ended without which work would wait for ever."""
        if self._stop.is_set() or self.fenced or not self._working.is_set():
            return
        dead = [thread.name for thread in self._threads if not thread.is_alive()]
        if not self._slots.alive:
            dead.append("slots")
        if not self._journal.alive and time.monotonic() - self._begun > BEGIN_SECONDS:
            dead.append("journal")
        if dead:
            _if_possible(self._beat)  # to have been taken over ends sessions, too
        if dead and not self.fenced and not self.draining:
            raise WorkerBroken(
                f"This worker cannot go on: {', '.join(dead)} ended unexpectedly. What it held goes on elsewhere.",
                hint="Start it again; its log says what happened before.",
            )

    def stop(self, *, drain: bool = True) -> None:
        """Begin nothing more, and leave what is not finished to other workers; that counts as no takeover.

        With `drain` steps and parts in flight end first, however long they take. Without it they are left: their writes
        are refused as soon as another worker takes over."""
        wait = drain and not self.fenced
        self._executions.gate.close()
        self._stop.set()
        if wait and self._working.is_set():
            _if_possible(self._presence.drain)
        wait_until(self._left_everything, float("inf") if wait else LEAVE_SECONDS)
        self._over.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        if self._working.is_set():
            self._working.clear()
            self._journal.close()
        _if_possible(self._presence.leave)

    def _left_everything(self) -> bool:
        """Whether nothing is in flight; what could go on elsewhere does so already."""
        over = not self._slots.busy and not self._executions.now()
        if self._working.is_set() and not self.fenced:
            _if_possible(self._executions.hand_over)
        return over

    def _repeat(self, name: str, act: Callable[[], None], seconds: float, until: threading.Event) -> None:
        """Call it again and again. What hinders it is said once, and again when it is over."""
        hindered = False
        while not until.wait(seconds) and not self.fenced:
            try:
                act()
            except Exception as error:
                if not hindered:
                    log.warning("the %s waits, and goes on by itself: %s", name, error, exc_info=_unexpected(error))
                hindered = True
            else:
                if hindered:
                    log.warning("the %s goes on", name)
                hindered = False

    def _beat(self) -> None:
        if not self._presence.joined:
            return
        found = self._presence.beat()
        if found is Beat.FENCED:
            self._fenced.set()  # first: slots end when the gate closes, and `check` must know why
            self._executions.gate.close()
        elif found is Beat.DRAIN and not self._stop.is_set():
            self._draining.set()
            self._executions.gate.close()

    def _begin(self) -> bool:
        """Open the journal if this worker may work."""
        if self._working.is_set():
            return True
        if not self._presence.join(alone=self._alone):
            return False
        self._executions.open(list(self._kinds.values()))
        # What was imported stays. Parts make many small objects, and the collector would go through all of it again.
        gc.freeze()
        self._slots.start()
        self._begun = time.monotonic()
        self._working.set()
        versions = [f"{kind.name}.v{number}" for kind in self._kinds.values() for number in range(1, kind.version + 1)]
        self._journal.forget_finished(versions, older_than=timedelta(days=self._settings.journal_days))
        return True

    def _reap(self) -> None:
        """At once when a worker goes, and now and then for what nobody saw."""
        if not self._working.is_set() or self._executions.gate.is_closed:
            return
        look = self._presence.look()
        gone = frozenset(one.executor_id for one in look.gone)
        some_go = len(look.able) < len(look.alive)
        now = time.monotonic()
        if not self._reaped or some_go or gone - self._gone or now - self._reaped >= REAP_SECONDS:
            self._reaper.reap()
            self._reaped, self._gone = now, gone
            self._executions.ready.set()

    def _dispatch(self) -> None:
        """Give open runs without a living workflow their next attempt."""
        if self._executions.gate.is_closed or not self._begin():
            return
        kinds = self._kinds.values()
        runs = {workflow_id(run.id, run.attempt): (kind, run) for kind in kinds for run in kind.open_runs()}
        states = self._journal.states(runs) if runs else {}
        driven = Counter(run.organization for name, (_, run) in runs.items() if name in states and states[name].living)
        waiting = {
            name: run
            for name, (_, run) in runs.items()
            if name not in states or not (states[name].living or is_newer(states[name].name, self._kinds))
        }
        for name in [name for name, run in waiting.items() if name not in states and run.attempt]:
            if name not in self._unstarted:
                # Another worker may be between its claim and its start: look twice.
                self._unstarted.add(name)
                del waiting[name]
        while self._executions.owned() < self._runs_at_once and (run := next_run(list(waiting.values()), driven)):
            name = workflow_id(run.id, run.attempt)
            del waiting[name]
            self._unstarted.discard(name)
            driven[run.organization] += 1
            self._start(runs[name][0], run)

    def _start(self, kind: RunKind, run: OpenRun) -> None:
        claimed = kind.begin_attempt(run.id, run.attempt)
        if claimed is not None:
            self._executions.start(kind, claimed)


def _if_possible(tell: Callable[[], None]) -> None:
    """What this and the other workers also find out by themselves, only later."""
    try:
        tell()
    except RestorebotError as error:
        log.warning("the catalog cannot be asked or told: %s", error)


def _unexpected(error: Exception) -> bool:
    return not isinstance(error, RestorebotError)
