"""Who may decide on access: who holds the role, is known well enough, and is not deciding on their own restore."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.people import Person, person_by_id, same_people
from core.access.roles import holders, in_words, list_roles, require
from core.access.tables import RoleName
from core.catalog.tables import OrganizationRow, SecondPerson
from core.errors import NotAllowed


def deciders(session: Session, organization_id: str) -> tuple[Person, ...]:
    """Access approvers who can decide now: where people come from Slack, an account that is not tied to one cannot."""
    approvers = holders(session, organization_id, RoleName.ACCESS_APPROVER)
    if not _has_slack_people(session, organization_id):
        return approvers
    return tuple(one for one in approvers if one.is_in_slack)


def require_decider(session: Session, person: Person, organization_id: str) -> Person:
    """The person as known today, if they may decide on access at all. NotAllowed: no approver, or an untied account."""
    person = person_by_id(session, person.id)
    require(session, person, organization_id, RoleName.ACCESS_APPROVER)
    if _has_slack_people(session, organization_id) and not person.is_in_slack:
        identity = person.identities[0] if person.identities else person.id
        raise NotAllowed(
            f"{person.name} ({identity}) is not tied to a Slack user, so nobody can tell whose decision this is. "
            "Nothing was changed.",
            hint=f"An organization admin ties them: `restorebot role tie {identity} slack:T…/U…`. "
            f"Or decide from Slack{_who_can(deciders(session, organization_id))}.",
        )
    return person


def is_own_decision(
    session: Session,
    decider: Person,
    *,
    organization_id: str,
    restored_by: Collection[str],
    gives_admin: bool,
    second_person: SecondPerson | None = None,
) -> bool:
    """Whether the decider decides on what they restored themselves, where that is allowed.

    `always`: never. `admin-access`: unless it gives admin access. `never`: while nobody else can decide.
    `second_person` overrides the organization's own rule. NotAllowed: says who can decide instead.
    """
    if decider.id not in same_people(session, restored_by):
        return False
    rule = second_person or SecondPerson(
        session.scalars(select(OrganizationRow.second_person).where(OrganizationRow.id == organization_id)).one()
    )
    others = [one for one in deciders(session, organization_id) if one.id != decider.id]
    if rule is SecondPerson.ADMIN_ACCESS and not gives_admin:
        return True
    if rule is SecondPerson.NEVER and not others:
        return True
    what = "admin access from a restore" if rule is SecondPerson.ADMIN_ACCESS else "access from a restore"
    raise NotAllowed(
        f"{decider.name} restored this, and {what} takes a second person. Nothing was changed; it still waits.",
        hint=f"{in_words(others)} can decide."
        if others
        else "There is no other access approver: an organization admin can make one (`restorebot role grant`).",
    )


def _has_slack_people(session: Session, organization_id: str) -> bool:
    ids = {one.person_id for one in list_roles(session, organization_id)}
    return any(person_by_id(session, one).is_in_slack for one in ids)


def _who_can(people: Collection[Person]) -> str:
    return f", as {in_words(people)} can" if people else ""
