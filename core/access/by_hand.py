"""Access given by hand: an approver looks at what it would do and gives it, as a grant that can be revoked."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.access.applying import apply, require_digest, same_piece, tell
from core.access.deciders import is_own_decision, require_decider
from core.access.directory import Directory, snapshot
from core.access.directory_change import raise_version
from core.access.grants import Grant, GrantReview, read_grants, review
from core.access.impact import Proposal, is_there
from core.access.people import Person
from core.access.proposals import grant_values
from core.access.tables import GrantKind, GrantRow, GrantStatus
from core.catalog.tables import AppRow, SecondPerson, new_id
from core.errors import NotFound, WrongState


def show_access(session: Session, *, organization_id: str, proposal: Proposal) -> GrantReview:
    """What giving access by hand would do now. NotFound: no such group, member or app. WrongState: it is there."""
    directory = snapshot(session, organization_id)
    _require_known(session, directory, proposal)
    return review(session, directory, (), [proposal])


def grant_access(
    session: Session,
    *,
    organization_id: str,
    proposal: Proposal,
    digest: str,
    decided_by: Person,
    reason: str = "",
    now: datetime,
    second_person: SecondPerson | None = None,
) -> Grant:
    """Give access by hand, as an approver who has seen `show_access`: the same decision, under a grant of its own.

    It is no way round the second person: what a restore proposed is decided on there, and what was denied to the person
    who restored is not theirs to give. Errors as of `approve_together` and `show_access`; WrongState too if it waits.
    """
    change = raise_version(session, organization_id)
    decider = require_decider(session, decided_by, organization_id)
    before = snapshot(session, organization_id)
    _require_known(session, before, proposal)
    same = same_piece(session, proposal)
    waiting = next((one for one in same if one.status == GrantStatus.PENDING), None)
    if waiting is not None:
        raise WrongState(
            f"This access waits already, as grant {waiting.id}; nothing was changed.",
            hint=f"Decide on that one: `restorebot access show {waiting.id}`.",
        )
    shown = review(session, before, (), [proposal])
    own = is_own_decision(
        session,
        decider,
        organization_id=organization_id,
        restored_by={person for one in same if one.restore_id for person in (one.proposed_by, *one.also_restored_by)},
        gives_admin=shown.impact.gives_admin,
        second_person=second_person,
    )
    require_digest(shown, digest)
    grant_id = new_id("grt")
    session.execute(
        insert(GrantRow).values(
            id=grant_id,
            organization_id=organization_id,
            key=f"hand:{grant_id}",
            status=GrantStatus.APPLIED.value,
            restore_id="",
            proposed_by=decider.id,
            app_id=proposal.app_id,
            created_at=now,
            decided_by=decider.id,
            decided_at=now,
            reason=reason,
            own_decision=own,
            gave=True,
            impact=shown.impact.to_json(),
            **grant_values(proposal),
        )
    )
    apply(change, before, [proposal])
    (grant,) = read_grants(session, (grant_id,))
    tell(session, grant, shown.impact, person=decider.id, action="access.grant", reason=reason, now=now)
    return grant


def _require_known(session: Session, directory: Directory, proposal: Proposal) -> None:
    known = proposal.group_id in directory.groups
    if proposal.kind is GrantKind.GROUP_ACCESS:
        app = select(AppRow.id).where(AppRow.id == proposal.app_id, AppRow.organization_id == directory.organization_id)
        known = known and session.scalar(app) is not None
    else:
        known = known and proposal.member_id in (directory.groups if proposal.member_is_group else directory.users)
    if not known:
        raise NotFound(
            "The group, its new member or the app is not in this organization; nothing was changed.",
            hint="`restorebot access list` and `restorebot app list` show what there is.",
        )
    if is_there(directory, proposal):
        raise WrongState("This access is there already; nothing was changed.", hint="There is nothing left to do.")
