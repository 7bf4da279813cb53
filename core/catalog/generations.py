"""Generations: every one has a row before its place exists, and keeps it after the place is gone.

staged → live → retired → dropped, or staged → dropped. Ids are never reused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core.apps.driver import Place
from core.catalog import apps, holds, shards
from core.catalog.tables import AppRow, GenerationRow, GenerationStatus, HoldRow, new_id
from core.content.record_type import AppType
from core.errors import NotFound, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind


@dataclass(frozen=True, kw_only=True)
class Generation:
    id: str
    app_id: str
    shard: str
    status: GenerationStatus
    run_id: str
    created_at: datetime
    retired_at: datetime | None


def new(session: Session, *, app_id: str, shard: str, run_id: str, now: datetime) -> str:
    """The id of a staged generation for this run to fill. A repeated step gets the one it made before.

    Raises NotFound for app or shard.
    """
    apps.lock(session, app_id)
    shards.get(session, shard)
    mine = session.scalar(
        select(GenerationRow.id).where(
            GenerationRow.app_id == app_id,
            GenerationRow.run_id == run_id,
            GenerationRow.shard == shard,
            GenerationRow.status == GenerationStatus.STAGED.value,
        )
    )
    if mine is not None:
        return mine
    row = GenerationRow(
        id=new_id("gen"),
        app_id=app_id,
        shard=shard,
        status=GenerationStatus.STAGED.value,
        run_id=run_id,
        created_at=now,
        retired_at=None,
    )
    session.add(row)
    session.flush()
    return row.id


def switch_live(session: Session, app_id: str, generation: str, now: datetime) -> None:
    """Make a staged generation the app's data, on the generation's shard, and retire the one before it. The caller has
    won the run's row in this transaction. One that is live already is a success.

    Raises NotFound; WrongState when it is not staged for this app.
    """
    app = apps.lock(session, app_id)
    if app.generation == generation and app.provisioned:
        return
    found = _row(session, generation)
    if found.app_id != app_id or found.status != GenerationStatus.STAGED.value:
        raise WrongState(
            f"The generation {generation} is {found.status} and of the app {found.app_id}; it cannot become the data of"
            f" {app.name} ({app_id}). Nothing was changed.",
            hint="Start the restore again; `restorebot restore list` shows what became of this one.",
        )
    session.execute(
        update(GenerationRow)
        .where(GenerationRow.id == app.generation, GenerationRow.id != generation)
        .values(status=GenerationStatus.RETIRED.value, retired_at=now)
    )
    session.execute(
        update(GenerationRow).where(GenerationRow.id == generation).values(status=GenerationStatus.LIVE.value)
    )
    session.execute(update(AppRow).where(AppRow.id == app_id).values(generation=generation, shard=found.shard))
    if found.shard != app.shard:
        log.append(
            session,
            stream=(StreamKind.APP, app_id),
            kind=EventKind.MOVED,
            now=now,
            key=f"moved:{generation}",
            data={"from": app.shard, "to": found.shard, "generation": generation},
        )


def moved_from(session: Session, app_id: str, generation: str) -> str | None:
    """The shard an app was on before this generation became its data on another one; None where it stayed."""
    told = log.read(session, stream=(StreamKind.APP, app_id))
    moved = (one for one in told if one.kind is EventKind.MOVED and one.data.get("generation") == generation)
    return next((one.data["from"] for one in moved), None)


def mark_dropped(session: Session, generation: str) -> None:
    """Its place is gone. A repetition changes nothing. Raises NotFound; WrongState for a live one."""
    found = _row(session, generation)
    if found.status == GenerationStatus.LIVE.value:
        raise WrongState(
            f"The generation {generation} is the live data of the app {found.app_id}. Its row was not changed.",
            hint="This is a defect of Restorebot: compare the shard with `restorebot app show` before anything else.",
        )
    session.execute(
        update(GenerationRow)
        .where(GenerationRow.id == generation, GenerationRow.status != GenerationStatus.LIVE.value)
        .values(status=GenerationStatus.DROPPED.value)
    )


def get(session: Session, generation: str) -> Generation:
    """Raises NotFound."""
    return _generation(_row(session, generation))


def place(session: Session, generation: str) -> Place:
    """Where it is or will be. Raises NotFound."""
    row = _row(session, generation)
    app = apps.get(session, row.app_id)
    return Place(shard=shards.get(session, row.shard), generation=row.id, app_type=AppType(app.type))


def list_of(session: Session, app_id: str) -> Sequence[Generation]:
    """All generations an app ever had, the oldest first."""
    return _list(session, GenerationRow.app_id == app_id)


def retired_before(session: Session, cutoff: datetime) -> Sequence[Generation]:
    """Retired and past their grace: their places may be dropped."""
    return _list(session, GenerationRow.status == GenerationStatus.RETIRED.value, GenerationRow.retired_at < cutoff)


def orphans(session: Session, cutoff: datetime) -> Sequence[Generation]:
    """Staged before `cutoff` by a run that holds the app no longer, so that nothing will ever fill or publish them.
    A new app that waits for its first place is none."""
    held = select(HoldRow.id).where(
        HoldRow.run_id == GenerationRow.run_id, HoldRow.subject == holds.on_app("") + GenerationRow.app_id
    )
    return _list(
        session,
        GenerationRow.status == GenerationStatus.STAGED.value,
        GenerationRow.created_at < cutoff,
        GenerationRow.run_id != GenerationRow.app_id,
        ~held.exists(),
    )


def _list(session: Session, *conditions: ColumnElement[bool]) -> Sequence[Generation]:
    query = select(GenerationRow).where(*conditions).order_by(GenerationRow.created_at, GenerationRow.id)
    return [_generation(row) for row in session.scalars(query)]


def _row(session: Session, generation: str) -> GenerationRow:
    row = session.get(GenerationRow, generation, populate_existing=True)
    if row is None:
        raise NotFound(
            f"There is no generation {generation}.", hint="`restorebot app show` names an app's generations."
        )
    return row


def _generation(row: GenerationRow) -> Generation:
    return Generation(
        id=row.id,
        app_id=row.app_id,
        shard=row.shard,
        status=GenerationStatus(row.status),
        run_id=row.run_id,
        created_at=row.created_at,
        retired_at=row.retired_at,
    )
