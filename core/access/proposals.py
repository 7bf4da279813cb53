"""What a restore brings into an organization's directory, and what of it waits for a person's decision.

Added at once is only what gives nobody access: people, groups, and memberships of groups whose members have access to
no app. Everything else is proposed as a pending grant, under a key that a repeated step finds again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core import audit
from core.access.directory import (
    AppRole,
    Directory,
    DirectoryGroup,
    Membership,
    new_group_id,
    roles_through,
    same_case,
    snapshot,
)
from core.access.directory_change import DirectoryChange, add_groups, add_memberships, add_users, raise_version
from core.access.impact import Proposal, is_there
from core.access.matching import BackupDirectory, is_admin_group, match_users, to_add
from core.access.people import person_by_id
from core.access.tables import AppRoleName, GrantKind, GrantRow, GrantStatus
from core.catalog.tables import AppRow, new_id
from core.errors import NotFound


@dataclass(frozen=True, kw_only=True)
class ProposalSummary:
    """What one call did. Called again for the same restore it adds nothing, and `grants` names the same ones."""

    users_matched: int
    users_added: int
    groups_merged: tuple[str, ...]
    groups_added: tuple[str, ...]
    groups_left_out: tuple[str, ...]  # by a person's choice
    admin_groups: tuple[str, ...]  # groups that administer the site: never carried, their people are
    memberships_added: int
    grants: tuple[str, ...]  # ids of all grants of this restore, whatever has been decided since
    pending: int  # how many of them wait


@dataclass(frozen=True, kw_only=True)
class _Groups:
    """Backup group's key → group of the directory."""

    ids: Mapping[str, str]
    added: tuple[DirectoryGroup, ...]
    merged: tuple[str, ...]
    left_out: tuple[str, ...]
    admin: tuple[str, ...]
    without_access: frozenset[str]  # keys of admin groups carried under another name


def propose(
    session: Session,
    *,
    organization_id: str,
    restore_id: str,
    app_id: str,
    backup: BackupDirectory,
    group_names: Mapping[str, str | None],
    proposed_by: str,
    also_restored_by: Collection[str] = (),
    now: datetime,
) -> ProposalSummary:
    """Bring a backup's people and groups into the directory without giving anyone access; propose what would.

    `group_names`: a backup group's name → the name to use, None to leave it out; one that is missing keeps its name.
    Groups that administer the site are left out whole, and under another name they are carried without access.
    Persons are ids; in an assisted restore `also_restored_by` names everyone else who counts as who restored.
    NotFound: the organization has no such app, or there is no such person. Nothing is written then.
    """
    app = select(AppRow.id).where(AppRow.id == app_id, AppRow.organization_id == organization_id)
    if session.scalar(app) is None:
        raise NotFound(
            f"The organization has no app {app_id}; no access was proposed.",
            hint="`restorebot app list` shows its apps.",
        )
    restorer = person_by_id(session, proposed_by).id
    others = sorted({person_by_id(session, one).id for one in also_restored_by})
    change = raise_version(session, organization_id)
    before = snapshot(session, organization_id)
    matched = match_users(before, backup.users)
    new_keys, new_users = to_add(backup.users, matched)
    groups = _resolve(before, backup, group_names)
    add_users(change, new_users)
    add_groups(change, groups.added)
    wanted = _memberships(backup, {**matched, **new_keys}, groups.ids)
    wanted -= before.memberships
    # Who joins a group that is nested in an opening one gets in as well. Adding the others opens no group to anyone, so
    # what was closed before is closed after.
    waiting = {one for one in wanted if one.group_id in before.opening_groups}
    wanted -= waiting
    add_memberships(change, wanted)
    proposals = [*_app_roles(before, backup, groups, app_id), *(_joining(before, one) for one in _in_order(waiting))]
    new = _insert(change, restore_id, app_id, proposals, restorer, others, now)
    if new_users or groups.added or wanted or new:
        audit.record(
            session,
            person=restorer,
            action="access.propose",
            subject=f"restore:{restore_id}",
            now=now,
            app=app_id,
            users=len(new_users),
            groups=len(groups.added),
            memberships=len(wanted),
            grants=new,
        )
    grants = session.execute(
        select(GrantRow.id, GrantRow.status).where(GrantRow.restore_id == restore_id).order_by(GrantRow.id)
    ).all()
    return ProposalSummary(
        users_matched=len(matched),
        users_added=len(new_users),
        groups_merged=groups.merged,
        groups_added=tuple(one.name for one in groups.added),
        groups_left_out=groups.left_out,
        admin_groups=groups.admin,
        memberships_added=len(wanted),
        grants=tuple(id_ for id_, _ in grants),
        pending=sum(status == GrantStatus.PENDING for _, status in grants),
    )


def grant_values(proposal: Proposal) -> dict[str, object]:
    """The columns of a grant's row that say what it gives."""
    return {
        "kind": proposal.kind.value,
        "group_id": proposal.group_id,
        "member_id": proposal.member_id or None,
        "member_is_group": proposal.member_is_group,
        "role": proposal.role.value,
    }


def _resolve(directory: Directory, backup: BackupDirectory, group_names: Mapping[str, str | None]) -> _Groups:
    known = {same_case(one.name): one for one in directory.groups.values()}
    ids: dict[str, str] = {}
    added: dict[str, DirectoryGroup] = {}
    merged: dict[str, str] = {}
    left_out: list[str] = []
    admin: list[str] = []
    for group in backup.groups:
        name = group_names.get(group.name, group.name)
        if name is None:
            left_out.append(group.name)
            continue
        if is_admin_group(name) or same_case(name) is None:
            admin.append(group.name)
            continue
        key = same_case(name)
        if key not in known:
            known[key] = DirectoryGroup(id=new_group_id(), name=name.strip())
            added[known[key].id] = known[key]
        elif known[key].id not in added:
            merged[known[key].id] = known[key].name
        ids[group.key] = known[key].id
    return _Groups(
        ids=ids,
        added=tuple(added.values()),
        merged=tuple(merged.values()),
        left_out=tuple(left_out),
        admin=tuple(admin),
        without_access=frozenset(one.key for one in backup.groups if is_admin_group(one.name)),
    )


def _memberships(backup: BackupDirectory, user_ids: Mapping[str, str], group_ids: Mapping[str, str]) -> set[Membership]:
    found = set()
    for one in backup.memberships:
        group_id = group_ids.get(one.group_key)
        member_id = (group_ids if one.is_group else user_ids).get(one.member_key)
        if group_id and member_id and group_id != member_id:
            found.add(Membership(group_id=group_id, member_id=member_id, is_group=one.is_group))
    return found


def _app_roles(directory: Directory, backup: BackupDirectory, groups: _Groups, app_id: str) -> list[Proposal]:
    roles = {
        AppRole(group_id=groups.ids[one.group_key], app_id=app_id, role=one.role)
        for one in backup.access
        if one.group_key in groups.ids and one.group_key not in groups.without_access
    }
    wanted = (
        Proposal(kind=GrantKind.GROUP_ACCESS, group_id=one.group_id, app_id=one.app_id, role=one.role)
        for one in sorted(roles, key=lambda one: (one.group_id, one.role))
    )
    return [one for one in wanted if not is_there(directory, one)]


def _joining(directory: Directory, membership: Membership) -> Proposal:
    roles = {one.role for one in roles_through(directory, membership.group_id)}
    return Proposal(
        kind=GrantKind.MEMBER,
        group_id=membership.group_id,
        member_id=membership.member_id,
        member_is_group=membership.is_group,
        role=AppRoleName.ADMIN if AppRoleName.ADMIN in roles else AppRoleName.USER,
    )


def _in_order(memberships: Collection[Membership]) -> list[Membership]:
    return sorted(memberships, key=lambda one: (one.group_id, one.member_id))


def _insert(
    change: DirectoryChange,
    restore_id: str,
    app_id: str,
    proposals: Collection[Proposal],
    proposed_by: str,
    also_restored_by: list[str],
    now: datetime,
) -> int:
    """Add what was not proposed by this restore before, whatever was decided on it. How many that is."""
    known = set(change.session.scalars(select(GrantRow.key).where(GrantRow.restore_id == restore_id)))
    rows = [
        {
            "id": new_id("grt"),
            "organization_id": change.organization_id,
            "key": key,
            "status": GrantStatus.PENDING.value,
            "restore_id": restore_id,
            "proposed_by": proposed_by,
            "also_restored_by": also_restored_by,
            "app_id": app_id,
            "created_at": now,
            **grant_values(one),
        }
        for one in proposals
        if (key := _key(restore_id, one)) not in known
    ]
    if rows:
        change.session.execute(insert(GrantRow), rows)
    return len(rows)


def _key(restore_id: str, proposal: Proposal) -> str:
    # the role of a membership is only what the group had then: it does not make another grant of it
    what = proposal.member_id or f"{proposal.app_id}/{proposal.role}"
    return f"{restore_id}:{proposal.kind}:{proposal.group_id}:{what}"
