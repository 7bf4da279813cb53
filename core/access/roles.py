"""Who holds which role, who may change that, and which identities are one person."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from core import audit
from core.access.people import Person, living_id, person_by_id, person_of, same_people
from core.access.tables import PersonRow, RoleName, RoleRow
from core.catalog import organizations
from core.catalog.tables import OrganizationRow
from core.database.locks import alone
from core.errors import NotAllowed, NotFound, UsageError, WrongState


@dataclass(frozen=True, kw_only=True)
class Role:
    """One role of one person. `app_id` is set for an app admin of that app only; "" means every app."""

    person_id: str
    person_name: str
    organization_id: str
    role: RoleName
    app_id: str = ""


def list_roles(session: Session, organization_id: str) -> tuple[Role, ...]:
    """All roles in an organization, by name of person and role."""
    held = (
        select(living_id().label("person_id"), RoleRow.role, RoleRow.app_id)
        .join(PersonRow, PersonRow.id == RoleRow.person_id)
        .where(RoleRow.organization_id == organization_id)
        .distinct()
        .subquery()
    )
    rows = session.execute(
        select(held.c.person_id, PersonRow.name, held.c.role, held.c.app_id).join(
            PersonRow, PersonRow.id == held.c.person_id
        )
    )
    roles = (
        Role(person_id=person_id, person_name=name, organization_id=organization_id, role=RoleName(role), app_id=app_id)
        for person_id, name, role, app_id in rows
    )
    return tuple(sorted(roles, key=lambda one: (one.person_name.lower(), one.person_id, one.role, one.app_id)))


def holders(session: Session, organization_id: str, role: RoleName) -> tuple[Person, ...]:
    """Who holds a role in an organization, for any app."""
    ids = dict.fromkeys(one.person_id for one in list_roles(session, organization_id) if one.role is role)
    return tuple(person_by_id(session, one) for one in ids)


def require(session: Session, person: Person, organization_id: str, *roles: RoleName, app_id: str = "") -> None:
    """Let pass who holds one of the roles; an app admin of one app passes for that app only.

    NotAllowed: names the roles that are needed and the organization admins who can give them.
    """
    person_id = person_by_id(session, person.id).id
    if any(
        held.person_id == person_id and held.role in roles and held.app_id in ("", app_id)
        for held in list_roles(session, organization_id)
    ):
        return
    organization = _organization_name(session, organization_id)
    needed = " or ".join(_title(role) for role in roles)
    admins = holders(session, organization_id, RoleName.ORGANIZATION_ADMIN)
    raise NotAllowed(
        f"{person.name} may not do this: it takes the role {needed} in {organization}. Nothing was changed.",
        hint=f"An organization admin of {organization} can give it: {in_words(admins)}."
        if admins
        else f"{organization} has no organization admin yet; `restorebot init` makes the first.",
    )


def grant_role(
    session: Session,
    *,
    person: Person,
    organization_id: str,
    role: RoleName,
    app_id: str = "",
    by: Person,
    now: datetime,
) -> None:
    """Give a role; one that is held stays as it is. An organization without an admin takes its first from anyone.

    NotAllowed: `by` is no organization admin. UsageError: only app admins are bound to an app.
    """
    if app_id and role is not RoleName.APP_ADMIN:
        raise UsageError(
            f"The role {_title(role)} is for the whole organization; nothing was changed.",
            hint="Leave the app out; only app admins are bound to one.",
        )
    _lock(session, organization_id)
    held = list_roles(session, organization_id)
    has_admin = any(one.role is RoleName.ORGANIZATION_ADMIN for one in held)
    if has_admin or role is not RoleName.ORGANIZATION_ADMIN:
        require(session, by, organization_id, RoleName.ORGANIZATION_ADMIN)
    person_id = person_by_id(session, person.id).id
    if any((one.person_id, one.role, one.app_id) == (person_id, role, app_id) for one in held):
        return
    session.execute(
        insert(RoleRow).values(person_id=person_id, organization_id=organization_id, role=role.value, app_id=app_id)
    )
    _record(session, "role.grant", by=by, person_id=person_id, organization_id=organization_id, role=role,
            app_id=app_id, now=now)  # fmt: skip


def revoke_role(
    session: Session,
    *,
    person: Person,
    organization_id: str,
    role: RoleName,
    app_id: str = "",
    by: Person,
    now: datetime,
) -> None:
    """Take a role away. WrongState: it is not held, or its holder is the last organization admin."""
    organization = _lock(session, organization_id)
    require(session, by, organization_id, RoleName.ORGANIZATION_ADMIN)
    person = person_by_id(session, person.id)
    held = [one for one in list_roles(session, organization_id) if one.role is role]
    if not any((one.person_id, one.app_id) == (person.id, app_id) for one in held):
        raise WrongState(
            f"{person.name} is not {_title(role)} in {organization}; nothing was changed.",
            hint="`restorebot role list` shows who holds which role.",
        )
    if role is RoleName.ORGANIZATION_ADMIN and {one.person_id for one in held} == {person.id}:
        raise WrongState(
            f"{person.name} is the last organization admin of {organization}; nothing was changed.",
            hint="Give the role to someone else first: nobody could give any role in this organization afterwards.",
        )
    one_person = select(PersonRow.id).where(or_(PersonRow.id == person.id, PersonRow.merged_into == person.id))
    session.execute(
        delete(RoleRow).where(
            RoleRow.organization_id == organization_id,
            RoleRow.role == role.value,
            RoleRow.app_id == app_id,
            RoleRow.person_id.in_(one_person),
        )
    )
    _record(session, "role.revoke", by=by, person_id=person.id, organization_id=organization_id, role=role,
            app_id=app_id, now=now)  # fmt: skip


def organizations_of(session: Session, person: Person, *roles: RoleName) -> tuple[str, ...]:
    """Ids of the organizations in which the person holds one of the roles."""
    return _organizations(session, (person.id,), *roles)


def tie(session: Session, *, identity: str, other: str, by: Person, now: datetime) -> Person:
    """Make the persons behind two identities one, who keeps the first one's name and holds the roles of both.

    Since it hands on roles, `by` must be organization admin wherever either of them holds one, and somewhere at least.
    NotFound: an identity nobody has used. NotAllowed: see above.
    """
    alone(session, "ties")  # two at once would make a person point to one that itself points to another
    kept, merged = person_of(session, identity), person_of(session, other)
    if kept.id == merged.id:
        return kept
    both = _organizations(session, (kept.id, merged.id))
    for organization_id in both:
        require(session, by, organization_id, RoleName.ORGANIZATION_ADMIN)
    by_id = person_by_id(session, by.id).id
    if not both and not _organizations(session, (by_id,), RoleName.ORGANIZATION_ADMIN):
        raise NotAllowed(
            f"{by.name} may not say that two identities are one person. Nothing was changed.",
            hint="An organization admin can; `restorebot role list` shows them.",
        )
    session.execute(
        update(PersonRow)
        .where(or_(PersonRow.id == merged.id, PersonRow.merged_into == merged.id))
        .values(merged_into=kept.id)
    )
    if kept.directory_user_id is None:
        session.execute(
            update(PersonRow).where(PersonRow.id == kept.id).values(directory_user_id=merged.directory_user_id)
        )
    audit.record(
        session,
        person=by_id,
        action="person.tie",
        subject=f"person:{kept.id}",
        now=now,
        merged=merged.id,
        identity=identity,
        other=other,
    )
    return person_by_id(session, kept.id)


def in_words(people: Iterable[Person]) -> str:
    return ", ".join(one.name for one in people)


def _title(role: RoleName) -> str:
    return role.value.replace("-", " ")


def _organizations(session: Session, person_ids: Iterable[str], *roles: RoleName) -> tuple[str, ...]:
    """Where any of the persons holds a role (one of `roles`, if given)."""
    query = (
        select(RoleRow.organization_id)
        .join(PersonRow, PersonRow.id == RoleRow.person_id)
        .where(living_id().in_(same_people(session, tuple(person_ids))))
        .distinct()
    )
    if roles:
        query = query.where(RoleRow.role.in_([one.value for one in roles]))
    return tuple(sorted(session.scalars(query)))


def _organization_name(session: Session, organization_id: str) -> str:
    name = session.scalar(select(OrganizationRow.name).where(OrganizationRow.id == organization_id))
    if name is None:
        raise NotFound(
            f"There is no organization {organization_id}.", hint="`restorebot org list` shows those there are."
        )
    return name


def _lock(session: Session, organization_id: str) -> str:
    """Whoever changes roles holds the organization's row: two admins who remove each other at once leave one."""
    return organizations.lock(session, organization_id).name


def _record(
    session: Session,
    action: str,
    *,
    by: Person,
    person_id: str,
    organization_id: str,
    role: RoleName,
    app_id: str,
    now: datetime,
) -> None:
    audit.record(
        session,
        person=by.id,
        action=action,
        subject=f"person:{person_id}",
        now=now,
        organization=organization_id,
        role=role.value,
        app=app_id,
    )
