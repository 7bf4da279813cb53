"""Which workers are there: their rows and heartbeats, who is gone, and the one slot on SQLite."""

import os
import signal
import socket
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import psutil
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from core.database import Database
from core.workflow.tables import WorkerRow, WorkerSlotRow

SLOT = "sqlite"
#: One look adds at most this much to a worker's silence, however long ago the last look was: after this process itself
#: slept (a suspended machine, a locked catalog), the others get time to show that they are alive.
LOOK_SECONDS = 2.0
#: Who looks only once does not count on a worker whose heartbeat is older. Machines' clocks may differ by some seconds.
SILENT = timedelta(seconds=20)
#: The kernel gives the boot time in whole seconds and may round it either way from one reading to the next.
SAME_START_SECONDS = 1.5
END_SECONDS = 5.0
#: Instead of a reaper: a worker older than the run it was to take over has left it to others.
LEFT_OVER = "left"


class Standing(Enum):
    """How another worker stands, as seen from here."""

    ALIVE = "alive"
    LEFT = "left"  # stopped cleanly
    DEAD = "dead"  # its process is gone
    SILENT = "silent"  # its heartbeat stands still: stopped, hung, or on a machine that is gone


class Watch:
    """Judges workers by looking at their rows again and again. Clocks of other machines are not compared with ours: a
    heartbeat is stale when it has not changed while we were looking."""

    def __init__(self, stale_seconds: float) -> None:
        self._stale_seconds = stale_seconds
        self._seen: dict[str, tuple[datetime, float, float]] = {}

    def look(self, worker: WorkerRow) -> Standing:
        if worker.stopped_at is not None:
            return Standing.LEFT
        if worker.host == this_host() and not _runs(worker):
            return Standing.DEAD
        now = time.monotonic()
        heartbeat, silence, looked = self._seen.get(worker.executor_id, (worker.heartbeat_at, 0.0, now))
        silence = 0.0 if heartbeat != worker.heartbeat_at else silence + min(now - looked, LOOK_SECONDS)
        self._seen[worker.executor_id] = (worker.heartbeat_at, silence, now)
        return Standing.SILENT if silence >= self._stale_seconds else Standing.ALIVE


@dataclass(frozen=True, kw_only=True)
class Gone:
    """A worker that will do nothing more, or is not to."""

    executor_id: str
    host: str
    pid: int
    process_started: float
    #: it stopped by itself: nothing of it is in the way, and what it left counts as no takeover
    cleanly: bool
    #: a worker that is alive, this one perhaps, has its process, or one that got its number: that one's sessions go on
    pid_in_use: bool


@dataclass(frozen=True, kw_only=True)
class Look:
    """The workers at one moment."""

    alive: frozenset[str]  # executor ids, this worker's too
    #: those of them that are not about to go → the kinds of runs they know
    able: Mapping[str, Collection[str]]
    gone: tuple[Gone, ...]

    def first_able(self, workflow: str) -> str | None:
        """Who of those that could take over a run of this workflow does so: the same for all who look."""
        knowing = [one for one, kinds in self.able.items() if workflow in kinds]
        return min(knowing or self.able, default=None)


class Beat(Enum):
    """What a heartbeat finds."""

    ALIVE = "alive"
    DRAIN = "drain"  # this worker is to finish what it holds, and go
    FENCED = "fenced"  # it was taken for gone, or its slot was taken, and it must stop


class Presence:
    """This process among the workers. Every start has its own executor id, since the journal runs the workflows of an
    id again as soon as a second process appears under it."""

    def __init__(
        self, database: Database, *, version: str, kinds: Sequence[str], slots: int, stale_seconds: float
    ) -> None:
        self.executor_id = uuid.uuid4().hex
        self._database = database
        self._version = version
        self._kinds = list(kinds)
        self._slots = slots
        self._watch = Watch(stale_seconds)
        self._token: int | None = None
        self.joined = False

    def join(self, *, alone: bool = False) -> bool:
        """Become one of the workers. On SQLite only if nobody has the slot, or its holder is gone; a holder that stands
        still on this machine is ended first: it may hold a file's lock, and a process cannot be fenced from a file.
        With `alone` on PostgreSQL, too, only if no other worker is alive."""
        if self.joined:
            return True
        if self._database.is_sqlite:
            self.joined = self._take_slot()
        elif not alone or self.look().alive == {self.executor_id}:
            with self._database.transaction() as session:
                session.add(self._row())
            self.joined = True
        return self.joined

    def _take_slot(self) -> bool:
        # its holder may stand still and hold the catalog's write lock: to see that, we must not ask for it ourselves
        with self._database.reading() as session:
            slot = session.get(WorkerSlotRow, SLOT)
            holder = session.get(WorkerRow, slot.executor_id) if slot and slot.executor_id else None
        if holder is not None and not self._is_gone(holder):
            return False
        token = slot.token if slot else 0
        with self._database.transaction() as session:
            slot = session.get(WorkerSlotRow, SLOT)
            if (slot.token if slot else 0) != token:
                return False
            self._token = token + 1
            session.merge(WorkerSlotRow(name=SLOT, executor_id=self.executor_id, token=self._token))
            session.add(self._row())
        return True

    def _row(self) -> WorkerRow:
        now = datetime.now(UTC)
        pid = os.getpid()
        return WorkerRow(
            executor_id=self.executor_id,
            host=this_host(),
            pid=pid,
            process_started=started_at(pid),
            version=self._version,
            kinds=self._kinds,
            slots=self._slots,
            started_at=now,
            heartbeat_at=now,
        )

    def beat(self) -> Beat:
        """Show that this worker is alive."""
        with self._database.transaction() as session:
            mine = session.execute(
                update(WorkerRow)
                .where(WorkerRow.executor_id == self.executor_id, WorkerRow.reaped_by.is_(None))
                .values(heartbeat_at=datetime.now(UTC))
                .returning(WorkerRow.drain_wanted_at)
            ).one_or_none()
            slot = session.get(WorkerSlotRow, SLOT)
            if mine is None or (self._token is not None and (slot is None or slot.token != self._token)):
                return Beat.FENCED
            return Beat.ALIVE if mine.drain_wanted_at is None else Beat.DRAIN

    def look(self) -> Look:
        """Who of all workers is alive and who is gone."""
        others = self._others()
        gone = [worker for worker in others if self._is_gone(worker)]
        there = [worker for worker in others if worker not in gone]
        alive = {self.executor_id, *(worker.executor_id for worker in there)}
        processes = {(this_host(), os.getpid()), *((worker.host, worker.pid) for worker in there)}
        return Look(
            alive=frozenset(alive),
            able={
                self.executor_id: self._kinds,
                **{worker.executor_id: worker.kinds for worker in there if worker.drain_wanted_at is None},
            },
            gone=tuple(
                Gone(
                    executor_id=worker.executor_id,
                    host=worker.host,
                    pid=worker.pid,
                    process_started=worker.process_started,
                    cleanly=worker.stopped_at is not None,
                    pid_in_use=(worker.host, worker.pid) in processes,
                )
                for worker in gone
            ),
        )

    def begin_to_reap(self, executor_id: str, alive: Collection[str]) -> bool:
        """Be the one who takes over what a worker that is gone left. False: one of those that are alive does, or has.
        From here on its heartbeat and its claims are refused."""
        free = or_(
            WorkerRow.reaped_by.is_(None),
            WorkerRow.reaped_by == self.executor_id,
            WorkerRow.reaped_by.not_in(list(alive)),
        )
        with self._database.transaction() as session:
            won = session.execute(
                update(WorkerRow)
                .where(WorkerRow.executor_id == executor_id, free)
                .values(reaped_by=self.executor_id)
                .returning(WorkerRow.executor_id)
            ).all()
            return bool(won)

    def leave_to_others(self, executor_id: str) -> None:
        """What is left of it this worker cannot take."""
        with self._database.transaction() as session:
            session.execute(update(WorkerRow).where(WorkerRow.executor_id == executor_id).values(reaped_by=LEFT_OVER))

    def forget(self, executor_id: str) -> None:
        """Remove the row of a worker that left nothing in flight. One that was only silent finds it gone at its next
        heartbeat, and stops."""
        with self._database.transaction() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.executor_id == executor_id))

    def drain(self) -> None:
        """Let others see that this worker is about to go."""
        with self._database.transaction() as session:
            session.execute(
                update(WorkerRow)
                .where(WorkerRow.executor_id == self.executor_id, WorkerRow.drain_wanted_at.is_(None))
                .values(drain_wanted_at=datetime.now(UTC))
            )

    def leave(self) -> None:
        """A clean stop: give the slot back, and say so."""
        if not self.joined:
            return
        with self._database.transaction() as session:
            session.execute(
                update(WorkerSlotRow)
                .where(WorkerSlotRow.executor_id == self.executor_id, WorkerSlotRow.token == (self._token or 0))
                .values(executor_id=None)
            )
            session.execute(
                update(WorkerRow).where(WorkerRow.executor_id == self.executor_id).values(stopped_at=datetime.now(UTC))
            )
        self.joined = False

    def _others(self) -> list[WorkerRow]:
        with self._database.reading() as session:
            return list(session.scalars(select(WorkerRow).where(WorkerRow.executor_id != self.executor_id)))

    def _is_gone(self, worker: WorkerRow) -> bool:
        standing = self._watch.look(worker)
        if standing is Standing.SILENT and self._database.is_sqlite and worker.host == this_host():
            return end_process(worker)
        return standing is not Standing.ALIVE


def living(session: Session, now: datetime) -> list[WorkerRow]:
    """Workers that seem to be there, one that stands still on this machine too, by a single look."""
    rows = session.scalars(select(WorkerRow).where(WorkerRow.stopped_at.is_(None)).order_by(WorkerRow.started_at))
    return [row for row in rows if (_runs(row) if row.host == this_host() else now - row.heartbeat_at < SILENT)]


def ask_to_drain(database: Database, host: str) -> list[str]:
    """Ask the workers of this machine to finish what they hold, and to go; returns their ids."""
    with database.transaction() as session:
        rows = session.scalars(select(WorkerRow).where(WorkerRow.host == host, WorkerRow.stopped_at.is_(None)))
        there = [row for row in rows.all() if _runs(row)]
        for row in there:
            row.drain_wanted_at = datetime.now(UTC)
        return [row.executor_id for row in there]


def standing(database: Database, executor_ids: Sequence[str]) -> bool:
    """Whether any of these workers of this machine is still there."""
    with database.reading() as session:
        rows = session.scalars(select(WorkerRow).where(WorkerRow.executor_id.in_(executor_ids)))
        return any(row.stopped_at is None and _runs(row) for row in rows)


def this_host() -> str:
    """The name of the machine with its boot and pid namespace: containers may share a name and still not a pid."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    marks = [boot.read_text().strip()[:8]] if boot.exists() else []
    marks += [str(namespace.stat().st_ino)] if namespace.exists() else []
    return "/".join([socket.gethostname(), *marks])


def started_at(pid: int) -> float:
    """When the process began, in seconds since boot, which setting the clock does not move. -1e9: there is none."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return -1e9
        return round(process.create_time() - psutil.boot_time(), 2)
    except psutil.NoSuchProcess:
        return -1e9


def _runs(worker: WorkerRow | Gone) -> bool:
    """Whether the process of the row is there, and not another one under its pid."""
    return abs(started_at(worker.pid) - worker.process_started) < SAME_START_SECONDS


def end_process(worker: WorkerRow | Gone) -> bool:
    """End the process of a worker of this machine, and wait until it is gone. False if it may not be ended."""
    if not _runs(worker) or worker.pid == os.getpid():  # an earlier worker of this very process has nothing in hand
        return True
    try:
        os.kill(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    deadline = time.monotonic() + END_SECONDS
    while _runs(worker):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
