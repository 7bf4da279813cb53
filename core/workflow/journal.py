"""DBOS, set up and spelled once. The journal only drives: what is true stands in the catalog."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from core.database import postgres
from core.database.failures import WAIT_SECONDS, explained
from core.workflow.outcome import SKIPPED, error_outcome

APPLICATION = "restorebot"
#: Pinned: by default it is a hash of the code, and work in flight would be stranded by every upgrade.
VERSION = "1"
LIVING = ("PENDING", "ENQUEUED", "DELAYED")
#: DBOS's own threads that use a connection now and then: queues, listener, notifier, schedules.
_THREADS = 4
#: How often it is looked whether this worker has taken something over. An idle worker spends most of its time on this.
_LOOK_SECONDS = 1.0
#: Finished runs deleted in one transaction.
BATCH = 100
#: Names an executor's own queue.
_OWN = "runs."
#: Instead of an executor: a run that a worker which is about to go has left to the others.
HANDED_OVER = "handed-over"


class JournalClosed(Exception):
    """Whoever still waited for it does so no longer. Not an error of the database's, which DBOS would retry."""


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """A run the journal says somebody is executing, or about to."""

    id: str
    name: str
    executor_id: str


@dataclass(frozen=True, kw_only=True)
class State:
    """How a workflow stands in the journal."""

    name: str
    living: bool


class Journal:
    """The process's one DBOS, between `open` and `close`. Only workers open it."""

    def __init__(self, url: str, *, name: str, executor_id: str, slots: int) -> None:
        """`name` is what a database server calls our sessions."""
        self._url = url
        self._name = name
        self._executor_id = executor_id
        self._slots = slots
        self._engine: Engine | None = None

    def open(self, workflows: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
        """Launch DBOS with these workflows; what comes back is what `start` and `call` take. Raises CatalogError."""
        try:
            with explained(self._url):
                return self._launch(workflows)
        except BaseException:
            self.close()
            raise

    def _launch(self, workflows: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
        _quiet()
        config: DBOSConfig = {
            "name": APPLICATION,
            "application_version": VERSION,
            "executor_id": self._executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "system_database_url": self._url,
            "dbos_system_schema": postgres.JOURNAL_SCHEMA,
            "notification_listener_polling_interval_sec": 0.25,
            "log_level": "WARNING",
        }
        self._engine = open_engine(self._url, name=self._name, slots=self._slots)
        config["system_database_engine"] = self._engine
        DBOS(config=config)
        # A run's taker is told its token in memory, so nobody else may dequeue what it resumes: hence its own queue.
        DBOS.listen_queues([self._own])
        registered = {
            name: DBOS.workflow(name=name, max_recovery_attempts=None)(function) for name, function in workflows.items()
        }
        DBOS.launch()
        DBOS.register_queue(self._own, polling_interval_sec=_LOOK_SECONDS)
        return registered

    def close(self) -> None:
        """Stop DBOS in this process; a new Journal may be opened afterwards."""
        DBOS.destroy(destroy_registry=True)
        if self._engine is not None:
            # An execution that was taken over waits in DBOS for what the other one comes to, and would for ever.
            event.listen(self._engine, "do_connect", _refuse)
            self._engine.dispose()

    @property
    def alive(self) -> bool:
        """Whether DBOS looks for what this worker has taken over: its threads end with an error it does not expect."""
        return any(thread.name == f"queue-worker-{self._own}" for thread in threading.enumerate())

    @property
    def _own(self) -> str:
        return f"{_OWN}{self._executor_id}"

    def start(self, workflow_id: str, workflow: Callable[..., Any], *args: Any) -> None:
        """Execute it in a thread of DBOS's."""
        with SetWorkflowID(workflow_id):
            DBOS.start_workflow(workflow, *args)

    def call(self, workflow_id: str, workflow: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
        """Execute it in this thread, to its outcome."""
        with SetWorkflowID(workflow_id):
            return workflow(*args)

    def step(self, name: str, function: Callable[[], dict[str, Any]], *, tries: int, interval: float) -> dict[str, Any]:
        """One journaled step of the workflow this thread is in: `function` is not called if it has ended before."""
        return DBOS.run_step(
            {
                "name": name,
                "retries_allowed": True,
                "max_attempts": tries,
                "interval_seconds": interval,
                "backoff_rate": 2.0,
            },
            function,
        )

    def states(self, workflow_ids: Iterable[str]) -> dict[str, State]:
        """Of those the journal knows, by workflow id."""
        found = DBOS.list_workflows(workflow_ids=list(workflow_ids), load_input=False, load_output=False)
        return {one.workflow_id: State(name=one.name, living=one.status in LIVING) for one in found}

    def outcomes(self, workflow_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The outcomes of those of these parts that have ended."""
        found = DBOS.list_workflows(workflow_ids=list(workflow_ids), load_input=False)
        return {
            workflow.workflow_id: _outcome(workflow.status, workflow.output, workflow.error)
            for workflow in found
            if workflow.status not in LIVING
        }

    def in_flight(self) -> list[InFlight]:
        """Every run that is claimed by an executor: it is executed, or waits on the executor's own queue."""
        executed = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        queued = DBOS.list_workflows(status="ENQUEUED", load_input=False, load_output=False)
        claimed = [(one, one.executor_id or "") for one in executed]
        claimed += [(one, (one.queue_name or "").removeprefix(_OWN)) for one in queued]
        return [
            InFlight(id=workflow.workflow_id, name=workflow.name, executor_id=executor_id)
            for workflow, executor_id in claimed
            if "/" not in workflow.workflow_id
        ]

    def resume(self, workflow_id: str) -> None:
        """Go on with it here; who has it now can record nothing more."""
        DBOS.resume_workflow(workflow_id, queue_name=self._own)

    def hand_over(self, workflow_id: str) -> None:
        """Go on with it elsewhere. To be called from outside of workflows, which would record it as a step."""
        DBOS.resume_workflow(workflow_id, queue_name=f"{_OWN}{HANDED_OVER}")

    def cancel_run(self, workflow_id: str) -> None:
        """Nobody is to execute it or its parts any more; what is in flight ends at its next record."""
        parts = DBOS.list_workflows(
            workflow_id_prefix=f"{workflow_id}/", status=list(LIVING), load_input=False, load_output=False
        )
        DBOS.cancel_workflows([workflow_id, *(part.workflow_id for part in parts)])

    def forget_executor(self, executor_id: str) -> None:
        DBOS.delete_queue(f"{_OWN}{executor_id}")

    def forget_finished(self, names: Sequence[str], *, older_than: timedelta) -> None:
        """Remove finished runs of these workflows with their parts."""
        before = (datetime.now(UTC) - older_than).isoformat()
        while found := DBOS.list_workflows(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=before,
            name=list(names),
            limit=BATCH,
            load_input=False,
            load_output=False,
        ):
            runs = [workflow.workflow_id for workflow in found]
            parts = DBOS.list_workflows(
                workflow_id_prefix=[f"{run}/" for run in runs], load_input=False, load_output=False
            )
            DBOS.delete_workflows([*(part.workflow_id for part in parts), *runs])


def _outcome(status: str, output: Any, error: Exception | None) -> dict[str, Any]:
    if status == "SUCCESS" and isinstance(output, dict):
        return output
    if status == "CANCELLED":
        return SKIPPED
    return error_outcome(error or RuntimeError(f"the journal says {status}"), "a part")


def _refuse(*_connection: Any) -> NoReturn:
    raise JournalClosed


def _quiet() -> None:
    """DBOS would print to the terminal, where only Restorebot speaks."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
        logger.propagate = False


def open_engine(url: str, *, name: str, slots: int = 0) -> Engine:
    """Connections to the journal: on PostgreSQL a pool apart from the catalog's, since what waits in the one must not
    keep the other waiting. DBOS's own would leave SQLite without WAL, and name all processes' sessions alike."""
    if url.startswith("sqlite"):
        return _sqlite(url)
    return postgres.open_engine(url, name=name, pool=_THREADS + slots)


def _sqlite(url: str) -> Engine:
    """WAL, since DBOS's own setting locks readers out; synchronous NORMAL, since the journal may be a step behind after
    a power cut; and IMMEDIATE as in DBOS's own engine."""
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    return engine
