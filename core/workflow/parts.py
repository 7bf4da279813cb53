"""Parts that wait and parts in flight, in the catalog: what is divided, who takes which part next, and what is given
back. The journal executes a part and keeps its outcome; which one a slot executes is decided here."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from core.database import Database
from core.errors import Fenced
from core.workflow.tables import DividedStepRow, PartTakeoverRow, TurnRow, WaitingPartRow, WorkerRow
from core.workflow.turns import Limits, StepLoad, next_step

TURN = "parts"


@dataclass(frozen=True, kw_only=True)
class DividedStep:
    """A step whose parts are spread over all workers."""

    run_workflow_id: str
    workflow: str
    run_id: str
    attempt: int
    step: str
    organization: str
    shard: str
    storage: str

    @property
    def id(self) -> str:
        return f"{self.run_workflow_id}/{self.step}"


@dataclass(frozen=True, kw_only=True)
class ClaimedPart:
    """A part this worker is to execute, and nobody else while the claim stands."""

    step_id: str
    workflow: str
    run_id: str
    attempt: int
    step: str
    part: str

    @property
    def workflow_id(self) -> str:
        return f"{self.step_id}/{self.part}"


class PartQueue:
    """The parts of all runs, as one worker sees them."""

    def __init__(self, database: Database, *, executor_id: str, limits: Limits, known: Collection[str]) -> None:
        """`known` are the workflows of the runs whose parts this worker can execute."""
        self._database = database
        self._executor_id = executor_id
        self._limits = limits
        self._known = frozenset(known)
        #: Set when this process has divided a step, so that its own free slots need not wait for their next look.
        self.divided_here = threading.Event()
        self._finished_here: dict[str, threading.Event] = {}  # step id → set when this process has finished a part

    def divide(self, step: DividedStep, parts: Sequence[str]) -> None:
        """Let these parts wait for slots. Those that do so already, or are in flight, are left as they are."""
        with self._database.transaction() as session:
            turn = _take_turn(session)
            if session.get(DividedStepRow, step.id) is None:
                session.add(
                    DividedStepRow(
                        id=step.id,
                        workflow=step.workflow,
                        run_id=step.run_id,
                        attempt=step.attempt,
                        step=step.step,
                        organization=step.organization,
                        shard=step.shard,
                        storage=step.storage,
                        served=turn,
                    )
                )
                session.flush()
            there = set(session.scalars(select(WaitingPartRow.part).where(WaitingPartRow.step_id == step.id)))
            session.add_all(
                WaitingPartRow(step_id=step.id, part=part, position=position)
                for position, part in enumerate(parts)
                if part not in there
            )
        self.divided_here.set()

    def watch(self, step_id: str) -> threading.Event:
        """Set whenever a part of the step has ended in this process, until the step is closed. Whoever waits for the
        others must look now and then all the same."""
        return self._finished_here.setdefault(step_id, threading.Event())

    def remaining(self, step_id: str) -> int:
        """How many parts of the step wait or are in flight."""
        with self._database.reading() as session:
            found = select(func.count()).select_from(WaitingPartRow).where(WaitingPartRow.step_id == step_id)
            return session.scalar(found) or 0

    def has_work(self) -> bool:
        """Whether there was a part for this worker just now. To look keeps nobody waiting, to claim all others."""
        with self._database.reading() as session:
            return next_step(step_loads(session), self._limits, self._known) is not None

    def claim(self) -> ClaimedPart | None:
        """Take the part whose turn it is; None: there is none for this worker now. Raises Fenced when this worker was
        taken for gone, since nobody would ever take back what it claims."""
        with self._database.transaction() as session:
            turn = _take_turn(session)
            chosen = next_step(step_loads(session), self._limits, self._known)
            if chosen is None:
                return None
            worker = session.get(WorkerRow, self._executor_id)
            if worker is None or worker.reaped_by is not None:
                raise Fenced(
                    "This worker was taken for gone, and takes no more parts.", hint="Nothing is lost. Start it again."
                )
            step = session.get_one(DividedStepRow, chosen.id)
            step.served = turn
            row = session.scalars(
                select(WaitingPartRow)
                .where(WaitingPartRow.step_id == step.id, WaitingPartRow.executor_id.is_(None))
                .order_by(WaitingPartRow.position)
                .limit(1)
            ).one()
            row.executor_id = self._executor_id
            row.claimed_at = datetime.now(UTC)
            return ClaimedPart(
                step_id=step.id,
                workflow=step.workflow,
                run_id=step.run_id,
                attempt=step.attempt,
                step=step.step,
                part=row.part,
            )

    def holds(self, step_id: str, part: str) -> bool:
        """Whether this worker's claim on the part stands."""
        with self._database.reading() as session:
            row = session.get(WaitingPartRow, (step_id, part))
            return row is not None and row.executor_id == self._executor_id

    def finish(self, part: ClaimedPart, *, failed: bool) -> None:
        """The journal has its outcome. After a failure no further part of the step begins."""
        with self._database.transaction() as session:
            if failed:
                _take_turn(session)
                _drop_waiting(session, part.step_id)
            session.execute(delete(WaitingPartRow).where(*self._mine(part)))
        if (finished := self._finished_here.get(part.step_id)) is not None:
            finished.set()

    def give_back(self, part: ClaimedPart) -> None:
        """It was not executed to its end and waits again; that counts as no takeover."""
        with self._database.transaction() as session:
            session.execute(update(WaitingPartRow).where(*self._mine(part)).values(executor_id=None, claimed_at=None))

    def drop_waiting(self, step_id: str) -> None:
        """A part of the step has failed: those that have not begun need not."""
        with self._database.transaction() as session:
            _take_turn(session)
            _drop_waiting(session, step_id)

    def close(self, step_id: str) -> None:
        """The outcomes of all parts are collected."""
        self._finished_here.pop(step_id, None)
        with self._database.transaction() as session:
            _take_turn(session)
            session.execute(delete(WaitingPartRow).where(WaitingPartRow.step_id == step_id))
            session.execute(delete(DividedStepRow).where(DividedStepRow.id == step_id))

    def forget(self, run_workflow_id: str) -> None:
        """Nobody is to begin a part of this run any more. Those in flight end at their next write."""
        with self._database.transaction() as session:
            _take_turn(session)
            steps = list(session.scalars(select(DividedStepRow.id).where(_of(DividedStepRow.id, run_workflow_id))))
            session.execute(delete(WaitingPartRow).where(WaitingPartRow.step_id.in_(steps)))
            session.execute(delete(DividedStepRow).where(DividedStepRow.id.in_(steps)))

    def claimants(self) -> set[str]:
        """Executor ids of all workers with parts in flight."""
        with self._database.reading() as session:
            found = select(WaitingPartRow.executor_id).where(WaitingPartRow.executor_id.is_not(None)).distinct()
            return {one for one in session.scalars(found) if one}

    def divided(self, run_workflow_id: str) -> bool:
        """Whether parts of the run wait or are in flight."""
        with self._database.reading() as session:
            found = select(WaitingPartRow.part).where(_of(WaitingPartRow.step_id, run_workflow_id)).limit(1)
            return session.scalar(found) is not None

    def release(self, executor_id: str, *, count: bool) -> dict[str, int]:
        """Let the parts wait again that a worker which is gone had in flight. With `count` each is one takeover more;
        returns how many in a row that makes, by workflow id."""
        taken: dict[str, int] = {}
        with self._database.transaction() as session:
            mine = WaitingPartRow.executor_id == executor_id
            for row in session.scalars(select(WaitingPartRow).where(mine).with_for_update()).all():
                row.executor_id = None
                row.claimed_at = None
                name = f"{row.step_id}/{row.part}"
                taken[name] = count_takeover(session, name) if count else 0
        return taken

    def _mine(self, part: ClaimedPart) -> tuple[Any, ...]:
        return (
            WaitingPartRow.step_id == part.step_id,
            WaitingPartRow.part == part.part,
            WaitingPartRow.executor_id == self._executor_id,
        )


def step_loads(session: Session) -> list[StepLoad]:
    """Every divided step with parts left."""
    claimed = func.count(WaitingPartRow.executor_id)
    counts = (
        select(WaitingPartRow.step_id, (func.count() - claimed).label("waiting"), claimed.label("running"))
        .group_by(WaitingPartRow.step_id)
        .subquery()
    )
    rows = session.execute(
        select(
            DividedStepRow.id,
            DividedStepRow.workflow,
            DividedStepRow.run_id,
            DividedStepRow.organization,
            DividedStepRow.shard,
            DividedStepRow.storage,
            DividedStepRow.served,
            counts.c.waiting,
            counts.c.running,
        ).join(counts, counts.c.step_id == DividedStepRow.id)
    )
    return [StepLoad(**row) for row in rows.mappings()]


def count_takeover(session: Session, workflow_id: str) -> int:
    """One more in a row; returns how many that makes."""
    row = session.get(PartTakeoverRow, workflow_id, with_for_update=True)
    if row is None:
        row = PartTakeoverRow(workflow_id=workflow_id, count=0)
        session.add(row)
    row.count += 1
    return row.count


def _take_turn(session: Session) -> int:
    """From here to the end of the transaction nobody else divides, gives out, or takes steps away."""
    found: int | None = session.scalar(
        update(TurnRow).where(TurnRow.name == TURN).values(number=TurnRow.number + 1).returning(TurnRow.number)
    )
    if found is None:  # the first one ever; of two at once one is told CatalogConflict, and tries again
        session.add(TurnRow(name=TURN, number=1))
        session.flush()
        return 1
    return found


def _drop_waiting(session: Session, step_id: str) -> None:
    session.execute(
        delete(WaitingPartRow).where(WaitingPartRow.step_id == step_id, WaitingPartRow.executor_id.is_(None))
    )


def _of(column: Any, run_workflow_id: str) -> Any:
    """Workflow ids of this run's steps and parts."""
    return or_(column == run_workflow_id, column.startswith(f"{run_workflow_id}/", autoescape=True))
