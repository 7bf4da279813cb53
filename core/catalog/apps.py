"""Apps. To deactivate or activate one is in `core.retention.deactivation`, since its backups' dates change with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, func, select, update
from sqlalchemy.orm import Session

from core import audit
from core.apps.driver import Place
from core.catalog import organizations, shards
from core.catalog.tables import (
    AppRow,
    AppStatus,
    GenerationRow,
    GenerationStatus,
    ShardRow,
    new_id,
)
from core.content.record_type import AppType
from core.database.locks import LOCKED
from core.database.pages import Page, contains, page_of
from core.errors import NotFound, ShardFull, UsageError, WrongState


@dataclass(frozen=True, kw_only=True)
class App:
    id: str
    organization_id: str
    name: str
    type: AppType
    driver: str
    status: AppStatus
    shard: str
    region: str
    generation: str
    #: its first generation stands on the shard; before that it is in no list
    provisioned: bool
    created_at: datetime
    deactivated_at: datetime | None


def create(
    session: Session,
    *,
    organization_id: str,
    name: str,
    app_type: AppType,
    shard: str,
    apps_per_shard: int,
    person: str,
    now: datetime,
    driver: str = "embedded",
) -> App:
    """The rows of a new app and its first generation, which is staged until the driver has made its place and
    `provisioned` is called. One that was left before that is taken up again by the same name, type and shard.

    Raises NotFound for organization or shard; WrongState when the name is taken; ShardFull.
    """
    name = name.strip()
    if not name:
        raise UsageError("An app needs a name. Nothing was created.", hint="Give one that is not empty.")
    organizations.lock(session, organization_id)  # two creations of one name wait for each other here
    for other in session.execute(_apps().where(AppRow.organization_id == organization_id)):
        found = _app(other)
        if found.name.casefold() != name.casefold():
            continue
        if not found.provisioned and (found.type, found.shard, found.driver) == (app_type, shard, driver):
            return found
        raise WrongState(
            f"The organization has an app named {found.name} already ({found.id}). Nothing was created.",
            hint="Choose another name; `restorebot app list` shows those that are taken.",
        )
    require_room(session, shard, apps_per_shard, unchanged="Nothing was created.")
    row = AppRow(
        id=new_id("app"),
        organization_id=organization_id,
        name=name,
        folded_name=name.casefold(),
        type=app_type.value,
        driver=driver,
        status=AppStatus.ACTIVE.value,
        shard=shard,
        generation=new_id("gen"),
        created_at=now,
        deactivated_at=None,
    )
    session.add(row)
    session.flush()
    session.add(
        GenerationRow(
            id=row.generation,
            app_id=row.id,
            shard=shard,
            status=GenerationStatus.STAGED.value,
            run_id=row.id,
            created_at=now,
            retired_at=None,
        )
    )
    session.flush()
    audit.record(session, person=person, action="app.created", subject=row.id, now=now, name=name, shard=shard)
    return get(session, row.id)


def require_room(session: Session, shard: str, apps_per_shard: int, *, app_id: str = "", unchanged: str) -> None:
    """Locks the shard, so that there is room until this transaction ends. Raises as `refuse_full` does."""
    shards.lock(session, shard)
    refuse_full(session, shard, apps_per_shard, app_id=app_id, unchanged=unchanged)


def refuse_full(session: Session, shard: str, apps_per_shard: int, *, app_id: str = "", unchanged: str) -> None:
    """Raises ShardFull, ending with `unchanged`, when the shard has no room for one more app, or for `app_id`."""
    count = count_on(session, shard, but=app_id)
    if count >= apps_per_shard:
        raise ShardFull(
            f"The shard {shard} has {count} apps, and at most {apps_per_shard} are allowed. {unchanged}",
            hint="Choose another shard (`restorebot shard list`), or raise RESTOREBOT_APPS_PER_SHARD.",
        )


def count_on(session: Session, shard: str, *, but: str = "") -> int:
    """How many apps are on a shard or on their way to it, which is where a generation is staged for them."""
    staged = (GenerationRow.shard == shard) & (GenerationRow.status == GenerationStatus.STAGED.value)
    coming = select(GenerationRow.app_id).where(staged)
    there = (AppRow.shard == shard) | AppRow.id.in_(coming)
    return session.scalar(select(func.count()).select_from(AppRow).where(there, AppRow.id != but)) or 0


def provisioned(session: Session, app_id: str) -> App:
    """The first generation's place stands: from now on the app is in lists. A repetition changes nothing."""
    app = get(session, app_id)
    session.execute(
        update(GenerationRow)
        .where(
            GenerationRow.id == app.generation,
            GenerationRow.run_id == app_id,
            GenerationRow.status == GenerationStatus.STAGED.value,
        )
        .values(status=GenerationStatus.LIVE.value)
    )
    return get(session, app_id)


def get(session: Session, app_id: str) -> App:
    """Raises NotFound."""
    found = session.execute(_apps().where(AppRow.id == app_id)).one_or_none()
    if found is None:
        raise NotFound(f"There is no app {app_id}.", hint="`restorebot app list` shows all of them.")
    return _app(found)


def lock(session: Session, app_id: str) -> App:
    """The app as it is now, which nobody else changes until this transaction ends. Raises NotFound."""
    session.execute(select(AppRow.id).where(AppRow.id == app_id).with_for_update(**LOCKED))
    return get(session, app_id)


def list_all(
    session: Session,
    *,
    organization_id: str | None = None,
    app_type: AppType | None = None,
    status: AppStatus | None = None,
) -> Sequence[App]:
    """Provisioned apps by name, all or only those of an organization, a type, a status."""
    query = _apps().where(_shown()).order_by(AppRow.name, AppRow.id)
    if organization_id is not None:
        query = query.where(AppRow.organization_id == organization_id)
    if app_type is not None:
        query = query.where(AppRow.type == app_type.value)
    if status is not None:
        query = query.where(AppRow.status == status.value)
    return [_app(row) for row in session.execute(query)]


def search_apps(
    session: Session,
    *,
    organization_id: str,
    text: str = "",
    app_type: AppType | None = None,
    status: AppStatus | None = None,
    shard: str | None = None,
    region: str | None = None,
    newest_first: bool = False,
    limit: int,
    offset: int = 0,
) -> Page[App]:
    """Provisioned apps by name (or those made last first) that have `text` in their name, in any case of letters, or in
    their id."""
    query = _apps().where(AppRow.organization_id == organization_id, _shown())
    if word := text.strip().casefold():
        found = contains(word)
        query = query.where(AppRow.folded_name.like(found, escape="/") | AppRow.id.like(found, escape="/"))
    wanted = ((AppRow.type, app_type), (AppRow.status, status), (AppRow.shard, shard), (ShardRow.region, region))
    query = query.where(*(column == value for column, value in wanted if value is not None))
    by_name = (AppRow.folded_name, AppRow.id)
    query = query.order_by(*((AppRow.created_at.desc(), *by_name) if newest_first else by_name))
    return page_of(session, query, _app, limit=limit, offset=offset)


def place(session: Session, app: App) -> Place:
    """Where the app's live data is."""
    return Place(shard=shards.get(session, app.shard), generation=app.generation, app_type=app.type)


def _shown() -> ColumnElement[bool]:
    return GenerationRow.status != GenerationStatus.STAGED.value


def _apps() -> Select[AppRow, str, str]:
    return (
        select(AppRow, ShardRow.region, GenerationRow.status)
        .join(ShardRow, ShardRow.name == AppRow.shard)
        .join(GenerationRow, GenerationRow.id == AppRow.generation)
        .execution_options(populate_existing=True)
    )


def _app(found: Row[AppRow, str, str]) -> App:
    row, region, generation_status = found
    return App(
        id=row.id,
        organization_id=row.organization_id,
        name=row.name,
        type=AppType(row.type),
        driver=row.driver,
        status=AppStatus(row.status),
        shard=row.shard,
        region=region,
        generation=row.generation,
        provisioned=generation_status != GenerationStatus.STAGED.value,
        created_at=row.created_at,
        deactivated_at=row.deactivated_at,
    )
