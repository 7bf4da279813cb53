"""From a confirmed plan to a restore: looked at once more, and one restore a draft, whoever submits it again."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.access.roles import grant_role, revoke_role
from core.access.tables import RoleName
from core.apps.driver import Edit, EditKind
from core.audit import entries
from core.catalog import organizations
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.content.record_type import AppType
from core.errors import NotAllowed, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from core.restore import restores, submission
from core.restore.assess import Phase
from core.restore.draft_state import DraftState
from core.restore.drafts import Draft
from core.restore.errors import Blocked, PlanChanged
from core.restore.request import Part
from core.restore.restores import Restore
from core.restore.submission import Confirmed, submit, submit_draft
from core.restore.validation import validate
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceOddity, ConfluenceShape
from tests.flows.world import World, new_world

#: With what a person is warned of.
SHAPE = ConfluenceShape(spaces=1, pages_per_space=2, users=6, oddities=frozenset({ConfluenceOddity.DUPLICATE_EMAIL}))


@dataclass(frozen=True, kw_only=True)
class Wizard:
    """A wizard that has come to its review."""

    world: World
    backup: Backup
    destination: App
    draft: Draft

    def submit(self, version: int = 0) -> Restore:
        tools = self.world.engine.tools
        version = version or self.draft.version
        return submit_draft(tools, self.draft.id, person_id=self.world.person.id, expected_version=version)

    def all_restores(self) -> list[str]:
        with self.world.engine.database.reading() as session:
            return [one.id for one in restores.list_all(session)]

    def save(self, state: DraftState) -> Draft:
        return save(self.world, self.draft, state)


def save(world: World, draft: Draft, state: DraftState) -> Draft:
    engine = world.engine
    with engine.database.transaction() as session:
        changed = replace(draft, state=state)
        return engine.drafts.save(session, changed, expected_version=draft.version, now=engine.now())


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Its catalog is a file, unless a test says otherwise."""
    wanted = getattr(request, "param", "sqlite")
    found = new_world(tmp_path / "data", database_url="" if wanted == "sqlite" else request.getfixturevalue(wanted))
    yield found
    found.engine.close()


@pytest.fixture
def wizard(world: World, tmp_path: Path) -> Wizard:
    source, destination = world.provision(AppType.CONFLUENCE), world.provision(AppType.CONFLUENCE)
    file = tmp_path / "export.zip"
    write_confluence_export(file, shape=SHAPE)
    backup = world.import_export(file, source)
    engine = world.engine
    with engine.database.transaction() as session:
        draft = engine.drafts.create(session, person_id=world.person.id, asked_in="slack:T1/C1", now=engine.now())
    chosen = DraftState(backup_id=backup.id, destination_id=destination.id)
    found = validate(engine.tools, chosen.request(world.person.id))
    assert found.is_good, found.findings
    assert found.warnings
    ticked = frozenset(found.warnings)
    draft = save(world, draft, replace(chosen, validation=found, acknowledged=ticked))
    return Wizard(world=world, backup=backup, destination=destination, draft=draft)


def test_a_draft_becomes_one_restore_however_often_it_is_submitted(wizard: Wizard) -> None:
    first = wizard.submit()
    assert wizard.submit() == first
    assert wizard.submit(version=1) == first
    assert wizard.all_restores() == [first.id]
    with wizard.world.engine.database.reading() as session:
        assert restores.open_streams(session) == [f"restore:{first.id}"]
        (told,) = log.read(session, stream=(StreamKind.RESTORE, first.id))
        (entry,) = entries(session, subject=first.id)
    assert told.kind is EventKind.SUBMITTED
    assert (told.data["asked_in"], told.data["person"]) == ("slack:T1/C1", wizard.world.person.id)
    assert entry.detail["warnings"] == list(first.shown)
    with pytest.raises(WrongState, match=f"the restore {first.id} already"):
        wizard.save(wizard.draft.state)
    with wizard.world.engine.database.reading() as session:
        assert wizard.world.engine.drafts.latest_of(session, wizard.world.person.id, wizard.world.engine.now()) is None


@pytest.mark.parametrize("world", ["sqlite", "postgres_url"], indirect=True)
@pytest.mark.parametrize("point", ["while it is looked once more", "before the catalog is written"])
def test_a_submit_that_overtakes_another_one_is_the_only_one(
    point: str, wizard: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The slow one is held before its last look, so that it finds its own restore's hold in the way; or after it."""
    here, go_on = threading.Event(), threading.Event()
    slow = threading.Thread(target=lambda: results.append(wizard.submit()))
    results: list[Restore] = []

    def hold() -> None:
        if threading.current_thread() is slow:
            here.set()
            assert go_on.wait(20)

    looked = submission._once_more

    def held(*args: object) -> object:
        if point.startswith("while"):
            hold()
            return looked(*args)  # type: ignore[arg-type]  # handed on as they came
        found = looked(*args)  # type: ignore[arg-type]
        hold()
        return found

    monkeypatch.setattr(submission, "_once_more", held)
    slow.start()
    assert here.wait(20)
    quick = wizard.submit()
    go_on.set()
    slow.join(20)
    assert [one.id for one in results] == [quick.id] == wizard.all_restores()


def test_what_is_not_the_plan_that_was_confirmed_is_not_started_and_named(wizard: Wizard) -> None:
    world = wizard.world
    request = world.request(wizard.backup, wizard.destination)
    confirmed = Confirmed.of(world.assess(request))
    other = world.request(wizard.backup, wizard.destination, without=[Part.ATTACHMENTS])
    with pytest.raises(PlanChanged) as refused:
        submit(world.engine.tools, other, confirmed)
    assert "what is left out" in refused.value.message
    with pytest.raises(PlanChanged) as refused:
        submit(world.engine.tools, request, replace(confirmed, shown=confirmed.shown[1:]))
    assert refused.value.changed == (f"a new warning ({confirmed.shown[0]})",)
    assert wizard.all_restores() == []
    assert submit(world.engine.tools, request, confirmed).shown == confirmed.shown


def _fill(wizard: Wizard) -> None:
    driver, place = wizard.world.driver(wizard.destination), wizard.world.place(wizard.destination)
    driver.edit(place, Edit(kind=EditKind.ADD_ITEM, container="NEW", title="Mine", text="Own data"))


def test_a_destination_that_filled_after_the_validation_blocks(wizard: Wizard) -> None:
    _fill(wizard)
    with pytest.raises(Blocked, match="contains data") as refused:
        wizard.submit()
    assert "destination.has-data" in {one.code.value for one in refused.value.findings}
    assert wizard.all_restores() == []


def test_warnings_that_are_not_ticked_and_another_tab_start_nothing(wizard: Wizard) -> None:
    changed = wizard.save(replace(wizard.draft.state, acknowledged=frozenset()))
    with pytest.raises(WrongState, match="another window"):
        wizard.submit()
    with pytest.raises(WrongState, match="not acknowledged"):
        wizard.submit(version=changed.version)
    changed = save(wizard.world, changed, replace(changed.state, validation=None))
    with pytest.raises(WrongState, match="not validated yet"):
        wizard.submit(version=changed.version)
    assert wizard.all_restores() == []


def test_a_role_that_is_lost_in_mid_wizard_starts_nothing(wizard: Wizard) -> None:
    """Where the organization asks for app admins, a restore takes both roles."""
    engine, person, organization = wizard.world.engine, wizard.world.person, wizard.destination.organization_id
    with engine.database.transaction() as session:
        values = {"ask_app_admins": "yes"}
        organizations.set_values(session, organization, values, person=person.id, now=engine.now())
        app_admin = {"person": person, "organization_id": organization, "role": RoleName.APP_ADMIN, "by": person}
        revoke_role(session, **app_admin, now=engine.now())
        grant_role(session, **app_admin, app_id=wizard.backup.app_id, now=engine.now())
    with pytest.raises(NotAllowed, match="role app admin"):
        wizard.submit()
    with engine.database.transaction() as session:
        grant_role(session, **app_admin, app_id=wizard.destination.id, now=engine.now())
    assert wizard.submit().app_id == wizard.destination.id


Change = Callable[[Wizard], object]


def _leave_the_beta(wizard: Wizard) -> None:
    with wizard.world.engine.database.transaction() as session:
        organizations.set_values(
            session, wizard.destination.organization_id, {"beta": "no"}, person="per-1", now=wizard.world.engine.now()
        )


@pytest.mark.parametrize("change", [_fill, _leave_the_beta], ids=["the destination", "the organization"])
def test_a_good_validation_is_used_again_until_something_changes(change: Change, wizard: Wizard) -> None:
    tools, request = wizard.world.engine.tools, wizard.world.request(wizard.backup, wizard.destination)
    phases: list[Phase] = []
    known = validate(tools, request, progress=phases.append)
    assert phases == list(Phase)
    assert [one.number for one in phases] == [1, 2, 3, 4, 5]
    phases.clear()
    assert validate(tools, request, known=known, progress=phases.append) is known
    assert phases == []
    other = replace(request, without=frozenset({Part.ATTACHMENTS}))
    assert validate(tools, other, known=known).digest != known.digest
    change(wizard)
    again = validate(tools, request, known=known)
    assert not again.is_good
    phases.clear()
    validate(tools, request, known=again, progress=phases.append)
    assert phases == list(Phase)  # a bad one is never used again
