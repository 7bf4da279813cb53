"""Decisions on access, as an approver meets them."""

from threading import Barrier, Thread

import pytest

from core import audit
from core.access import applying
from core.access.by_hand import grant_access, show_access
from core.access.decisions import approve, approve_together, deny, revoke
from core.access.errors import AccessNotApplied, AlreadyDecided, ImpactChanged
from core.access.grants import Grant, GrantReview, list_grants, show_grant, show_grants
from core.access.impact import Proposal
from core.access.people import Person, ensure_person
from core.access.roles import grant_role, revoke_role, tie
from core.access.tables import GrantKind, GrantStatus, RoleName
from core.catalog.tables import SecondPerson
from core.errors import NotAllowed, NotFound, RestorebotError, WrongState
from core.events import log
from core.events.kinds import StreamKind
from tests.core.access.acme import ADMIN, NOW, USER, Acme, backup_of


def look(organization: Acme, grant_id: str) -> GrantReview:
    with organization.database.transaction() as session:
        return show_grant(session, grant_id)


def say_yes(
    organization: Acme, grant_id: str, by: Person | None = None, digest: str = "", rule: SecondPerson | None = None
) -> Grant:
    """Look, then approve; `digest` for who has looked before."""
    digest = digest or look(organization, grant_id).impact.digest
    with organization.database.transaction() as session:
        return approve(
            session,
            grant_id=grant_id,
            digest=digest,
            decided_by=by or organization.ann,
            reason="fine",
            now=NOW,
            second_person=rule,
        )


def say_no(organization: Acme, grant_id: str, by: Person | None = None) -> Grant:
    with organization.database.transaction() as session:
        return deny(session, grant_id=grant_id, decided_by=by or organization.ann, reason="no", now=NOW)


def take_back(organization: Acme, grant_id: str, by: Person | None = None) -> Grant:
    with organization.database.transaction() as session:
        return revoke(session, grant_id=grant_id, decided_by=by or organization.ann, now=NOW)


def give(organization: Acme, proposal: Proposal, by: Person | None = None) -> Grant:
    """Look, then give by hand."""
    with organization.database.transaction() as session:
        shown = show_access(session, organization_id=organization.id, proposal=proposal)
        return grant_access(
            session,
            organization_id=organization.id,
            proposal=proposal,
            digest=shown.impact.digest,
            decided_by=by or organization.ann,
            now=NOW,
        )


def opens(organization: Acme, group: str) -> Proposal:
    return Proposal(kind=GrantKind.GROUP_ACCESS, group_id=organization.group(group), app_id=organization.jira)


@pytest.fixture
def devs(organization: Acme) -> str:
    """A pending grant: Devs with bob and cy are to open Jira, which ann and bob open already."""
    organization.add({"Staff": "ann bob"}, {"Staff": USER})
    (grant,) = organization.propose(backup_of({"Devs": "bob cy"}, {"Devs": USER})).grants
    return grant


def test_what_was_shown_is_what_is_applied(organization: Acme, devs: str) -> None:
    shown = look(organization, devs)
    (app,) = shown.impact.apps
    assert (app.seats_now, app.seats_after, [shown.names[one] for one in app.newly_seated]) == (2, 3, ["cy"])
    grant = say_yes(organization, devs)
    assert organization.seats() == {"ann", "bob", "cy"}
    assert (grant.status, grant.decided_by, grant.reason) == (GrantStatus.APPLIED, organization.ann.id, "fine")
    assert not grant.own_decision


def test_a_decision_is_audited_and_told_in_counts_only(organization: Acme, devs: str) -> None:
    say_yes(organization, devs)
    with organization.database.transaction() as session:
        (entry,) = audit.entries(session, subject=f"grant:{devs}")
        (event,) = log.read(session, stream=(StreamKind.RESTORE, f"rst-{organization.id}"))
    assert (entry.person, entry.action, entry.detail["reason"]) == (organization.ann.id, "access.approve", "fine")
    assert event.data["status"] == "applied"
    assert event.data["apps"] == [
        {
            "app": organization.jira,
            "roles": ["user"],
            "seats_now": 2,
            "seats_after": 3,
            "new_seats": 1,
            "new_admins": 0,
        }
    ]


def test_a_group_that_grows_between_screen_and_click_adds_no_seat(organization: Acme, devs: str) -> None:
    seen = look(organization, devs).impact.digest
    organization.add({"Devs": "dora"})
    with pytest.raises(ImpactChanged) as refused:
        say_yes(organization, devs, digest=seen)
    assert organization.seats() == {"ann", "bob"}
    assert "2 seats now, 4 after, 2 new" in refused.value.message
    assert look(organization, devs).grants[0].status is GrantStatus.PENDING
    say_yes(organization, devs, digest=refused.value.impact.digest)
    assert organization.seats() == {"ann", "bob", "cy", "dora"}


def test_of_two_approvers_at_once_exactly_one_decides(organization: Acme, devs: str) -> None:
    start = Barrier(2)
    digest = look(organization, devs).impact.digest
    outcomes: list[Grant | RestorebotError] = []

    def decide(by: Person) -> None:
        start.wait()
        try:
            outcomes.append(say_yes(organization, devs, by, digest))
        except AlreadyDecided as error:
            outcomes.append(error)

    threads = [Thread(target=decide, args=(by,)) for by in (organization.ann, organization.ben)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    (won,) = [one for one in outcomes if isinstance(one, Grant)]
    (lost,) = [one for one in outcomes if isinstance(one, AlreadyDecided)]
    assert lost.decided_by == won.decided_by
    assert ("Ann" if won.decided_by == organization.ann.id else "Ben") in lost.message
    assert "2026-11-23 12:00 UTC" in lost.message
    with organization.database.transaction() as session:
        assert len(audit.entries(session, subject=f"grant:{devs}")) == 1


def test_a_second_decision_of_another_kind_changes_nothing_too(organization: Acme, devs: str) -> None:
    say_no(organization, devs)
    with pytest.raises(AlreadyDecided, match="Ann denied"):
        say_yes(organization, devs, organization.ben)
    assert organization.seats() == {"ann", "bob"}
    assert organization.propose(backup_of({"Devs": "bob cy"}, {"Devs": USER})).pending == 0


def test_grants_shown_together_are_applied_together(organization: Acme) -> None:
    organization.add({"Staff": "ann"}, {"Staff": USER})
    grants = organization.propose(backup_of({"Staff": "bob cy", "Devs": "bob"}, {"Devs": USER})).grants
    assert len(grants) == 3
    with organization.database.transaction() as session:
        shown = show_grants(session, grants)
        assert shown.impact.apps[0].seats_after == 3
        approve_together(session, grant_ids=grants, digest=shown.impact.digest, decided_by=organization.ann, now=NOW)
    assert organization.seats() == {"ann", "bob", "cy"}


def test_access_that_cannot_be_read_back_is_not_applied(
    organization: Acme, devs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(applying, "add_app_roles", lambda *_: None)
    with pytest.raises(AccessNotApplied):
        say_yes(organization, devs)
    assert look(organization, devs).grants[0].status is GrantStatus.PENDING


def test_who_holds_no_approver_role_is_told_who_can_give_it(organization: Acme, devs: str) -> None:
    for by in (organization.rob, organization.olga):
        with pytest.raises(NotAllowed) as refused:
            say_yes(organization, devs, by)
        assert "Olga" in refused.value.hint
    assert organization.seats() == {"ann", "bob"}


def test_a_grant_that_is_not_there_is_told(organization: Acme) -> None:
    with pytest.raises(NotFound, match="grt-none"):
        look(organization, "grt-none")


# --- taking back


def test_revoking_takes_back_exactly_what_was_given(organization: Acme, devs: str) -> None:
    before = organization.directory()
    say_yes(organization, devs)
    revoked = take_back(organization, devs, organization.ben)
    after = organization.directory()
    assert (after.memberships, after.app_roles) == (before.memberships, before.app_roles)
    assert (revoked.status, revoked.revoked_by) == (GrantStatus.REVOKED, organization.ben.id)
    with organization.database.transaction() as session:
        told = [one.data["status"] for one in log.read(session, stream=(StreamKind.RESTORE, revoked.restore_id))]
        freed = audit.entries(session, subject=f"grant:{devs}")[0].detail["apps"][0]
    assert told == ["applied", "revoked"]
    assert (freed["seats_now"], freed["seats_after"], freed["new_seats"]) == (3, 2, 0)


def test_access_that_another_grant_gives_too_stays_until_that_one_is_revoked(organization: Acme, devs: str) -> None:
    backup = backup_of({"Devs": "bob cy"}, {"Devs": USER})
    (again,) = organization.propose(backup, restore_id="rst-again").grants
    say_yes(organization, devs)
    say_yes(organization, again)
    take_back(organization, devs)
    assert organization.seats() == {"ann", "bob", "cy"}
    take_back(organization, again)
    assert organization.seats() == {"ann", "bob"}


def test_access_that_was_there_before_any_grant_stays(organization: Acme, devs: str) -> None:
    organization.add({"Devs": ""}, {"Devs": USER})
    assert not say_yes(organization, devs).gave
    take_back(organization, devs)
    assert organization.seats() == {"ann", "bob", "cy"}


def test_only_what_is_applied_can_be_revoked(organization: Acme, devs: str) -> None:
    with pytest.raises(WrongState, match="pending"):
        take_back(organization, devs)
    say_yes(organization, devs)
    take_back(organization, devs)
    with pytest.raises(WrongState, match="revoked"):
        take_back(organization, devs)


# --- the second person


def make_approver(organization: Acme, person: Person) -> None:
    with organization.database.transaction() as session:
        grant_role(
            session,
            person=person,
            organization_id=organization.id,
            role=RoleName.ACCESS_APPROVER,
            by=organization.olga,
            now=NOW,
        )


def leave_only(organization: Acme, person: Person) -> None:
    make_approver(organization, person)
    with organization.database.transaction() as session:
        for other in (organization.ann, organization.ben):
            revoke_role(
                session,
                person=other,
                organization_id=organization.id,
                role=RoleName.ACCESS_APPROVER,
                by=organization.olga,
                now=NOW,
            )


def test_nobody_decides_on_their_own_restore(organization: Acme, devs: str) -> None:
    make_approver(organization, organization.rob)
    with pytest.raises(NotAllowed) as refused:
        say_yes(organization, devs, organization.rob)
    assert "Ann, Ben can decide" in refused.value.hint
    with pytest.raises(NotAllowed):
        say_no(organization, devs, organization.rob)
    assert organization.seats() == {"ann", "bob"}


def test_who_helped_to_restore_restored_too(organization: Acme) -> None:
    (grant,) = organization.propose(
        backup_of({"Devs": "bob"}, {"Devs": USER}), also_restored_by=[organization.ann.id]
    ).grants
    with pytest.raises(NotAllowed):
        say_yes(organization, grant, organization.ann)
    say_yes(organization, grant, organization.ben)


def test_a_second_identity_is_no_second_person(organization: Acme, devs: str) -> None:
    with organization.database.transaction() as session:
        other = ensure_person(session, "os:robby", "Robby", NOW)
    make_approver(organization, other)
    with organization.database.transaction() as session:
        tie(session, identity="os:robby", other="os:rob", by=organization.olga, now=NOW)
    with pytest.raises(NotAllowed, match="restored this"):
        say_yes(organization, devs, other)


@pytest.mark.parametrize(("role", "allowed"), [(USER, True), (ADMIN, False)])
def test_admin_access_alone_may_need_a_second_person(organization: Acme, role: object, allowed: bool) -> None:
    organization.rule(SecondPerson.ADMIN_ACCESS)
    make_approver(organization, organization.rob)
    (grant,) = organization.propose(backup_of({"Devs": "bob"}, {"Devs": role})).grants  # type: ignore[dict-item]
    if allowed:
        assert say_yes(organization, grant, organization.rob).own_decision
    else:
        with pytest.raises(NotAllowed, match="admin access"):
            say_yes(organization, grant, organization.rob)
    assert organization.admins() == set()


def test_the_only_approver_may_decide_alone_where_the_organization_says_so(organization: Acme, devs: str) -> None:
    leave_only(organization, organization.rob)
    with pytest.raises(NotAllowed, match="second person"):
        say_yes(organization, devs, organization.rob)
    organization.rule(SecondPerson.NEVER)
    assert say_yes(organization, devs, organization.rob).own_decision
    with organization.database.transaction() as session:
        assert audit.entries(session, subject=f"grant:{devs}")[0].detail["own_decision"] is True


def test_while_there_is_another_approver_nobody_decides_alone(organization: Acme, devs: str) -> None:
    make_approver(organization, organization.rob)
    with pytest.raises(NotAllowed, match="second person"):
        say_yes(organization, devs, organization.rob, rule=SecondPerson.NEVER)


def test_where_people_come_from_slack_an_untied_account_cannot_decide(organization: Acme, devs: str) -> None:
    with organization.database.transaction() as session:
        sara = ensure_person(session, "slack:T1/U1", "Sara", NOW)
    make_approver(organization, sara)
    with pytest.raises(NotAllowed, match="not tied") as refused:
        say_yes(organization, devs, organization.ann)
    assert "as Sara can" in refused.value.hint
    with organization.database.transaction() as session:
        ensure_person(session, "slack:T1/U2", "Ann in Slack", NOW)
        tie(session, identity="os:ann", other="slack:T1/U2", by=organization.olga, now=NOW)
    say_yes(organization, devs, organization.ann)
    assert "cy" in organization.seats()


# --- by hand


def test_an_approver_gives_access_by_hand_and_takes_it_back(organization: Acme) -> None:
    organization.add({"Devs": "bob"})
    grant = give(organization, opens(organization, "Devs"))
    assert organization.seats() == {"bob"}
    with organization.database.transaction() as session:
        (event,) = log.read(session, stream=(StreamKind.APP, organization.jira))
    assert event.data["grant"] == grant.id
    take_back(organization, grant.id)
    assert organization.seats() == set()


def test_someone_joins_by_hand(organization: Acme) -> None:
    organization.add({"Devs": "bob", "Club": "cy"}, {"Devs": USER})
    joining = Proposal(kind=GrantKind.MEMBER, group_id=organization.group("Devs"), member_id=organization.user("cy"))
    give(organization, joining)
    assert organization.seats() == {"bob", "cy"}
    with pytest.raises(WrongState, match="already"):
        give(organization, joining)


def test_by_hand_the_shown_impact_must_hold_too(organization: Acme) -> None:
    organization.add({"Devs": "bob"})
    with organization.database.transaction() as session:
        digest = show_access(
            session, organization_id=organization.id, proposal=opens(organization, "Devs")
        ).impact.digest
    organization.add({"Devs": "cy"})
    proposal = opens(organization, "Devs")
    with pytest.raises(ImpactChanged), organization.database.transaction() as session:
        grant_access(
            session,
            organization_id=organization.id,
            proposal=proposal,
            digest=digest,
            decided_by=organization.ann,
            now=NOW,
        )
    assert organization.seats() == set()


def test_by_hand_is_no_way_round_the_second_person(organization: Acme, devs: str) -> None:
    make_approver(organization, organization.rob)
    proposal = opens(organization, "Devs")
    with pytest.raises(WrongState, match="waits already"):
        give(organization, proposal, organization.rob)
    say_no(organization, devs)
    with pytest.raises(NotAllowed, match="second person"):
        give(organization, proposal, organization.rob)
    give(organization, proposal, organization.ben)
    assert "cy" in organization.seats()


@pytest.mark.parametrize("missing", ["group", "app", "member"])
def test_by_hand_only_for_what_the_organization_has(organization: Acme, missing: str) -> None:
    organization.add({"Devs": "bob"})
    group = organization.group("Devs")
    wrong = {
        "group": Proposal(kind=GrantKind.GROUP_ACCESS, group_id="grp-none", app_id=organization.jira),
        "app": Proposal(kind=GrantKind.GROUP_ACCESS, group_id=group, app_id="app-none"),
        "member": Proposal(kind=GrantKind.MEMBER, group_id=group, member_id="usr-none"),
    }
    with pytest.raises(NotFound):
        give(organization, wrong[missing])


def test_lists_are_by_status_and_restore(organization: Acme, devs: str) -> None:
    with organization.database.transaction() as session:
        (one,) = list_grants(session, organization.id, restore_id=f"rst-{organization.id}", app_id=organization.jira)
        assert list_grants(session, organization.id, status=GrantStatus.APPLIED) == ()
    assert (one.id, one.group_name, one.proposed_by) == (devs, "Devs", organization.rob.id)
