"""The reaper: what workers that are gone left in flight is taken over. Nobody else recovers anything."""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from sqlalchemy import delete, or_, select

from core.database import Database
from core.workflow.journal import InFlight, Journal
from core.workflow.presence import Presence
from core.workflow.runs import OpenRun, RunKind, RunRef, TakenOverTooOften
from core.workflow.tables import PartTakeoverRow

log = logging.getLogger(__name__)


class Takeovers:
    """How often in a row a part, or a run between its parts, lost its worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count(self, workflow_id: str) -> int:
        """One more; returns how many in a row that makes."""
        with self._database.transaction() as session:
            row = session.scalars(
                select(PartTakeoverRow).where(PartTakeoverRow.workflow_id == workflow_id).with_for_update()
            ).first()
            if row is None:
                row = PartTakeoverRow(workflow_id=workflow_id, count=0)
                session.add(row)
            row.count += 1
            return row.count

    def reset(self, workflow_id: str) -> None:
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
        presence: Presence,
        takeovers: Takeovers,
        kinds: Sequence[RunKind],
        max_takeovers: int,
        own: Callable[[str, int], None],
        executing: Callable[[], set[str]],
    ) -> None:
        self._journal = journal
        self._presence = presence
        self._takeovers = takeovers
        self._kinds = {kind.workflow: kind for kind in kinds}
        self._max_takeovers = max_takeovers
        self._own = own
        self._executing = executing
        self._idle: set[str] = set()
        self._counted: dict[tuple[str, str], int] = {}

    def reap(self) -> None:
        """Take over everything that workers which are gone had in flight, and forget those workers."""
        in_flight = self._journal.in_flight()  # first: who appears in it has had its row before
        gone = self._presence.gone()
        alive = self._presence.known() - gone.keys()
        lost = self._lost_here(in_flight)
        clean = {executor for executor, cleanly in gone.items() if cleanly} | {self._presence.executor_id}
        groups: dict[str, list[InFlight]] = defaultdict(list)
        for left in in_flight:
            if left.executor_id not in alive or left.id in lost:
                groups[left.parent or left.id].append(left)
        failures = 0
        for run_workflow_id, members in groups.items():
            try:
                self._take_over(run_workflow_id, members, in_flight, clean)
            except Exception:
                failures += 1
                log.exception("%s could not be taken over; it will be tried again", run_workflow_id)
        if gone and not failures:
            for executor_id in gone:
                self._journal.forget_executor(executor_id)
            self._presence.forget(set(gone))

    def _lost_here(self, in_flight: Sequence[InFlight]) -> set[str]:
        """Claimed by this worker and yet not executed by it, at two looks in a row: the journal failed in between."""
        executing = self._executing()
        mine = {left.id for left in in_flight if left.executor_id == self._presence.executor_id}
        idle = mine - executing
        lost, self._idle = idle & self._idle, idle
        return lost

    def _take_over(
        self, run_workflow_id: str, members: Sequence[InFlight], in_flight: Sequence[InFlight], clean: set[str]
    ) -> None:
        kind = self._kinds.get(members[0].name.removesuffix(".part"))
        run = open_run(kind, run_workflow_id) if kind else None
        if kind is None or run is None:
            self._abandon(run_workflow_id)
            return
        parts = [member for member in members if member.parent]
        counts = {member.id: self._count(member) for member in parts or members if member.executor_id not in clean}
        log.info("taking over %s (%d in flight)", run_workflow_id, len(members))
        if counts and max(counts.values()) >= self._max_takeovers:
            self._give_up(kind, run, run_workflow_id, max(counts, key=lambda name: counts[name]))
            return
        if len(parts) < len(members):
            # The run's own worker is gone: who has its parts now has the old token, so all of them are taken.
            self._own(run_workflow_id, kind.takeover(run.id))
            parts = [left for left in in_flight if left.parent == run_workflow_id]
            self._journal.resume_run(run_workflow_id)
        for part in parts:
            self._journal.resume_part(part.id)

    def _count(self, member: InFlight) -> int:
        """Each loss counts once, however often taking it over has to be tried."""
        loss = (member.id, member.executor_id)
        if loss not in self._counted:
            self._counted[loss] = self._takeovers.count(member.id)
        return self._counted[loss]

    def _give_up(self, kind: RunKind, run: OpenRun, run_workflow_id: str, suspect: str) -> None:
        """The row first: if this stops in between, the next reaper finds the run closed and clears the journal."""
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

    def _abandon(self, run_workflow_id: str) -> None:
        self._journal.cancel_run(run_workflow_id)
        self._takeovers.forget(run_workflow_id)


def open_run(kind: RunKind, run_workflow_id: str) -> OpenRun | None:
    """The open run this workflow drives; None if it is closed or has a later attempt."""
    return next((run for run in kind.open_runs() if workflow_id(run.id, run.attempt) == run_workflow_id), None)


def workflow_id(run_id: str, attempt: int) -> str:
    """A workflow that failed neither starts again nor resumes, so each attempt of a run has its own."""
    return f"{run_id}@{attempt}"
