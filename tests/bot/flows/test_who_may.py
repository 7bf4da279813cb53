"""Who may restore: asked at the command, at submit and at every button; others are told whom to ask."""

from dataclasses import replace

import pytest

from bot.restore.ids import Action
from bot.threads.ids import Action as ThreadAction
from core.access.people import Person, ensure_person, person_of
from core.access.roles import grant_role, revoke_role
from core.access.tables import RoleName
from core.catalog import organizations
from core.cli.demo_organization import WIKI
from core.restore.tables import RestoreStatus
from tests.bot.flows.office import (
    ADA,
    BORIS,
    CHIDI,
    CONFIG,
    GUEST,
    IN_BOTH_MODES,
    SHARED,
    STRANGER,
    TEAM,
    Office,
    office_at_work,
)
from tests.bot.flows.walking import restores, to_destinations, to_review, with_empty_app
from tests.flows.world import World


@IN_BOTH_MODES
def test_who_has_no_role_is_told_whom_to_ask(office: Office) -> None:
    boris = office.person(BORIS)
    boris.types()
    assert "may not do this" in boris.reads
    assert "Ada Admin" in boris.reads
    assert boris.view["submit"] is None


@pytest.mark.parametrize("user", [GUEST, STRANGER])
def test_guests_and_other_companies_have_no_role(office: Office, user: str) -> None:
    who = office.person(user)
    who.types("/restore", SHARED)
    assert "have no role here" in who.reads
    assert "Nothing was changed" in who.reads


def test_a_guest_who_was_admin_before_is_refused(office: Office) -> None:
    office.workspace.state.change_person(ADA, is_restricted=True)
    ada = office.person()
    ada.types()
    assert "Guests of a workspace have no role here." in ada.reads


def test_who_is_deactivated_in_mid_wizard_goes_no_further(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    monkeypatch.setattr("bot.identity._BELIEVED_SECONDS", 0.0)
    submission = ada.submission()
    office.workspace.state.change_person(ADA, deleted=True)
    ada.sends(submission)
    office.settle()
    assert office.restores == []


@pytest.mark.parametrize("at", ["destination", "review", "back", "search"])
def test_a_role_that_is_taken_away_in_mid_wizard_ends_it(office: Office, at: str) -> None:
    with_empty_app(office)
    ada = office.person()
    if at == "review":
        to_review(ada)
        ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    else:
        to_destinations(ada)
        if at == "destination":
            ada.chooses(Action.DESTINATION)
    revoke(office)
    if at == "back":
        ada.presses(Action.BACK)
    elif at == "search":
        office.workspace.acting.options(
            person=ADA,
            source=office.workspace.state.views.stack(ADA)[-1],
            block_id=f"{Action.DESTINATION.removeprefix('restore.')}:no-shard",
            action_id=Action.DESTINATION,
            query="",
        )
        office.settle()
    else:
        ada.submits()
    assert "may not do this" in ada.reads, ada.reads
    assert office.restores == []


def test_only_who_may_restore_cancels(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    restores(ada)
    office.tell()
    chidi = office.person(CHIDI)
    status = office.thread()[0]
    chidi.presses_in(status, ThreadAction.CANCEL)
    assert any("may not do this" in one for one in chidi.whispers(status.channel)) or "may not" in chidi.reads
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED


def test_where_app_admins_are_asked_for_the_destination_decides(office: Office) -> None:
    with_empty_app(office)
    world, engine = office.world, office.world.engine
    with engine.database.transaction() as session:
        organizations.set_values(
            session,
            office.catalog_app(WIKI).organization_id,
            {"ask_app_admins": "yes"},
            person=world.person.id,
            now=engine.now(),
        )
    ada = office.person()
    to_review(ada)
    ada.ticks(Action.ACKNOWLEDGE, "acknowledged")
    ada.submits()
    assert "app admin" in ada.reads
    assert office.restores == []


def test_on_grid_a_person_is_the_same_in_every_workspace(world: World) -> None:
    """The enterprise's id names them, whichever workspace a request comes from."""
    grid = replace(CONFIG, enterprise_id="E0ACME", enterprise_name="Acme Group")
    engine = world.engine
    with engine.database.transaction() as session:
        ada = ensure_person(session, f"slack:E0ACME/{ADA}", "Ada of the group", engine.now())
        grant_role(
            session,
            person=ada,
            organization_id=organizations.list_all(session)[0].id,
            role=RoleName.ORGANIZATION_ADMIN,
            by=world.person,
            now=engine.now(),
        )
    with office_at_work(world, grid) as office:
        with_empty_app(office)
        person = office.person()
        to_review(person)
        restores(person)
        assert office.only_restore().requested_by == ada.id
        assert office.restores[0].status is RestoreStatus.QUEUED


def revoke(office: Office) -> None:
    """Ada's role, given to Boris before: somebody must have it."""
    engine, world = office.world.engine, office.world
    organization_id = office.catalog_app(WIKI).organization_id
    admin = RoleName.ORGANIZATION_ADMIN
    with engine.database.transaction() as session:
        boris: Person = person_of(session, f"slack:{TEAM}/{BORIS}")
        grant_role(
            session, person=boris, organization_id=organization_id, role=admin, by=world.person, now=engine.now()
        )
        revoke_role(
            session, person=world.person, organization_id=organization_id, role=admin, by=boris, now=engine.now()
        )
