"""What `doctor` tells about workers. Importing this imports DBOS."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dbos import DBOSClient, DBOSPortableJSONSerializer, WorkflowStatus
from sqlalchemy import Engine, inspect, select
from sqlalchemy.engine import make_url

from core.database import Database
from core.database.failures import explained
from core.settings import Settings
from core.workflow.journal import APPLICATION, LIVING, SCHEMA, open_engine
from core.workflow.presence import SLOT, Standing, Watch
from core.workflow.tables import WorkerRow, WorkerSlotRow

STATES = {Standing.ALIVE: "working", Standing.LEFT: "stopped", Standing.DEAD: "dead", Standing.SILENT: "silent"}


@dataclass(frozen=True, kw_only=True)
class WorkerSeen:
    executor_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_age: timedelta
    #: Working, stopped, or dead: its process is gone.
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


def journal_lookup(database: Database, settings: Settings, now: datetime) -> JournalLookup:
    """Workers, oldest first, who has the slot, and what the journal has not finished. Changes nothing."""
    watch = Watch(stale_seconds=float("inf"))
    with database.reading() as session:
        slot = session.get(WorkerSlotRow, SLOT)
        holder = slot.executor_id if slot else None
        rows = session.scalars(select(WorkerRow).order_by(WorkerRow.started_at)).all()
    workers = tuple(
        WorkerSeen(
            executor_id=row.executor_id,
            host=row.host,
            pid=row.pid,
            started_at=row.started_at,
            heartbeat_age=now - row.heartbeat_at,
            state=STATES[watch.look(row)],
        )
        for row in rows
    )
    return JournalLookup(workers=workers, slot_holder=holder, pending=_pending(settings.journal_url, database.name))


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
    if not inspect(engine).has_table("workflow_status", schema=None if engine.dialect.name == "sqlite" else SCHEMA):
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
