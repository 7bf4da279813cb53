"""The reaper: what workers that are gone left in flight is taken over. Nobody else recovers anything."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import delete, or_

from core.database import Database
from core.workflow.journal import HANDED_OVER, InFlight, Journal
from core.workflow.parts import PartQueue, count_takeover
from core.workflow.presence import Gone, Look, Presence
from core.workflow.runs import OpenRun, RunKind, RunRef, TakenOverTooOften, is_newer
from core.workflow.tables import PartTakeoverRow

log = logging.getLogger(__name__)


class Takeovers:
    """How often in a row a part, or a run between its parts, lost its worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, workflow_id: str) -> int:
        """One more; returns how many in a row that makes."""
        with self._database.transaction() as session:
            return count_takeover(session, workflow_id)

    def reset(self, workflow_id: str) -> None:
        """Most have never been taken over: those are only looked at."""
        with self._database.reading() as session:
            if session.get(PartTakeoverRow, workflow_id) is None:
                return
        with self._database.transaction() as session:
            session.execute(delete(PartTakeoverRow).where(PartTakeoverRow.workflow_id == workflow_id))

    def forget(self, run_workflow_id: str) -> None:
        """The run and all its parts."""
        mine = or_(
            PartTakeoverRow.workflow_id == run_workflow_id,
            PartTakeoverRow.workflow_id.startswith(f"{run_workflow_id}/", autoescape=True),
        )
        with self._database.transaction() as session:
            session.execute(delete(PartTakeoverRow).where(mine))


class Reaper:
    """Looks for what is left over, and takes it: the run's token is raised first and its workflow resumed second, so
    that a former owner that wakes up is refused wherever it writes."""

    def __init__(
        self,
        *,
        journal: Journal,
        parts: PartQueue,
        presence: Presence,
        takeovers: Takeovers,
        kinds: Sequence[RunKind],
        max_takeovers: int,
        own: Callable[[str, int], None],
        executing: Callable[[], set[str]],
        evict: Callable[[Gone], None],
    ) -> None:
        """`evict` ends what a worker that is gone still does in the databases, so that its locks keep nobody
        waiting."""
        self._journal = journal
        self._parts = parts
        self._presence = presence
        self._takeovers = takeovers
        self._kinds = {kind.workflow: kind for kind in kinds}
        self._max_takeovers = max_takeovers
        self._own = own
        self._executing = executing
        self._evict = evict
        self._idle: set[str] = set()
        self._counted: dict[tuple[str, str], int] = {}
        self._left: set[str] = set()
        self._unknown: set[str] = set()

    def reap(self) -> None:
        """Take over what workers that are gone had in flight, and forget those workers."""
        in_flight = self._journal.in_flight()  # first: who appears in it has had its row before
        claimants = self._parts.claimants()
        look = self._presence.look()
        for left in self._lost_here(in_flight):
            self._attempt(left.id, partial(self._take_one, left, counts=False))
        for gone in look.gone:
            self._attempt(gone.executor_id, partial(self._reap, gone, look.alive, in_flight))
        for left in in_flight:
            if left.executor_id == HANDED_OVER and self._is_mine(left, look):
                self._attempt(left.id, partial(self._take_one, left, counts=False))
        # Claimed by a worker that was forgotten, by a write that was under way: when it is so at two looks in a row.
        known = look.alive | {gone.executor_id for gone in look.gone} | {HANDED_OVER}
        unknown = {*claimants, *(left.executor_id for left in in_flight)} - known
        for executor_id in unknown & self._unknown:
            if self._presence.executor_id == min(look.able):
                self._attempt(executor_id, partial(self._give_back_parts, executor_id, counts=True))
            for left in in_flight:
                if left.executor_id == executor_id and self._is_mine(left, look):
                    self._attempt(left.id, partial(self._take_one, left, counts=True))
        self._unknown = unknown

    def _is_mine(self, left: InFlight, look: Look) -> bool:
        """Of the workers that are alive this is the one that takes it."""
        newer = is_newer(left.name, self._kinds)
        return not newer and look.first_able(left.name) == self._presence.executor_id

    def _attempt(self, name: str, take: Callable[[], object]) -> None:
        try:
            take()
        except Exception:
            log.exception("what %s left could not be taken over; it will be tried again", name)

    def _reap(self, gone: Gone, alive: frozenset[str], in_flight: Sequence[InFlight]) -> None:
        if gone.executor_id in self._left:
            return
        if not (gone.cleanly or gone.pid_in_use):
            self._evict(gone)
        if not self._presence.begin_to_reap(gone.executor_id, alive):
            return
        if self._take_all(gone.executor_id, in_flight, counts=not gone.cleanly):
            self._journal.forget_executor(gone.executor_id)
            self._presence.forget(gone.executor_id)
        else:
            log.warning("what the worker %s left is for a worker of a newer release", gone.executor_id)
            self._left.add(gone.executor_id)
            self._presence.leave_to_others(gone.executor_id)

    def _take_all(self, executor_id: str, in_flight: Sequence[InFlight], *, counts: bool) -> bool:
        """False: some of it only a worker of a newer release can take. Tokens first: who then takes a part that was
        given back takes it with the new one."""
        runs = [left for left in in_flight if left.executor_id == executor_id]
        mine = [left for left in runs if not is_newer(left.name, self._kinds)]
        claimed = {left.id: token for left in mine if (token := self._claim(left, counts=counts)) is not None}
        for run_workflow_id in self._give_back_parts(executor_id, counts=counts):
            claimed.pop(run_workflow_id, None)
        for run_workflow_id, token in claimed.items():
            self._go_on(run_workflow_id, token)
        return len(mine) == len(runs)

    def _give_back_parts(self, executor_id: str, *, counts: bool) -> list[str]:
        """Let its parts wait for others; returns the runs that are given up for one of them."""
        given_up = []
        for workflow_id, count in self._parts.release(executor_id, count=counts).items():
            if count >= self._max_takeovers:
                run_workflow_id = workflow_id.partition("/")[0]
                self._give_up(run_workflow_id, workflow_id)
                given_up.append(run_workflow_id)
        return given_up

    def _claim(self, left: InFlight, *, counts: bool) -> int | None:
        """Raise the run's token. None: there is nothing to go on with."""
        kind = self._kinds.get(left.name)
        run = open_run(kind, left.id) if kind else None
        if kind is None or run is None:
            self._abandon(left.id)
            return None
        # One whose parts are in flight or wait does nothing itself: none of its deaths is its own.
        if counts and not self._parts.divided(left.id) and self._count(left) >= self._max_takeovers:
            self._give_up(left.id, left.id)
            return None
        return kind.takeover(run.id)

    def _go_on(self, run_workflow_id: str, token: int) -> None:
        log.info("taking over %s", run_workflow_id)
        self._own(run_workflow_id, token)
        self._journal.resume(run_workflow_id)

    def _take_one(self, left: InFlight, *, counts: bool) -> None:
        token = self._claim(left, counts=counts)
        if token is not None:
            self._go_on(left.id, token)

    def _lost_here(self, in_flight: Sequence[InFlight]) -> list[InFlight]:
        """Claimed by this worker and yet not executed by it, at two looks in a row: the journal failed in between."""
        executing = self._executing()
        mine = [left for left in in_flight if left.executor_id == self._presence.executor_id]
        idle = {left.id for left in mine} - executing
        lost, self._idle = idle & self._idle, idle
        return [left for left in mine if left.id in lost]

    def _count(self, left: InFlight) -> int:
        """Each loss counts once, however often taking it over has to be tried."""
        loss = (left.id, left.executor_id)
        if loss not in self._counted:
            self._counted[loss] = self._takeovers.count(left.id)
        return self._counted[loss]

    def _give_up(self, run_workflow_id: str, suspect: str) -> None:
        """The row first: if this stops in between, the next reaper finds the run closed and clears the journal."""
        found = self._open(run_workflow_id)
        if found is not None:
            kind, run = found
            where = suspect.removeprefix(run_workflow_id).strip("/") or "a step between its parts"
            token = kind.takeover(run.id)
            kind.failed(
                RunRef(kind=kind.name, id=run.id, attempt=run.attempt, token=token),
                TakenOverTooOften(
                    f"The worker died or stopped {self._max_takeovers} times in a row at the same place: {where}.",
                    hint="Look into the worker's log and at its memory and disk; then resume the run.",
                ),
            )
        self._abandon(run_workflow_id)

    def _open(self, run_workflow_id: str) -> tuple[RunKind, OpenRun] | None:
        for kind in self._kinds.values():
            if run := open_run(kind, run_workflow_id):
                return kind, run
        return None

    def _abandon(self, run_workflow_id: str) -> None:
        self._journal.cancel_run(run_workflow_id)
        self._parts.forget(run_workflow_id)
        self._takeovers.forget(run_workflow_id)


def open_run(kind: RunKind, run_workflow_id: str) -> OpenRun | None:
    """The open run this workflow drives; None if it is closed or has a later attempt."""
    return next((run for run in kind.open_runs() if workflow_id(run.id, run.attempt) == run_workflow_id), None)


def workflow_id(run_id: str, attempt: int) -> str:
    """A workflow that failed neither starts again nor resumes, so each attempt of a run has its own."""
    return f"{run_id}@{attempt}"
