"""What a move would do, and what stands against it. Changes nothing."""

from core.catalog import apps, holds, shards
from core.errors import DiskFull
from core.moves import moves
from core.moves.moves import Outlook, require_another_shard
from core.restore.assess import Tools
from core.restore.estimate import estimated_minutes
from core.restore.wording import size


def assess(tools: Tools, app_id: str, shard: str) -> Outlook:
    """Raises NotFound, Held, ShardFull, DiskFull; WrongState for another region, and for the shard the app is on; and
    the driver's errors."""
    settings = tools.settings
    with tools.database.reading() as session:
        app = apps.get(session, app_id)
        require_another_shard(session, app, shard)
        for hold in holds.holds_on(session, holds.on_app(app_id)):
            raise holds.held_error(f"The app {app.name} ({app.id})", hold)
        apps.refuse_full(session, shard, settings.apps_per_shard, app_id=app_id, unchanged="Nothing was moved.")
        place, target = apps.place(session, app), shards.get(session, shard)
        past = moves.past(session)
    driver = tools.drivers[app.driver]
    needed, free = driver.inspect(place).size_bytes, driver.free_bytes(target)
    if free is not None and free < needed:
        raise DiskFull(
            f"The move needs about {size(needed)} on shard {shard}, and {size(free)} are free. Nothing was moved.",
            hint="Free space on that shard's disk, or choose another shard: `restorebot shard list`.",
        )
    minutes = estimated_minutes(past, needed, default=settings.shard_move_estimate_minutes)
    return Outlook(app=app, shard=shard, size_bytes=needed, minutes=minutes)
