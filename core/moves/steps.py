"""The steps of a move. Each may be repeated: it looks whether its effect is there, and takes it as its own."""

from dataclasses import dataclass

from core.apps.driver import Place
from core.archive.layout import generation_pack_key
from core.catalog import apps, generations
from core.catalog.runs import Runs
from core.content.catalogue import RECORD_TYPES
from core.errors import RestorebotError, WrongState
from core.moves import moves
from core.moves.findings import key_clash
from core.moves.moves import RUNS, Move
from core.moves.parts import PartSteps
from core.moves.plan import MovePlan, make_plan
from core.moves.tables import Step
from core.moves.verify import make_report, verify
from core.restore.run_steps import RunSteps
from core.workflow.runs import RunRef, StepRunner


@dataclass(frozen=True, kw_only=True)
class MoveSteps(RunSteps[Move]):
    runs: Runs[Move] = RUNS

    def body(self, run: RunRef, runner: StepRunner) -> None:
        """The whole run. After publishing it can neither fail nor be cancelled."""
        if not runner.step("begin", self.begin, run.id):
            runner.step("close", self.close, run.id, run.token)
            parts = runner.step("plan", self.plan, run.id, run.token)
            runner.step("stage", self.stage, run.id, run.token)
            runner.parts("load", parts)
            runner.step("index", self.index, run.id, run.token)
            runner.step("begin_verify", self.begin_verify, run.id, run.token)
            runner.parts("compare", parts)
            runner.step("verify", self.verify, run.id, run.token)
            runner.step("publish", self.publish, run.id, run.token)
        runner.step("report", self.report, run.id, run.token)

    def part(self, run: RunRef, step: str, part: str) -> None:
        parts = PartSteps(tools=self.tools)
        (parts.load if step == "load" else parts.compare)(run, part)

    def close(self, move_id: str, token: int) -> None:
        """From now on nobody changes the app, until it is switched or the move is over without that."""
        move = self.enter(move_id, token, Step.CLOSE)
        self.driver(move).close(self.live(move))
        try:
            with self.tools.database.reading() as session:
                RUNS.look(session, move_id, token)
        except RestorebotError:  # the run was ended in between, and with it the app opened again
            self.reopen(move_id, token)
            raise

    def plan(self, move_id: str, token: int) -> list[str]:
        """Divide the app; returns the names of its parts. What was loaded before is kept, unless the app was changed
        while it was open in between."""
        move = self.enter(move_id, token, Step.PLAN)
        edits = self.driver(move).edits(self.live(move))
        plan = move.plan
        if plan is not None and plan.edits != edits:
            move, plan = self._begin_anew(move, token), None
        if plan is None:
            plan = self._divided(move, edits)
            with self.tools.database.transaction() as session:
                moves.set_plan(session, move_id, token, plan)
        return [part.name for part in plan.parts]

    def stage(self, move_id: str, token: int) -> None:
        move = self.enter(move_id, token, Step.STAGE)
        driver = self.driver(move)
        driver.stage(self.staged(move), provisioned=driver.provisioned(self.live(move)))
        self.enter(move_id, token, Step.LOAD)

    def index(self, move_id: str, token: int) -> None:
        move = self.enter(move_id, token, Step.INDEX)
        clashes = self.driver(move).index(self.staged(move))
        self.found(move, token, "index", [key_clash(clashes)] if clashes else [])

    def begin_verify(self, move_id: str, token: int) -> None:
        """Before parts are read back: without statistics that takes a seventh longer."""
        move = self.enter(move_id, token, Step.VERIFY)
        self.driver(move).analyze(self.staged(move))

    def verify(self, move_id: str, token: int) -> None:
        """After every part was compared: the findings of all parts, totals, references; then everything is synced."""
        move = self.enter(move_id, token, Step.VERIFY)
        driver, live, staged = self.driver(move), self.live(move), self.staged(move)
        report = make_report(driver.inspect(live), driver.inspect(staged))
        self.found(move, token, "verify", verify(self.tools, move, driver, live, staged, report))
        driver.seal(staged)
        with self.tools.database.transaction() as session:
            # now, since people change the app again once it is switched
            RUNS.write(session, move_id, token, report=report)

    def publish(self, move_id: str, token: int) -> None:
        """The switch. The app was closed all the time, which is asked once more."""
        with self.tools.database.reading() as session:
            move = RUNS.get(session, move_id)
            if move.published_at is not None:
                return
            RUNS.look(session, move_id, token)
        driver, live = self.driver(move), self.live(move)
        driver.close(live)
        try:
            _require_unchanged(move, driver.edits(live))
            with self.tools.database.transaction() as session:
                RUNS.publish(session, move_id, token, self.tools.now())
        except Exception:
            self.reopen(move_id, token)
            raise

    def report(self, move_id: str, token: int) -> None:
        with self.tools.database.transaction() as session:
            move = RUNS.after_publishing(session, move_id, token, Step.REPORT, self.tools.now())
            RUNS.complete(session, move_id, token, move.report or {}, self.tools.now())

    def live(self, move: Move) -> Place:
        with self.tools.database.reading() as session:
            return apps.place(session, apps.get(session, move.app_id))

    def _divided(self, move: Move, edits: int) -> MovePlan:
        driver, live, part_bytes = self.driver(move), self.live(move), self.tools.settings.part_bytes
        slices = (
            (one.name, each) for one in RECORD_TYPES[live.app_type] for each in driver.slices(live, one, part_bytes)
        )
        with driver.read_attachments(live) as reader:
            packs = {pack for batch in reader for pack in batch.column("pack").unique().to_pylist()}
        store = self.tools.open_store(live.shard.attachments_url)
        prefix = generation_pack_key(live.generation, "")
        sizes = {one.key.removeprefix(prefix): one.size for one in store.list(prefix)} if packs else {}
        # one that is missing is found, and named, where it is copied
        return make_plan(slices, {pack: sizes.get(pack, 0) for pack in packs}, edits=edits, part_bytes=part_bytes)

    def _begin_anew(self, move: Move, token: int) -> Move:
        """Another generation, since what was loaded into the one before is no longer what the app holds."""
        staged = self.staged(move)
        self.driver(move).discard(staged)
        with self.tools.database.transaction() as session:
            RUNS.look(session, move.id, token, lock=True)
            generations.mark_dropped(session, staged.generation)
            generation = generations.new(
                session, app_id=move.app_id, shard=move.to_shard, run_id=move.id, now=self.tools.now()
            )
            RUNS.write(session, move.id, token, generation=generation, plan=None)
            return RUNS.get(session, move.id)


def _require_unchanged(move: Move, edits: int) -> None:
    if move.plan is None or edits != move.plan.edits:
        raise WrongState(
            f"The app was changed while the move {move.id} was copying it, though it was closed. Nothing was switched: "
            "the app is as it was, with that change.",
            hint="Start the move again: restorebot app move.",
        )
