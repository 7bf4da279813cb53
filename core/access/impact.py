"""What giving access would do: who gets in, which apps open, how many seats it takes. Pure.

A seat is one active user who can open an app, however many groups let them in: a union, never a sum.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from blake3 import blake3

from core.access.directory import AppRole, Directory, Membership, members, reachable, roles_through
from core.access.tables import AppRoleName, GrantKind


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """One piece of access: a group opens an app (`app_id`, `role`), or a member joins a group (`member_id`)."""

    kind: GrantKind
    group_id: str
    app_id: str = ""
    role: AppRoleName = AppRoleName.USER
    member_id: str = ""
    member_is_group: bool = False

    @property
    def app_role(self) -> AppRole:
        """What a GROUP_ACCESS gives."""
        return AppRole(group_id=self.group_id, app_id=self.app_id, role=self.role)

    @property
    def membership(self) -> Membership:
        """What a MEMBER gives."""
        return Membership(group_id=self.group_id, member_id=self.member_id, is_group=self.member_is_group)


@dataclass(frozen=True, kw_only=True)
class AppImpact:
    """What would change for one app. Admin access adds no seat and is told apart."""

    app_id: str
    roles: tuple[AppRoleName, ...]  # that would be given
    seats_now: int
    seats_after: int
    newly_seated: tuple[str, ...]  # users
    new_admins: tuple[str, ...]  # users


@dataclass(frozen=True, kw_only=True)
class Impact:
    """Everything a person decides on. `digest` stands for all of it and for the pieces it was made for."""

    proposals: tuple[Proposal, ...]
    members: tuple[str, ...]  # users who would get it, with those of nested groups, inactive ones too
    groups: tuple[str, ...]  # through which they get it: the group and those nested in it
    apps: tuple[AppImpact, ...]

    @property
    def newly_seated(self) -> frozenset[str]:
        """Users who would take a seat in any app."""
        return frozenset(user for app in self.apps for user in app.newly_seated)

    @property
    def gives_admin(self) -> bool:
        return any(AppRoleName.ADMIN in app.roles for app in self.apps)

    @cached_property
    def digest(self) -> str:
        return blake3(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def seats(directory: Directory, app_id: str) -> frozenset[str]:
    """The active users who can open an app, each once."""
    return _active(directory, app_id, AppRoleName.USER)


def admins(directory: Directory, app_id: str) -> frozenset[str]:
    """The active users who administer an app; they take no seat by that."""
    return _active(directory, app_id, AppRoleName.ADMIN)


def is_there(directory: Directory, proposal: Proposal) -> bool:
    """The very piece stands in the directory already (not: its members get in some other way)."""
    if proposal.kind is GrantKind.GROUP_ACCESS:
        return proposal.app_role in directory.app_roles
    return proposal.membership in directory.memberships


def applied(directory: Directory, proposals: Iterable[Proposal]) -> Directory:
    """The directory as it would be with the pieces applied."""
    proposals = tuple(proposals)
    return directory.having(
        memberships=(one.membership for one in proposals if one.kind is GrantKind.MEMBER),
        app_roles=(one.app_role for one in proposals if one.kind is GrantKind.GROUP_ACCESS),
    )


def impact(directory: Directory, proposals: Sequence[Proposal]) -> Impact:
    """What applying the pieces together would do; the order in which they are given does not matter."""
    after = applied(directory, proposals)
    groups: set[str] = set()
    users: set[str] = set()
    given: set[AppRole] = set()
    for one in proposals:
        if one.kind is GrantKind.GROUP_ACCESS:
            groups |= reachable(after.nested_in, (one.group_id,))
            given.add(one.app_role)
            continue
        given |= roles_through(after, one.group_id)
        groups.add(one.group_id)
        if one.member_is_group:
            groups |= reachable(after.nested_in, (one.member_id,))
            users |= members(after, (one.member_id,))
        else:
            users.add(one.member_id)
    opening = {one.group_id for one in proposals if one.kind is GrantKind.GROUP_ACCESS}
    return Impact(
        proposals=tuple(sorted(proposals, key=_order)),
        members=tuple(sorted(users | members(after, opening))),
        groups=tuple(sorted(groups)),
        apps=tuple(_app_impact(directory, after, app_id, given) for app_id in sorted({one.app_id for one in given})),
    )


def taken_back(before: Directory, after: Directory, proposal: Proposal) -> Impact:
    """What revoking a piece did, in the same terms: nobody is new, the seats went from `before` to `after`."""
    given = impact(after, (proposal,))
    apps = (
        replace(
            app,
            seats_now=len(seats(before, app.app_id)),
            seats_after=len(seats(after, app.app_id)),
            newly_seated=(),
            new_admins=(),
        )
        for app in given.apps
    )
    return replace(given, apps=tuple(apps))


def _app_impact(directory: Directory, after: Directory, app_id: str, given: Iterable[AppRole]) -> AppImpact:
    before = seats(directory, app_id)
    then = seats(after, app_id)
    return AppImpact(
        app_id=app_id,
        roles=tuple(sorted({one.role for one in given if one.app_id == app_id})),
        seats_now=len(before),
        seats_after=len(then),
        newly_seated=tuple(sorted(then - before)),
        new_admins=tuple(sorted(admins(after, app_id) - admins(directory, app_id))),
    )


def _active(directory: Directory, app_id: str, role: AppRoleName) -> frozenset[str]:
    groups = {one.group_id for one in directory.app_roles if one.app_id == app_id and one.role is role}
    return frozenset(user for user in members(directory, groups) if directory.users[user].active)


def _order(one: Proposal) -> tuple[str, ...]:
    return (one.kind, one.group_id, one.app_id, one.role, one.member_id)
