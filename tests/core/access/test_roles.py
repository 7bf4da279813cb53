"""Persons, their identities, and who may do what."""

import pytest

from core import audit
from core.access.directory_change import raise_version
from core.access.errors import DirectoryChanged
from core.access.people import Person, ensure_person, person_by_id, person_of
from core.access.roles import grant_role, holders, list_roles, require, revoke_role, tie
from core.access.tables import RoleName
from core.errors import NotAllowed, NotFound, UsageError, WrongState
from tests.core.access.acme import NOW, Acme


def make(organization: Acme, person: Person, role: RoleName, *, by: Person | None = None, app_id: str = "") -> None:
    with organization.database.transaction() as session:
        grant_role(session, person=person, organization_id=organization.id, role=role, app_id=app_id,
                   by=by or organization.olga, now=NOW)  # fmt: skip


def unmake(organization: Acme, person: Person, role: RoleName, by: Person | None = None) -> None:
    with organization.database.transaction() as session:
        revoke_role(session, person=person, organization_id=organization.id, role=role,
                    by=by or organization.olga, now=NOW)  # fmt: skip


def held(organization: Acme) -> set[tuple[str, str, str]]:
    with organization.database.transaction() as session:
        return {(one.person_name, one.role.value, one.app_id) for one in list_roles(session, organization.id)}


def test_a_person_is_added_once_and_found_again(organization: Acme) -> None:
    with organization.database.transaction() as session:
        again = ensure_person(session, "os:olga", "Another name", NOW)
    assert again == organization.olga
    assert again.name == "Olga"


@pytest.mark.parametrize("words", ["olga", "os:", "slack:U1", "slack:T1/", "mail:a@b"])
def test_what_is_no_identity_is_refused(organization: Acme, words: str) -> None:
    with pytest.raises(UsageError), organization.database.transaction() as session:
        ensure_person(session, words, "X", NOW)


def test_an_unknown_identity_says_the_way_out(organization: Acme) -> None:
    with pytest.raises(NotFound) as missing, organization.database.transaction() as session:
        person_of(session, "slack:T1/U9")
    assert "once" in missing.value.hint


def test_the_last_organization_admin_stays(organization: Acme) -> None:
    with pytest.raises(WrongState, match="last organization admin"):
        unmake(organization, organization.olga, RoleName.ORGANIZATION_ADMIN)
    make(organization, organization.ann, RoleName.ORGANIZATION_ADMIN)
    unmake(organization, organization.olga, RoleName.ORGANIZATION_ADMIN, by=organization.ann)
    assert ("Ann", "organization-admin", "") in held(organization)
    assert ("Olga", "organization-admin", "") not in held(organization)


def test_only_organization_admins_change_roles_and_all_is_audited(organization: Acme) -> None:
    with pytest.raises(NotAllowed) as refused:
        make(organization, organization.rob, RoleName.ACCESS_APPROVER, by=organization.rob)
    assert "Olga" in refused.value.hint
    make(organization, organization.rob, RoleName.SUPPORT_AGENT)
    unmake(organization, organization.rob, RoleName.SUPPORT_AGENT)
    with organization.database.transaction() as session:
        entries = audit.entries(session, subject=f"person:{organization.rob.id}")
    assert [(one.action, one.person) for one in entries] == [
        ("role.revoke", organization.olga.id),
        ("role.grant", organization.olga.id),
    ]


def test_a_role_given_twice_is_held_once_and_one_not_held_cannot_be_taken(organization: Acme) -> None:
    before = held(organization)
    make(organization, organization.ann, RoleName.ACCESS_APPROVER)
    assert held(organization) == before
    with pytest.raises(WrongState, match="Rob is not access approver"):
        unmake(organization, organization.rob, RoleName.ACCESS_APPROVER)


def test_an_app_admin_of_one_app_passes_for_that_one(organization: Acme) -> None:
    make(organization, organization.rob, RoleName.APP_ADMIN, app_id=organization.jira)
    with organization.database.transaction() as session:
        require(session, organization.rob, organization.id, RoleName.APP_ADMIN, app_id=organization.jira)
        for app_id in (organization.wiki, ""):
            with pytest.raises(NotAllowed, match="app admin"):
                require(session, organization.rob, organization.id, RoleName.APP_ADMIN, app_id=app_id)
    with pytest.raises(UsageError):
        make(organization, organization.rob, RoleName.ACCESS_APPROVER, app_id=organization.jira)


def test_tied_identities_are_one_person_with_the_roles_of_both(organization: Acme) -> None:
    with organization.database.transaction() as session:
        ensure_person(session, "slack:T1/U1", "Ann S.", NOW)
        slack = person_of(session, "slack:T1/U1")
    make(organization, slack, RoleName.ACCESS_APPROVER)
    make(organization, slack, RoleName.SUPPORT_AGENT)
    with organization.database.transaction() as session:
        ann = tie(session, identity="os:ann", other="slack:T1/U1", by=organization.olga, now=NOW)
        assert tie(session, identity="slack:T1/U1", other="os:ann", by=organization.olga, now=NOW) == ann
        assert person_of(session, "slack:T1/U1") == person_by_id(session, slack.id) == ann
        assert [one.name for one in holders(session, organization.id, RoleName.ACCESS_APPROVER)] == ["Ann", "Ben"]
        require(session, slack, organization.id, RoleName.SUPPORT_AGENT)
    assert ann.identities == ("os:ann", "slack:T1/U1")
    unmake(organization, ann, RoleName.SUPPORT_AGENT)
    unmake(organization, ann, RoleName.ACCESS_APPROVER)
    assert not [one for one in held(organization) if one[0].startswith("Ann")]


def test_a_chain_of_ties_ends_at_one_person(organization: Acme) -> None:
    with organization.database.transaction() as session:
        for name in ("a", "b", "c"):
            ensure_person(session, f"os:{name}", name, NOW)
        tie(session, identity="os:b", other="os:a", by=organization.olga, now=NOW)
        last = tie(session, identity="os:c", other="os:b", by=organization.olga, now=NOW)
        assert person_of(session, "os:a") == last
    assert last.identities == ("os:a", "os:b", "os:c")


def test_nobody_ties_themselves_to_someone_elses_roles(organization: Acme) -> None:
    with organization.database.transaction() as session:
        ensure_person(session, "os:eve", "Eve", NOW)
    for other in ("os:ann", "os:rob"):
        with pytest.raises(NotAllowed), organization.database.transaction() as session:
            tie(session, identity="os:eve", other=other, by=person_of(session, "os:eve"), now=NOW)


def test_a_writer_who_read_an_older_directory_is_refused(organization: Acme) -> None:
    read = organization.directory().version
    organization.add({"Devs": "bob"})
    with pytest.raises(DirectoryChanged), organization.database.transaction() as session:
        raise_version(session, organization.id, expected=read)
    with pytest.raises(NotFound), organization.database.transaction() as session:
        raise_version(session, "org-none")
    with organization.database.transaction() as session:
        assert raise_version(session, organization.id, expected=read + 1).version == read + 2
