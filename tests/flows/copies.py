"""Copies of an installation that took long to make: its folder, with the URLs in its catalog those of the copy."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, text, update

from core.catalog.tables import ShardRow, StorageRow
from core.database import Database
from core.engine import build_engine
from core.settings import Settings, load_settings
from tests.flows.world import World


def settle(world: World) -> None:
    """Nothing has the catalog open and nothing is in its write-ahead log: its folder can be copied."""
    world.engine.close()
    if not world.engine.database.is_sqlite:
        return
    with closing(sqlite3.connect(world.data_dir / "catalog.sqlite")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def copy_of(world: World, folder: Path, **settings: Any) -> World:
    """The same installation, which is settled, in another folder."""
    shutil.copytree(world.data_dir, folder)
    own = load_settings(data_dir=folder, part_bytes=world.engine.settings.part_bytes, **settings)
    _move_urls(own, world.data_dir, folder)
    return replace(world, engine=build_engine(own))


def _move_urls(settings: Settings, old: Path, new: Path) -> None:
    database = Database(settings.catalog_url)
    with database.transaction() as session:
        for row, columns in ((ShardRow, ("url", "attachments_url")), (StorageRow, ("url",))):
            values = {name: func.replace(getattr(row, name), str(old), str(new)) for name in columns}
            session.execute(update(row).values(**values).execution_options(synchronize_session=False))
        session.execute(text("DELETE FROM worker"))
    database.dispose()
