"""An organization's directory as one frozen value: users, groups, memberships, and which group opens which app.

Pure functions work on it; `core.access.directory_change` writes.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from sys import intern
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access.tables import (
    AppRoleName,
    DirectoryAppRoleRow,
    DirectoryGroupRow,
    DirectoryMembershipRow,
    DirectoryUserRow,
)
from core.catalog.tables import OrganizationRow
from core.errors import Ambiguous, NotFound


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryUser:
    id: str
    display_name: str
    account_id: str | None = None
    email: str | None = None
    username: str | None = None
    active: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryGroup:
    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Membership:
    """A user, or a group with all its members, in a group."""

    group_id: str
    member_id: str
    is_group: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AppRole:
    """A group opens (user) or administers (admin) an app."""

    group_id: str
    app_id: str
    role: AppRoleName


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Everything at one version. Group names are compared without case."""

    organization_id: str
    version: int = 0
    users: Mapping[str, DirectoryUser]
    groups: Mapping[str, DirectoryGroup]
    memberships: frozenset[Membership] = frozenset()
    app_roles: frozenset[AppRole] = frozenset()

    @cached_property
    def nested_in(self) -> Mapping[str, Collection[str]]:
        """Group → the groups that are its members."""
        return _edges((one.group_id, one.member_id) for one in self.memberships if one.is_group)

    @cached_property
    def parents_of(self) -> Mapping[str, Collection[str]]:
        """Group → the groups it is a member of."""
        return _edges((one.member_id, one.group_id) for one in self.memberships if one.is_group)

    @cached_property
    def users_in(self) -> Mapping[str, Collection[str]]:
        """Group → the users that are its own members, without those of nested groups."""
        return _edges((one.group_id, one.member_id) for one in self.memberships if not one.is_group)

    @cached_property
    def opening_groups(self) -> frozenset[str]:
        """Groups whose members have access to some app: by a role of their own or of a group they are nested in."""
        return reachable(self.nested_in, {one.group_id for one in self.app_roles})

    def having(self, memberships: Iterable[Membership] = (), app_roles: Iterable[AppRole] = ()) -> "Directory":
        """The directory as it would be with these too."""
        return replace(self, memberships=self.memberships.union(memberships), app_roles=self.app_roles.union(app_roles))


def reachable(edges: Mapping[str, Collection[str]], start: Iterable[str]) -> frozenset[str]:
    """`start` and all that can be reached from it; cycles end by themselves."""
    found: set[str] = set()
    pending = list(start)
    while pending:
        one = pending.pop()
        if one not in found:
            found.add(one)
            pending.extend(edges.get(one, ()))
    return frozenset(found)


def members(directory: Directory, group_ids: Iterable[str]) -> frozenset[str]:
    """Users of the groups and of all groups nested in them, inactive ones too."""
    groups = reachable(directory.nested_in, group_ids)
    return frozenset(user for group in groups for user in directory.users_in.get(group, ()))


def roles_through(directory: Directory, group_id: str) -> frozenset[AppRole]:
    """What a member of the group gets: its own app roles and those of the groups it is nested in."""
    groups = reachable(directory.parents_of, (group_id,))
    return frozenset(one for one in directory.app_roles if one.group_id in groups)


def group_named(directory: Directory, name: str) -> DirectoryGroup:
    """The group of a name, whatever its case. NotFound: none."""
    wanted = same_case(name)
    for one in directory.groups.values():
        if same_case(one.name) == wanted:
            return one
    raise NotFound(f"There is no group “{name}” in the directory.", hint=_close(name, directory.groups.values()))


def user_called(directory: Directory, words: str) -> DirectoryUser:
    """The user of an id, account id, e-mail or username. NotFound: none. Ambiguous: several."""
    wanted = same_case(words)
    found = [
        one
        for one in directory.users.values()
        if words in (one.id, one.account_id) or wanted in (same_case(one.email), same_case(one.username))
    ]
    if not found:
        raise NotFound(f"There is no user “{words}” in the directory.", hint="Give an e-mail, username or account id.")
    if len(found) > 1:
        raise Ambiguous(
            f"“{words}” could be any of {', '.join(sorted(one.display_name for one in found))}.",
            hint="Give the account id instead.",
        )
    return found[0]


def new_user_id() -> str:
    return f"usr-{uuid4().hex}"


def new_group_id() -> str:
    return f"grp-{uuid4().hex}"


def same_case(words: str | None) -> str | None:
    """E-mails, usernames and group names as they are compared; empty is none."""
    return words.strip().lower() or None if words else None


def version_of(session: Session, organization_id: str) -> int:
    """Where it is the same, the directory is. NotFound: no such organization."""
    version = session.scalar(select(OrganizationRow.directory_version).where(OrganizationRow.id == organization_id))
    if version is None:
        raise NotFound(
            f"There is no organization {organization_id}.", hint="`restorebot org list` shows those there are."
        )
    return version


def snapshot(session: Session, organization_id: str) -> Directory:
    """The directory as this transaction sees it. NotFound: no such organization."""
    version = version_of(session, organization_id)
    # columns, not entities: what a session has read before must not stand in for what another has written since
    groups = session.execute(
        select(DirectoryGroupRow.id, DirectoryGroupRow.name).where(DirectoryGroupRow.organization_id == organization_id)
    )
    users = session.execute(
        select(
            DirectoryUserRow.id,
            DirectoryUserRow.display_name,
            DirectoryUserRow.account_id,
            DirectoryUserRow.email,
            DirectoryUserRow.username,
            DirectoryUserRow.active,
        ).where(DirectoryUserRow.organization_id == organization_id)
    )
    memberships = session.execute(
        select(DirectoryMembershipRow.group_id, DirectoryMembershipRow.member_id, DirectoryMembershipRow.is_group)
        .join(DirectoryGroupRow, DirectoryGroupRow.id == DirectoryMembershipRow.group_id)
        .where(DirectoryGroupRow.organization_id == organization_id)
    )
    app_roles = session.execute(
        select(DirectoryAppRoleRow.group_id, DirectoryAppRoleRow.app_id, DirectoryAppRoleRow.role)
        .join(DirectoryGroupRow, DirectoryGroupRow.id == DirectoryAppRoleRow.group_id)
        .where(DirectoryGroupRow.organization_id == organization_id)
    )
    return Directory(
        organization_id=organization_id,
        version=version,
        users={
            intern(id_): DirectoryUser(
                id=intern(id_), display_name=name, account_id=account_id, email=email, username=username, active=active
            )
            for id_, name, account_id, email, username, active in users
        },
        groups={intern(id_): DirectoryGroup(id=intern(id_), name=name) for id_, name in groups},
        memberships=frozenset(
            Membership(group_id=intern(group), member_id=intern(member), is_group=is_group)  # one text for each id
            for group, member, is_group in memberships
        ),
        app_roles=frozenset(
            AppRole(group_id=group, app_id=app_id, role=AppRoleName(role)) for group, app_id, role in app_roles
        ),
    )


def _edges(pairs: Iterable[tuple[str, str]]) -> Mapping[str, Collection[str]]:
    edges: dict[str, list[str]] = defaultdict(list)
    for left, right in pairs:
        edges[left].append(right)
    return edges


def _close(name: str, groups: Iterable[DirectoryGroup]) -> str:
    like = get_close_matches(name, sorted(one.name for one in groups), n=3)
    return f"Did you mean {' or '.join(like)}?" if like else "Check the name; case does not matter."
