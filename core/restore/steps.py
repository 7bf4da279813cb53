"""The steps of a restore. Each may be repeated: it looks whether its effect is there, and takes it as its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.access.proposals import propose
from core.archive.check import Depth, check
from core.catalog import apps, backups, generations
from core.catalog.runs import Runs
from core.errors import RestorebotError
from core.findings import Finding, FindingCode, Severity, blocks
from core.restore.assess import assess, open_backup, unreadable
from core.restore.parts import PartSteps
from core.restore.people import backup_directory
from core.restore.report import make_report
from core.restore.request import Part
from core.restore.restores import RUNS, Restore
from core.restore.run_steps import RunSteps
from core.restore.tables import Step
from core.restore.verify import verify
from core.workflow.runs import RunRef, StepRunner


@dataclass(frozen=True, kw_only=True)
class RestoreSteps(RunSteps[Restore]):
    runs: Runs[Restore] = RUNS

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

    def preflight(self, restore_id: str, token: int) -> None:
        """Plan and check again: what was true when the person confirmed may not be any more."""
        restore = self.enter(restore_id, token, Step.PREFLIGHT)
        assessment = assess(self.tools, restore.request, run_id=restore.id)
        findings = list(assessment.findings)
        new = {one.code.value for one in findings if one.severity is Severity.WARNING} - set(restore.shown)
        if not blocks(findings) and (assessment.plan is None or assessment.plan.digest != restore.digest or new):
            findings.append(_plan_changed(sorted(new)))
        self.found(restore, token, "preflight", findings)

    def check_backup(self, restore_id: str, token: int) -> None:
        """Signature, presence and size of every object; each hash is checked as the object is read."""
        restore = self.enter(restore_id, token, Step.CHECK_BACKUP)
        with self.tools.database.reading() as session:
            backup = backups.get(session, restore.backup_id)
        try:
            findings = list(check(open_backup(self.tools, backup), Depth.STRUCTURE))
        except RestorebotError as error:
            if error.transient:
                raise
            findings = [unreadable(backup.id, error)]
        self.found(restore, token, "check_backup", findings)

    def stage(self, restore_id: str, token: int) -> list[str]:
        """A row for the new generation first, then its place. Returns the names of the parts to load."""
        restore = self.enter(restore_id, token, Step.STAGE)
        shard, now = restore.plan.target_shard, self.tools.now()
        with self.tools.database.transaction() as session:
            RUNS.look(session, restore.id, token, lock=True)
            if restore.plan.moves:
                apps.lock(session, restore.app_id)
                limit = self.tools.settings.apps_per_shard
                apps.require_room(session, shard, limit, app_id=restore.app_id, unchanged="Nothing was restored.")
            generation = generations.new(session, app_id=restore.app_id, shard=shard, run_id=restore.id, now=now)
            RUNS.set_generation(session, restore.id, token, generation)
            place = generations.place(session, generation)
        self.driver(restore).stage(place)
        self.enter(restore_id, token, Step.LOAD)
        return [part.name for part in restore.plan.parts]

    def index(self, restore_id: str, token: int) -> None:
        restore = self.enter(restore_id, token, Step.INDEX)
        clashes = self.driver(restore).index(self.staged(restore))
        self.found(restore, token, "index", [_key_clash(clashes)] if clashes else [])

    def begin_verify(self, restore_id: str, token: int) -> None:
        """Before parts are read back: without statistics that takes a seventh longer."""
        restore = self.enter(restore_id, token, Step.VERIFY)
        self.driver(restore).analyze(self.staged(restore))

    def verify(self, restore_id: str, token: int) -> None:
        """After every part was compared: the findings of all parts, totals, references; then everything is synced."""
        restore = self.enter(restore_id, token, Step.VERIFY)
        self.found(restore, token, "verify", verify(self.tools, restore))
        self.driver(restore).seal(self.staged(restore))

    def publish(self, restore_id: str, token: int) -> None:
        """Close the old generation, look at it once more, and switch. Losing to a cancel, and data that has appeared,
        leave it open and as it was."""
        with self.tools.database.reading() as session:
            restore = RUNS.get(session, restore_id)
            if restore.published_at is not None:
                return
            RUNS.look(session, restore_id, token)
            old = apps.place(session, apps.get(session, restore.app_id))
        driver = self.driver(restore)
        driver.close(old)
        try:
            if driver.inspect(old).contains_data:
                self.found(restore, token, "publish", [_data_appeared()])
            with self.tools.database.transaction() as session:
                RUNS.publish(session, restore_id, token, self.tools.now())
        except Exception:
            self.reopen(restore_id, token)
            raise

    def propose_access(self, restore_id: str, token: int) -> None:
        """Bring the backup's people into the directory, without access; what would add a seat waits for a decision."""
        with self.tools.database.transaction() as session:
            restore = RUNS.after_publishing(session, restore_id, token, Step.PROPOSE_ACCESS, self.tools.now())
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
            restore = RUNS.after_publishing(session, restore_id, token, Step.REPORT, self.tools.now())
            backup = backups.get(session, restore.backup_id)
        manifest = open_backup(self.tools, backup).manifest
        with self.tools.database.transaction() as session:
            report = make_report(session, restore, manifest)
            RUNS.complete(session, restore_id, token, report, self.tools.now())


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


def _data_appeared() -> Finding:
    return Finding(
        code=FindingCode.DESTINATION_HAS_DATA,
        severity=Severity.ERROR,
        subject="",
        message="Data appeared in the destination while the restore was loading. Nothing was published, and that data "
        "is as it was.",
        hint="Choose an empty app, or provision a new one: restorebot app provision.",
    )
