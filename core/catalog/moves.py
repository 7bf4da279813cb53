"""An empty app goes to another shard of its region: the switch of a restore, with nothing to load.

The app is held from before its new place is made until it is switched, in the same transaction. A move that was broken
off keeps its hold; started again, it goes on, and started to the shard the app is on, it is taken back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core import audit
from core.apps.driver import Driver, Inspection, Place
from core.catalog import apps, generations, holds, shards
from core.catalog.apps import App
from core.catalog.tables import HoldReason
from core.database import Database
from core.errors import RestorebotError, WrongState


@dataclass(frozen=True, kw_only=True)
class _Move:
    id: str
    app: App  # as it was before
    old: Place
    new: Place


def move_empty(
    database: Database,
    driver: Driver,
    *,
    app_id: str,
    shard: str,
    apps_per_shard: int,
    person: str,
    now: Callable[[], datetime],
) -> App:
    """The app as it is on `shard`. Its old place is retired and goes after the usual grace; one that is on that shard
    stays as it is.

    Raises NotFound; WrongState for an app with data, another region or a full shard; Held; and the driver's errors.
    Then the app is as it was.
    """
    with database.reading() as session:
        app = apps.get(session, app_id)
        old = apps.place(session, app)
        _require_region(session, app, shard)
    if app.shard == shard:
        _take_back(database, driver, app, old)
        return app
    _require_empty(app, driver.inspect(old))
    with database.transaction() as session:
        move = _begin(session, app_id, shard, apps_per_shard, now())
    try:
        driver.provision(move.new, with_default_personal_space=False)
        driver.close(move.old)
        _require_empty(app, driver.inspect(move.old))
        with database.transaction() as session:
            return _switch(session, move, person, now())
    except RestorebotError:
        _give_up(database, driver, move)
        raise


def _begin(session: Session, app_id: str, shard: str, apps_per_shard: int, now: datetime) -> _Move:
    """The hold and the row of the new generation, before its place exists."""
    app = apps.lock(session, app_id)
    apps.require_room(session, shard, apps_per_shard, unchanged="Nothing was moved.")
    run_id = holds.take_up(session, app_id, HoldReason.MOVE, now, prefix="mov")
    staged = generations.new(session, app_id=app_id, shard=shard, run_id=run_id, now=now)
    return _Move(id=run_id, app=app, old=apps.place(session, app), new=generations.place(session, staged))


def _switch(session: Session, move: _Move, person: str, now: datetime) -> App:
    """Make the new place the app's, and free it. One that another process has switched already is a success."""
    app = apps.lock(session, move.app.id)
    if app.generation == move.new.generation:
        return app
    if not _is_held(session, move):
        raise WrongState(
            f"The move of {app.name} ({app.id}) was given up by another process. The app is as it was.",
            hint="See where it is (`restorebot app show`), and start the move again if it is still wanted.",
        )
    generations.switch_live(session, app.id, move.new.generation, now)
    holds.release(session, move.id)
    audit.record(
        session,
        person=person,
        action="app.moved",
        subject=app.id,
        now=now,
        name=app.name,
        **{"from": move.app.shard, "to": move.new.shard.name},
    )
    return apps.get(session, app.id)


def _give_up(database: Database, driver: Driver, move: _Move) -> None:
    """The app as it was: open, free, and without the new place. Whoever switches after this is refused by the missing
    hold; where another process has switched before, nothing is taken away."""
    driver.reopen(move.old)
    with database.transaction() as session:
        if apps.lock(session, move.app.id).generation == move.new.generation:
            return
        holds.release(session, move.id)
    driver.discard(move.new)
    with database.transaction() as session:
        generations.mark_dropped(session, move.new.generation)


def _take_back(database: Database, driver: Driver, app: App, place: Place) -> None:
    """End a move away from here that was broken off. What it had staged goes with the sweep of orphans."""
    with database.reading() as session:
        left = [one for one in holds.holds_on(session, holds.on_app(app.id)) if one.reason is HoldReason.MOVE]
    for hold in left:
        driver.reopen(place)
        with database.transaction() as session:
            apps.lock(session, app.id)
            holds.release(session, hold.run_id)


def _is_held(session: Session, move: _Move) -> bool:
    return any(hold.run_id == move.id for hold in holds.holds_on(session, holds.on_app(move.app.id)))


def _require_region(session: Session, app: App, shard: str) -> None:
    target = shards.get(session, shard)
    if target.region != app.region:
        raise WrongState(
            f"The shard {shard} is in region {target.region}, and {app.name} ({app.id}) is in {app.region}: "
            "an app does not leave its region. Nothing was moved.",
            hint=f"Choose a shard of region {app.region}: `restorebot shard list`.",
        )


def _require_empty(app: App, found: Inspection) -> None:
    if not found.contains_data:
        return
    if found.only_default_personal_space:
        what, hint = "has its default personal space", "Delete that first: `restorebot app clear-default-space`."
    else:
        what, hint = "has data", "Only an app without data can be moved; moving one with its data comes later."
    raise WrongState(f"{app.name} ({app.id}) {what}, so it was not moved. Nothing was changed.", hint=hint)
