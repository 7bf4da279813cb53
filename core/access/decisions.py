"""Decisions on grants: approve, deny, revoke.

Whoever gives or takes access raises the directory's version first, so nothing changes between the look and the write,
and then takes the grant's status by compare-and-set. Directory, grant, audit entry and event are one transaction, which
is the caller's.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from core.access.applying import apply, given_by_a_grant, gives, require_digest, take_back, tell
from core.access.deciders import is_own_decision, require_decider
from core.access.directory import snapshot
from core.access.directory_change import raise_version
from core.access.errors import AlreadyDecided
from core.access.grants import Grant, organization_of, read_grants, review, show_grants
from core.access.impact import taken_back
from core.access.people import Person, name_of
from core.access.tables import GrantRow, GrantStatus
from core.catalog import organizations
from core.catalog.tables import SecondPerson
from core.errors import WrongState


def approve(
    session: Session,
    *,
    grant_id: str,
    digest: str,
    decided_by: Person,
    reason: str = "",
    now: datetime,
    second_person: SecondPerson | None = None,
) -> Grant:
    """Apply one pending grant; see `approve_together`."""
    (grant,) = approve_together(
        session,
        grant_ids=(grant_id,),
        digest=digest,
        decided_by=decided_by,
        reason=reason,
        now=now,
        second_person=second_person,
    )
    return grant


def approve_together(
    session: Session,
    *,
    grant_ids: Collection[str],
    digest: str,
    decided_by: Person,
    reason: str = "",
    now: datetime,
    second_person: SecondPerson | None = None,
) -> tuple[Grant, ...]:
    """Apply pending grants that were shown together, all or none. `digest` is that of the impact that was shown.

    `second_person` overrides the organization's rule. Nothing is changed by any of the errors, which the caller's
    transaction must not outlive: NotAllowed; AlreadyDecided; ImpactChanged: what was shown no longer holds.
    """
    organization_id = organization_of(session, grant_ids)
    change = raise_version(session, organization_id)
    decider = require_decider(session, decided_by, organization_id)
    before = snapshot(session, organization_id)
    grants = read_grants(session, grant_ids)
    for grant in grants:
        _require_pending(session, grant)
    shown = review(session, before, grants, [one.proposal for one in grants])
    gives_admin = shown.impact.gives_admin
    own = {one.id: _own(session, decider, one, gives_admin=gives_admin, second_person=second_person) for one in grants}
    require_digest(shown, digest)
    for grant in grants:
        _decide(
            session,
            grant,
            GrantStatus.APPLIED,
            decided_by=decider.id,
            decided_at=now,
            reason=reason,
            own_decision=own[grant.id],
            gave=gives(session, before, grant.proposal),
            impact=shown.impact.to_json(),
        )
    apply(change, before, [one.proposal for one in grants])
    decided = read_grants(session, grant_ids)
    for grant in decided:
        tell(session, grant, shown.impact, person=decider.id, action="access.approve", reason=reason, now=now)
    return decided


def deny(
    session: Session,
    *,
    grant_id: str,
    decided_by: Person,
    reason: str = "",
    now: datetime,
    second_person: SecondPerson | None = None,
) -> Grant:
    """Close a pending grant; its people and data are there, and it opens nothing. NotAllowed; AlreadyDecided."""
    organizations.lock(session, organization_of(session, (grant_id,)))  # who may decide stays so until it is written
    shown = show_grants(session, (grant_id,))
    (grant,) = shown.grants
    decider = require_decider(session, decided_by, grant.organization_id)
    _require_pending(session, grant)
    own = _own(session, decider, grant, gives_admin=shown.impact.gives_admin, second_person=second_person)
    _decide(
        session,
        grant,
        GrantStatus.DENIED,
        decided_by=decider.id,
        decided_at=now,
        reason=reason,
        own_decision=own,
        impact=shown.impact.to_json(),
    )
    (denied,) = read_grants(session, (grant_id,))
    tell(session, denied, shown.impact, person=decider.id, action="access.deny", reason=reason, now=now)
    return denied


def revoke(session: Session, *, grant_id: str, decided_by: Person, reason: str = "", now: datetime) -> Grant:
    """Take back what an applied grant gave, and nothing else: access that another grant gives too, or that was there
    before any grant, stays. Any approver may, also on their own restore. NotAllowed. WrongState: it is not applied.
    """
    organization_id = organization_of(session, (grant_id,))
    change = raise_version(session, organization_id)
    decider = require_decider(session, decided_by, organization_id)
    before = snapshot(session, organization_id)
    (grant,) = read_grants(session, (grant_id,))
    if grant.status is not GrantStatus.APPLIED:
        raise WrongState(
            f"Grant {grant.id} is {grant.status.value}, so there is nothing to take back; nothing was changed.",
            hint="Deny it if it should not be given."
            if grant.status is GrantStatus.PENDING
            else "`restorebot access list` shows what is applied.",
        )
    proposal = grant.proposal
    _decide(session, grant, GrantStatus.REVOKED, revoked_by=decider.id, revoked_at=now)
    if grant.gave and not given_by_a_grant(session, proposal):
        take_back(change, proposal)
    after = snapshot(session, organization_id)
    (revoked,) = read_grants(session, (grant_id,))
    tell(
        session,
        revoked,
        taken_back(before, after, proposal),
        person=decider.id,
        action="access.revoke",
        reason=reason,
        now=now,
    )
    return revoked


def _own(
    session: Session, decider: Person, grant: Grant, *, gives_admin: bool, second_person: SecondPerson | None
) -> bool:
    return is_own_decision(
        session,
        decider,
        organization_id=grant.organization_id,
        restored_by=(grant.proposed_by, *grant.also_restored_by),
        gives_admin=gives_admin,
        second_person=second_person,
    )


def _require_pending(session: Session, grant: Grant) -> None:
    if grant.status is GrantStatus.PENDING:
        return
    at = grant.decided_at.strftime("%Y-%m-%d %H:%M UTC") if grant.decided_at else "an unknown time"
    what = "denied" if grant.status is GrantStatus.DENIED else "approved"
    later = f", and revoked by {name_of(session, grant.revoked_by)} since" if grant.revoked_by else ""
    raise AlreadyDecided(
        f"{name_of(session, grant.decided_by)} {what} grant {grant.id} on {at}{later}; nothing was changed now.",
        status=grant.status,
        decided_by=grant.decided_by or "",
        decided_at=grant.decided_at,
        hint="What was approved can be revoked; what was denied can be given by hand.",
    )


def _decide(session: Session, grant: Grant, to: GrantStatus, **values: object) -> None:
    """Compare-and-set from the status that was read: of two deciders at once, one changes the row."""
    changed = session.scalar(
        update(GrantRow)
        .where(GrantRow.id == grant.id, GrantRow.status == grant.status.value)
        .values(status=to.value, **values)
        .returning(GrantRow.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        (now_is,) = read_grants(session, (grant.id,))
        _require_pending(session, now_is)
