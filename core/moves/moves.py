"""Moves: submitted here, and written from then on by `RUNS`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.catalog import apps, generations, holds, shards
from core.catalog.apps import App
from core.catalog.run_tables import Run, RunStatus, run_fields
from core.catalog.runs import Runs
from core.catalog.tables import HoldReason, new_id
from core.errors import WrongState
from core.events.kinds import EventKind, StreamKind
from core.moves.plan import MovePlan
from core.moves.tables import FindingRow, MoveRow, PartRow, Step
from core.restore.estimate import LEARNS_FROM, PastRun, past_runs


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """A move that could be submitted."""

    app: App
    shard: str
    size_bytes: int
    minutes: int  # about


@dataclass(frozen=True, kw_only=True)
class Move(Run):
    step: Step
    from_shard: str
    to_shard: str
    size_bytes: int
    plan: MovePlan | None


def move_of(row: MoveRow) -> Move:
    plan = None if row.plan is None else MovePlan.from_json(row.plan)
    fields: Mapping[str, Any] = {**run_fields(row), "step": Step(row.step), "plan": plan}
    return Move(from_shard=row.from_shard, to_shard=row.to_shard, size_bytes=row.size_bytes, **fields)


RUNS: Final = Runs(
    word="move",
    published="has brought the app to its new shard",
    again="restorebot app move",
    stream=StreamKind.MOVE,
    row=MoveRow,
    finding_row=FindingRow,
    part_row=PartRow,
    value=move_of,
)


def submit(session: Session, outlook: Outlook, *, apps_per_shard: int, person: str, now: datetime) -> Move:
    """The row, its hold, its staged generation and its event, in the caller's one transaction. One to the same shard
    that is not over is returned instead.

    Raises NotFound, Held, ShardFull; WrongState for another region, and for the shard the app is on.
    """
    app_id, shard = outlook.app.id, outlook.shard
    app = apps.lock(session, app_id)
    under_way = open_move(session, app_id, shard)
    if under_way is not None:
        return under_way
    require_another_shard(session, app, shard)
    move_id = new_id("mov")
    holds.take_exclusive(session, holds.on_app(app_id), move_id, HoldReason.MOVE, now)
    apps.require_room(session, shard, apps_per_shard, app_id=app_id, unchanged="Nothing was moved.")
    generation = generations.new(session, app_id=app_id, shard=shard, run_id=move_id, now=now)
    session.add(
        MoveRow(
            id=move_id,
            app_id=app_id,
            requested_by=person,
            from_shard=app.shard,
            to_shard=shard,
            size_bytes=outlook.size_bytes,
            status=RunStatus.QUEUED.value,
            step=Step.CLOSE.value,
            generation=generation,
            created_at=now,
        )
    )
    session.flush()
    ways = {"app": app_id, "from": app.shard, "to": shard}
    data = {**ways, "about_minutes": outlook.minutes}
    RUNS.tell(session, move_id, EventKind.SUBMITTED, now, "submitted", data)
    audit.record(session, person=person, action="move.submitted", subject=move_id, now=now, **ways)
    return RUNS.get(session, move_id)


def open_move(session: Session, app_id: str, shard: str) -> Move | None:
    """The move of this app to that shard that is not over."""
    return next((one for one in RUNS.open_runs(session) if (one.app_id, one.to_shard) == (app_id, shard)), None)


def require_another_shard(session: Session, app: App, shard: str) -> None:
    """Raises NotFound; WrongState unless it is another one of the app's region."""
    target = shards.get(session, shard)
    if target.region != app.region:
        raise WrongState(
            f"The shard {shard} is in region {target.region}, and {app.name} ({app.id}) is in {app.region}: "
            "an app does not leave its region. Nothing was moved.",
            hint=f"Choose a shard of region {app.region}: `restorebot shard list`.",
        )
    if app.shard == shard:
        raise WrongState(
            f"{app.name} ({app.id}) is on {shard} already. Nothing was moved.",
            hint="Choose another shard: `restorebot shard list`.",
        )


def set_plan(session: Session, move_id: str, token: int, plan: MovePlan) -> None:
    """Raises Cancelled, and Fenced."""
    RUNS.write(session, move_id, token, plan=plan.to_json(), progress_done=0, progress_total=plan.work_bytes)


def past(session: Session) -> Sequence[PastRun]:
    """What the last ones took from their start to their switch; only such as went through at once."""
    query = select(MoveRow.size_bytes, MoveRow.started_at, MoveRow.published_at).where(*RUNS.went_through())
    rows = session.execute(query.order_by(MoveRow.published_at.desc()).limit(LEARNS_FROM))
    return past_runs((size, started, published) for size, started, published in rows)
