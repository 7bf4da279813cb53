"""Who may restore, back up, cancel and resume in an organization, and look into its apps."""

from typing import Final

from sqlalchemy.orm import Session

from core.access.people import Person
from core.access.roles import holders, in_words, organizations_of, require
from core.access.tables import RoleName
from core.catalog import organizations
from core.errors import NotAllowed

#: Organizations that a refusal names.
_NAMED: Final = 3


def may_restore(session: Session, person: Person, organization_id: str, destination_id: str | None = None) -> None:
    """Let pass organization admins; where the organization asks for app admins, only those of them who are also app
    admin of the destination, as soon as that is known. NotAllowed: names the role that is missing and who can give it.
    """
    require(session, person, organization_id, RoleName.ORGANIZATION_ADMIN)
    if destination_id is not None and organizations.get(session, organization_id).ask_app_admins:
        require(session, person, organization_id, RoleName.APP_ADMIN, app_id=destination_id)


def may_look(session: Session, person: Person, organization_id: str, app_id: str) -> None:
    """Let pass who may see what is in an app: organization admins, and its app admins. NotAllowed: see `require`."""
    require(session, person, organization_id, RoleName.ORGANIZATION_ADMIN, RoleName.APP_ADMIN, app_id=app_id)


def administered(session: Session, person: Person) -> tuple[str, ...]:
    """Ids of the organizations in which the person may begin a restore. NotAllowed: there is none; says whom to ask."""
    found = organizations_of(session, person, RoleName.ORGANIZATION_ADMIN)
    if found:
        return found
    known = organizations.list_all(session)
    if len(known) == 1:
        require(session, person, known[0].id, RoleName.ORGANIZATION_ADMIN)
    admins = [(one, holders(session, one.id, RoleName.ORGANIZATION_ADMIN)) for one in known[:_NAMED]]
    whom = "; ".join(f"{one.name}: {in_words(people)}" for one, people in admins if people)
    raise NotAllowed(
        f"{person.name} may not do this: it takes the role organization admin, in any organization. Nothing was"
        " changed.",
        hint=f"An organization admin can give it. {whom}." if whom else "`restorebot init` makes the first one.",
    )
