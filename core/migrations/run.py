"""Alembic, run in one transaction on a connection of our own."""

import sys
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event, text

from core.database import Database

#: Any number: it names this lock among the advisory locks of a PostgreSQL database.
_LOCK = 7_261_118


def run(database: Database) -> None:
    """Every revision the catalog lacks, or none. Waits for another process that does the same."""
    own = Database(database.url, name=database.name)
    if own.is_sqlite:
        # SQLite changes a table by making it anew and dropping the old one, which references to it would forbid; the
        # pragma has no effect within a transaction
        event.listen(own.engine, "connect", _without_foreign_keys)
    try:
        with own.transaction() as session:
            if not own.is_sqlite:
                session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            command.upgrade(config(connection=session.connection()), "head")
            if own.is_sqlite and (broken := session.execute(text("PRAGMA foreign_key_check")).all()):
                raise RuntimeError(f"a revision broke references of the catalog; it was rolled back: {broken[:5]}")
    finally:
        own.dispose()


def config(**attributes: Any) -> Config:
    """Alembic's configuration without a file. `connection` is what env.py works on."""
    found = Config(stdout=sys.stderr)
    found.set_main_option("script_location", "core:migrations")
    found.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    found.attributes.update(attributes)
    return found


def _without_foreign_keys(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
