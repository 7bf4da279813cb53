"""The writes of a run that puts a new generation in an app's place. Those by which it is executed are guarded by status
and token, so that a worker that was taken over, and one whose run is to be cancelled, write nothing; all others guard
the row they decide on, so that exactly one of two that race wins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import ColumnElement, CursorResult, delete, func, literal, select, update
from sqlalchemy.orm import Session

from core import audit
from core.catalog import generations, holds
from core.catalog.run_tables import Progress, Run, RunFindingRow, RunPartRow, RunRow, RunStatus
from core.catalog.tables import AppRow, GenerationRow
from core.database.locks import LOCKED
from core.errors import Cancelled, Fenced, NotFound, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from core.findings import Finding
from core.workflow.runs import OpenRun

R = TypeVar("R", bound=Run)

OPEN = (RunStatus.QUEUED.value, RunStatus.RUNNING.value)
#: Steps that every such run has: it is published from the first of them, and at the second from then on.
VERIFY, PUBLISH = "verify", "publish"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: What found that a run was given up; once it is resumed that holds no more.
GIVEN_UP = "given-up"


@dataclass(frozen=True, kw_only=True)
class Runs(Generic[R]):
    """One kind of run, with its tables."""

    word: str  # what a run is called, and the noun of its commands
    published: str  # what is true of one that can no longer be cancelled
    again: str  # the command that starts a new one
    stream: StreamKind
    row: type[RunRow]
    finding_row: type[RunFindingRow]
    part_row: type[RunPartRow]
    value: Callable[[Any], R]  # of a row
    storage: ColumnElement[str] | None = None  # which storage its parts read, of a row

    def get(self, session: Session, run_id: str) -> R:
        """Raises NotFound."""
        row = session.get(self.row, run_id, populate_existing=True)
        if row is None:
            raise self._missing(run_id)
        return self.value(row)

    def progress(self, session: Session, run_id: str) -> Progress:
        """The same without plan and report: whoever follows a run looks several times a second. Raises NotFound."""
        row = self.row
        columns = select(row.status, row.step, row.progress_done, row.progress_total)
        found = session.execute(columns.where(row.id == run_id)).one_or_none()
        if found is None:
            raise self._missing(run_id)
        return Progress(over=found[0] not in OPEN, step=found[1], done=found[2], total=found[3])

    def _missing(self, run_id: str) -> NotFound:
        return NotFound(f"There is no {self.word} {run_id}.", hint=f"`restorebot {self.word} list` shows all of them.")

    def list_all(self, session: Session, *, app_id: str | None = None) -> Sequence[R]:
        """The newest first."""
        query = select(self.row).order_by(self.row.created_at.desc(), self.row.id)
        if app_id is not None:
            query = query.where(self.row.app_id == app_id)
        return [self.value(row) for row in session.scalars(query)]

    def open_runs(self, session: Session) -> Sequence[R]:
        """Queued or running, the oldest first."""
        query = select(self.row).where(self.row.status.in_(OPEN)).order_by(self.row.created_at, self.row.id)
        return [self.value(row) for row in session.scalars(query)]

    def to_drive(self, session: Session) -> list[OpenRun]:
        """Queued or running, the oldest first, as workers look at them every second: without plans and reports."""
        row = self.row
        shard = func.coalesce(GenerationRow.shard, AppRow.shard)  # what it fills may lie elsewhere than the app
        storage = literal("") if self.storage is None else self.storage
        query = (
            select(row.id, row.attempt, row.token, row.status, AppRow.organization_id, shard, storage)
            .join(AppRow, AppRow.id == row.app_id)
            .outerjoin(GenerationRow, GenerationRow.id == row.generation)
            .where(row.status.in_(OPEN))
            .order_by(row.created_at, row.id)
        )
        return [OpenRun.of(*found) for found in session.execute(query)]

    def want_cancel(self, session: Session, run_id: str, person: str, now: datetime) -> R:
        """Ask for the end of a run: it is honoured at the next edge, and wins over publishing if it comes first. A
        failed run that keeps its staging can be cancelled too.

        Raises WrongState once it is published or over; a second wish changes nothing.
        """
        where = (
            self.row.id == run_id,
            self.row.published_at.is_(None),
            self.row.cancel_wanted_at.is_(None),
            self.row.status.in_(OPEN)
            | ((self.row.status == RunStatus.FAILED.value) & self.row.staging_until.is_not(None)),
        )
        if not self._update(session, *where, cancel_wanted_at=now, cancel_wanted_by=person):
            found = self.get(session, run_id)
            if found.status is RunStatus.CANCELLED or (found.cancel_wanted and found.published_at is None):
                return found
            raise WrongState(
                f"The {self.word} {run_id} {self.published} and can no longer be cancelled; nothing was changed."
                if found.published_at is not None
                else f"The {self.word} {run_id} is {found.status.value} and cannot be cancelled; nothing was changed.",
                hint=f"See what became of it: restorebot {self.word} show {run_id}.",
            )
        self.tell(session, run_id, EventKind.CANCEL_WANTED, now, "cancel-wanted", {"person": person})
        audit.record(session, person=person, action=f"{self.word}.cancel-wanted", subject=run_id, now=now)
        return self.get(session, run_id)

    def resume(self, session: Session, run_id: str, person: str, now: datetime) -> R:
        """Queue a failed run again whose staging is still there. Raises WrongState."""
        where = (
            self.row.id == run_id,
            self.row.status == RunStatus.FAILED.value,
            self.row.staging_until > now,
            self.row.cancel_wanted_at.is_(None),
        )
        values = {"status": RunStatus.QUEUED.value, "finished_at": None, "failure": None, "staging_until": None}
        if not self._update(session, *where, **values):
            found = self.get(session, run_id)
            if found.status.value in OPEN:
                return found
            raise WrongState(
                f"The {self.word} {run_id} is {found.status.value} and cannot be resumed: "
                "only one that failed for a passing reason, and not long ago, keeps its staging. Nothing was changed.",
                hint=f"Start a new {self.word}: {self.again}.",
            )
        attempt = self.get(session, run_id).attempt
        self.tell(session, run_id, EventKind.RESUMED, now, f"resumed:{attempt}", {"person": person})
        audit.record(session, person=person, action=f"{self.word}.resumed", subject=run_id, now=now)
        return self.get(session, run_id)

    def begin_attempt(self, session: Session, run_id: str, attempt: int, now: datetime) -> R | None:
        """Claim the next attempt of a run whose last one is `attempt`; None when it is over or another was first."""
        values = {
            "attempt": attempt + 1,
            "token": self.row.token + 1,
            "status": RunStatus.RUNNING.value,
            "started_at": func.coalesce(self.row.started_at, now),
        }
        where = (self.row.id == run_id, self.row.status.in_(OPEN), self.row.attempt == attempt)
        if not self._update(session, *where, **values):
            return None
        given_up = (self.finding_row.run_id == run_id, self.finding_row.found_by == GIVEN_UP)
        session.execute(delete(self.finding_row).where(*given_up))
        if attempt == 0:
            self.tell(session, run_id, EventKind.STARTED, now, "started", {})
        return self.get(session, run_id)

    def takeover(self, session: Session, run_id: str) -> int:
        """Raise the token and return it: the former owner writes no more."""
        self._update(session, self.row.id == run_id, token=self.row.token + 1)
        return self.get(session, run_id).token

    def enter(self, session: Session, run_id: str, token: int, step: str, now: datetime) -> R:
        """Begin a step before publishing. Raises Cancelled when that is wanted, Fenced when another worker has the
        run."""
        self.write(session, run_id, token, *self._wanted(), step=step)
        self.tell(session, run_id, EventKind.STEP, now, f"step:{step}", {"step": step})
        return self.get(session, run_id)

    def look(self, session: Session, run_id: str, token: int, *, lock: bool = False) -> R:
        """Is the run still mine and wanted? With `lock` it stays so until this transaction ends: for who writes what
        belongs to it. Raises as `enter` does."""
        if lock:
            session.execute(select(self.row.id).where(self.row.id == run_id).with_for_update(**LOCKED))
        found = self.get(session, run_id)
        if found.cancel_wanted or found.token != token or found.status is not RunStatus.RUNNING:
            self._lost(found)
        return found

    def set_generation(self, session: Session, run_id: str, token: int, generation: str) -> None:
        self.write(session, run_id, token, generation=generation)

    def write(self, session: Session, run_id: str, token: int, *where: Any, **values: Any) -> None:
        """Write the row while it is mine. Raises Cancelled, or Fenced; then nothing is written."""
        if not self._update(session, *self._mine(run_id, token), *where, **values):
            self._lost(self.get(session, run_id))

    def part_done(
        self, session: Session, run: Run, step: str, part: str, *, size_bytes: int, done: Mapping[str, Any]
    ) -> None:
        """Tell what a part has done, and, the first time, how much further the run is with it. What is told last holds:
        a part that is compared once more may find what it did not find before."""
        row = session.get(self.part_row, (run.id, run.generation or "", step, part))
        if row is not None:
            row.done = dict(done)
            return
        session.add(
            self.part_row(run_id=run.id, generation=run.generation or "", step=step, part=part, done=dict(done))
        )
        self._update(session, self.row.id == run.id, progress_done=self.row.progress_done + size_bytes)

    def parts_done(self, session: Session, run: Run, step: str) -> dict[str, Mapping[str, Any]]:
        query = select(self.part_row).where(
            self.part_row.run_id == run.id,
            self.part_row.generation == (run.generation or ""),
            self.part_row.step == step,
        )
        return {row.part: row.done for row in session.scalars(query.order_by(self.part_row.part))}

    def keep_findings(
        self, session: Session, run_id: str, found_by: str, findings: Sequence[Finding], now: datetime
    ) -> None:
        """Replace what this look found before; tell it once an attempt."""
        mine = (self.finding_row.run_id == run_id, self.finding_row.found_by == found_by)
        session.execute(delete(self.finding_row).where(*mine))
        for number, finding in enumerate(findings):
            session.add(self.finding_row(run_id=run_id, found_by=found_by, number=number, finding=finding.to_json()))
        attempt = self.get(session, run_id).attempt
        counts = {word: sum(one.severity.value == word for one in findings) for word in ("error", "warning")}
        data = {"by": found_by, **counts}
        self.tell(session, run_id, EventKind.FINDINGS, now, f"findings:{found_by}:{attempt}", data)

    def findings_of(self, session: Session, run_id: str) -> list[Finding]:
        query = select(self.finding_row).where(self.finding_row.run_id == run_id)
        rows = session.scalars(query.order_by(self.finding_row.found_by, self.finding_row.number))
        return [Finding.from_json(row.finding) for row in rows]

    def publish(self, session: Session, run_id: str, token: int, now: datetime) -> None:
        """The switch: win the run's row against a cancel, then make its generation live and free the app. One that is
        published already is a success. Raises Cancelled when a cancel came first, and Fenced."""
        where = (*self._mine(run_id, token), self.row.step == VERIFY, *self._wanted())
        won = self._update(session, *where, published_at=now, step=PUBLISH)
        run = self.get(session, run_id)
        if not won:
            if run.published_at is not None:
                return
            self._lost(run)
        generations.switch_live(session, run.app_id, run.generation or "", now)
        holds.release(session, run_id, holds.on_app(run.app_id))
        self.tell(session, run_id, EventKind.PUBLISHED, now, "published", {"generation": run.generation})
        action = f"{self.word}.published"
        audit.record(session, person=run.requested_by, action=action, subject=run_id, now=now, app=run.app_id)

    def after_publishing(self, session: Session, run_id: str, token: int, step: str, now: datetime) -> R:
        """Begin a step after publishing, when nothing can cancel the run any more. Raises Fenced."""
        self.write(session, run_id, token, step=step)
        self.tell(session, run_id, EventKind.STEP, now, f"step:{step}", {"step": step})
        return self.get(session, run_id)

    def complete(self, session: Session, run_id: str, token: int, report: Mapping[str, Any], now: datetime) -> None:
        values = {
            "status": RunStatus.COMPLETED.value,
            "report": dict(report),
            "finished_at": now,
            "progress_done": self.row.progress_total,
        }
        if not self._update(session, *self._mine(run_id, token), **values):
            if self.get(session, run_id).status is RunStatus.COMPLETED:
                return
            self._lost(self.get(session, run_id))
        holds.release(session, run_id)
        self.tell(session, run_id, EventKind.COMPLETED, now, "completed", {})

    def finish_cancel(self, session: Session, run_id: str, now: datetime) -> None:
        """The staging is gone: the run is over and frees what it held."""
        where = (
            self.row.id == run_id,
            self.row.cancel_wanted_at.is_not(None),
            self.row.published_at.is_(None),
            self.row.status != RunStatus.CANCELLED.value,
        )
        values = {"status": RunStatus.CANCELLED.value, "finished_at": now, "staging_until": None}
        if self._update(session, *where, **values):
            holds.release(session, run_id)
            self.tell(session, run_id, EventKind.CANCELLED, now, "cancelled", {})

    def fail(
        self,
        session: Session,
        run_id: str,
        token: int,
        failure: Mapping[str, Any],
        *,
        now: datetime,
        keep_staging: timedelta | None,
    ) -> None:
        """The run ended without publishing. With `keep_staging` it keeps staging and holds that long, to be resumed."""
        values = {
            "status": RunStatus.FAILED.value,
            "failure": dict(failure),
            "finished_at": now,
            "staging_until": now + keep_staging if keep_staging else None,
        }
        if not self._update(session, *self._mine(run_id, token), self.row.published_at.is_(None), **values):
            return
        if keep_staging is None:
            holds.release(session, run_id)
        attempt = self.get(session, run_id).attempt
        self.tell(session, run_id, EventKind.FAILED, now, f"failed:{attempt}", {"code": failure.get("code", "")})

    def staging_over(self, session: Session, now: datetime) -> Sequence[R]:
        """Failed runs whose staging has been kept long enough, and those a person has cancelled meanwhile."""
        query = select(self.row).where(
            self.row.status == RunStatus.FAILED.value,
            (self.row.staging_until <= now) | self.row.cancel_wanted_at.is_not(None),
        )
        return [self.value(row) for row in session.scalars(query)]

    def end_staging(self, session: Session, run_id: str, now: datetime) -> bool:
        """Whether the staging of this failed run may be removed: from now on nobody resumes it, not even by a clock
        that is behind."""
        over = (self.row.staging_until <= now) | self.row.cancel_wanted_at.is_not(None)
        failed = self.row.status == RunStatus.FAILED.value
        return self._update(session, self.row.id == run_id, failed, over, staging_until=_LONG_AGO)

    def let_go(self, session: Session, run_id: str) -> None:
        """The staging of a failed run is gone: free what it held."""
        if self._update(session, self.row.id == run_id, self.row.status == RunStatus.FAILED.value, staging_until=None):
            holds.release(session, run_id)

    def went_through(self) -> tuple[ColumnElement[bool], ...]:
        """Completed at the first attempt: from start to end nobody waited for a person."""
        return (self.row.status == RunStatus.COMPLETED.value, self.row.attempt == 1)

    def tell(
        self, session: Session, run_id: str, kind: EventKind, now: datetime, key: str, data: dict[str, Any]
    ) -> None:
        log.append(session, stream=(self.stream, run_id), kind=kind, now=now, key=key, data=data)

    def _mine(self, run_id: str, token: int) -> tuple[Any, ...]:
        return (self.row.id == run_id, self.row.status == RunStatus.RUNNING.value, self.row.token == token)

    def _wanted(self) -> tuple[Any, ...]:
        return (self.row.cancel_wanted_at.is_(None), self.row.published_at.is_(None))

    def _update(self, session: Session, *where: Any, **values: Any) -> bool:
        """Whether a guarded UPDATE found its row: exactly one of two that race is told so."""
        statement = update(self.row).where(*where).values(**values)
        result = session.execute(statement.execution_options(synchronize_session=False))
        return isinstance(result, CursorResult) and result.rowcount == 1

    def _lost(self, run: Run) -> NoReturn:
        if run.cancel_wanted and run.published_at is None:
            raise Cancelled(f"The {self.word} {run.id} is to be cancelled.")
        raise Fenced(f"The {self.word} {run.id} is another worker's now, or over; nothing was written.")
