"""An app goes to another shard with all its data, and is what it was; or it is where it was, as it was."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from sqlalchemy import make_url

from core.apps.driver import Edit, EditKind, Place
from core.catalog import apps, backups, generations, holds
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.run_tables import RunStatus
from core.catalog.runs import Runs
from core.catalog.tables import GenerationStatus, HoldReason
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType
from core.errors import (
    Cancelled,
    DiskFull,
    Fenced,
    Held,
    NotFound,
    RunFailed,
    ShardFull,
    StorageUnreachable,
    WrongState,
)
from core.findings import FindingCode
from core.moves import moves
from core.moves.assess import assess
from core.moves.moves import Move, Outlook
from core.retention import deactivation
from core.retention.policy import Rules
from core.samples.confluence_shape import ConfluenceFlavour
from core.samples.jira_shape import JiraFlavour
from core.storage.location import open_store
from tests.flows.copies import copy_of, settle
from tests.flows.driven import at, driven
from tests.flows.generated import Generated
from tests.flows.world import World, assert_looked_after, new_world
from tests.services.postgres import PostgresServer

#: So small that a little app has several parts of records and several packs.
PART_BYTES = 10_000
EXPORTS = {
    AppType.JIRA: Generated(flavour=JiraFlavour.JIRA_8),
    AppType.CONFLUENCE: Generated(flavour=ConfluenceFlavour.DC_8),
}
TITLE = "Written by a person"
STEPS = ("begin", "close", "plan", "stage", "load", "index", "begin_verify", "compare", "verify", "publish")


@dataclass(frozen=True)
class Made:
    world: World
    apps: Mapping[AppType, App]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two shards, and on the first an app of each type, with records of many types, attachments and every oddity of an
    export."""
    folder = tmp_path_factory.mktemp("made")
    world = new_world(folder / "data", part_bytes=PART_BYTES)
    world.add_shard("shard-2")
    apps = {}
    for app_type, export in EXPORTS.items():
        backup = world.import_export(export.write(folder).path, world.provision(app_type))
        apps[app_type] = world.provision(app_type)
        world.restored(world.request(backup, apps[app_type]))
    settle(world)
    return Made(world, apps)


@pytest.fixture
def world(made: Made, tmp_path: Path) -> Iterator[World]:
    found = copy_of(made.world, tmp_path / "data")
    yield found
    found.engine.close()


@pytest.fixture
def app(made: Made) -> App:
    return made.apps[AppType.CONFLUENCE]


@dataclass(frozen=True)
class Content:
    """All that people have in an app."""

    records: Mapping[str, pa.Table]
    files: Mapping[tuple[str, str, str], bytes]
    provisioned: tuple[tuple[str, str], ...]
    contains_data: bool
    only_default_personal_space: bool


def content_of(world: World, app: App) -> Content:
    place, driver = world.place(app), world.driver(app)
    files = {}
    for one in world.entries(app):
        with driver.open_attachment(place, one.record_key) as stream:
            files[one.record_type, one.record_key, one.name] = stream.read()
    facts = driver.inspect(place)
    return Content(
        records=dict(world.records(app)),
        files=files,
        provisioned=driver.provisioned(place),
        contains_data=facts.contains_data,
        only_default_personal_space=facts.only_default_personal_space,
    )


def edit(world: World, app: App, place: Place | None = None, *, text: str = "Keep me.") -> None:
    """A person adds a page, where the app is or where it is thought to be."""
    space = next(world.driver(app).read(world.place(app), BY_NAME["confluence.space"])).column("space_key")[0].as_py()
    change = Edit(kind=EditKind.ADD_ITEM, container=space, title=TITLE, text=text)
    world.driver(app).edit(place or world.place(app), change)


def lying_about(world: World, generation: str) -> list[Path]:
    """Files of a generation, on any shard of this machine."""
    return [path for path in (world.data_dir / "shards").rglob("*") if generation in str(path) and path.is_file()]


def assert_as_it_was(world: World, move: Move, app: App) -> None:
    """On its old shard, open, free, and with nothing of the move left."""
    now = world.app(app.id)
    assert (now.shard, now.generation) == ("shard-1", world.place(app).generation)
    assert world.driver(app).inspect(world.place(app)).is_open
    with world.engine.database.transaction() as session:
        assert holds.holds_on(session, holds.on_app(app.id)) == []
        mine = [one for one in generations.list_of(session, app.id) if one.run_id == move.id]
    assert mine
    assert {one.status for one in mine} == {GenerationStatus.DROPPED}
    assert not [path for one in mine for path in lying_about(world, one.id)]


@pytest.mark.parametrize("app_type", AppType)
def test_it_is_on_the_other_shard_record_by_record_and_byte_by_byte(
    app_type: AppType, world: World, made: Made
) -> None:
    app = made.apps[app_type]
    before, old = content_of(world, app), world.place(app)
    move = world.moved(app, "shard-2")
    assert world.app(app.id).shard == "shard-2"
    assert content_of(world, app) == before
    assert world.driver(app).inspect(world.place(app)).is_open
    assert len([one for one in move.plan.parts if one.pack]) > 1  # type: ignore[union-attr] - it was planned
    assert len([one for one in move.plan.parts if not one.pack]) > 3  # type: ignore[union-attr]
    assert move.progress_done == move.progress_total > 0
    assert_report(move, before)
    with world.engine.database.transaction() as session:
        assert holds.holds_on(session, holds.on_app(app.id)) == []
        assert generations.moved_from(session, app.id, move.generation or "") == "shard-1"
    assert_goes_after_its_grace(world, old)


@pytest.mark.parametrize("app_type", AppType)
def test_it_goes_from_sqlite_and_folders_to_postgresql_and_s3_and_back(
    app_type: AppType,
    world: World,
    made: Made,
    postgres: PostgresServer,
    postgres_shard_url: str,
    s3_url: Callable[[str], str],
) -> None:
    app = made.apps[app_type]
    before = content_of(world, app)
    another = postgres.new_database()
    other_url = postgres_shard_url.replace(
        make_url(postgres_shard_url).database or "", make_url(another).database or ""
    )
    world.add_shard("first", url=postgres_shard_url, attachments=s3_url("first"))
    world.add_shard("second", url=other_url, attachments=s3_url("second"))
    for shard in ("first", "second", "shard-1"):
        old = world.place(app)
        assert_report(world.moved(app, shard), before)
        assert content_of(world, app) == before
        if shard != "shard-1":
            assert_looked_after(world.place(app))
        with pytest.raises(WrongState, match="closed for changes"):
            world.driver(app).edit(old, Edit(kind=EditKind.DELETE_ITEM, key="any"))
    later = world.with_engine(now=lambda: world.engine.now() + timedelta(hours=25))
    later.engine.sweep()
    for shard, url in (("first", postgres_shard_url), ("second", other_url)):
        assert generations_on(url) == []
        assert list(open_store(s3_url(shard)).list("")) == []
    postgres.drop_database(another)


def test_a_text_that_the_other_database_cannot_hold_is_told_and_nothing_is_switched(
    world: World, app: App, postgres_shard_url: str
) -> None:
    world.add_shard("first", url=postgres_shard_url)
    edit(world, app, text="nothing \0 at all")
    before = content_of(world, app)
    move = world.run_move(app, "first")
    assert (move.failure or {})["code"] == "storage.not-storable"
    assert_as_it_was(world, move, app)
    assert content_of(world, app) == before


def generations_on(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gen%'")
        return [name for (name,) in found]


def assert_report(move: Move, before: Content) -> None:
    report = move.report or {}
    assert {name: counts["in_app"] for name, counts in report["records"].items()} == {
        name: table.num_rows for name, table in before.records.items()
    }
    assert report["attachments"]["in_app"] == len(before.files) > 0
    for counts in (*report["records"].values(), report["attachments"]):
        assert counts["in_app"] == counts["moved"]


def assert_goes_after_its_grace(world: World, old: Place) -> None:
    world.engine.sweep()
    assert lying_about(world, old.generation)
    later = world.with_engine(now=lambda: world.engine.now() + timedelta(hours=25))
    later.engine.sweep()
    assert not lying_about(world, old.generation)


def test_it_goes_back_and_forth(world: World, app: App) -> None:
    before = content_of(world, app)
    world.moved(app, "shard-2")
    world.moved(app, "shard-1")
    assert world.app(app.id).shard == "shard-1"
    assert content_of(world, app) == before


@pytest.mark.parametrize("with_space", [True, False])
def test_a_new_app_is_as_new_on_the_other_shard(with_space: bool, world: World) -> None:
    """Its default personal space is still known as such, and can be deleted so that a backup can be restored."""
    app = world.provision(AppType.CONFLUENCE, with_space=with_space)
    before = content_of(world, app)
    world.moved(app, "shard-2")
    after = content_of(world, app)
    assert after == before
    assert after.only_default_personal_space is with_space
    if with_space:
        world.driver(app).edit(world.place(app), Edit(kind=EditKind.DELETE_DEFAULT_PERSONAL_SPACE))
        assert not content_of(world, app).contains_data


@pytest.mark.parametrize("step", STEPS[2:])
def test_an_edit_during_the_move_is_refused_with_its_sentence(step: str, world: World, app: App) -> None:
    before, old = content_of(world, app), world.place(app)
    refused: list[WrongState] = []

    def edited() -> None:
        try:
            edit(world, app, old)
        except WrongState as error:
            refused.append(error)

    assert driven(world, "move", world.submit_move(app, "shard-2").id, at(step, edited)) is None
    assert "closed for changes while it is being replaced or moved; nothing was changed" in refused[0].message
    assert content_of(world, app) == before
    edit(world, app)


def held(world: World, app: App) -> None:
    with world.engine.database.transaction() as session:
        holds.take_exclusive(session, holds.on_app(app.id), "rst-1", HoldReason.RESTORE, world.engine.now())


def full(world: World, app: App) -> None:
    world.provision(AppType.JIRA, shard="shard-2")


def on_its_way(world: World, app: App) -> None:
    """Another app is still on shard-1, and its move to shard-2 is queued."""
    world.submit_move(world.provision(AppType.JIRA), "shard-2")


@pytest.mark.parametrize(
    ("before", "to", "limit", "error", "word"),
    [
        (held, "shard-2", 10, Held, "rst-1"),
        (full, "shard-2", 1, ShardFull, "has 1 apps, and at most 1"),
        (on_its_way, "shard-2", 1, ShardFull, "has 1 apps, and at most 1"),
        (None, "shard-1", 10, WrongState, "is on shard-1 already"),
        (None, "abroad", 10, WrongState, "does not leave its region"),
        (None, "nowhere", 10, NotFound, "no shard nowhere"),
    ],
)
def test_a_refusal_says_why_and_nothing_is_begun(
    before: Callable[[World, App], None] | None, to: str, limit: int, error: type[Exception], word: str, world: World
) -> None:
    world.add_shard("abroad", region="us")
    app = world.provision(AppType.JIRA)
    if before:
        before(world, app)
    strict = world.with_engine(settings=world.engine.settings.model_copy(update={"apps_per_shard": limit}))
    digest = world.digest_of(app)
    with pytest.raises(error, match=word) as told:
        strict.submit_move(app, to)
    assert told.value.hint  # type: ignore[attr-defined] - every error of ours has one
    outlook = Outlook(app=app, shard=to, size_bytes=1, minutes=1)
    with pytest.raises(error, match=word), world.engine.database.transaction() as session:
        moves.submit(session, outlook, apps_per_shard=limit, person="p", now=world.engine.now())
    assert world.digest_of(app) == digest
    assert world.driver(app).inspect(world.place(app)).is_open


def test_a_shard_without_the_space_is_refused(world: World, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(world.driver(app)), "free_bytes", lambda *_: 1000)
    with pytest.raises(DiskFull, match=r"on shard shard-2, and 1\.0 kB are free\. Nothing was moved"):
        world.submit_move(app, "shard-2")


def test_one_that_is_under_way_is_followed_and_keeps_others_away(world: World, app: App) -> None:
    world.add_shard("shard-3")
    first = world.submit_move(app, "shard-2")
    now, outlook = world.engine.now(), Outlook(app=app, shard="shard-2", size_bytes=1, minutes=1)
    with world.engine.database.transaction() as session:
        assert moves.submit(session, outlook, apps_per_shard=9, person="p", now=now) == first
    with pytest.raises(Held, match=first.id) as told:
        world.submit_move(app, "shard-3")
    assert f"restorebot move cancel {first.id}" in told.value.hint
    rules = Rules.of(world.engine.settings)
    with pytest.raises(Held, match=first.id), world.engine.database.transaction() as session:
        deactivation.deactivate(session, app.id, person="p", now=now, rules=rules)
    found = world.assess(world.request(a_backup(world, app), app)).findings
    assert FindingCode.DESTINATION_HELD in {one.code for one in found}
    world.drive()
    assert world.move(first.id).status is RunStatus.COMPLETED


def a_backup(world: World, app: App) -> Backup:
    """Of an app of the same type."""
    with world.engine.database.transaction() as session:
        found = backups.list_all(session)
    return next(one for one in found if world.app(one.app_id).type is app.type)


def want_cancel(world: World, move: Move) -> Move:
    with world.engine.database.transaction() as session:
        return moves.RUNS.want_cancel(session, move.id, world.person.id, world.engine.now())


@pytest.mark.parametrize("step", STEPS)
def test_a_cancel_before_the_switch_leaves_it_as_it_was(step: str, world: World, app: App) -> None:
    before = content_of(world, app)
    move = world.submit_move(app, "shard-2")
    error = driven(world, "move", move.id, at(step, lambda: want_cancel(world, move)))
    assert isinstance(error, Cancelled)
    assert world.move(move.id).status is RunStatus.CANCELLED
    assert_as_it_was(world, move, app)
    assert content_of(world, app) == before


def test_one_that_waits_is_cancelled_before_it_began(world: World, app: App) -> None:
    move = world.submit_move(app, "shard-2")
    want_cancel(world, move)
    world.drive()
    assert world.move(move.id).status is RunStatus.CANCELLED
    assert_as_it_was(world, move, app)


def test_after_the_switch_a_cancel_is_refused_and_says_so(world: World, app: App) -> None:
    move = world.submit_move(app, "shard-2")

    def refused() -> None:
        with pytest.raises(WrongState, match="has brought the app to its new shard"):
            want_cancel(world, move)

    assert driven(world, "move", move.id, at("report", refused)) is None
    assert world.move(move.id).status is RunStatus.COMPLETED
    assert world.app(app.id).shard == "shard-2"


def flip(path: Path) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def packs_of(world: World, place: Place) -> list[Path]:
    """The pack files of a generation, each larger than any gap in it."""
    root = Path(place.shard.attachments_url.removeprefix("file://"))
    return sorted(path for path in (root / place.generation).rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", [flip, Path.unlink])
def test_damage_in_the_app_itself_is_named_and_nothing_is_switched(
    damage: Callable[[Path], None], world: World, app: App
) -> None:
    damaged = packs_of(world, world.place(app))[0]
    damage(damaged)
    move = world.run_move(app, "shard-2")
    assert move.status is RunStatus.FAILED
    found = world.move_findings(move)
    assert {one.code for one in found} == {FindingCode.VERIFY_ATTACHMENT_DIFFERS}
    names = {one.name for one in world.entries(app) if one.pack == damaged.name}
    for one in found:
        assert "of the app itself, on shard shard-1, is damaged" in one.message
        assert damaged.name in one.message
        assert set(one.examples) <= names
    assert_as_it_was(world, move, app)


@pytest.mark.parametrize("damage", [flip, Path.unlink])
def test_damage_in_the_copy_is_named_and_nothing_is_switched(
    damage: Callable[[Path], None], world: World, app: App
) -> None:
    before = content_of(world, app)
    move = world.submit_move(app, "shard-2")

    def harm() -> None:
        with world.engine.database.transaction() as session:
            staged = generations.place(session, world.move(move.id).generation or "")
        damage(packs_of(world, staged)[0])

    assert isinstance(driven(world, "move", move.id, at("compare", harm)), RunFailed)
    found = world.move_findings(move)
    assert {one.code for one in found} == {FindingCode.VERIFY_ATTACHMENT_DIFFERS}
    assert all("copy of an attachment is not the app's" in one.message for one in found)
    assert_as_it_was(world, move, app)
    assert content_of(world, app) == before


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE confluence_page SET title = 'Other' WHERE key IN (SELECT max(key) FROM confluence_page"
         " WHERE key <> '~placeholder')", FindingCode.VERIFY_RECORDS_DIFFER),
        ("DELETE FROM confluence_page WHERE key IN (SELECT min(key) FROM confluence_page"
         " WHERE key <> '~placeholder')", FindingCode.VERIFY_RECORDS_MISSING),
        ("INSERT INTO confluence_page (key, native) VALUES ('0-added', 'Page')", FindingCode.VERIFY_RECORDS_ADDED),
        ("DELETE FROM attachment_file WHERE record_key IN (SELECT min(record_key) FROM attachment_file)",
         FindingCode.VERIFY_ATTACHMENT_DIFFERS),
        ("UPDATE confluence_body SET owner = 'nowhere' WHERE key IN (SELECT min(key) FROM confluence_body"
         " WHERE key <> '~placeholder')", FindingCode.VERIFY_REFERENCE),
        ("INSERT INTO provisioned VALUES ('confluence.page', '1')", FindingCode.VERIFY_RECORDS_DIFFER),
    ],
)  # fmt: skip
def test_a_copy_with_other_records_is_not_switched(sql: str, code: FindingCode, world: World, app: App) -> None:
    before = content_of(world, app)
    move = world.submit_move(app, "shard-2")

    def harm() -> None:
        with world.engine.database.transaction() as session:
            staged = generations.place(session, world.move(move.id).generation or "")
        with world.driver(app)._open(staged) as opened:  # type: ignore[attr-defined] - behind the driver's back
            opened.run(sql)

    assert isinstance(driven(world, "move", move.id, at("begin_verify", harm)), RunFailed)
    found = world.move_findings(move)
    assert code in {one.code for one in found}
    assert all("backup" not in one.message for one in found)
    assert_as_it_was(world, move, app)
    assert content_of(world, app) == before


def fails(*_: Any) -> None:
    raise StorageUnreachable("Gone for a moment.")


def resume(world: World, move: Move) -> None:
    with world.engine.database.transaction() as session:
        moves.RUNS.resume(session, move.id, world.person.id, world.engine.now())


@pytest.mark.parametrize("step", STEPS[1:])
def test_after_a_passing_failure_it_is_open_and_goes_on_with_what_was_copied(step: str, world: World, app: App) -> None:
    before = content_of(world, app)
    move = world.submit_move(app, "shard-2")
    assert isinstance(driven(world, "move", move.id, at(step, fails)), StorageUnreachable)
    failed = world.move(move.id)
    assert failed.status is RunStatus.FAILED
    assert failed.staging_until is not None
    assert world.driver(app).inspect(world.place(app)).is_open
    with pytest.raises(Held, match=move.id):
        world.submit_move(app, "shard-2")
    resume(world, move)
    assert driven(world, "move", move.id, lambda _: None) is None
    done = world.move(move.id)
    assert done.status is RunStatus.COMPLETED
    assert done.generation == failed.generation
    assert done.progress_done == done.progress_total
    assert content_of(world, app) == before


@pytest.mark.parametrize("step", ["load", "compare", "publish"])
def test_what_was_changed_before_it_was_resumed_moves_along(step: str, world: World, app: App) -> None:
    """An edit of one that was loaded already changes no key and hardly a size: only the count of edits tells."""
    move = world.submit_move(app, "shard-2")
    assert isinstance(driven(world, "move", move.id, at(step, fails)), StorageUnreachable)
    failed, live = world.move(move.id), world.place(app)
    page = max(key for key in dict(world.records(app))["confluence.page"].column("key").to_pylist())
    world.driver(app).edit(live, Edit(kind=EditKind.DELETE_ITEM, key=page))
    before = content_of(world, app)
    resume(world, move)
    assert driven(world, "move", move.id, lambda _: None) is None
    assert content_of(world, app) == before
    done = world.move(move.id)
    assert done.generation != failed.generation
    assert done.progress_done == done.progress_total
    assert not lying_about(world, failed.generation or "")


def test_an_edit_that_came_through_all_the_same_is_not_lost(world: World, app: App) -> None:
    """A worker that had stood still for long opened the app, which another run had closed."""
    move = world.submit_move(app, "shard-2")

    def opened_by_mistake() -> None:
        world.driver(app).reopen(world.place(app))
        edit(world, app)

    error = driven(world, "move", move.id, at("publish", opened_by_mistake))
    assert isinstance(error, WrongState)
    assert "with that change" in error.message
    assert_as_it_was(world, move, app)
    titles = dict(world.records(app))["confluence.page"].column("title").to_pylist()
    assert TITLE in titles


def test_a_kept_staging_goes_when_its_time_is_over(world: World, app: App) -> None:
    move = world.submit_move(app, "shard-2")
    driven(world, "move", move.id, at("index", fails))
    world.engine.sweep()
    assert world.move(move.id).staging_until is not None
    later = world.with_engine(now=lambda: world.engine.now() + timedelta(hours=25))
    later.engine.sweep()
    assert_as_it_was(world, move, app)
    with pytest.raises(WrongState, match="cannot be resumed") as told:
        resume(world, move)
    assert "restorebot app move" in told.value.hint


def test_a_kept_staging_is_ended_by_a_cancel(world: World, app: App) -> None:
    move = world.submit_move(app, "shard-2")
    driven(world, "move", move.id, at("index", fails))
    cancelled = world.engine.move_steps.cancel(move.id, world.person.id)
    assert cancelled.status is RunStatus.CANCELLED
    assert_as_it_was(world, move, app)


def test_a_former_owner_does_not_open_what_its_successor_has_closed(
    world: World, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    move = world.submit_move(app, "shard-2")
    real = Runs.publish

    def taken_over_meanwhile(*args: Any) -> None:
        monkeypatch.setattr(Runs, "publish", real)
        with world.engine.database.transaction() as session:
            moves.RUNS.takeover(session, move.id)
        real(*args)

    monkeypatch.setattr(Runs, "publish", taken_over_meanwhile)
    assert isinstance(driven(world, "move", move.id, lambda _: None), Fenced)
    assert not world.driver(app).inspect(world.place(app)).is_open
    assert driven(world, "move", move.id, lambda _: None) is None
    assert world.move(move.id).status is RunStatus.COMPLETED


def test_one_that_wakes_up_after_it_was_cancelled_leaves_the_app_open(world: World, app: App) -> None:
    """It had looked at its run, stood still, and closes an app that nobody moves any more."""
    move = world.submit_move(app, "shard-2")
    engine = world.engine
    run = next(kind for kind in engine.run_kinds() if kind.name == "move").begin_attempt(move.id, 0)
    assert run is not None
    real = world.driver(app)

    class Sleepy(type(real)):  # type: ignore[misc] - the class of whatever driver it is
        def close(self, place: Place) -> None:
            want_cancel(world, move)
            with engine.database.transaction() as session:
                token = moves.RUNS.takeover(session, move.id)
            engine.move_steps.failed(replace(run, token=token), Cancelled("as it was wanted"))
            real.close(place)

    sleeping = replace(engine, drivers={app.driver: Sleepy()})
    with pytest.raises((Cancelled, Fenced)):
        sleeping.move_steps.close(move.id, run.token)
    assert_as_it_was(world, move, app)


def test_a_backup_is_restored_into_an_app_that_was_moved(world: World) -> None:
    """Places are looked up anew each time, and the restore brings it back to the backup's shard, which it says."""
    empty = world.provision(AppType.CONFLUENCE)
    world.moved(empty, "shard-2")
    restore = world.restored(world.request(a_backup(world, empty), empty))
    assert restore.report is not None
    assert restore.report["move"] == {"from": "shard-2", "to": "shard-1"}
    assert world.app(empty.id).shard == "shard-1"


def test_each_estimate_learns_from_its_own_kind(world: World, app: App) -> None:
    """As long as nothing has gone to another shard, by the setting; then by what the last ones took."""
    afar = world.provision(AppType.CONFLUENCE, shard="shard-2")
    request = world.request(a_backup(world, app), afar)

    def minutes() -> tuple[int | None, int]:
        moving = assess(world.engine.tools, app.id, "shard-2" if world.app(app.id).shard == "shard-1" else "shard-1")
        return world.assess(request).move_minutes, moving.minutes

    assert minutes() == (30, 30)
    world.moved(app, "shard-2")
    assert minutes() == (30, 1)
    world.restored(request)
    other = world.provision(AppType.CONFLUENCE, shard="shard-2")
    assert world.assess(replace(request, destination_id=other.id)).move_minutes == 1


def test_a_restore_across_shards_is_refused_where_there_is_no_room(world: World, app: App) -> None:
    """By the checks, and once more where the place is taken: an app may have come in between."""
    afar = world.provision(AppType.CONFLUENCE, shard="shard-2")
    request = world.request(a_backup(world, app), afar)
    with world.engine.database.reading() as session:
        there = apps.count_on(session, "shard-1")
    limited = world.engine.settings.model_copy(update={"apps_per_shard": there + 1})
    strict = world.with_engine(settings=limited)
    restore = strict.submit_restore(request)
    error = driven(strict, "restore", restore.id, at("stage", lambda: world.provision(AppType.JIRA)))
    assert isinstance(error, ShardFull)
    assert "Nothing was restored" in error.message
    assert world.restore(restore.id).status is RunStatus.FAILED
    assert world.app(afar.id).shard == "shard-2"
    codes = {one.code for one in strict.assess(request).findings}
    assert {FindingCode.DESTINATION_SHARD_FULL, FindingCode.DESTINATION_OTHER_SHARD} <= codes
