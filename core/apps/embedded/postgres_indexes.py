"""Keys, indexes and foreign keys of a loaded generation, made over several sessions at once.

A foreign key that the server has validated is the check of that reference; one that finds a broken row stays as it is,
not validated, and `broken_references` looks for the rows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from core.apps.embedded.facts import repeated_keys
from core.apps.embedded.generation import Index, plain_indexes
from core.apps.embedded.postgres_parallel import SMALL_BYTES, Connect, Job, in_parallel, table_sizes
from core.apps.embedded.session import ForeignKeyViolation, Session, TooLongForIndex, UniqueViolation
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import AppType

#: To map a table's pages takes such a part of what to validate a reference of it takes.
MAPPING: Final = 3


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
    sizes, references = table_sizes(opened), foreign_keys(app_type)
    unique = [Index(table=one.table, column="key") for one in RECORD_TYPES[app_type]]
    clashes: list[str] = []
    jobs = [(sizes[one.table], partial(_unique, index=one, clashes=clashes)) for one in unique]
    jobs += [(sizes[one.table], partial(_plain, index=one)) for one in plain_indexes(app_type)]
    in_parallel(connect, jobs)

    with opened.transaction():  # small statements, of which each would be committed
        _primary_keys(opened, unique)
        _add(opened, references)
    mapped = {one.target for one in references if sizes[one.target] > SMALL_BYTES}
    unmapped = [one for one in references if not mapped & {one.table, one.target}]
    maps = [(sizes[one] // MAPPING, partial(_map_pages, table=one)) for one in mapped]
    in_parallel(connect, [*maps, *_validations(unmapped, sizes)])  # never two that need the same table's lock
    in_parallel(connect, _validations([one for one in references if one not in unmapped], sizes))
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


def _map_pages(session: Session, table: str) -> None:
    """The map of pages that all may see, of a large table that others refer to: with it each of them reads the keys
    from their index alone, instead of from all rows."""
    session.run(f'VACUUM (PROCESS_TOAST FALSE, TRUNCATE FALSE) "{table}"')


def _validations(references: Sequence[ForeignKey], sizes: Mapping[str, int]) -> Iterator[tuple[int, Job]]:
    """For each table one job, with the bytes it reads."""
    for table in {one.table for one in references}:
        keys = [one for one in references if one.table == table]
        yield sizes[table] * len(keys), partial(_validate, keys=keys)


def _validate(session: Session, keys: Sequence[ForeignKey]) -> None:
    """References of one table, of which one at a time can be validated."""
    there = _constraints(session, "f")
    for one in keys:
        if one.name in there:
            try:
                session.run(one.validate)
            except ForeignKeyViolation:
                continue
