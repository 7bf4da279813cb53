"""Applying access that has been decided, taking it back, and telling of it, in the transaction of the decision."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit
from core.access.directory import Directory, snapshot
from core.access.directory_change import (
    DirectoryChange,
    add_app_roles,
    add_memberships,
    remove_app_role,
    remove_membership,
)
from core.access.errors import AccessNotApplied, ImpactChanged
from core.access.grants import Grant, GrantReview, in_sentences, told
from core.access.impact import Impact, Proposal, applied, is_there
from core.access.tables import GrantKind, GrantRow, GrantStatus
from core.events import log
from core.events.kinds import EventKind, StreamKind


def require_digest(shown: GrantReview, digest: str) -> None:
    """Refuse with what holds now, where it is not what was shown."""
    if shown.impact.digest != digest:
        raise ImpactChanged(
            f"What this access would do changed since it was shown; nothing was applied. {in_sentences(shown)}",
            impact=shown.impact,
            hint="Look at it again and decide on what it is now.",
        )


def same_piece(session: Session, proposal: Proposal) -> Sequence[GrantRow]:
    """All grants, of any restore and any status, that give the same."""
    query = select(GrantRow).where(GrantRow.kind == proposal.kind.value, GrantRow.group_id == proposal.group_id)
    if proposal.kind is GrantKind.GROUP_ACCESS:
        query = query.where(GrantRow.app_id == proposal.app_id, GrantRow.role == proposal.role.value)
    else:
        query = query.where(GrantRow.member_id == proposal.member_id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def given_by_a_grant(session: Session, proposal: Proposal) -> bool:
    """An applied grant gives this piece."""
    return any(one.status == GrantStatus.APPLIED and one.gave for one in same_piece(session, proposal))


def gives(session: Session, directory: Directory, proposal: Proposal) -> bool:
    """Whether the piece comes from grants once this one is applied, so that revoking the last of them takes it back."""
    return not is_there(directory, proposal) or given_by_a_grant(session, proposal)


def take_back(change: DirectoryChange, proposal: Proposal) -> None:
    """Remove one piece, if it is there."""
    if proposal.kind is GrantKind.GROUP_ACCESS:
        remove_app_role(change, proposal.app_role)
    else:
        remove_membership(change, proposal.membership)


def apply(change: DirectoryChange, before: Directory, proposals: Sequence[Proposal]) -> None:
    """Write the pieces and read back that the directory is what was shown."""
    new = {one for one in proposals if not is_there(before, one)}
    add_app_roles(change, {one.app_role for one in new if one.kind is GrantKind.GROUP_ACCESS})
    add_memberships(change, {one.membership for one in new if one.kind is GrantKind.MEMBER})
    expected = applied(before, proposals)
    found = snapshot(change.session, change.organization_id)
    if (found.memberships, found.app_roles) != (expected.memberships, expected.app_roles):
        raise AccessNotApplied(
            "The directory does not show the access that was just written; nothing was applied.",
            hint="Try again; if it happens again, run `restorebot doctor` and tell support.",
        )


def tell(
    session: Session, grant: Grant, impact: Impact, *, person: str, action: str, reason: str, now: datetime
) -> None:
    counts = told(impact)
    audit.record(
        session,
        person=person,
        action=action,
        subject=f"grant:{grant.id}",
        now=now,
        reason=reason,
        own_decision=grant.own_decision,
        **counts,
    )
    streams = [(StreamKind.RESTORE, grant.restore_id)] if grant.restore_id else [
        (StreamKind.APP, app.app_id) for app in impact.apps
    ]  # fmt: skip
    for stream in streams:
        log.append(
            session,
            stream=stream,
            kind=EventKind.GRANT_DECIDED,
            now=now,
            key=f"grant:{grant.id}:{grant.status}",
            data={
                "grant": grant.id,
                "kind": grant.kind.value,
                "status": grant.status.value,
                "person": person,
                "own_decision": grant.own_decision,
                **counts,
            },
        )
