"""Organizations and what decides whether they may back up and restore."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.catalog.tables import Environment, OrganizationRow, Plan, SecondPerson, new_id
from core.database.locks import LOCKED, alone
from core.errors import NotFound, UsageError, WrongState

#: Who gives an organization its name is alone with this.
NAMES: Final = "organization names"
_CHANNEL: Final = re.compile(r"slack:[TE]\w+/[CG]\w+")


@dataclass(frozen=True, kw_only=True)
class Organization:
    id: str
    name: str
    plan: Plan
    beta: bool
    environment: Environment
    second_person: SecondPerson
    #: where restores are told, such as `slack:T…/C…`; "" is nowhere but where they were asked for
    operations_channel: str
    #: whether restoring takes the role of app admin of the destination, too
    ask_app_admins: bool
    created_at: datetime


def create(
    session: Session,
    *,
    name: str,
    person: str,
    now: datetime,
    plan: Plan = Plan.ENTERPRISE,
    beta: bool = True,
    environment: Environment = Environment.COMMERCIAL,
    second_person: SecondPerson = SecondPerson.ALWAYS,
) -> Organization:
    """Raises WrongState when the name is taken."""
    name = _name(name)
    _refuse_taken(session, name)
    row = OrganizationRow(
        id=new_id("org"),
        name=name,
        plan=plan.value,
        beta=beta,
        environment=environment.value,
        second_person=second_person.value,
        created_at=now,
    )
    session.add(row)
    session.flush()
    audit.record(session, person=person, action="organization.created", subject=row.id, now=now, name=name)
    return _organization(row)


def get(session: Session, organization_id: str) -> Organization:
    """Raises NotFound."""
    return _organization(_row(session, organization_id))


def lock(session: Session, organization_id: str) -> Organization:
    """The organization as it is now, which nobody else changes until this transaction ends: what decides on its apps'
    names, its roles and its directory. Raises NotFound."""
    return _organization(_row(session, organization_id, lock=True))


def list_all(session: Session) -> Sequence[Organization]:
    """All of them, by name."""
    return [_organization(row) for row in session.scalars(select(OrganizationRow).order_by(OrganizationRow.name))]


def set_values(
    session: Session, organization_id: str, values: Mapping[str, str], *, person: str, now: datetime
) -> Organization:
    """Change plan, beta, environment, second_person, name, operations_channel or ask_app_admins as a person wrote
    them: all of `values` or, with UsageError, none. What stands already is no change and leaves no audit entry."""
    parsed = {key: _parse(key, value) for key, value in values.items()}
    row = _row(session, organization_id, lock=True)
    if "name" in parsed and parsed["name"].casefold() != row.name.casefold():
        _refuse_taken(session, parsed["name"])
    changed = {key: value for key, value in parsed.items() if getattr(row, key) != value}
    for key, value in changed.items():
        audit.record(
            session,
            person=person,
            action="organization.changed",
            subject=row.id,
            now=now,
            key=key,
            before=getattr(row, key),
            after=value,
        )
        setattr(row, key, value)
    session.flush()
    return _organization(row)


def _parse(key: str, value: str) -> Any:
    if key not in _PARSERS:
        raise UsageError(
            f"An organization has no value {key!r}. Nothing was changed.",
            hint=f"Values that can be set: {', '.join(_PARSERS)}.",
        )
    return _PARSERS[key](value)


def _one_of(key: str, kind: type[StrEnum]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        allowed = [member.value for member in kind]
        if value.strip().lower() not in allowed:
            raise UsageError(
                f"{value!r} is no {key} an organization can have. Nothing was changed.",
                hint=f"Allowed for {key}: {', '.join(allowed)}.",
            )
        return value.strip().lower()

    return parse


def _yes_or_no(key: str) -> Callable[[str], bool]:
    def parse(value: str) -> bool:
        word = value.strip().lower()
        if word not in {"yes", "no"}:
            raise UsageError(
                f"{value!r} is no value of {key} an organization can have. Nothing was changed.",
                hint=f"Allowed for {key}: yes, no.",
            )
        return word == "yes"

    return parse


def _channel(value: str) -> str:
    channel = value.strip()
    if channel and not _CHANNEL.fullmatch(channel):
        raise UsageError(
            f"{value!r} names no channel. Nothing was changed.",
            hint="Write slack:T…/C… with the workspace's and the channel's id (the channel's details end with it), or"
            " nothing after the = for none.",
        )
    return channel


def _name(value: str) -> str:
    name = value.strip()
    if not name:
        raise UsageError("An organization needs a name. Nothing was changed.", hint="Give one that is not empty.")
    return name


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "plan": _one_of("plan", Plan),
    "beta": _yes_or_no("beta"),
    "environment": _one_of("environment", Environment),
    "second_person": _one_of("second_person", SecondPerson),
    "name": _name,
    "operations_channel": _channel,
    "ask_app_admins": _yes_or_no("ask_app_admins"),
}


def _refuse_taken(session: Session, name: str) -> None:
    alone(session, NAMES)
    taken = [other for other in session.scalars(select(OrganizationRow.name)) if other.casefold() == name.casefold()]
    if taken:
        raise WrongState(
            f"There is an organization named {taken[0]} already. Nothing was changed.",
            hint="Choose another name; `restorebot org list` shows those that are taken.",
        )


def _row(session: Session, organization_id: str, *, lock: bool = False) -> OrganizationRow:
    row = session.get(
        OrganizationRow, organization_id, with_for_update=LOCKED if lock else None, populate_existing=lock
    )
    if row is None:
        raise NotFound(f"There is no organization {organization_id}.", hint="`restorebot org list` shows all of them.")
    return row


def _organization(row: OrganizationRow) -> Organization:
    return Organization(
        id=row.id,
        name=row.name,
        plan=Plan(row.plan),
        beta=row.beta,
        environment=Environment(row.environment),
        second_person=SecondPerson(row.second_person),
        operations_channel=row.operations_channel,
        ask_app_admins=row.ask_app_admins,
        created_at=row.created_at,
    )
