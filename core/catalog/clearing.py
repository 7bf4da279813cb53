"""The default personal space of a newly provisioned Confluence goes, so that it can be a destination."""

from collections.abc import Callable
from datetime import datetime

from core import audit
from core.apps.driver import Driver, Edit, EditKind
from core.catalog import apps, holds
from core.catalog.apps import App
from core.catalog.tables import HoldReason
from core.content.record_type import AppType
from core.database import Database
from core.errors import RestorebotError, WrongState


def clear_default_space(
    database: Database, driver: Driver, *, app_id: str, person: str, now: Callable[[], datetime]
) -> App:
    """One that is gone already stays gone; one that was broken off is finished.

    Raises NotFound; Held; WrongState for a Jira, and where somebody's own records lie in the space. Then nothing was
    deleted.
    """
    with database.transaction() as session:
        app = apps.lock(session, app_id)
        if app.type is not AppType.CONFLUENCE:
            raise WrongState(
                f"{app.name} ({app.id}) is a Jira app and has no personal spaces. Nothing was deleted.",
                hint="Only a Confluence app is made with a default personal space.",
            )
        run_id = holds.take_up(session, app_id, HoldReason.CLEAR, now(), prefix="clr")
        place = apps.place(session, app)
    try:
        driver.edit(place, Edit(kind=EditKind.DELETE_DEFAULT_PERSONAL_SPACE))
    except RestorebotError:
        with database.transaction() as session:
            holds.release(session, run_id)
        raise
    with database.transaction() as session:
        holds.release(session, run_id)
        audit.record(session, person=person, action="app.default-space-cleared", subject=app_id, now=now())
    return app
