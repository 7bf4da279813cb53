"""Restores: submitted here, and written from then on by `RUNS`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import audit
from core.catalog import apps, holds
from core.catalog.run_tables import Run, RunStatus, run_fields
from core.catalog.runs import Runs
from core.catalog.tables import AppStatus, BackupRow, HoldReason, new_id
from core.database.pages import Page, page_of
from core.errors import WrongState
from core.events.kinds import EventKind, StreamKind
from core.restore.estimate import LEARNS_FROM, PastRun, past_runs
from core.restore.plan import RestorePlan
from core.restore.request import RestoreRequest
from core.restore.tables import FindingRow, PartRow, RestoreRow, Step


@dataclass(frozen=True, kw_only=True)
class Restore(Run):
    step: Step
    organization_id: str
    backup_id: str
    request: RestoreRequest
    plan: RestorePlan
    digest: str
    shown: tuple[str, ...]


def restore_of(row: RestoreRow) -> Restore:
    fields: Mapping[str, Any] = {
        **run_fields(row),
        "step": Step(row.step),
        "request": RestoreRequest.from_json(row.request),
        "plan": RestorePlan.from_json(row.plan),
        "shown": tuple(row.shown),
    }
    return Restore(organization_id=row.organization_id, backup_id=row.backup_id, digest=row.digest, **fields)


RUNS: Final = Runs(
    word="restore",
    published="is published",
    again="restorebot restore run",
    stream=StreamKind.RESTORE,
    row=RestoreRow,
    finding_row=FindingRow,
    part_row=PartRow,
    value=restore_of,
    storage=select(BackupRow.storage_id).where(BackupRow.id == RestoreRow.backup_id).scalar_subquery(),
)
get, list_all, findings_of, open_runs = RUNS.get, RUNS.list_all, RUNS.findings_of, RUNS.open_runs
want_cancel, resume = RUNS.want_cancel, RUNS.resume


def submit(
    session: Session,
    *,
    organization_id: str,
    request: RestoreRequest,
    plan: RestorePlan,
    shown: Sequence[str],
    now: datetime,
    move_minutes: int | None = None,
    asked_in: str = "",
) -> Restore:
    """The row, its holds and its event, in the caller's one transaction. Raises Held, BackupMarked, and WrongState
    where the app is not active.

    `shown` are the codes of the warnings the person saw with the plan's digest; `move_minutes` is what was told of how
    long a restore across shards takes; `asked_in` is where the person asked, such as `slack:T…/C…`: it is told there.
    """
    restore_id = new_id("rst")
    destination = apps.lock(session, request.destination_id)
    if destination.status is not AppStatus.ACTIVE:  # since it was checked
        raise WrongState(
            f"{destination.name} ({destination.id}) is {destination.status.value}. Nothing was started.",
            hint="Activate it (`restorebot app activate`), or choose another app.",
        )
    holds.take_exclusive(session, holds.on_app(request.destination_id), restore_id, HoldReason.RESTORE, now)
    holds.take_shared(session, holds.on_backup(request.backup_id), restore_id, HoldReason.RESTORE, now)
    session.add(
        RestoreRow(
            id=restore_id,
            organization_id=organization_id,
            backup_id=request.backup_id,
            app_id=request.destination_id,
            requested_by=request.requester,
            request=request.to_json(),
            plan=plan.to_json(),
            digest=plan.digest,
            shown=sorted(set(shown)),
            status=RunStatus.QUEUED.value,
            step=Step.PREFLIGHT.value,
            progress_total=plan.work_bytes,
            created_at=now,
        )
    )
    session.flush()
    moving = {"moves_to": plan.target_shard, "about_minutes": move_minutes} if plan.moves else {}
    told = {"digest": plan.digest, "person": request.requester, "asked_in": asked_in, **moving}
    RUNS.tell(session, restore_id, EventKind.SUBMITTED, now, "submitted", told)
    audit.record(
        session,
        person=request.requester,
        action="restore.submitted",
        subject=restore_id,
        now=now,
        backup=request.backup_id,
        destination=request.destination_id,
        digest=plan.digest,
        warnings=sorted(set(shown)),
    )
    return get(session, restore_id)


def recent(
    session: Session,
    *,
    organization_id: str,
    status: RunStatus | None = None,
    app_id: str | None = None,
    limit: int,
    offset: int = 0,
) -> Page[Restore]:
    """An organization's restores, the newest first; `app_id` finds those into it and those from its backups."""
    query = select(RestoreRow).where(RestoreRow.organization_id == organization_id)
    if status is not None:
        query = query.where(RestoreRow.status == status.value)
    if app_id is not None:
        of_app = select(BackupRow.id).where(BackupRow.app_id == app_id)
        query = query.where((RestoreRow.app_id == app_id) | RestoreRow.backup_id.in_(of_app))
    query = query.order_by(RestoreRow.created_at.desc(), RestoreRow.id)
    return page_of(session, query, lambda found: restore_of(found[0]), limit=limit, offset=offset)


def open_streams(session: Session) -> list[str]:
    """Event streams of the restores that are queued or run, the oldest first: what is told of them grows old by
    itself."""
    return [f"{StreamKind.RESTORE.value}:{one.id}" for one in RUNS.to_drive(session)]


def past_moves(session: Session) -> Sequence[PastRun]:
    """What the last restores across shards took from their start to their switch; only such as went through at once."""
    query = select(RestoreRow.progress_total, RestoreRow.started_at, RestoreRow.published_at).where(
        RestoreRow.plan["moves"].as_boolean(), *RUNS.went_through()
    )
    rows = session.execute(query.order_by(RestoreRow.published_at.desc()).limit(LEARNS_FROM))
    return past_runs((total // 2, started, published) for total, started, published in rows)


def last_completed(session: Session, backup_id: str) -> datetime | None:
    """When this backup was restored last."""
    return session.scalar(
        select(func.max(RestoreRow.finished_at)).where(
            RestoreRow.backup_id == backup_id, RestoreRow.status == RunStatus.COMPLETED.value
        )
    )
