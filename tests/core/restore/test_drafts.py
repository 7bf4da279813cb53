"""Drafts: what two tabs, two persons and time do to them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from core.access.people import Person, ensure_person
from core.access.roles import grant_role, tie
from core.access.tables import RoleName
from core.errors import NotFound, UsageError, WrongState
from core.findings import Finding, FindingCode, Severity
from core.restore.draft_state import ContainsData, DraftState, DraftStep, Validation
from core.restore.drafts import Draft, Drafts
from core.restore.request import Part, Resolution
from tests.core.catalog.world import DAY, NOW, World, world

STATE = DraftState(
    step=DraftStep.REVIEW,
    app_id="app-1",
    backup_id="bkp-1",
    without=frozenset({Part.ATTACHMENTS, Part.PERSONAL_SPACES}),
    destination_id="app-2",
    contains_data=ContainsData.ANY,
    only_backup_shard=False,
    resolutions={FindingCode.GROUP_NAME_EXISTS: Resolution.NEW_NAME},
    acknowledged=frozenset({"group.access", "backup.incomplete"}),
    validation=Validation(
        digest="d1",
        findings=(
            Finding(
                code=FindingCode.GROUP_ACCESS,
                severity=Severity.WARNING,
                subject="Wiki",
                message="1 group has access 😀.",
                hint="Later.",
                examples=("staff",),
            ),
        ),
        fields={"moves": "d2"},
        size_bytes=5,
        parts=2,
        moves_to="eu-1",
        move_minutes=30,
        checked_at=NOW,
        fingerprint="f1",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Desk:
    world: World
    ada: Person
    bob: Person
    drafts: Drafts

    def begin(self, person: Person, now: datetime = NOW, state: DraftState | None = None) -> Draft:
        with self.world.transaction() as session:
            return self.drafts.create(session, person_id=person.id, asked_in="slack:T1/C1", now=now, state=state)

    def save(self, draft: Draft, version: int, now: datetime = NOW) -> Draft:
        with self.world.transaction() as session:
            return self.drafts.save(session, draft, expected_version=version, now=now)

    def get(self, draft: Draft, person: Person | None = None, now: datetime = NOW) -> Draft:
        with self.world.database.reading() as session:
            return self.drafts.get(session, draft.id, person_id=(person or self.ada).id, now=now)

    def latest(self, person: Person, now: datetime = NOW) -> Draft | None:
        with self.world.database.reading() as session:
            return self.drafts.latest_of(session, person.id, now)


@pytest.fixture
def desk(catalog_url: str) -> Iterator[Desk]:
    with world(catalog_url) as found:
        with found.transaction() as session:
            ada = ensure_person(session, "slack:T1/U1", "Ada", NOW)
            bob = ensure_person(session, "slack:T1/U2", "Bob", NOW)
        yield Desk(world=found, ada=ada, bob=bob, drafts=Drafts(keep=7 * DAY))


def test_every_choice_comes_back_as_it_was_kept(desk: Desk) -> None:
    draft = desk.begin(desk.ada)
    assert (draft.state, draft.version, draft.asked_in) == (DraftState(), 1, "slack:T1/C1")
    kept = desk.save(replace(draft, state=STATE, organization_id=desk.world.organization), 1, NOW + DAY)
    found = desk.get(draft)
    assert found == kept
    assert (found.state, found.version, found.organization_id) == (STATE, 2, desk.world.organization)
    assert (found.created_at, found.updated_at) == (NOW, NOW + DAY)


def test_of_two_tabs_the_second_is_told_and_changes_nothing(desk: Desk) -> None:
    draft = desk.begin(desk.ada)
    desk.save(replace(draft, state=STATE), 1)
    with pytest.raises(WrongState, match="another window"):
        desk.save(replace(draft, state=DraftState(app_id="app-9")), 1)
    assert desk.get(draft).state == STATE


def test_a_draft_is_nobody_elses_but_is_ones_own_under_every_identity(desk: Desk) -> None:
    draft = desk.begin(desk.ada)
    with pytest.raises(NotFound, match="not yours"):
        desk.get(draft, desk.bob)
    assert desk.latest(desk.bob) is None
    with desk.world.transaction() as session:
        desk.drafts.drop(session, draft.id, person_id=desk.bob.id)
        admin = RoleName.ORGANIZATION_ADMIN
        grant_role(session, person=desk.bob, organization_id=desk.world.organization, role=admin, by=desk.bob, now=NOW)
        tie(session, identity="slack:T1/U2", other="slack:T1/U1", by=desk.bob, now=NOW)
    assert desk.get(draft, desk.bob).id == draft.id
    assert desk.latest(desk.bob) == desk.latest(desk.ada) == draft


def test_a_draft_that_nobody_changes_is_over_after_its_time_and_each_change_lengthens_it(desk: Desk) -> None:
    draft = desk.begin(desk.ada)
    moment = timedelta(microseconds=1)
    desk.save(draft, 1, NOW + 7 * DAY - moment)
    assert desk.get(draft, now=NOW + 13 * DAY).version == 2
    over = NOW + 14 * DAY - moment
    with pytest.raises(NotFound, match="more than 7 days"):
        desk.get(draft, now=over)
    assert desk.latest(desk.ada, over) is None
    with desk.world.transaction() as session:
        assert desk.drafts.purge(session, over - moment) == 0
        assert desk.drafts.purge(session, over) == 1


def test_the_one_to_continue_is_the_one_that_was_changed_last(desk: Desk) -> None:
    first, second = desk.begin(desk.ada), desk.begin(desk.ada, NOW + timedelta(minutes=1))
    assert (found := desk.latest(desk.ada, NOW + DAY)) is not None
    assert found.id == second.id
    desk.save(first, 1, NOW + timedelta(minutes=2))
    assert (found := desk.latest(desk.ada, NOW + DAY)) is not None
    assert found.id == first.id
    with desk.world.transaction() as session:
        desk.drafts.drop(session, first.id, person_id=desk.ada.id)
    assert desk.latest(desk.ada, NOW + DAY) == second


@pytest.mark.parametrize(("change", "missing"), [({"backup_id": None}, "backup"), ({"destination_id": None}, "dest")])
def test_a_draft_without_its_choices_is_no_request(change: dict[str, None], missing: str) -> None:
    assert STATE.request("per-1").without == STATE.without
    with pytest.raises(UsageError, match=missing):
        replace(STATE, **change).request("per-1")


def test_a_validation_stands_while_it_is_good_young_and_of_the_same() -> None:
    found = STATE.validation
    assert found is not None
    assert found.stands("f1", NOW + timedelta(minutes=59), minutes=60)
    assert not found.stands("f1", NOW + timedelta(minutes=60), minutes=60)
    assert not found.stands("f1", NOW - timedelta(minutes=1), minutes=60)  # by a clock that was set back
    assert not found.stands("f2", NOW, minutes=60)
    assert not found.stands("f1", NOW, minutes=0)
    error = replace(found.findings[0], severity=Severity.ERROR)
    assert not replace(found, findings=(error,)).stands("f1", NOW, minutes=60)
    assert not replace(found, digest="").stands("f1", NOW, minutes=60)
