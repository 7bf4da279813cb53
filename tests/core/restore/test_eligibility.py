"""In which organizations a person may restore, and what stands against it in the others."""

from collections.abc import Iterator

import pytest

from core.access.people import Person, ensure_person
from core.access.restoring import may_look, may_restore
from core.access.roles import grant_role
from core.access.tables import RoleName
from core.catalog import organizations
from core.errors import NotAllowed, UsageError
from core.restore.eligibility import where_may_restore
from tests.core.catalog.world import NOW, World, world


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[World]:
    with world(catalog_url) as found:
        yield found


def make_admin(catalog: World, organization_id: str, identity: str, role: RoleName, app_id: str = "") -> Person:
    with catalog.transaction() as session:
        person = ensure_person(session, identity, identity[-3:], NOW)
        admin = ensure_person(session, "os:first", "First", NOW)
        for one, what, app in ((admin, RoleName.ORGANIZATION_ADMIN, ""), (person, role, app_id)):
            grant_role(session, person=one, organization_id=organization_id, role=what, app_id=app, by=admin, now=NOW)
    return person


def test_an_organization_is_shown_with_each_reason_that_stands_against_it(catalog: World) -> None:
    with catalog.transaction() as session:
        other = organizations.create(session, name="Amt", person="per-1", now=NOW)
        organizations.create(session, name="Elsewhere", person="per-1", now=NOW)
        values = {"plan": "premium", "beta": "no", "environment": "government"}
        organizations.set_values(session, other.id, values, person="per-1", now=NOW)
    for one in (catalog.organization, other.id):
        ada = make_admin(catalog, one, "slack:T1/UAda", RoleName.ORGANIZATION_ADMIN)
    with catalog.database.reading() as session:
        found = where_may_restore(session, ada)
    assert [(one.organization.name, one.may_restore) for one in found] == [("Amt", False), ("Örg", True)]
    assert [one.code.value.removeprefix("organization.") for one in found[0].why_not] == ["plan", "beta", "government"]


def test_who_has_the_role_nowhere_is_told_whom_to_ask(catalog: World) -> None:
    bob = make_admin(catalog, catalog.organization, "slack:T1/UBob", RoleName.SUPPORT_AGENT)
    with catalog.database.reading() as session, pytest.raises(NotAllowed, match="organization admin in Örg") as refused:
        where_may_restore(session, bob)
    assert refused.value.hint.endswith("First.")
    with catalog.transaction() as session:
        organizations.create(session, name="Second", person="per-1", now=NOW)
    with catalog.database.reading() as session, pytest.raises(NotAllowed, match="in any organization") as refused:
        where_may_restore(session, bob)
    assert "Örg: First" in refused.value.hint


def test_where_the_organization_asks_for_app_admins_it_takes_both_roles(catalog: World) -> None:
    organization = catalog.organization
    ada = make_admin(catalog, organization, "slack:T1/UAda", RoleName.ORGANIZATION_ADMIN)
    bob = make_admin(catalog, organization, "slack:T1/UBob", RoleName.APP_ADMIN)
    with catalog.transaction() as session:
        may_restore(session, ada, organization, catalog.app)
        with pytest.raises(NotAllowed, match="organization admin"):
            may_restore(session, bob, organization, catalog.app)
        organizations.set_values(session, organization, {"ask_app_admins": "yes"}, person="per-1", now=NOW)
        may_restore(session, ada, organization)
        with pytest.raises(NotAllowed, match="app admin"):
            may_restore(session, ada, organization, catalog.app)
        with pytest.raises(NotAllowed, match="organization admin"):
            may_restore(session, bob, organization, catalog.app)
    make_admin(catalog, organization, "slack:T1/UAda", RoleName.APP_ADMIN, catalog.app)
    with catalog.transaction() as session:
        may_restore(session, ada, organization, catalog.app)


def test_who_may_look_into_an_app(catalog: World) -> None:
    organization = catalog.organization
    admin = make_admin(catalog, organization, "slack:T1/UAda", RoleName.ORGANIZATION_ADMIN)
    of_app = make_admin(catalog, organization, "slack:T1/UBob", RoleName.APP_ADMIN, catalog.app)
    with catalog.transaction() as session:
        other = catalog.add_app(session, "Other")
        may_look(session, admin, organization, other.id)
        may_look(session, of_app, organization, catalog.app)
        with pytest.raises(NotAllowed, match="organization admin or app admin"):
            may_look(session, of_app, organization, other.id)


@pytest.mark.parametrize("channel", ["slack:T0123/C0456", "slack:E0123/G0456", ""])
def test_an_operations_channel_is_kept_as_it_is_written(channel: str, catalog: World) -> None:
    with catalog.transaction() as session:
        values = {"operations_channel": f" {channel} "}
        changed = organizations.set_values(session, catalog.organization, values, person="per-1", now=NOW)
    assert changed.operations_channel == channel


@pytest.mark.parametrize("wrong", ["#general", "slack:T1/U1", "slack:C1", "C0456"])
def test_what_is_no_channel_is_refused(wrong: str, catalog: World) -> None:
    with catalog.transaction() as session, pytest.raises(UsageError, match="names no channel"):
        organizations.set_values(session, catalog.organization, {"operations_channel": wrong}, person="p", now=NOW)
