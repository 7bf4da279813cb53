"""What `doctor` tells about workers. Importing this imports DBOS."""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dbos import DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus
from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import make_url

from core.database import Database
from core.database.failures import explained
from core.database.postgres import JOURNAL_SCHEMA
from core.settings import Settings
from core.workflow.journal import APPLICATION, LIVING, open_engine
from core.workflow.presence import SLOT, Standing, Watch
from core.workflow.runs import is_newer
from core.workflow.tables import WaitingPartRow, WorkerRow, WorkerSlotRow
from core.workflow.waits import Wait

STATES = {Standing.ALIVE: "working", Standing.LEFT: "stopped", Standing.DEAD: "dead", Standing.SILENT: "silent"}


@dataclass(frozen=True, kw_only=True)
class WorkerSeen:
    executor_id: str
    host: str
    pid: int
    version: str
    kinds: tuple[str, ...]
    slots: int
    #: parts it has in flight
    parts: int
    #: runs it drives
    runs: int
    started_at: datetime
    heartbeat_age: timedelta
    #: Working, leaving: it finishes what it holds, stopped, or dead: its process is gone.
    state: str


@dataclass(frozen=True, kw_only=True)
class PendingWorkflow:
    id: str
    name: str
    status: str
    executor_id: str | None


@dataclass(frozen=True, kw_only=True)
class JournalLookup:
    workers: tuple[WorkerSeen, ...]
    slot_holder: str | None
    pending: tuple[PendingWorkflow, ...]

    def wait_of(self, run_id: str) -> Wait | None:
        """Why nobody drives this run, though somebody has begun it."""
        driven = next((one for one in self.pending if re.fullmatch(rf"{re.escape(run_id)}@\d+", one.id)), None)
        there = [one for one in self.workers if one.state == "working"]
        if driven is None or not there or any(one.executor_id == driven.executor_id for one in there):
            return None
        if all(is_newer(driven.name, one.kinds) for one in there):
            return Wait(said=f"waits for a worker of a newer release, which knows {driven.name}", stuck=True)
        return Wait(said="is being taken over: the worker that drove it is gone or about to go")


def journal_lookup(database: Database, settings: Settings, now: datetime) -> JournalLookup:
    """Workers, oldest first, who has the slot, and what the journal has not finished. Changes nothing."""
    watch = Watch(stale_seconds=float("inf"))
    with database.reading() as session:
        slot = session.get(WorkerSlotRow, SLOT)
        holder = slot.executor_id if slot else None
        rows = session.scalars(select(WorkerRow).order_by(WorkerRow.started_at)).all()
        claimed = Counter(session.scalars(select(WaitingPartRow.executor_id)))
    pending = _pending(settings.journal_url, database.name)
    driven = Counter(one.executor_id for one in pending if "/" not in one.id)
    workers = tuple(
        WorkerSeen(
            executor_id=row.executor_id,
            host=row.host,
            pid=row.pid,
            version=row.version,
            kinds=tuple(row.kinds),
            slots=row.slots,
            parts=claimed[row.executor_id],
            runs=driven[row.executor_id],
            started_at=row.started_at,
            heartbeat_age=now - row.heartbeat_at,
            state=_state(row, watch),
        )
        for row in rows
    )
    return JournalLookup(workers=workers, slot_holder=holder, pending=pending)


def _state(row: WorkerRow, watch: Watch) -> str:
    state = STATES[watch.look(row)]
    return "leaving" if state == "working" and row.drain_wanted_at is not None else state


def _pending(url: str, name: str) -> tuple[PendingWorkflow, ...]:
    if url.startswith("sqlite") and not Path(make_url(url).database or "").exists():
        return ()  # no worker has ever run
    engine = open_engine(url, name=name)
    try:
        with explained(url):
            found = _living(engine)
    finally:
        engine.dispose()
    return tuple(
        PendingWorkflow(
            id=workflow.workflow_id, name=workflow.name, status=workflow.status, executor_id=workflow.executor_id
        )
        for workflow in found
    )


def _living(engine: Engine) -> list[WorkflowStatus]:
    if not inspect(engine).has_table(
        "workflow_status", schema=None if engine.dialect.name == "sqlite" else JOURNAL_SCHEMA
    ):
        return []  # no worker has ever run
    client = DBOSClient(
        system_database_engine=engine,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
        retry_connection_errors=False,
    )
    try:
        return client.list_workflows(status=list(LIVING), load_input=False, load_output=False)
    finally:
        client.destroy()
