"""What an open run waits for, in words. Looks into the catalog only, so that it costs no DBOS."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core.database import Database
from core.settings import Settings
from core.workflow.parts import step_loads
from core.workflow.presence import SILENT
from core.workflow.runs import OpenRun, RunKind
from core.workflow.tables import WorkerRow
from core.workflow.turns import Hindrance, Limits, StepLoad, hindrance


@dataclass(frozen=True, kw_only=True)
class Wait:
    """`stuck`: nothing will change by itself."""

    said: str = ""
    stuck: bool = False


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Open runs, the oldest first, what waits of them, and the workflows that workers which are alive know."""

    runs: tuple[OpenRun, ...]
    steps: tuple[StepLoad, ...]
    known: frozenset[str]
    limits: Limits

    def wait_of(self, run_id: str) -> Wait:
        """What this open run waits for; nothing is said of one that is worked on as fast as it can be."""
        run = next((one for one in self.runs if one.id == run_id), None)
        if run is None:
            return Wait()
        if not self.known:
            return Wait(said="waits for a worker: none is running", stuck=True)
        step = next((one for one in self.steps if one.run_id == run_id), None)
        if step is not None:
            return self._parts_wait(step)
        if run.status == "queued":
            before = sum(one.status != "queued" for one in self.runs) + self._older(run)
            return Wait(said=f"queued behind {before} others" if before else "queued")
        return Wait()

    def _older(self, run: OpenRun) -> int:
        queued = [one.id for one in self.runs if one.status == "queued"]
        return queued.index(run.id)

    def _parts_wait(self, step: StepLoad) -> Wait:
        counts = f"parts: {step.running} in flight, {step.waiting} wait"
        found = hindrance(step, self.steps, self.limits, self.known)
        if found is Hindrance.SHARD:
            return Wait(said=f"{counts} for the limit of shard {step.shard} ({self.limits.shard} at once)")
        if found is Hindrance.STORAGE:
            return Wait(said=f"{counts} for the limit of storage {step.storage} ({self.limits.storage} at once)")
        if found is Hindrance.NO_SUCH_WORKER:
            return Wait(said=f"{counts} for a worker of a newer release, which knows {step.workflow}", stuck=True)
        if found is Hindrance.SLOT and not step.running:
            others = sum(one.running for one in self.steps)
            return Wait(said=f"{step.waiting} parts wait for a free slot; {others} of other runs are in flight")
        return Wait(said=counts if step.waiting else "")


def situation(database: Database, settings: Settings, kinds: Iterable[RunKind], now: datetime) -> Situation:
    """As it is at this moment."""
    with database.reading() as session:
        steps = step_loads(session)
        workers = session.scalars(
            select(WorkerRow).where(WorkerRow.stopped_at.is_(None), WorkerRow.reaped_by.is_(None))
        )
        known = {kind for worker in workers if now - worker.heartbeat_at < SILENT for kind in worker.kinds}
    return Situation(
        runs=tuple(run for kind in kinds for run in kind.open_runs()),
        steps=tuple(steps),
        known=frozenset(known),
        limits=Limits(shard=settings.shard_parts_at_once, storage=settings.storage_parts_at_once),
    )
