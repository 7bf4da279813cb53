"""Who acts, if they may. Each raises NotAllowed with who can give the role."""

from core.access.people import Person
from core.access.roles import list_roles, require
from core.access.tables import RoleName
from core.catalog import organizations
from core.engine import Engine


def organization_admin(engine: Engine, organization_id: str) -> Person:
    person = engine.person()
    with engine.database.reading() as session:
        require(session, person, organization_id, RoleName.ORGANIZATION_ADMIN)
    return person


def installation_admin(engine: Engine) -> Person:
    """Shards, storages and new organizations belong to no organization: the organization admins of any may make them,
    and anyone may while there is no organization."""
    person = engine.person()
    with engine.database.reading() as session:
        known = [one.id for one in organizations.list_all(session)]
        held = {
            role.person_id
            for one in known
            for role in list_roles(session, one)
            if role.role is RoleName.ORGANIZATION_ADMIN
        }
        if known and person.id not in held:
            require(session, person, known[0], RoleName.ORGANIZATION_ADMIN)
    return person
