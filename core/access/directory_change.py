"""Writing an organization's directory.

A write takes a `DirectoryChange`, which only `raise_version` makes: so every writer has raised the directory's version
before it wrote anything and holds the organization's row until it commits. The writes here decide
nothing: they are for setting a directory up and for what has been decided; whatever else would add a seat is a grant.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from core.access.directory import AppRole, DirectoryGroup, DirectoryUser, Membership, same_case
from core.access.errors import DirectoryChanged
from core.access.tables import DirectoryAppRoleRow, DirectoryGroupRow, DirectoryMembershipRow, DirectoryUserRow
from core.catalog.tables import OrganizationRow
from core.database import Base
from core.errors import NotFound

_AT_ONCE: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class DirectoryChange:
    """Leave to write one organization's directory in one transaction."""

    session: Session
    organization_id: str
    version: int


def raise_version(session: Session, organization_id: str, expected: int | None = None) -> DirectoryChange:
    """Raise the directory's version by one. Waits for other writers: what is read afterwards stays true till commit.

    DirectoryChanged: the version is not `expected`. NotFound: no such organization.
    """
    raised = update(OrganizationRow).where(OrganizationRow.id == organization_id)
    if expected is not None:
        raised = raised.where(OrganizationRow.directory_version == expected)
    version = session.scalar(
        raised.values(directory_version=OrganizationRow.directory_version + 1).returning(
            OrganizationRow.directory_version
        )
    )
    if version is not None:
        return DirectoryChange(session=session, organization_id=organization_id, version=version)
    if session.scalar(select(OrganizationRow.id).where(OrganizationRow.id == organization_id)) is None:
        raise NotFound(
            f"There is no organization {organization_id}.", hint="`restorebot org list` shows those there are."
        )
    raise DirectoryChanged(
        "The directory changed since it was read; nothing was written.", hint="Look at it again, then try again."
    )


def add_users(change: DirectoryChange, users: Collection[DirectoryUser]) -> None:
    """Add users; they have no access until they are in a group that has."""
    _insert(
        change,
        DirectoryUserRow,
        (
            {
                "id": one.id,
                "organization_id": change.organization_id,
                "account_id": one.account_id,
                "email": one.email,
                "lower_email": same_case(one.email),
                "username": one.username,
                "display_name": one.display_name,
                "active": one.active,
            }
            for one in users
        ),
    )


def add_groups(change: DirectoryChange, groups: Collection[DirectoryGroup]) -> None:
    """Add groups; their names must be free, whatever their case."""
    _insert(
        change,
        DirectoryGroupRow,
        (
            {
                "id": one.id,
                "organization_id": change.organization_id,
                "name": one.name,
                "lower_name": same_case(one.name),
            }
            for one in groups
        ),
    )


def add_memberships(change: DirectoryChange, memberships: Collection[Membership]) -> None:
    """Add memberships that are not there yet."""
    _insert(
        change,
        DirectoryMembershipRow,
        ({"group_id": one.group_id, "member_id": one.member_id, "is_group": one.is_group} for one in memberships),
    )


def remove_membership(change: DirectoryChange, membership: Membership) -> None:
    """Take a membership back, if it is there."""
    change.session.execute(
        delete(DirectoryMembershipRow).where(
            DirectoryMembershipRow.group_id == membership.group_id,
            DirectoryMembershipRow.member_id == membership.member_id,
            DirectoryMembershipRow.is_group == membership.is_group,
        )
    )


def add_app_roles(change: DirectoryChange, app_roles: Collection[AppRole]) -> None:
    """Let groups open or administer apps, where they do not yet."""
    _insert(
        change,
        DirectoryAppRoleRow,
        ({"group_id": one.group_id, "app_id": one.app_id, "role": one.role.value} for one in app_roles),
    )


def remove_app_role(change: DirectoryChange, app_role: AppRole) -> None:
    """Take an app role back, if it is there."""
    change.session.execute(
        delete(DirectoryAppRoleRow).where(
            DirectoryAppRoleRow.group_id == app_role.group_id,
            DirectoryAppRoleRow.app_id == app_role.app_id,
            DirectoryAppRoleRow.role == app_role.role.value,
        )
    )


def _insert(change: DirectoryChange, table: type[Base], rows: Iterator[Mapping[str, Any]]) -> None:
    """Some at a time: hundreds of thousands of rows at once would take their memory several times over."""
    while some := list(islice(rows, _AT_ONCE)):
        change.session.execute(insert(table), some)
