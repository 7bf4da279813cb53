"""What the steps of restores and moves have in common: to begin one, to keep what it found, and to end a run that did
not come to its aim with the app as it was."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic

from core.apps.driver import Driver, Place
from core.catalog import apps, generations, holds
from core.catalog.run_tables import Run, RunStatus
from core.catalog.runs import GIVEN_UP, OPEN, R, Runs
from core.errors import Cancelled, ObjectNotFound, RestorebotError, RunFailed
from core.findings import Finding, FindingCode, Severity, blocks, in_order
from core.restore.assess import Tools
from core.workflow.runs import RunRef, TakenOverTooOften


@dataclass(frozen=True, kw_only=True)
class RunSteps(Generic[R]):
    tools: Tools
    runs: Runs[R]

    def begin(self, run_id: str) -> bool:
        """Is it published already, by an attempt before this one?"""
        with self.tools.database.reading() as session:
            return self.runs.get(session, run_id).published_at is not None

    def failed(self, run: RunRef, error: RestorebotError) -> None:
        """The run raised: end it. A passing reason keeps the staging, so that it can be resumed."""
        with self.tools.database.reading() as session:
            found = self.runs.get(session, run.id)
        if found.published_at is not None or found.token != run.token:
            return
        if isinstance(error, Cancelled) or found.cancel_wanted:
            self.discard(found)
            with self.tools.database.transaction() as session:
                self.runs.finish_cancel(session, run.id, self.tools.now())
            return
        keep = timedelta(hours=self.tools.settings.staging_keep_hours) if error.transient else None
        if keep is None:
            self.discard(found)
        else:
            self.reopen(run.id, run.token)
        failure = {"code": error.code, "message": error.message, "hint": error.hint}
        with self.tools.database.transaction() as session:
            if isinstance(error, TakenOverTooOften):
                self.runs.keep_findings(session, run.id, GIVEN_UP, [_given_up(error)], self.tools.now())
            self.runs.fail(session, run.id, run.token, failure, now=self.tools.now(), keep_staging=keep)

    def end_kept_staging(self) -> int:
        """Failed runs whose staging was kept long enough, or that a person has cancelled since; returns how many."""
        with self.tools.database.reading() as session:
            over = self.runs.staging_over(session, self.tools.now())
        for run in over:
            with self.tools.database.transaction() as session:
                if not self.runs.end_staging(session, run.id, self.tools.now()):
                    continue
            self.discard(run)
            with self.tools.database.transaction() as session:
                if run.cancel_wanted:
                    self.runs.finish_cancel(session, run.id, self.tools.now())
                else:
                    self.runs.let_go(session, run.id)
        return len(over)

    def cancel(self, run_id: str, person: str) -> R:
        """Raises WrongState once the run is published or over. A failed one that kept its staging is ended at once, any
        other one at its next edge."""
        with self.tools.database.transaction() as session:
            wanted = self.runs.want_cancel(session, run_id, person, self.tools.now())
        if wanted.status is not RunStatus.FAILED:
            return wanted
        self.discard(wanted)
        with self.tools.database.transaction() as session:
            self.runs.finish_cancel(session, run_id, self.tools.now())
            return self.runs.get(session, run_id)

    def discard(self, run: Run) -> None:
        """Remove the staging, and open the app again if the run had closed it: it is as it was."""
        if run.generation is not None:
            self.driver(run).discard(self.staged(run))
            with self.tools.database.transaction() as session:
                generations.mark_dropped(session, run.generation)
        self.reopen(run.id, run.token)

    def reopen(self, run_id: str, token: int) -> None:
        """The app's live data may be edited again, unless the run is published, or is another worker's, who may have
        closed it just now, or the app is another run's by now, which needs it closed."""
        with self.tools.database.reading() as session:
            run = self.runs.get(session, run_id)
            live = apps.place(session, apps.get(session, run.app_id))
            others = any(hold.run_id != run_id for hold in holds.holds_on(session, holds.on_app(run.app_id)))
        taken_over = run.status.value in OPEN and run.token != token
        if run.published_at is None and not taken_over and not others:
            with suppress(ObjectNotFound):
                self.driver(run).reopen(live)

    def enter(self, run_id: str, token: int, step: str) -> R:
        with self.tools.database.transaction() as session:
            return self.runs.enter(session, run_id, token, step, self.tools.now())

    def found(self, run: Run, token: int, found_by: str, findings: Sequence[Finding]) -> None:
        """Keep what was found; end the run if it blocks."""
        ordered = in_order(findings)
        with self.tools.database.transaction() as session:
            self.runs.look(session, run.id, token, lock=True)
            self.runs.keep_findings(session, run.id, found_by, ordered, self.tools.now())
        if blocks(ordered):
            first = ordered[0]
            raise RunFailed(f"{first.code.value}: {first.message}", hint=first.hint)

    def driver(self, run: Run) -> Driver:
        with self.tools.database.reading() as session:
            return self.tools.drivers[apps.get(session, run.app_id).driver]

    def staged(self, run: Run) -> Place:
        with self.tools.database.reading() as session:
            return generations.place(session, run.generation or "")


def _given_up(error: TakenOverTooOften) -> Finding:
    return Finding(
        code=FindingCode.PART_GIVEN_UP,
        severity=Severity.ERROR,
        subject="",
        message=f"{error.message} Nothing was published.",
        hint=error.hint,
    )
