"""What the server knows of a generation's rows, by which it plans what it is asked."""

from collections.abc import Mapping, Sequence
from functools import partial

from core.apps.embedded.generation import plain_indexes
from core.apps.embedded.postgres_parallel import Connect, in_parallel, table_sizes
from core.apps.embedded.postgres_session import UNATTENDED
from core.apps.embedded.session import Session
from core.content.catalogue import RECORD_TYPES
from core.content.record_type import AppType


def make_statistics(opened: Session, connect: Connect, app_type: AppType) -> None:
    """Afterwards the server makes them itself, and cleans up, where rows change."""
    sizes = table_sizes(opened)
    found_by = columns_looked_up(app_type).items()
    in_parallel(connect, [(sizes[one], partial(_look_at, table=one, columns=columns)) for one, columns in found_by])
    _attend(opened)


def _look_at(session: Session, table: str, columns: Sequence[str]) -> None:
    """Statistics of long texts cost more than the indexes, and nobody looks anything up by them. Since those of some
    columns do not count as the table's, the server's own vacuum makes the others in the background."""
    named = ", ".join(f'"{one}"' for one in columns)
    session.run(f'ANALYZE "{table}" ({named})')


def columns_looked_up(app_type: AppType) -> Mapping[str, tuple[str, ...]]:
    """Table → what its rows are found or joined by."""
    found = {one.table: ["key", *(column.name for column in one.references)] for one in RECORD_TYPES[app_type]}
    for index in plain_indexes(app_type):
        if index.table in found:
            found[index.table].append(index.column)
    return {table: tuple(dict.fromkeys(columns)) for table, columns in found.items()}


def _attend(session: Session) -> None:
    """From here on the server cleans up by itself."""
    unattended = session.run(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = current_schema() AND c.relkind = 'r' AND ? = ANY(c.reloptions)",
        f"{UNATTENDED[0]}=off",
    )
    with session.transaction():
        for (table,) in unattended:
            session.run(f'ALTER TABLE "{table}" RESET ({", ".join(UNATTENDED)})')
