"""The demo's organization is made once, however often and wherever its making is broken off, and tells its story."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.access.directory import snapshot
from core.access.roles import list_roles
from core.apps.driver import Contents
from core.catalog import apps, backups
from core.catalog.backup_search import counts
from core.catalog.tables import AppStatus, BackupStatus
from core.cli import demo_organization
from core.cli.demo_organization import (
    DEMO_LIMIT_BYTES,
    DESK,
    FAR,
    NEW,
    OLD,
    SUPPORT,
    TRACKER,
    WIKI,
    DemoOrganization,
    DemoPerson,
    make_demo_organization,
)
from core.engine import Engine, build_engine
from core.findings import FindingCode, blocks
from core.look.outline import items
from core.restore import restores
from core.restore.assess import assess
from core.restore.destinations import find_destinations
from core.restore.draft_state import ContainsData
from core.restore.request import RestoreRequest
from core.restore.tables import RestoreStatus
from core.settings import load_settings
from core.workflow.inline import drive
from core.workflow.runs import RunKind

ADA, BOB, CARL = (DemoPerson(identity=f"slack:TDEMO/U{name.upper()}", name=name) for name in ("Ada", "Bob", "Carl"))


class BrokenOff(Exception):
    pass


def make(engine: Engine, folder: Path) -> DemoOrganization:
    return make_demo_organization(engine, folder, admin=ADA, approver=BOB, agent=CARL)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, DemoOrganization]]:
    """Broken off once before an import has run, and once after a restore has."""
    folder = tmp_path_factory.mktemp("demo")
    engine = build_engine(load_settings(data_dir=folder / "data", self_service_limit_bytes=DEMO_LIMIT_BYTES))
    for calls_until, runs_first in ((2, False), (4, True)):
        calls = iter(range(calls_until, 0, -1))

        def stopping(kinds: Iterable[RunKind], calls: Iterator[int] = calls, first: bool = runs_first) -> None:
            last = next(calls) == 1
            if not last or first:
                drive(kinds)
            if last:
                raise BrokenOff

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(demo_organization, "drive", stopping)
            with pytest.raises(BrokenOff):
                make(engine, folder / "exports")
    yield engine, make(engine, folder / "exports")
    engine.close()


def test_everything_is_there_with_its_age(made: tuple[Engine, DemoOrganization]) -> None:
    engine, demo = made
    now = engine.now()
    with engine.database.reading() as session:
        found = {one.name: one for one in apps.list_all(session)}
        held = {name: backups.list_all(session, app_id=one.id, restorable_at=now) for name, one in found.items()}
        expired = {name: counts(session, app_id=one.id, now=now).expired for name, one in found.items()}
        roles = {one.person_name: one.role.value for one in list_roles(session, demo.organization_id)}
        people = snapshot(session, demo.organization_id)
    assert {name: (one.shard, one.region) for name, one in found.items()} == {
        WIKI: ("shard-1", "eu"), TRACKER: ("shard-1", "eu"), NEW: ("shard-1", "eu"), OLD: ("shard-1", "eu"),
        SUPPORT: ("shard-2", "eu"), DESK: ("shard-2", "eu"), FAR: ("shard-us", "us"),
    }  # fmt: skip
    assert roles == {"Ada": "organization-admin", "Bob": "access-approver", "Carl": "support-agent"}
    days = {name: [round((now - one.taken_at) / timedelta(days=1)) for one in ones] for name, ones in held.items()}
    assert days == {WIKI: [1, 9], TRACKER: [1, 2], SUPPORT: [4, 14], DESK: [1], FAR: [3], OLD: [10], NEW: []}
    assert expired[WIKI] >= 1
    assert held[SUPPORT][0].status is BackupStatus.INCOMPLETE
    assert found[OLD].status is AppStatus.DEACTIVATED
    assert (held[OLD][0].expires_at or now) - now > timedelta(days=19)
    sizes = {one.id: one.size_bytes or 0 for ones in held.values() for one in ones}
    assert [one for one, size in sizes.items() if size > DEMO_LIMIT_BYTES] == [demo.large_backup]
    assert len(people.users) > 10
    assert people.app_roles


def test_the_story_can_be_told(made: tuple[Engine, DemoOrganization]) -> None:
    """The page is gone from the app, the new app is in the way of nothing but its own space, and the backup has it."""
    engine, demo = made
    with engine.database.reading() as session:
        damaged, new = apps.get(session, demo.damaged_app), apps.get(session, demo.new_app)
        place, new_place = apps.place(session, damaged), apps.place(session, new)
    driver = engine.drivers[damaged.driver]
    titles = [one.title for one in items(driver, place, demo.space)]
    assert demo.page not in titles
    assert len(titles) > 2
    assert driver.contents(new_place) is Contents.DEFAULT_PERSONAL_SPACE
    request = RestoreRequest(backup_id=demo.backup, destination_id=new.id, requester="per-1")
    found = assess(engine.tools, request)
    assert [one.code for one in found.findings if blocks([one])] == [FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE]
    page = find_destinations(engine.tools, demo.backup, contains_data=ContainsData.ANY)
    assert demo.new_app in {one.app.id for one in page.found}
    assert "Provision a new app" in find_destinations(engine.tools, demo.backup).empty


def test_a_second_start_keeps_everything(made: tuple[Engine, DemoOrganization], tmp_path: Path) -> None:
    engine, demo = made
    with engine.database.reading() as session:
        before = ([one.id for one in apps.list_all(session)], [one.id for one in backups.list_all(session)])
    assert make(engine, tmp_path) == demo
    assert list(tmp_path.iterdir()) == []
    with engine.database.reading() as session:
        assert before == ([one.id for one in apps.list_all(session)], [one.id for one in backups.list_all(session)])


def test_restores_are_listed_a_page_at_a_time(made: tuple[Engine, DemoOrganization]) -> None:
    engine, demo = made
    with engine.database.reading() as session:
        words = {"organization_id": demo.organization_id, "limit": 3}
        first = restores.recent(session, **words)
        second = restores.recent(session, **words, offset=3)
        assert (first.total, first.next_offset, second.next_offset) == (4, 3, None)
        created = [one.created_at for one in (*first.found, *second.found)]
        assert created == sorted(created, reverse=True)
        (own,) = restores.recent(session, **words, app_id=demo.damaged_app).found
        assert own.app_id == demo.damaged_app
        assert restores.recent(session, **words, status=RestoreStatus.COMPLETED).total == 4
        assert restores.recent(session, **words, status=RestoreStatus.FAILED).found == []
        assert restores.recent(session, organization_id="org-2", limit=3).total == 0
        assert restores.open_streams(session) == []
