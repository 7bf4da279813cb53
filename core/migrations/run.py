"""Alembic, run in one transaction on a connection of our own."""

import sys
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from core.database import Database
from core.database.locks import alone
from core.database.postgres import JOURNAL_SCHEMA
from core.errors import CatalogNotAllowed


def run(database: Database) -> None:
    """Every revision the catalog lacks, or none. Waits for another process that does the same."""
    own = Database(database.url, name=database.name)
    if own.is_sqlite:
        # SQLite changes a table by making it anew and dropping the old one, which references to it would forbid; the
        # pragma has no effect within a transaction
        event.listen(own.engine, "connect", _without_foreign_keys)
    try:
        with own.transaction() as session:
            alone(session, "migrations")
            if not own.is_sqlite:
                _require_journal(session)
            command.upgrade(config(connection=session.connection()), "head")
            if own.is_sqlite and (broken := session.execute(text("PRAGMA foreign_key_check")).all()):
                raise RuntimeError(f"a revision broke references of the catalog; it was rolled back: {broken[:5]}")
    finally:
        own.dispose()


def _require_journal(session: Session) -> None:
    """The first worker makes the journal's schema. That it may not is better told now."""
    possible = text(
        "SELECT has_database_privilege(current_database(), 'CREATE')"
        " OR EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema AND has_schema_privilege(nspname, 'CREATE'))"
    )
    if session.scalar(possible, {"schema": JOURNAL_SCHEMA}):
        return
    database, account = session.execute(text("SELECT current_database(), current_user")).one()
    raise CatalogNotAllowed(
        f"The account {account} may not make a schema in the database {database}, and the journal needs one of its own."
        " Nothing was changed.",
        hint=f'As an administrator: GRANT CREATE ON DATABASE "{database}" TO "{account}"; or make it the owner.',
    )


def config(**attributes: Any) -> Config:
    """Alembic's configuration without a file. `connection` is what env.py works on."""
    found = Config(stdout=sys.stderr)
    found.set_main_option("script_location", "core:migrations")
    found.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
    found.attributes.update(attributes)
    return found


def _without_foreign_keys(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA foreign_keys = OFF")
