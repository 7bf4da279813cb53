"""Keys, indexes, foreign keys and statistics of a loaded generation, made over several sessions at once.

A foreign key that the server has validated is the check of that reference; one that finds a broken row stays as it is,
not validated, and `broken_references` looks for the rows.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Final

from core.apps.embedded.facts import repeated_keys
from core.apps.embedded.generation import Index, plain_indexes
from core.apps.embedded.postgres_session import UNATTENDED
from core.apps.embedded.session import ForeignKeyViolation, Session, TooLongForIndex, UniqueViolation
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import AppType

#: As many statements at once. More would only take turns on a small server; on a large one the big tables, which are
#: what there is to wait for, take workers of the server besides.
SESSIONS: Final = 2
#: Below it there is nothing to gain from more than one session.
SMALL_BYTES: Final = 8 * 1024 * 1024
SETTINGS: Final = {
    "maintenance_work_mem": "256MB",
    # To start workers for a smaller table takes longer than they save beside the other session.
    "min_parallel_table_scan_size": "256MB",
    "default_statistics_target": "20",
}

Job = Callable[[Session], None]
Connect = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """Checked when a transaction ends, so that an edit may delete in any order."""

    table: str
    column: str
    target: str

    @property
    def name(self) -> str:
        return f"{self.table}_{self.column}_fkey"

    @property
    def add(self) -> str:
        return (
            f'ALTER TABLE "{self.table}" ADD CONSTRAINT "{self.name}" FOREIGN KEY ("{self.column}")'
            f' REFERENCES "{self.target}" ("key") DEFERRABLE INITIALLY DEFERRED NOT VALID'
        )

    @property
    def validate(self) -> str:
        return f'ALTER TABLE "{self.table}" VALIDATE CONSTRAINT "{self.name}"'


def foreign_keys(app_type: AppType) -> tuple[ForeignKey, ...]:
    """References to one type only. What may name several has no foreign key, and is looked at by a query."""
    return tuple(
        ForeignKey(table=one.table, column=column.name, target=BY_NAME[column.targets[0]].table)
        for one in RECORD_TYPES[app_type]
        for column in one.references
        if len(column.targets) == 1
    )


def make_indexes(opened: Session, connect: Connect, app_type: AppType) -> tuple[str, ...]:
    """Returns `table: key` for keys that stand twice. What is there already is not made again."""
    sizes = dict(
        opened.run(
            "SELECT c.relname, pg_table_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = current_schema() AND c.relkind = 'r'"
        )
    )
    sessions = SESSIONS if max(sizes.values()) > SMALL_BYTES else 1
    tables = sorted((one.table for one in RECORD_TYPES[app_type]), key=lambda table: sizes[table], reverse=True)
    place = {table: number for number, table in enumerate(tables)}
    unique = [Index(table=table, column="key") for table in tables]
    clashes: list[str] = []

    keys = [(place[one.table], partial(_unique, index=one, clashes=clashes)) for one in unique]
    plain = [(place.get(one.table, len(place)), partial(_plain, index=one)) for one in plain_indexes(app_type)]
    _in_parallel(connect, [job for _, job in sorted(keys + plain, key=lambda one: one[0])], sessions)

    with opened.transaction():  # small statements, of which each would be committed
        _primary_keys(opened, unique)
        _add(opened, foreign_keys(app_type))
    by_table = {table: [one for one in foreign_keys(app_type) if one.table == table] for table in tables}
    found_by = columns_looked_up(app_type)
    referred = {one.target for one in foreign_keys(app_type)}
    looks = [partial(_look_at, table=one, columns=found_by[one], referred=one in referred) for one in tables]
    _in_parallel(connect, looks, sessions)
    _in_parallel(connect, [partial(_validate, keys=by_table[table]) for table in tables if by_table[table]], sessions)
    _attend(opened)
    return tuple(sorted(clashes))


def _unique(session: Session, index: Index, clashes: list[str]) -> None:
    try:
        session.run(index.create_unique)
    except UniqueViolation:
        session.run(index.create)
        clashes.extend(repeated_keys(session, index.table))
    except TooLongForIndex:
        session.run(index.create_hashed)
        clashes.extend(repeated_keys(session, index.table))


def _plain(session: Session, index: Index) -> None:
    try:
        session.run(index.create)
    except TooLongForIndex:
        session.run(index.create_hashed)


def _primary_keys(session: Session, indexes: Iterable[Index]) -> None:
    """Of the unique indexes that could be made and are not yet any."""
    ready = "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_index i"
    ready += " ON i.indexrelid = c.oid WHERE n.nspname = current_schema() AND i.indisunique AND NOT i.indisprimary"
    found = {name for (name,) in session.run(ready)}
    for one in indexes:
        if one.unique_name in found:
            session.run(
                f'ALTER TABLE "{one.table}" ADD CONSTRAINT "{one.unique_name}" PRIMARY KEY USING INDEX'
                f' "{one.unique_name}"'
            )


def _constraints(session: Session, kind: str) -> frozenset[str]:
    return frozenset(
        name
        for (name,) in session.run(
            "SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace"
            " WHERE n.nspname = current_schema() AND k.contype = ?",
            kind,
        )
    )


def _add(session: Session, keys: Sequence[ForeignKey]) -> None:
    """Not validated yet. A table in which a key stands twice cannot be referred to."""
    with_key, there = _constraints(session, "p"), _constraints(session, "f")
    for one in keys:
        if Index(table=one.target, column="key").unique_name in with_key and one.name not in there:
            session.run(one.add)


def columns_looked_up(app_type: AppType) -> Mapping[str, tuple[str, ...]]:
    """Table → what its rows are found or joined by."""
    found = {one.table: ["key", *(column.name for column in one.references)] for one in RECORD_TYPES[app_type]}
    for index in plain_indexes(app_type):
        if index.table in found:
            found[index.table].append(index.column)
    return {table: tuple(dict.fromkeys(columns)) for table, columns in found.items()}


def _look_at(session: Session, table: str, columns: Sequence[str], *, referred: bool) -> None:
    """Statistics; and where others refer to the table, the map of pages that all may see: with it each of them reads
    the keys from their index alone, instead of from all rows.

    Statistics of long texts cost more than the indexes, and nobody looks anything up by them. Since those of some
    columns do not count as the table's, the server's own vacuum makes the others in the background.
    """
    named = ", ".join(f'"{one}"' for one in columns)
    look = "VACUUM (ANALYZE, PROCESS_TOAST FALSE, TRUNCATE FALSE)" if referred else "ANALYZE"
    session.run(f'{look} "{table}" ({named})')


def _validate(session: Session, keys: Sequence[ForeignKey]) -> None:
    """The references of one table, of which one at a time can be validated."""
    there = _constraints(session, "f")
    for one in keys:
        if one.name in there:
            try:
                session.run(one.validate)
            except ForeignKeyViolation:
                continue


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


def _in_parallel(connect: Connect, jobs: Sequence[Job], sessions: int) -> None:
    """Each session takes the next job when it has done one. The first that fails ends all."""
    waiting = deque(jobs)

    def work() -> None:
        with connect() as session:
            for job in _until_empty(waiting):
                try:
                    job(session)
                except BaseException:
                    waiting.clear()
                    raise

    with ThreadPoolExecutor(sessions, thread_name_prefix="index") as pool:
        for done in [pool.submit(work) for _ in range(min(sessions, len(jobs)))]:
            done.result()


def _until_empty(waiting: deque[Job]) -> Iterator[Job]:
    while True:
        try:
            yield waiting.popleft()
        except IndexError:
            return
