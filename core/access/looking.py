"""What a person may look into: every app of an organization for its admins, their own for app admins."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.access.people import Person
from core.access.restoring import administered
from core.access.roles import list_roles, organizations_of
from core.access.tables import RoleName

_ROLES = (RoleName.ORGANIZATION_ADMIN, RoleName.APP_ADMIN)


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a person may look into of an organization."""

    organization_id: str
    apps: frozenset[str] | None  # None: every one


def sights(session: Session, person: Person) -> Sequence[Sight]:
    """NotAllowed: there is nothing the person may look into."""
    found = tuple(_sight(session, person, one) for one in organizations_of(session, person, *_ROLES))
    if not found:
        administered(session, person)  # refuses, and says whom to ask
    return found


def _sight(session: Session, person: Person, organization_id: str) -> Sight:
    held = [one for one in list_roles(session, organization_id) if one.person_id == person.id and one.role in _ROLES]
    every = any(not one.app_id for one in held)
    return Sight(organization_id=organization_id, apps=None if every else frozenset(one.app_id for one in held))
