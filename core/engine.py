"""The composition root: settings → one frozen Engine. Nothing is created at import; fakes go in here."""

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from core import migrations
from core.access.people import Person, ensure_person
from core.apps.driver import Driver
from core.apps.embedded.driver import EmbeddedDriver
from core.archive.signing import Keyring
from core.backup.leftovers import clear_inboxes
from core.backup.native_import import ImportSteps
from core.catalog import backups
from core.database import Database
from core.database.sessions import session_name
from core.errors import RestorebotError
from core.restore.assess import Tools
from core.restore.run_steps import RunSteps
from core.restore.steps import RestoreSteps
from core.restore.sweep import sweep
from core.settings import Settings
from core.storage.location import open_store
from core.storage.store import Store
from core.workflow.presence import this_host
from core.workflow.runs import Edge, OpenRun, RunKind, RunRef, StepRunner, no_edge

if TYPE_CHECKING:
    from core.workflow.worker import Worker


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Everything a journey works with, built once a process."""

    settings: Settings
    database: Database
    keyring: Keyring
    drivers: Mapping[str, Driver]
    open_store: Callable[[str], Store]
    now: Callable[[], datetime]
    #: called at every edge of a step or part; tests stop the process there
    edge: Edge

    @property
    def tools(self) -> Tools:
        return Tools(
            settings=self.settings,
            database=self.database,
            keyring=self.keyring,
            drivers=self.drivers,
            open_store=self.open_store,
            now=self.now,
        )

    @property
    def restore_steps(self) -> RestoreSteps:
        return RestoreSteps(tools=self.tools)

    @property
    def import_steps(self) -> ImportSteps:
        return ImportSteps(
            settings=self.settings,
            database=self.database,
            keyring=self.keyring,
            open_store=self.open_store,
            now=self.now,
        )

    def worker(self) -> "Worker":
        """A worker of this process, not yet started. Imports DBOS, which takes most of a second."""
        from core.workflow.worker import Worker

        return Worker(self.database, self.settings, self.run_kinds(), edge=self.edge)

    def sweep(self) -> int:
        """Remove what is left over and whose time has come; returns how many places and files."""
        return (
            self.restore_steps.end_kept_staging()
            + sweep(self.tools)
            + clear_inboxes(self.database, self.open_store, self.now())
        )

    def run_kinds(self) -> tuple[RunKind, ...]:
        """Plain functions under stable names: what workers execute."""
        return (self._restores(), self._backups())

    def person(self) -> Person:
        """Who acts on the command line: the operating-system account."""
        name = getpass.getuser()
        with self.database.transaction() as session:
            return ensure_person(session, f"os:{name}", name, self.now())

    def close(self) -> None:
        self.database.dispose()

    def _restores(self) -> RunKind:
        return self._publishing(self.restore_steps, self.restore_steps.body, self.restore_steps.part)

    def _publishing(
        self,
        steps: RunSteps[Any],
        body: Callable[[RunRef, StepRunner], None],
        part: Callable[[RunRef, str, str], None],
    ) -> RunKind:
        """A kind of run that puts a new generation in an app's place."""
        runs = steps.runs

        def open_runs() -> list[OpenRun]:
            with self.database.reading() as session:
                return [_open(one.id, one.attempt, one.token, one.status) for one in runs.open_runs(session)]

        def begin_attempt(run_id: str, attempt: int) -> RunRef | None:
            with self.database.transaction() as session:
                won = runs.begin_attempt(session, run_id, attempt, self.now())
            return None if won is None else _ref(runs.word, won.id, won.attempt, won.token)

        def takeover(run_id: str) -> int:
            with self.database.transaction() as session:
                return runs.takeover(session, run_id)

        def give_up(run: RunRef, failure: Mapping[str, str]) -> None:
            keep = timedelta(hours=self.settings.staging_keep_hours)
            with self.database.transaction() as session:
                runs.fail(session, run.id, run.token, failure, now=self.now(), keep_staging=keep)

        return RunKind(
            name=runs.word,
            version=1,
            open_runs=open_runs,
            begin_attempt=begin_attempt,
            takeover=takeover,
            body=body,
            part=part,
            failed=_with_last_word(steps.failed, give_up),
        )

    def _backups(self) -> RunKind:
        steps = self.import_steps

        def open_runs() -> list[OpenRun]:
            with self.database.reading() as session:
                return [_open(one.id, one.attempt, one.token, one.status) for one in backups.running(session)]

        def begin_attempt(backup_id: str, attempt: int) -> RunRef | None:
            with self.database.transaction() as session:
                won = backups.begin_attempt(session, backup_id, attempt, self.now())
            return None if won is None else _ref("backup", won.id, won.attempt, won.token)

        def takeover(backup_id: str) -> int:
            with self.database.transaction() as session:
                return backups.takeover(session, backup_id)

        def give_up(run: RunRef, failure: Mapping[str, str]) -> None:
            with self.database.transaction() as session:
                backups.fail(session, run.id, run.token, failure, self.now())

        return RunKind(
            name="backup",
            version=1,
            open_runs=open_runs,
            begin_attempt=begin_attempt,
            takeover=takeover,
            body=steps.body,
            part=steps.part,
            failed=_with_last_word(steps.failed, give_up),
        )


def build_engine(
    settings: Settings, *, role: str = "engine", edge: Edge = no_edge, now: Callable[[], datetime] | None = None
) -> Engine:
    """Open the catalog, bringing its schema up to date, and put everything together. `role` says to a database server
    what this process is for."""
    database = Database(settings.catalog_url, name=session_name(role, this_host(), os.getpid()))
    migrations.upgrade(database)
    return Engine(
        settings=settings,
        database=database,
        keyring=Keyring(settings.keys_dir),
        drivers={"embedded": EmbeddedDriver(stores=open_store)},
        open_store=open_store,
        now=now or _utc_now,
        edge=edge,
    )


def _with_last_word(
    failed: Callable[[RunRef, RestorebotError], None], give_up: Callable[[RunRef, Mapping[str, str]], None]
) -> Callable[[RunRef, RestorebotError], None]:
    """Ending a run may fail, too. For a passing reason it is tried again; else the run is over all the same, with what
    it holds kept for a person to look at: an attempt that can never end would follow another for ever."""

    def end(run: RunRef, error: RestorebotError) -> None:
        try:
            failed(run, error)
        except RestorebotError as second:
            if second.transient:
                raise
            give_up(run, _failure(error, f"Cleaning up failed as well: {second.message}"))
        except Exception as second:
            give_up(run, _failure(error, f"Cleaning up failed as well: {type(second).__name__}: {second}."))
            raise

    return end


def _failure(error: RestorebotError, more: str) -> dict[str, str]:
    return {"code": error.code, "message": f"{error.message} {more}", "hint": error.hint}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _open(run_id: str, attempt: int, token: int, status: str) -> OpenRun:
    return OpenRun(id=run_id, attempt=attempt, token=token, status=status)


def _ref(kind: str, run_id: str, attempt: int, token: int) -> RunRef:
    return RunRef(kind=kind, id=run_id, attempt=attempt, token=token)
