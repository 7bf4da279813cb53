"""Who may restore, back up, cancel and resume in an organization."""

from sqlalchemy.orm import Session

from core.access.people import Person
from core.access.roles import require
from core.access.tables import RoleName
from core.catalog import organizations


def may_restore(session: Session, person: Person, organization_id: str, destination_id: str | None = None) -> None:
    """Let pass organization admins; where the organization asks for app admins, only those of them who are also app
    admin of the destination, as soon as that is known. NotAllowed: names the role that is missing and who can give it.
    """
    require(session, person, organization_id, RoleName.ORGANIZATION_ADMIN)
    if destination_id is not None and organizations.get(session, organization_id).ask_app_admins:
        require(session, person, organization_id, RoleName.APP_ADMIN, app_id=destination_id)
