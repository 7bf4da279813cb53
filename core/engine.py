"""The composition root: settings → one frozen Engine. Nothing is created at import; fakes go in here."""

import getpass
import logging
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
from core.backup.leftovers import clear_inboxes, clear_work
from core.backup.native_import import ImportSteps
from core.catalog import backups, shards
from core.database import Database
from core.database.sessions import end_sessions, session_mark, session_name
from core.errors import RestorebotError, WrongState
from core.moves.steps import MoveSteps
from core.restore.assess import Tools
from core.restore.drafts import Drafts
from core.restore.run_steps import RunSteps
from core.restore.steps import RestoreSteps
from core.restore.sweep import sweep
from core.settings import Settings
from core.storage.location import open_store
from core.storage.store import Store
from core.workflow.presence import Gone, end_process, this_host
from core.workflow.runs import Edge, OpenRun, RunKind, RunRef, StepRunner, no_edge

if TYPE_CHECKING:
    from core.workflow.worker import Worker


log = logging.getLogger(__name__)


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
    def drafts(self) -> Drafts:
        return Drafts.of(self.settings)

    @property
    def restore_steps(self) -> RestoreSteps:
        return RestoreSteps(tools=self.tools)

    @property
    def move_steps(self) -> MoveSteps:
        return MoveSteps(tools=self.tools)

    @property
    def import_steps(self) -> ImportSteps:
        return ImportSteps(
            settings=self.settings,
            database=self.database,
            keyring=self.keyring,
            open_store=self.open_store,
            now=self.now,
        )

    def worker(self, **options: Any) -> "Worker":
        """A worker of this process, not yet started; `options` are those of Worker. Imports DBOS, which takes most of a
        second."""
        from core.workflow.worker import Worker

        return Worker(
            self.database, self.settings, self.run_kinds(), **{"evict": self.evict, "edge": self.edge, **options}
        )

    def evict(self, gone: Gone) -> None:
        """End what a worker that is gone still does in the databases: its locks keep nobody waiting from here on. One
        that stands still on this machine is ended altogether where a shard is a file, from whose lock no session can be
        ended."""
        with self.database.reading() as session:
            all_shards = shards.list_all(session)
        files = any(shard.url.startswith("sqlite") for shard in all_shards)
        if files and gone.host == this_host() and not end_process(gone):
            raise WrongState(
                f"The worker that stands still in process {gone.pid} may hold a shard's file, and this account may not"
                " end it: nothing of it was taken over.",
                hint=f"End it: kill -9 {gone.pid}.",
            )
        if not self.database.is_sqlite:
            with self.database.transaction() as session:
                end_sessions(session, gone.host, gone.pid)
        mark = session_mark(gone.host, gone.pid)
        for shard in all_shards:
            try:
                self.drivers["embedded"].end_sessions(shard, mark)
            except RestorebotError as error:
                if not error.transient:
                    raise
                # one that is down has no sessions; what is claimed there waits for it, and then for locks at most
                log.warning("sessions of a worker that is gone could not be ended on %s: %s", shard.name, error)

    def sweep(self) -> int:
        """Remove what is left over and whose time has come; returns how many places and files."""
        self.import_steps.clear_ended()
        with self.database.transaction() as session:
            self.drafts.purge(session, self.now())
        return (
            self.restore_steps.end_kept_staging()
            + self.move_steps.end_kept_staging()
            + sweep(self.tools)
            + clear_inboxes(self.database, self.open_store, self.now())
            + clear_work(self.database, self.settings.work_dir, self.now())
        )

    def run_kinds(self) -> tuple[RunKind, ...]:
        """Plain functions under stable names: what workers execute."""
        return (self._restores(), self._moves(), self._backups())

    def person(self) -> Person:
        """Who acts on the command line: the operating-system account."""
        name = getpass.getuser()
        with self.database.transaction() as session:
            return ensure_person(session, f"os:{name}", name, self.now())

    def close(self) -> None:
        self.database.dispose()

    def _restores(self) -> RunKind:
        return self._publishing(self.restore_steps, self.restore_steps.body, self.restore_steps.part)

    def _moves(self) -> RunKind:
        return self._publishing(self.move_steps, self.move_steps.body, self.move_steps.part)

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
                return runs.to_drive(session)

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
            version=2,
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
                return backups.to_drive(session)

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
            version=2,
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
    try:
        migrations.upgrade(database)
    except BaseException:
        database.dispose()
        raise
    return Engine(
        settings=settings,
        database=database,
        keyring=Keyring(settings.keys_dir),
        drivers={"embedded": EmbeddedDriver(stores=open_store, owner=session_mark(this_host(), os.getpid()))},
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


def _ref(kind: str, run_id: str, attempt: int, token: int) -> RunRef:
    return RunRef(kind=kind, id=run_id, attempt=attempt, token=token)
