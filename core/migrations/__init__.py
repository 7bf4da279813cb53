"""The catalog's schema, from revision to revision.

Every command calls `upgrade` at its start; it costs one query when the catalog is up to date, and loads Alembic only
when it is not. Revisions go forward only and stand in one line: `versions/r0001_….py`, `r0002_….py` …

A new one, from what the tables in code and the revisions so far differ in:

    .venv/bin/python -m core.migrations "what changes"

To make the first one anew (only while no released version has it):

    rm core/migrations/versions/r0001_*.py && .venv/bin/python -m core.migrations initial
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from core.database import Database
from core.errors import WrongState

_VERSIONS: Final = Path(__file__).parent / "versions"


def upgrade(database: Database) -> None:
    """Bring the catalog to this version's schema, or make it. Any number of processes may do so at once: one does the
    work, the others wait and find it done; a crash in between leaves the schema as it was.

    Raises WrongState when a newer version of Restorebot made the catalog, and CatalogError.
    """
    # looks only: on SQLite a worker that stands still may hold the write lock, and who is to take over comes along here
    with database.reading() as session:
        found = revision_of(session.connection())
    if found == head():
        return
    if found is not None and found > head():
        raise WrongState(
            f"The catalog was made by a newer Restorebot: its revision is {found}, and this version knows {head()}."
            " Nothing was changed.",
            hint="Install the newer version here too; one catalog cannot be used by both.",
        )
    from core.migrations.run import run  # here, since Alembic takes long to load

    run(database)


def head() -> str:
    """The newest revision this version knows."""
    return revisions()[-1]


@cache
def revisions() -> tuple[str, ...]:
    """All of them, the oldest first."""
    names = (re.match(r"r(\d{4})_", path.name) for path in _VERSIONS.iterdir())
    return tuple(sorted(match[1] for match in names if match))


def revision_of(connection: Connection) -> str | None:
    """The revision a catalog is at; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found
