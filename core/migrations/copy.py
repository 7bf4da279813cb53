"""A catalog is carried from its SQLite file to an empty database on PostgreSQL: every row as it is, or none.

The journal is not carried: it only drives. What is over needs none, and a failed run whose staging is kept begins its
next attempt there when it is resumed.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, TableClause, column, func, insert, inspect, select, table, text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session
from sqlalchemy.types import UserDefinedType

from core import audit
from core.catalog import backups
from core.database import Database
from core.database.failures import explained, without_password
from core.database.postgres import JOURNAL_SCHEMA
from core.errors import CatalogError, WrongState
from core.migrations import head, revision_of, revisions, upgrade
from core.migrations.tables import METADATA
from core.moves import moves
from core.restore import restores
from core.workflow.presence import living

#: Rows that are in memory at once.
_BATCH: Final = 1000
#: Of a long list so many are named.
_NAMED: Final = 5
_ANEW: Final = "Give it a new, empty database: createdb --owner=ACCOUNT NAME."


class _AsItIs(UserDefinedType[str]):
    """JSON as the text it is: SQL's null and JSON's null stay apart, and numbers keep their digits."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        return "JSON"


#: The tables, those first to which others refer.
_TABLES: Final[tuple[TableClause, ...]] = tuple(
    table(
        one.name, *(column(each.name, _AsItIs() if isinstance(each.type, JSON) else each.type) for each in one.columns)
    )
    for one in METADATA.sorted_tables
)


def copy(source: Database, target: Database, *, person: str, now: datetime) -> Mapping[str, int]:
    """How many rows of which table are there now. All of them come from one view of the source, in which nobody works
    on it, and go in one transaction into the target, which nobody else writes meanwhile. The source is only read.

    Raises WrongState where one of the two is not fit for it, and CatalogError; then the target holds no row.
    """
    with source.reading() as old:
        require_current(old)
        _require_still(old, now)
        _require_unused(target)
        upgrade(target)
        with target.transaction() as new:
            _take_empty(new, target)
            rows = {one.name: _carry(source, old, new, one) for one in _TABLES}
            _number_on(new)
            audit.record(new, person=person, action="catalog.copied", subject="catalog", now=now, revision=head())
    return rows


def require_current(old: Session) -> None:
    """Raises WrongState unless the catalog has this version's schema."""
    found = revision_of(old.connection())
    if found != head():
        raise WrongState(
            f"The catalog is at revision {found or 'none'}, and this version carries revision {head()} only. Nothing"
            " was copied.",
            hint="One of an older version is brought up to date by any other command, such as `restorebot doctor`; one"
            " of a newer version needs that version.",
        )


def _require_unused(target: Database) -> None:
    """Nothing but the catalog's own tables, which a copy that failed has left behind."""
    with target.reading() as session:
        there = inspect(session.connection()).get_table_names()
        strange = there if revision_of(session.connection()) not in revisions() else []
        journal = inspect(session.connection()).has_table("workflow_status", schema=JOURNAL_SCHEMA)
        runs = session.scalar(text(f"SELECT count(*) FROM {JOURNAL_SCHEMA}.workflow_status")) if journal else 0  # noqa: S608 - our own constant
    if strange:
        raise _used(target, f"tables of its own: {_some(sorted(strange))}")
    if runs:
        raise _used(target, f"a journal with {runs} runs, and theirs would be taken for the copied ones'")


def _require_still(old: Session, now: datetime) -> None:
    """What goes on in the old catalog would go on in both."""
    busy = [f"the worker in process {one.pid} on {one.host.partition('/')[0]}" for one in living(old, now)]
    for word, runs in (
        ("restore", restores.RUNS.to_drive(old)),
        ("move", moves.RUNS.to_drive(old)),
        ("import", backups.to_drive(old)),
    ):
        busy += [f"{word} {one.id} ({one.status})" for one in runs]
    if busy:
        raise WrongState(
            f"The catalog is in use: {_some(busy)}. Nothing was copied.",
            hint="Let the runs come to their end, or cancel them (`restorebot restore cancel ID`), stop the workers"
            " (`restorebot worker --drain`), and try again.",
        )


def _take_empty(new: Session, target: Database) -> None:
    """From here on nobody else writes there, another copy neither."""
    quote = new.get_bind().dialect.identifier_preparer.quote
    new.execute(text(f"LOCK TABLE {', '.join(quote(one.name) for one in _TABLES)} IN SHARE ROW EXCLUSIVE MODE"))
    counts = {one.name: _count(new, one) for one in _TABLES}
    found = [f"{count} of {name}" for name, count in counts.items() if count]
    if found:
        raise _used(target, f"rows: {_some(found)}")


def _carry(source: Database, old: Session, new: Session, one: TableClause) -> int:
    try:
        for rows in _batches(source, old, one):
            new.execute(insert(one), rows)
    except DataError as error:
        said = " ".join(str(error.orig).split())
        raise CatalogError(
            f"A row of the table {one.name} cannot be held by PostgreSQL: {said}. Nothing was copied.",
            hint="A text on PostgreSQL holds no NUL character: rename what has one. Whatever else it is, tell support.",
        ) from error
    with explained(source.url):
        wanted = _count(old, one)
    if (arrived := _count(new, one)) != wanted:
        raise CatalogError(
            f"Of {wanted} rows of the table {one.name} {arrived} arrived. Nothing was copied.",
            hint="Try again with a new, empty database; if it stays so, tell support.",
        )
    return wanted


def _batches(source: Database, old: Session, one: TableClause) -> Iterator[list[dict[str, Any]]]:
    """A row that refers to another one of its table (a person who turned out to be another one) comes after those that
    refer to none. Errors of the source are explained here, before who writes the rows takes them for the target's."""
    inward = [each.parent.name for each in METADATA.tables[one.name].foreign_keys if each.column.table.name == one.name]
    with explained(source.url):
        found = old.execute(select(one).order_by(*(one.c[name].is_not(None) for name in inward))).mappings()
    while True:
        with explained(source.url):
            rows = [dict(row) for row in found.fetchmany(_BATCH)]
        if not rows:
            return
        yield rows


def _number_on(new: Session) -> None:
    """The server numbers rows itself, and does not know of those that came with their number."""
    for one in METADATA.sorted_tables:
        numbered = one.autoincrement_column
        if numbered is None:
            continue
        highest = new.scalar(select(func.max(numbered)))
        if highest is not None:
            new.execute(select(func.setval(func.pg_get_serial_sequence(one.name, numbered.name), highest)))


def _count(session: Session, one: TableClause) -> int:
    return session.scalars(select(func.count()).select_from(one)).one()


def _used(target: Database, what: str) -> WrongState:
    return WrongState(
        f"The database {without_password(target.url)} is not empty: it holds {what}. Nothing was copied.", hint=_ANEW
    )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
