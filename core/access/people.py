"""Persons and their identities. Rules compare persons, never identities.

A person who turned out to be another one keeps its row and points to that one, so that old grants, restores and audit
entries which name it go on meaning the right person.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access.tables import IdentityRow, PersonRow
from core.catalog.tables import new_id
from core.errors import NotFound, UsageError

_IDENTITY = re.compile(r"os:\S.*|slack:[TE]\w+/[UW]\w+")
_SLACK = "slack:"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone who acts, under one or more identities."""

    id: str
    name: str
    identities: tuple[str, ...]  # sorted
    directory_user_id: str | None = None

    @property
    def is_in_slack(self) -> bool:
        return any(one.startswith(_SLACK) for one in self.identities)


def living_id() -> ColumnElement[str]:
    """The id of the person a row of `person` stands for today, for use in queries that join it."""
    return func.coalesce(PersonRow.merged_into, PersonRow.id)


def ensure_person(session: Session, identity: str, name: str, now: datetime) -> Person:
    """The person behind `identity`, added under `name` if never seen. A known person keeps their name.

    UsageError: not an identity.
    """
    if not _IDENTITY.fullmatch(identity):
        raise UsageError(
            f"“{identity}” names no identity; nothing was changed.",
            hint="Write os:NAME for an account of this machine, slack:T…/U… or slack:E…/U… for a Slack user.",
        )
    if _find(session, identity) is None:
        person_id = new_id("per")
        try:
            with session.begin_nested():
                session.execute(insert(PersonRow).values(id=person_id, name=name, created_at=now))
                session.execute(insert(IdentityRow).values(value=identity, person_id=person_id))
        except IntegrityError:
            pass  # another process met this person at the same moment; theirs is as good
    return person_of(session, identity)


def person_of(session: Session, identity: str) -> Person:
    """The person behind a known identity. NotFound: nobody has used it yet."""
    person_id = _find(session, identity)
    if person_id is None:
        raise NotFound(
            f"Nobody is known as {identity}.",
            hint="A person becomes known by using any command once, from Slack or from the command line; "
            "`restorebot role list` shows who holds a role.",
        )
    return person_by_id(session, person_id)


def person_by_id(session: Session, person_id: str) -> Person:
    """The person an id stands for today, followed through ties. NotFound: there is none."""
    wanted = select(living_id()).where(PersonRow.id == person_id).scalar_subquery()
    found = session.execute(
        select(PersonRow.id, PersonRow.name, PersonRow.directory_user_id).where(PersonRow.id == wanted)
    ).one_or_none()
    if found is None:
        raise NotFound(f"There is no person {person_id}.", hint="`restorebot role list` shows who holds a role.")
    identities = session.scalars(
        select(IdentityRow.value)
        .join(PersonRow, PersonRow.id == IdentityRow.person_id)
        .where(or_(PersonRow.id == found.id, PersonRow.merged_into == found.id))
        .order_by(IdentityRow.value)
    )
    return Person(id=found.id, name=found.name, identities=tuple(identities), directory_user_id=found.directory_user_id)


def same_people(session: Session, person_ids: Collection[str]) -> frozenset[str]:
    """What the ids stand for today: two ids of one person become one."""
    return frozenset(session.scalars(select(living_id()).where(PersonRow.id.in_(person_ids))))


def ids_of(session: Session, person_id: str) -> tuple[str, ...]:
    """Every id under which rows may name the person an id stands for today."""
    living = select(living_id()).where(PersonRow.id == person_id).scalar_subquery()
    return tuple(session.scalars(select(PersonRow.id).where(living_id() == living).order_by(PersonRow.id)))


def name_of(session: Session, person_id: str | None) -> str:
    """For sentences; an id nobody knows any more stands for itself."""
    if person_id is None:
        return "nobody"
    try:
        return person_by_id(session, person_id).name
    except NotFound:
        return person_id


def _find(session: Session, identity: str) -> str | None:
    return session.scalar(select(IdentityRow.person_id).where(IdentityRow.value == identity))
