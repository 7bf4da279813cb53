"""Grants: shown with what they would do, decided by a person, applied in the transaction of the decision, revoked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from core.access.directory import Directory, snapshot
from core.access.impact import Impact, Proposal, impact
from core.access.tables import (
    AppRoleName,
    DirectoryGroupRow,
    DirectoryUserRow,
    GrantKind,
    GrantRow,
    GrantStatus,
)
from core.catalog.tables import AppRow
from core.errors import NotFound, UsageError


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One piece of access and what became of it. Persons are ids."""

    id: str
    organization_id: str
    kind: GrantKind
    status: GrantStatus
    restore_id: str  # "" for one made by hand
    proposed_by: str
    also_restored_by: tuple[str, ...]
    app_id: str  # the restore's destination; "" for a membership given by hand
    group_id: str
    group_name: str
    member_id: str | None
    member_is_group: bool
    member_name: str | None
    role: AppRoleName  # of a membership: the highest the group had when it was proposed
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    own_decision: bool
    gave: bool  # False for an applied one whose access was there before any grant: revoking leaves it
    revoked_by: str | None
    revoked_at: datetime | None

    @property
    def proposal(self) -> Proposal:
        if self.kind is GrantKind.GROUP_ACCESS:
            return Proposal(kind=self.kind, group_id=self.group_id, app_id=self.app_id, role=self.role)
        return Proposal(
            kind=self.kind,
            group_id=self.group_id,
            member_id=self.member_id or "",
            member_is_group=self.member_is_group,
        )


@dataclass(frozen=True, kw_only=True)
class GrantReview:
    """What an approver sees: decide with `impact.digest`."""

    grants: tuple[Grant, ...]  # none for access that is about to be given by hand
    impact: Impact  # as of now, of all of them together
    names: Mapping[str, str]  # of every user, group and app the impact names


def list_grants(
    session: Session,
    organization_id: str,
    *,
    status: GrantStatus | None = None,
    restore_id: str | None = None,
    app_id: str | None = None,
) -> tuple[Grant, ...]:
    """Grants of an organization, oldest first; group access before its members."""
    query = _with_names().where(GrantRow.organization_id == organization_id)
    if status is not None:
        query = query.where(GrantRow.status == status.value)
    if restore_id is not None:
        query = query.where(GrantRow.restore_id == restore_id)
    if app_id is not None:
        query = query.where(GrantRow.app_id == app_id)
    grants = [_value(row, group, member) for row, group, member in session.execute(query)]
    grants.sort(key=lambda one: (one.created_at, one.kind, one.group_name, one.role, one.member_name or ""))
    return tuple(grants)


def count_pending(session: Session, restore_id: str) -> int:
    """How much of what a restore asks for waits for a decision."""
    waiting = (GrantRow.restore_id == restore_id, GrantRow.status == GrantStatus.PENDING.value)
    return session.scalar(select(func.count()).select_from(GrantRow).where(*waiting)) or 0


def show_grant(session: Session, grant_id: str) -> GrantReview:
    """A grant with its impact as of now. NotFound: there is none."""
    return show_grants(session, (grant_id,))


def show_grants(session: Session, grant_ids: Collection[str]) -> GrantReview:
    """Several grants of one organization with the impact they have together, each seat counted once.

    NotFound: one of them does not exist. UsageError: none given, or of several organizations.
    """
    organization_id = organization_of(session, grant_ids)
    directory = snapshot(session, organization_id)
    grants = read_grants(session, grant_ids)
    return review(session, directory, grants, [one.proposal for one in grants])


def review(
    session: Session, directory: Directory, grants: Sequence[Grant], proposals: Sequence[Proposal]
) -> GrantReview:
    """What the proposals would do now, with the names to say it in."""
    found = impact(directory, proposals)
    apps = session.execute(select(AppRow.id, AppRow.name).where(AppRow.organization_id == directory.organization_id))
    names = {
        **{one: directory.users[one].display_name for one in found.members},
        **{one: directory.groups[one].name for one in found.groups},
        **{id_: name for id_, name in apps if id_ in {app.app_id for app in found.apps}},
    }
    return GrantReview(grants=tuple(grants), impact=found, names=names)


def organization_of(session: Session, grant_ids: Collection[str]) -> str:
    """The one organization of the grants; see `show_grants`."""
    rows = session.execute(select(GrantRow.id, GrantRow.organization_id).where(GrantRow.id.in_(grant_ids))).all()
    missing = sorted(set(grant_ids) - {id_ for id_, _ in rows})
    if missing:
        raise NotFound(
            f"There is no grant {', '.join(missing)}; nothing was changed.",
            hint="`restorebot access list` shows those that wait.",
        )
    organizations = {organization_id for _, organization_id in rows}
    if len(organizations) != 1:
        raise UsageError(
            "Grants are decided on for one organization at a time; nothing was changed.",
            hint="`restorebot access list` shows those of one organization.",
        )
    return organizations.pop()


def read_grants(session: Session, grant_ids: Collection[str]) -> tuple[Grant, ...]:
    """The grants as they stand now, whatever the session has read before, in the order of their ids."""
    rows = session.execute(_with_names().where(GrantRow.id.in_(grant_ids)).order_by(GrantRow.id))
    return tuple(_value(row, group, member) for row, group, member in rows)


def told(impact: Impact) -> dict[str, Any]:
    """An impact as codes and counts, fit for a channel: no names of people."""
    return {
        "apps": [
            {
                "app": app.app_id,
                "roles": [role.value for role in app.roles],
                "seats_now": app.seats_now,
                "seats_after": app.seats_after,
                "new_seats": len(app.newly_seated),
                "new_admins": len(app.new_admins),
            }
            for app in impact.apps
        ],
        "members": len(impact.members),
    }


def in_sentences(review: GrantReview) -> str:
    """An impact in words, without names of people."""
    if not review.impact.apps:
        return "It opens no app and takes no seat."
    return " ".join(
        f"{review.names.get(app.app_id, app.app_id)}: {app.seats_now} seats now, {app.seats_after} after, "
        f"{len(app.newly_seated)} new" + (f", {len(app.new_admins)} new admins." if app.new_admins else ".")
        for app in review.impact.apps
    )


def _with_names() -> "Select[GrantRow, str, str]":
    """Each with the names of its group and its member, for which nobody need read a whole directory."""
    member_group = aliased(DirectoryGroupRow)
    return (
        select(GrantRow, DirectoryGroupRow.name, func.coalesce(member_group.name, DirectoryUserRow.display_name))
        .join(DirectoryGroupRow, DirectoryGroupRow.id == GrantRow.group_id)
        .outerjoin(member_group, (member_group.id == GrantRow.member_id) & GrantRow.member_is_group)
        .outerjoin(DirectoryUserRow, (DirectoryUserRow.id == GrantRow.member_id) & ~GrantRow.member_is_group)
        .execution_options(populate_existing=True)
    )


def _value(row: GrantRow, group_name: str, member_name: str | None) -> Grant:
    return Grant(
        id=row.id,
        organization_id=row.organization_id,
        kind=GrantKind(row.kind),
        status=GrantStatus(row.status),
        restore_id=row.restore_id,
        proposed_by=row.proposed_by,
        also_restored_by=tuple(row.also_restored_by),
        app_id=row.app_id,
        group_id=row.group_id,
        group_name=group_name,
        member_id=row.member_id,
        member_is_group=row.member_is_group,
        member_name=member_name,
        role=AppRoleName(row.role),
        created_at=row.created_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
        own_decision=row.own_decision,
        gave=row.gave,
        revoked_by=row.revoked_by,
        revoked_at=row.revoked_at,
    )
