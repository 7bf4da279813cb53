"""An organization with ten thousand backups of one app and two thousand apps, with every name that people give: lists
answer in Slack's three seconds, nothing is cut without a sign, and nothing is read as markup."""

import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import insert, select

from bot.restore.ids import Action
from core.access.directory import snapshot
from core.backup.facts import EXAMPLES
from core.catalog.apps import App
from core.catalog.tables import AppRow, BackupRow, GenerationRow, new_id
from core.cli.demo_organization import WIKI
from core.content.record_type import AppType
from core.restore.tables import RestoreStatus
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceShape
from tests.bot.flows.office import Office, Someone, said
from tests.bot.flows.walking import restores, with_empty_app
from tests.flows.world import World

BACKUPS, APPS, GROUPS = 10_000, 2_000, 500
#: What Slack waits for the options of a select.
_SECONDS = 3.0
STRANGE = (
    "Wiki 🚀👩‍👩‍👧 of the team",
    "ويكي الفريق ‮ (right to left)",
    "<!channel> *bold* _it_ `code` <https://evil.example|click> & <@U0ADA>",
    "w" * 250,
    "ß İstanbul ﬁ 数据",
)


def test_from_ten_thousand_backups_into_one_of_two_thousand_apps(office: Office) -> None:
    _backups(office.world)
    _apps(office.world, office.world.provision(AppType.CONFLUENCE, "The first"))
    ada = office.person()
    in_time(ada.types)
    assert f"{APPS + 8:,} apps" in ada.reads
    assert len(in_time(lambda: ada.searches(Action.APP))) == 100
    ada.chooses(Action.APP, WIKI)
    in_time(ada.submits)
    assert f"{BACKUPS + 2:,} backups can be restored" in ada.reads
    offered = in_time(lambda: ada.searches(Action.BACKUP))
    assert len(offered) == 100
    old = office.backups_of(WIKI)[BACKUPS // 2]
    (found,) = in_time(lambda: ada.searches(Action.BACKUP, old.id))
    assert found["value"] == old.id
    day = f"{office.backups_of(WIKI)[0].taken_at:%Y-%m-%d}"
    assert in_time(lambda: ada.searches(Action.BACKUP, day))
    in_time(lambda: ada.chooses(Action.BACKUP))
    in_time(ada.submits)
    in_time(ada.submits)
    assert ada.step == "Where to"
    assert 0 < len(in_time(lambda: ada.searches(Action.DESTINATION))) <= 100
    in_time(lambda: ada.presses(Action.CONTAINS_DATA, "any"))
    assert 0 < len(in_time(lambda: ada.searches(Action.DESTINATION))) <= 100
    in_time(lambda: ada.presses(Action.CONTAINS_DATA, "yes"))
    in_time(lambda: ada.searches(Action.DESTINATION))
    in_time(lambda: ada.presses(Action.CONTAINS_DATA, "no"))
    in_time(lambda: ada.presses(Action.ONLY_SHARD, []))
    assert in_time(lambda: ada.searches(Action.DESTINATION, "number 1999"))


@pytest.mark.parametrize("name", STRANGE)
def test_names_are_found_shown_as_they_are_and_cut_with_a_sign(office: Office, name: str) -> None:
    with_empty_app(office, name)
    ada = office.person()
    ada.types()
    (option,) = ada.searches(Action.APP, name[:40])
    assert_shown(option["text"]["text"], name, most=75)
    ada.closes()
    walk_to_review(ada, name)
    assert_plain(ada.view)
    restores(ada)
    office.drive()
    office.tell(3)
    assert office.only_restore().status is RestoreStatus.COMPLETED
    status, *replies = office.thread()
    for message in (status, *replies):
        assert_plain(list(message.blocks))
        assert "<!" not in message.text
        assert "<@" not in message.text
        assert "<https" not in message.text
    assert name[:20] in said(status.blocks)
    ada.types("/restore list")
    for shown in (ada.view, ada.opens_home()):
        assert name[:20] in said(shown["blocks"])
        assert_plain(shown)


def test_five_hundred_groups_with_names_of_every_kind(office: Office, tmp_path: Path) -> None:
    """The organization has them all from a first restore; the second one asks what is to become of them."""
    world = office.world
    source = world.provision(AppType.CONFLUENCE, "Wiki of groups")
    backup = world.import_export(_export_of_groups(tmp_path), source)
    first = world.restored(world.request(backup, world.provision(AppType.CONFLUENCE, "Restored before")))
    with_empty_app(office, "Restored now")
    ada = office.person()
    in_time(lambda: walk_to_checks(ada, "Restored now", app="Wiki of groups"))
    assert f"{GROUPS - 1} groups have a name that the organization has already" in ada.reads  # admin groups never move
    assert f"and {GROUPS - 1 - EXAMPLES} more" in ada.reads
    assert_plain(ada.view)
    in_time(lambda: ada.presses(f"{Action.RESOLVE}:group.name-exists", "new-name"))
    ada.submits()
    assert ada.step == "Review", ada.reads
    assert "give a new name" in ada.reads
    restores(ada)
    office.drive()
    office.tell(3)
    restore = office.restores[0]
    assert restore.id != first.id
    assert restore.status is RestoreStatus.COMPLETED
    status, *replies = office.thread()
    for message in (status, *replies):
        assert_plain(list(message.blocks))
        assert not any(name[:20] in said(message.blocks) for name in STRANGE)  # a channel is told of no group
    in_time(lambda: ada.types(f"/restore status {restore.id}"))
    assert f"{GROUPS} of {GROUPS} restored" in ada.reads
    assert_plain(ada.view)
    with world.engine.database.reading() as session:
        groups = [one.name for one in snapshot(session, restore.organization_id).groups.values()]
    for name in (_group_name(number) for number in range(2, GROUPS)):
        assert sum(one == name or one.startswith(name[:200]) for one in groups) >= 2, name


def walk_to_review(person: Someone, destination: str) -> None:
    walk_to_checks(person, destination)
    person.submits()
    assert person.step == "Review", person.reads


def walk_to_checks(person: Someone, destination: str, *, app: str = WIKI) -> None:
    person.types()
    person.chooses(Action.APP, app)
    person.submits()
    person.chooses(Action.BACKUP)
    person.submits()
    person.submits()
    person.chooses(Action.DESTINATION, destination[:40])
    person.submits()
    assert person.step == "Checks", person.reads


def in_time(act: Any) -> Any:
    """By processor time: how long it takes by the clock says what else the machine does."""
    began = time.process_time()
    found = act()
    assert time.process_time() - began < _SECONDS
    return found


def assert_shown(text: str, name: str, *, most: int) -> None:
    """As it is, or cut with a sign; one that is read from right to left turns nothing around that stands beside it."""
    assert text.startswith("\u2068") == ("\u202e" in name)
    bare = text.strip("\u2068\u2069")
    assert len(text) <= most
    assert bare == name or (bare.endswith("…") and name.startswith(bare[:-1].rstrip())), text


def assert_plain(node: Any) -> None:
    """No text of Slack's markup anywhere: names stand in plain_text and rich_text alone."""
    assert "mrkdwn" not in str(node)


def _group_name(number: int) -> str:
    return f"{STRANGE[number % len(STRANGE)]} {number:03d}"


def _export_of_groups(folder: Path) -> Path:
    plain, strange = folder / "plain.zip", folder / "strange.zip"
    write_confluence_export(plain, shape=ConfluenceShape(spaces=1, pages_per_space=2, users=20, groups=GROUPS))
    with ZipFile(plain) as read, ZipFile(strange, "w") as written:
        for entry in read.infolist():
            data = read.read(entry)
            if entry.filename == "entities.xml":  # names stand in CDATA
                text = re.sub(r"team-(\d{3})", lambda found: _group_name(int(found[1])), data.decode())
                data = text.encode()
            written.writestr(entry.filename, data)
    return strange


def _backups(world: World) -> None:
    database = world.engine.database
    with database.transaction() as session:
        row = session.execute(
            select(BackupRow.__table__)
            .join(AppRow, AppRow.id == BackupRow.app_id)
            .where(AppRow.name == WIKI)
            .order_by(BackupRow.taken_at.desc())
            .limit(1)
        ).one()
        made = [
            {**row._mapping, "id": new_id("bkp"), "taken_at": row.taken_at - timedelta(minutes=number + 1)}
            for number in range(BACKUPS)
        ]
        session.execute(insert(BackupRow), made)


def _apps(world: World, first: App) -> None:
    place = world.place(first)
    folder = Path(place.shard.url.removeprefix("sqlite:///")) / "generations"
    """Empty ones, which share one file."""
    with world.engine.database.transaction() as session:
        app = session.execute(select(AppRow.__table__).where(AppRow.id == first.id)).one()._mapping
        generation = session.execute(select(GenerationRow.__table__).where(GenerationRow.app_id == first.id)).one()
        for number in range(APPS):
            name = f"number {number:04}"
            id_, live = f"app-many{number:04}", f"gen-many{number:04}"
            os.link(folder / f"{place.generation}.sqlite", folder / f"{live}.sqlite")
            values = {"id": id_, "name": name, "folded_name": name.casefold(), "generation": live}
            session.execute(insert(AppRow), {**app, **values})
            session.execute(insert(GenerationRow), {**generation._mapping, "id": live, "app_id": id_})
