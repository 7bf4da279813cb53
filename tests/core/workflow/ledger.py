"""A small catalog for the tests: runs with attempts and tokens, and a ledger of every effect with the token it had."""

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from core.database import Database
from core.database.sessions import end_sessions, session_name
from core.errors import Cancelled, CatalogUnreachable, Fenced, RestorebotError, StorageUnreachable, WrongState
from core.settings import Settings
from core.workflow import tables
from core.workflow.presence import this_host
from core.workflow.runs import OpenRun, RunKind, RunRef, StepRunner
from core.workflow.tables import PartTakeoverRow, WorkerRow
from tests.services.signs import Signs

MOST_ATTEMPTS = 2
#: Those of the catalog that workers use.
TABLES = [row.__tablename__ for row in vars(tables).values() if getattr(row, "__module__", "") == tables.__name__]


class LedgerBase(DeclarativeBase):
    """Of its own, so that the catalog's schema stays what the code says."""


class LedgerRun(LedgerBase):
    __tablename__ = "test_run"
    id: Mapped[str] = mapped_column(primary_key=True)
    attempt: Mapped[int] = mapped_column(default=0)
    token: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(default="queued")
    error: Mapped[str] = mapped_column(default="")
    body: Mapped[str] = mapped_column(default="")
    organization: Mapped[str] = mapped_column(default="org")
    shard: Mapped[str] = mapped_column(default="")
    storage: Mapped[str] = mapped_column(default="")


class Effect(LedgerBase):
    __tablename__ = "test_effect"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    run_id: Mapped[str]
    name: Mapped[str]
    token: Mapped[int]
    pid: Mapped[int]
    at: Mapped[float]


class Ledger:
    def __init__(self, folder: Path, database_url: str = "", host: str = "", **settings: Any) -> None:
        self.settings = Settings(data_dir=folder, database_url=database_url, **settings)
        self.signs = Signs(folder)
        self.database = Database(self.settings.catalog_url, name=session_name("test", host or this_host(), os.getpid()))

    def create(self) -> None:
        LedgerBase.metadata.create_all(self.database.engine)
        WorkerRow.metadata.create_all(
            self.database.engine,
            tables=[WorkerRow.metadata.tables[name] for name in TABLES],
        )

    def submit(self, run_id: str, **columns: str) -> None:
        """`body` is the run's own; else it is the worker's."""
        with self.database.transaction() as session:
            session.add(LedgerRun(id=run_id, **columns))

    def run(self, run_id: str) -> LedgerRun:
        with self.database.transaction() as session:
            return session.get_one(LedgerRun, run_id)

    def ended(self, run_id: str) -> bool:
        return self.run(run_id).status not in ("queued", "running")

    def takeovers(self, workflow_id: str) -> int:
        with self.database.transaction() as session:
            row = session.get(PartTakeoverRow, workflow_id)
            return row.count if row else 0

    def effects(self, run_id: str, prefix: str = "") -> list[str]:
        return [effect.name for effect in self.rows(run_id) if effect.name.startswith(prefix)]

    def rows(self, run_id: str) -> Sequence[Effect]:
        with self.database.transaction() as session:
            return session.scalars(select(Effect).where(Effect.run_id == run_id).order_by(Effect.number)).all()

    def write(self, run: RunRef, name: str) -> None:
        """An effect, guarded by the token as in the real catalog."""
        with self.database.transaction() as session:
            if session.get_one(LedgerRun, run.id, with_for_update=True).token != run.token:
                raise Fenced(f"the token of {run.id} is no longer {run.token}")
            session.add(Effect(run_id=run.id, name=name, token=run.token, pid=os.getpid(), at=time.time()))

    def close(self, run: RunRef, status: str, error: str = "") -> None:
        with self.database.transaction() as session:
            changed = session.execute(
                update(LedgerRun)
                .where(LedgerRun.id == run.id, LedgerRun.token == run.token)
                .values(status=status, error=error)
            )
            if changed.rowcount != 1:  # type: ignore[attr-defined]
                raise Fenced(f"the token of {run.id} is no longer {run.token}")

    def open_runs(self) -> Sequence[OpenRun]:
        with self.database.transaction() as session:
            rows = session.scalars(
                select(LedgerRun).where(LedgerRun.status.in_(["queued", "running"])).order_by(LedgerRun.id)
            )
            return [OpenRun(**{name: getattr(row, name) for name in OpenRun.__dataclass_fields__}) for row in rows]

    def begin_attempt(self, run_id: str, attempt: int) -> RunRef | None:
        with self.database.transaction() as session:
            row = session.get_one(LedgerRun, run_id, with_for_update=True)
            if row.attempt != attempt or row.status not in ("queued", "running"):
                return None
            if attempt >= MOST_ATTEMPTS:
                row.status, row.error = "failed", "too many attempts"
                return None
            row.attempt, row.token, row.status = attempt + 1, row.token + 1, "running"
            return RunRef(kind="test", id=run_id, attempt=row.attempt, token=row.token)

    def takeover(self, run_id: str) -> int:
        with self.database.transaction() as session:
            row = session.get_one(LedgerRun, run_id, with_for_update=True)
            row.token += 1
            return row.token

    def failed(self, run: RunRef, error: RestorebotError) -> None:
        self.write(run, f"failed:{error.code}:{error.transient}")
        self.close(run, "failed", error.code)

    def kind(self, body: str, version: int = 1) -> RunKind:
        def drive(run: RunRef, steps: StepRunner) -> None:
            BODIES[self.run(run.id).body or body](self, run, steps)

        return RunKind(
            name="test",
            version=version,
            open_runs=self.open_runs,
            begin_attempt=self.begin_attempt,
            takeover=self.takeover,
            body=drive,
            part=self.part,
            failed=self.failed,
        )

    def part(self, run: RunRef, step: str, part: str) -> Any:
        if part.startswith("stopping") and run.token == 1:
            with self.database.transaction() as session:
                session.get_one(LedgerRun, run.id, with_for_update=True)
                os.kill(os.getpid(), signal.SIGSTOP)  # and nobody can write to the run any more; on SQLite to none
        self.write(run, f"{step}/{part}")
        if part.startswith("slow"):
            time.sleep(0.5)
        if part.startswith("endless"):
            time.sleep(600)
        if part.startswith("held"):
            self.signs.wait_for(f"go {part}")
        if part.startswith("flaky") and self.effects(run.id).count(f"{step}/{part}") < 3:
            raise StorageUnreachable("not now")
        if part.startswith("bad"):
            raise WrongState(f"{part} cannot be loaded", hint="none")
        return {"part": part}


def three(ledger: Ledger, run: RunRef, steps: StepRunner) -> None:
    for name in ("one", "two"):
        steps.step(name, ledger.write, run, name)
    steps.step("close", ledger.close, run, "completed")


def held_step(ledger: Ledger, run: RunRef, steps: StepRunner) -> None:
    def hold() -> None:
        ledger.write(run, "held")
        ledger.signs.wait_for("go on")

    steps.step("hold", hold)
    steps.step("close", ledger.close, run, "completed")


def twenty(ledger: Ledger, run: RunRef, steps: StepRunner) -> None:
    total = 0
    for number in range(20):

        def work(number: int = number) -> int:
            ledger.write(run, f"step {number}")
            return number

        total += steps.step(f"step {number}", work)
    steps.step("total", ledger.write, run, f"total {total}")
    steps.step("close", ledger.close, run, "completed")


def with_parts(*parts: str) -> Callable[[Ledger, RunRef, StepRunner], None]:
    def body(ledger: Ledger, run: RunRef, steps: StepRunner) -> None:
        found = steps.parts("load", parts)
        steps.step("loaded", ledger.write, run, "loaded " + ",".join(one["part"] for one in found))
        steps.step("close", ledger.close, run, "completed")

    return body


def leaves_its_row_open(ledger: Ledger, run: RunRef, steps: StepRunner) -> None:
    steps.step("try", ledger.write, run, "tried")


def closes_too_early(ledger: Ledger, run: RunRef, steps: StepRunner) -> None:
    steps.step("close", ledger.close, run, "completed")
    steps.parts("load", ["p0", "p1"])
    steps.step("never", ledger.write, run, "never")


def divides_twice(_ledger: Ledger, _run: RunRef, steps: StepRunner) -> None:
    for _ in range(2):
        steps.parts("load", ["p0"])


def raises(error: Exception) -> Callable[[Ledger, RunRef, StepRunner], None]:
    def fail() -> None:
        raise error

    return lambda _ledger, _run, steps: steps.step("fail", fail)


BODIES: dict[str, Callable[[Ledger, RunRef, StepRunner], None]] = {
    "three": three,
    "twenty": twenty,
    "held step": held_step,
    "eight parts": with_parts(*(f"p{number}" for number in range(8))),
    "slow parts": with_parts(*(f"slow{number}" for number in range(4))),
    "stopping part": with_parts("p0", "stopping"),
    "flaky part": with_parts("p0", "flaky"),
    "bad part": with_parts("bad", *(f"slow{number}" for number in range(6))),
    "leaves its row open": leaves_its_row_open,
    "closes too early": closes_too_early,
    "divides twice": divides_twice,
    "is fenced": raises(Fenced("another worker has it")),
    "is cancelled": raises(Cancelled("as wished")),
    "has a defect": raises(KeyError("x")),
    "endless part": with_parts("endless"),
    "held parts": with_parts("held a", "held b", "p0", "p1"),
    "four held parts": with_parts("held 1", "held 2", "held 3", "held 4"),
    "two parts": with_parts("p0", "p1"),
    "thirty parts": with_parts(*(f"p{number}" for number in range(30))),
}


def work(
    folder: Path,
    database_url: str,
    body: str,
    edge: str,
    *,
    host: str = "",
    version: int = 1,
    until_done: bool = True,
    settings: Mapping[str, Any] = MappingProxyType({}),
    **options: Any,
) -> None:
    """A worker in a process of its own, until no run is open or, without `until_done`, it is asked to go. It is killed
    at that edge. With `host` it seems to be on another machine. What it ends with is said in `<pid>.ended`."""
    from core.workflow import presence
    from core.workflow.worker import Worker

    if host:
        presence.this_host = lambda: host
    ledger = Ledger(folder, database_url, host, **settings)

    def reached(name: str) -> None:
        if name == edge:
            os.kill(os.getpid(), signal.SIGKILL)

    def done() -> bool:
        with suppress(CatalogUnreachable):
            return until_done and not ledger.open_runs()
        return False

    def evict(gone: presence.Gone) -> None:
        if not ledger.database.is_sqlite:
            with ledger.database.transaction() as session:
                end_sessions(session, gone.host, gone.pid)

    worker = Worker(
        ledger.database,
        ledger.settings,
        [ledger.kind(body, version)],
        poll_seconds=0.03,
        edge=reached,
        evict=evict,
        **options,
    )
    (folder / f"{os.getpid()}.said").write_text("works" if worker.start() else "follows")
    try:
        worker.run_until(done)
    except RestorebotError as error:
        (folder / f"{os.getpid()}.ended").write_text(f"{error.code}: {error}")
        sys.exit(1)
    finally:
        worker.stop()
