"""Make a new, empty app: its rows first, then its place, then it is shown."""

from collections.abc import Mapping
from datetime import datetime

from core.apps.driver import Driver
from core.catalog import apps
from core.catalog.apps import App
from core.content.record_type import AppType
from core.database import Database


def provision(
    database: Database,
    drivers: Mapping[str, Driver],
    *,
    organization_id: str,
    name: str,
    app_type: AppType,
    shard: str,
    apps_per_shard: int,
    person: str,
    now: datetime,
    with_default_personal_space: bool = False,
) -> App:
    """Repeatable: what was left halfway is taken up again. Raises as `apps.create` does, and the driver's errors."""
    with database.transaction() as session:
        created = apps.create(
            session,
            organization_id=organization_id,
            name=name,
            app_type=app_type,
            shard=shard,
            apps_per_shard=apps_per_shard,
            person=person,
            now=now,
        )
        place = apps.place(session, created)
    drivers[created.driver].provision(place, with_default_personal_space=with_default_personal_space)
    with database.transaction() as session:
        return apps.provisioned(session, created.id)
