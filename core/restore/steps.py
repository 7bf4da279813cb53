"""The steps of a restore. Each may be repeated: it looks whether its effect is there, and takes it as its own."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from core.access.proposals import propose
from core.apps.driver import Driver, Place
from core.archive.check import Depth, check
from core.catalog import apps, backups, generations
from core.errors import Cancelled, ObjectNotFound, RestorebotError, RunFailed
from core.findings import Finding, FindingCode, Severity, blocks, in_order
from core.restore import restores, run_state
from core.restore.assess import Tools, assess, open_backup, unreadable
from core.restore.parts import PartSteps
from core.restore.people import backup_directory
from core.restore.report import make_report
from core.restore.request import Part
from core.restore.restores import Restore
from core.restore.tables import Step
from core.restore.verify import verify
from core.workflow.runs import RunRef, StepRunner, TakenOverTooOften


@dataclass(frozen=True, kw_only=True)
class RestoreSteps:
    tools: Tools

    def body(self, run: RunRef, runner: StepRunner) -> None:
        """The whole run. After publishing it can neither fail nor be cancelled."""
        if not runner.step("begin", self.begin, run.id):
            runner.step("preflight", self.preflight, run.id, run.token)
            runner.step("check_backup", self.check_backup, run.id, run.token)
            parts = runner.step("stage", self.stage, run.id, run.token)
            runner.parts("load", parts)
            runner.step("index", self.index, run.id, run.token)
            runner.step("begin_verify", self.begin_verify, run.id, run.token)
            runner.parts("compare", parts)
            runner.step("verify", self.verify, run.id, run.token)
            runner.step("publish", self.publish, run.id, run.token)
        runner.step("propose_access", self.propose_access, run.id, run.token)
        runner.step("report", self.report, run.id, run.token)

    def part(self, run: RunRef, step: str, part: str) -> None:
        parts = PartSteps(tools=self.tools)
        (parts.load if step == "load" else parts.compare)(run, part)

    def begin(self, restore_id: str) -> bool:
        """Is it published already, by an attempt before this one?"""
        with self.tools.database.transaction() as session:
            return restores.get(session, restore_id).published_at is not None

    def preflight(self, restore_id: str, token: int) -> None:
        """Plan and check again: what was true when the person confirmed may not be any more."""
        restore = self._enter(restore_id, token, Step.PREFLIGHT)
        assessment = assess(self.tools, restore.request, run_id=restore.id)
        findings = list(assessment.findings)
        new = {one.code.value for one in findings if one.severity is Severity.WARNING} - set(restore.shown)
        if not blocks(findings) and (assessment.plan is None or assessment.plan.digest != restore.digest or new):
            findings.append(_plan_changed(sorted(new)))
        self._found(restore, token, "preflight", findings)

    def check_backup(self, restore_id: str, token: int) -> None:
        """Signature, presence and size of every object; each hash is checked as the object is read."""
        restore = self._enter(restore_id, token, Step.CHECK_BACKUP)
        with self.tools.database.transaction() as session:
            backup = backups.get(session, restore.backup_id)
        try:
            findings = list(check(open_backup(self.tools, backup), Depth.STRUCTURE))
        except RestorebotError as error:
            if error.transient:
                raise
            findings = [unreadable(backup.id, error)]
        self._found(restore, token, "check_backup", findings)

    def stage(self, restore_id: str, token: int) -> list[str]:
        """A row for the new generation first, then its place. Returns the names of the parts to load."""
        restore = self._enter(restore_id, token, Step.STAGE)
        now = self.tools.now()
        with self.tools.database.transaction() as session:
            generation = generations.new(
                session, app_id=restore.app_id, shard=restore.plan.target_shard, run_id=restore.id, now=now
            )
            run_state.set_generation(session, restore.id, token, generation)
            place = generations.place(session, generation)
        self._driver(restore).stage(place)
        self._enter(restore_id, token, Step.LOAD)
        return [part.name for part in restore.plan.parts]

    def index(self, restore_id: str, token: int) -> None:
        restore = self._enter(restore_id, token, Step.INDEX)
        clashes = self._driver(restore).index(self._staged(restore))
        self._found(restore, token, "index", [_key_clash(clashes)] if clashes else [])

    def begin_verify(self, restore_id: str, token: int) -> None:
        self._enter(restore_id, token, Step.VERIFY)

    def verify(self, restore_id: str, token: int) -> None:
        """After every part was compared: the findings of all parts, totals, references; then everything is synced."""
        restore = self._enter(restore_id, token, Step.VERIFY)
        findings = verify(self.tools, restore)
        self._found(restore, token, "verify", findings)
        self._driver(restore).seal(self._staged(restore))

    def publish(self, restore_id: str, token: int) -> None:
        """Close the old generation, look at it once more, and switch. Losing to a cancel, and data that has appeared,
        leave it open and as it was."""
        with self.tools.database.transaction() as session:
            restore = restores.get(session, restore_id)
            if restore.published_at is not None:
                return
            run_state.look(session, restore_id, token)
            old = apps.place(session, apps.get(session, restore.app_id))
        driver = self._driver(restore)
        driver.close(old)
        try:
            if driver.inspect(old).contains_data:
                self._found(restore, token, "publish", [_data_appeared()])
            with self.tools.database.transaction() as session:
                run_state.publish(session, restore_id, token, self.tools.now())
        except Exception:
            self._reopen(restore_id, token)
            raise

    def propose_access(self, restore_id: str, token: int) -> None:
        """Bring the backup's people into the directory, without access; what would add a seat waits for a decision."""
        with self.tools.database.transaction() as session:
            restore = run_state.after_publishing(session, restore_id, token, Step.PROPOSE_ACCESS, self.tools.now())
            backup = backups.get(session, restore.backup_id)
        if Part.USERS_AND_GROUPS in restore.request.without:
            return
        directory = backup_directory(open_backup(self.tools, backup), restore.plan.choices)
        with self.tools.database.transaction() as session:
            propose(
                session,
                organization_id=restore.organization_id,
                restore_id=restore.id,
                app_id=restore.app_id,
                backup=directory,
                group_names=restore.plan.group_names,
                proposed_by=restore.requested_by,
                now=self.tools.now(),
            )

    def report(self, restore_id: str, token: int) -> None:
        with self.tools.database.transaction() as session:
            restore = run_state.after_publishing(session, restore_id, token, Step.REPORT, self.tools.now())
            backup = backups.get(session, restore.backup_id)
        manifest = open_backup(self.tools, backup).manifest
        with self.tools.database.transaction() as session:
            report = make_report(session, restore, manifest)
            run_state.complete(session, restore_id, token, report, self.tools.now())

    def failed(self, run: RunRef, error: RestorebotError) -> None:
        """The run raised: end it. A passing reason keeps the staging, so that it can be resumed."""
        with self.tools.database.transaction() as session:
            restore = restores.get(session, run.id)
        if restore.published_at is not None or restore.token != run.token:
            return
        if isinstance(error, Cancelled) or restore.cancel_wanted:
            self.discard(restore)
            with self.tools.database.transaction() as session:
                run_state.finish_cancel(session, run.id, self.tools.now())
            return
        keep = timedelta(hours=self.tools.settings.staging_keep_hours) if error.transient else None
        if keep is None:
            self.discard(restore)
        else:
            self._reopen(run.id, run.token)
        failure = {"code": error.code, "message": error.message, "hint": error.hint}
        with self.tools.database.transaction() as session:
            if isinstance(error, TakenOverTooOften):
                run_state.keep_findings(session, run.id, run_state.GIVEN_UP, [_given_up(error)], self.tools.now())
            run_state.fail(session, run.id, run.token, failure, now=self.tools.now(), keep_staging=keep)

    def discard(self, restore: Restore) -> None:
        """Remove the staging, and open the destination again if publishing had closed it: it is as it was."""
        driver = self._driver(restore)
        if restore.generation is not None:
            driver.discard(self._staged(restore))
            with self.tools.database.transaction() as session:
                generations.mark_dropped(session, restore.generation)
        self._reopen(restore.id, restore.token)

    def _reopen(self, restore_id: str, token: int) -> None:
        """The destination's live data may be edited again, unless the run is published, or is another worker's, who may
        have closed and inspected it just now to publish."""
        with self.tools.database.transaction() as session:
            restore = restores.get(session, restore_id)
            live = apps.place(session, apps.get(session, restore.app_id))
        taken_over = restore.status.value in restores.OPEN and restore.token != token
        if restore.published_at is None and not taken_over:
            with suppress(ObjectNotFound):
                self._driver(restore).reopen(live)

    def _enter(self, restore_id: str, token: int, step: Step) -> Restore:
        with self.tools.database.transaction() as session:
            return run_state.enter(session, restore_id, token, step, self.tools.now())

    def _found(self, restore: Restore, token: int, found_by: str, findings: Sequence[Finding]) -> None:
        """Keep what was found; end the run if it blocks."""
        ordered = in_order(findings)
        with self.tools.database.transaction() as session:
            run_state.look(session, restore.id, token)
            run_state.keep_findings(session, restore.id, found_by, ordered, self.tools.now())
        if blocks(ordered):
            first = ordered[0]
            raise RunFailed(f"{first.code.value}: {first.message}", hint=first.hint)

    def _driver(self, restore: Restore) -> Driver:
        with self.tools.database.transaction() as session:
            return self.tools.drivers[apps.get(session, restore.app_id).driver]

    def _staged(self, restore: Restore) -> Place:
        with self.tools.database.transaction() as session:
            return generations.place(session, restore.generation or "")


def _plan_changed(new: list[str]) -> Finding:
    why = f" ({', '.join(new)} is new)" if new else ""
    return Finding(
        code=FindingCode.PLAN_CHANGED,
        severity=Severity.ERROR,
        subject="",
        message=f"What would be done is no longer what was confirmed{why}. Nothing was changed.",
        hint="Look at the plan again and confirm it: restorebot restore plan, then restorebot restore run.",
        examples=tuple(new),
    )


def _key_clash(clashes: Sequence[str]) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_KEY_CLASH,
        severity=Severity.ERROR,
        subject="",
        message="A key stands twice among the loaded records. Nothing was published.",
        hint="Restore again; if it fails again, check the backup: restorebot backup check --depth contents.",
        count=len(clashes),
        examples=tuple(clashes[:5]),
    )


def _given_up(error: TakenOverTooOften) -> Finding:
    return Finding(
        code=FindingCode.PART_GIVEN_UP,
        severity=Severity.ERROR,
        subject="",
        message=f"{error.message} Nothing was published.",
        hint=error.hint,
    )


def _data_appeared() -> Finding:
    return Finding(
        code=FindingCode.DESTINATION_HAS_DATA,
        severity=Severity.ERROR,
        subject="",
        message="Data appeared in the destination while the restore was loading. Nothing was published, and that data "
        "is as it was.",
        hint="Choose an empty app, or provision a new one: restorebot app provision.",
    )
