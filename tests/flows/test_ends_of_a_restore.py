"""How a restore can end: published, failed, cancelled, taken over. Each side is held at the dangerous point."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.apps.driver import Edit, EditKind
from core.catalog import generations, holds
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.runs import Runs
from core.catalog.tables import GenerationStatus
from core.content.record_type import AppType
from core.errors import Cancelled, Fenced, RestorebotError, RunFailed, StorageUnreachable, WrongState
from core.findings import FindingCode
from core.restore import restores
from core.restore.restores import Restore
from core.restore.tables import RestoreStatus
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceOddity, ConfluenceShape
from core.workflow.runs import TakenOverTooOften
from tests.flows.driven import at, kind_of
from tests.flows.driven import driven as driven_run
from tests.flows.world import World, assert_same_as_backup

ADD_PAGE = Edit(kind=EditKind.ADD_ITEM, container="NEW", title="Written meanwhile", text="Keep me.")


def driven(world: World, restore: Restore, before: Callable[[str], None]) -> RestorebotError | None:
    return driven_run(world, "restore", restore.id, before)


@pytest.fixture
def backup(world: World, tmp_path: Path) -> Backup:
    oddities = frozenset({ConfluenceOddity.DUPLICATE_EMAIL})
    shape = ConfluenceShape(pages_per_space=3, attachments_per_page=1, oddities=oddities)
    path = write_confluence_export(tmp_path / "wiki.zip", shape=shape).path
    return world.import_export(path, world.provision(AppType.CONFLUENCE))


@pytest.fixture
def destination(world: World) -> App:
    return world.provision(AppType.CONFLUENCE)


def want_cancel(world: World, restore: Restore) -> Restore:
    with world.engine.database.transaction() as session:
        return restores.want_cancel(session, restore.id, world.person.id, world.engine.now())


def assert_as_it_was(world: World, restore: Restore, destination: App) -> None:
    """Nothing of the run is left, and the destination can be worked on."""
    live = world.place(destination)
    assert world.driver(destination).inspect(live).is_open
    with world.engine.database.transaction() as session:
        assert holds.holds_on(session, holds.on_app(destination.id)) == []
        assert holds.holds_on(session, holds.on_backup(restore.backup_id)) == []
        mine = [one for one in generations.list_of(session, destination.id) if one.run_id == restore.id]
    assert all(one.status is GenerationStatus.DROPPED for one in mine)
    shard = world.data_dir / "shards" / "shard-1"
    assert not [path for path in shard.rglob("*") for one in mine if one.id in str(path) and path.is_file()]


STEPS = ("begin", "preflight", "check_backup", "stage", "load", "index", "begin_verify", "compare", "verify", "publish")


@pytest.mark.parametrize("step", STEPS)
def test_a_cancel_before_publishing_wins(step: str, world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    before = world.digest_of(destination)
    error = driven(world, restore, at(step, lambda: want_cancel(world, restore)))
    assert isinstance(error, Cancelled)
    assert world.restore(restore.id).status is RestoreStatus.CANCELLED
    assert world.restore(restore.id).report is None
    assert_as_it_was(world, restore, destination)
    if step != "publish":  # closing and opening again is written
        assert world.digest_of(destination) == before
    world.restored(world.request(backup, destination))


@pytest.mark.parametrize("step", ["propose_access", "report"])
def test_after_publishing_nothing_cancels(step: str, world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))

    def too_late() -> None:
        with pytest.raises(WrongState, match="published"):
            want_cancel(world, restore)

    assert driven(world, restore, at(step, too_late)) is None
    done = world.restore(restore.id)
    assert done.status is RestoreStatus.COMPLETED
    assert_same_as_backup(world, backup, done, destination)


def test_a_run_stopped_after_publishing_goes_on_with_what_is_left(
    world: World, backup: Backup, destination: App
) -> None:
    restore = world.submit_restore(world.request(backup, destination))

    def stop() -> None:
        raise StorageUnreachable("The directory does not answer.")

    assert isinstance(driven(world, restore, at("propose_access", stop)), StorageUnreachable)
    published = world.restore(restore.id)
    assert published.status is RestoreStatus.RUNNING
    assert published.published_at is not None
    names: list[str] = []
    assert driven(world, restore, names.append) is None
    assert names == ["begin", "propose_access", "report"]
    assert world.restore(restore.id).status is RestoreStatus.COMPLETED


def test_data_that_appears_in_the_destination_stays(world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    driver, live = world.driver(destination), world.place(destination)
    error = driven(world, restore, at("publish", lambda: driver.edit(live, ADD_PAGE)))
    assert isinstance(error, RunFailed)
    assert world.restore(restore.id).status is RestoreStatus.FAILED
    assert FindingCode.DESTINATION_HAS_DATA in {one.code for one in world.findings(restore)}
    assert dict(world.records(destination))["confluence.page"]["title"].to_pylist() == ["Written meanwhile"]
    assert_as_it_was(world, restore, destination)
    driver.edit(live, ADD_PAGE)


def test_a_backup_or_plan_that_changed_asks_again(world: World, backup: Backup, destination: App) -> None:
    """A warning the person was not shown: the run ends before anything is staged."""
    request = world.request(backup, destination)
    found = world.assess(request)
    assert found.plan is not None
    with world.engine.database.transaction() as session:
        restore = restores.submit(
            session,
            organization_id=destination.organization_id,
            request=request,
            plan=found.plan,
            shown=[],
            now=world.engine.now(),
        )
    unseen = {one.code for one in found.findings if one.severity.value == "warning"}
    assert unseen
    error = driven(world, restore, lambda _: None)
    assert isinstance(error, RunFailed)
    changed = next(one for one in world.findings(restore) if one.code is FindingCode.PLAN_CHANGED)
    assert set(changed.examples) == {code.value for code in unseen}
    assert world.restore(restore.id).generation is None
    assert_as_it_was(world, restore, destination)


@pytest.mark.parametrize("step", ["load", "compare", "publish"])
def test_a_former_owner_writes_nothing(step: str, world: World, backup: Backup, destination: App) -> None:
    """Another worker took over: the former one is fenced, ends nothing, and opens nothing."""
    restore = world.submit_restore(world.request(backup, destination))
    kind = kind_of(world, "restore")
    error = driven(world, restore, at(step, lambda: kind.takeover(restore.id)))
    assert isinstance(error, Fenced)
    running = world.restore(restore.id)
    assert running.status is RestoreStatus.RUNNING
    assert running.generation is not None
    assert driven(world, restore, lambda _: None) is None
    done = world.restore(restore.id)
    assert done.status is RestoreStatus.COMPLETED
    assert done.generation == running.generation
    assert_same_as_backup(world, backup, done, destination)


def test_a_former_owner_does_not_open_what_its_successor_has_closed(
    world: World, backup: Backup, destination: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the successor's look at the closed destination and its switch nobody may write there."""
    restore = world.submit_restore(world.request(backup, destination))
    kind, live, driver = kind_of(world, "restore"), world.place(destination), world.driver(destination)
    real = Runs.publish

    def taken_over_meanwhile(*args: Any) -> None:
        monkeypatch.setattr(Runs, "publish", real)
        with world.engine.database.transaction() as session:
            restores.RUNS.takeover(session, restore.id)
        driver.close(live)  # by the successor
        real(*args)

    monkeypatch.setattr(Runs, "publish", taken_over_meanwhile)
    assert isinstance(driven(world, restore, lambda _: None), Fenced)
    assert not driver.inspect(live).is_open
    with pytest.raises(WrongState):
        driver.edit(live, ADD_PAGE)
    assert kind.open_runs()
    assert driven(world, restore, lambda _: None) is None
    assert world.restore(restore.id).status is RestoreStatus.COMPLETED


def test_a_passing_failure_while_publishing_leaves_the_destination_open(
    world: World, backup: Backup, destination: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    real = Runs.publish

    def unreachable(*_: Any) -> None:
        raise StorageUnreachable("The catalog does not answer.")

    monkeypatch.setattr(Runs, "publish", unreachable)
    assert isinstance(driven(world, restore, lambda _: None), StorageUnreachable)
    failed = world.restore(restore.id)
    assert failed.status is RestoreStatus.FAILED
    assert failed.staging_until is not None
    assert world.driver(destination).inspect(world.place(destination)).is_open
    monkeypatch.setattr(Runs, "publish", real)
    with world.engine.database.transaction() as session:
        restores.resume(session, restore.id, world.person.id, world.engine.now())
    assert driven(world, restore, lambda _: None) is None
    assert world.restore(restore.id).status is RestoreStatus.COMPLETED


def given_up(world: World, restore: Restore) -> None:
    def die() -> None:
        raise TakenOverTooOften("The worker died 3 times in a row.", hint="Look into its log; then resume the run.")

    assert isinstance(driven(world, restore, at("index", die)), TakenOverTooOften)


def test_a_run_given_up_says_so_until_it_is_resumed(world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    given_up(world, restore)
    assert FindingCode.PART_GIVEN_UP in {one.code for one in world.findings(restore)}
    with world.engine.database.transaction() as session:
        restores.resume(session, restore.id, world.person.id, world.engine.now())
    assert driven(world, restore, lambda _: None) is None
    assert FindingCode.PART_GIVEN_UP not in {one.code for one in world.findings(restore)}
    done = world.restore(restore.id)
    assert done.progress_done == done.progress_total
    assert_same_as_backup(world, backup, done, destination)


def test_cancelling_a_failed_run_ends_its_staging(world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    given_up(world, restore)
    assert want_cancel(world, restore).cancel_wanted
    with pytest.raises(WrongState), world.engine.database.transaction() as session:
        restores.resume(session, restore.id, world.person.id, world.engine.now())
    world.engine.sweep()
    assert world.restore(restore.id).status is RestoreStatus.CANCELLED
    assert_as_it_was(world, restore, destination)


def test_a_failed_run_keeps_its_staging_for_a_day(world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    given_up(world, restore)
    world.engine.sweep()
    assert world.restore(restore.id).staging_until is not None
    later = world.with_engine(now=lambda: world.engine.now() + timedelta(hours=25))
    later.engine.sweep()
    assert world.restore(restore.id).status is RestoreStatus.FAILED
    assert_as_it_was(world, restore, destination)
    with pytest.raises(WrongState), world.engine.database.transaction() as session:
        restores.resume(session, restore.id, world.person.id, world.engine.now())


def test_a_run_that_failed_for_good_cannot_be_cancelled(world: World, backup: Backup, destination: App) -> None:
    restore = world.submit_restore(world.request(backup, destination))
    live = world.place(destination)
    driven(world, restore, at("preflight", lambda: world.driver(destination).edit(live, ADD_PAGE)))
    assert world.restore(restore.id).status is RestoreStatus.FAILED
    with pytest.raises(WrongState, match="is failed"):
        want_cancel(world, restore)
    assert world.restore(restore.id).status is RestoreStatus.FAILED


def test_a_part_that_is_compared_again_tells_what_it_finds_then(world: World, backup: Backup, destination: App) -> None:
    """Compared without a finding, then damaged, then resumed: the new comparison counts."""
    restore = world.submit_restore(world.request(backup, destination))

    def fail() -> None:
        raise StorageUnreachable("Gone for a moment.")

    assert isinstance(driven(world, restore, at("verify", fail)), StorageUnreachable)
    failed = world.restore(restore.id)
    shard = world.data_dir / "shards" / "shard-1"
    pack = next(
        path for path in (shard / "attachments").rglob("*") if path.is_file() and failed.generation in str(path)
    )
    pack.chmod(0o600)
    data = bytearray(pack.read_bytes())
    data[len(data) // 2] ^= 1
    pack.write_bytes(bytes(data))
    with world.engine.database.transaction() as session:
        restores.resume(session, restore.id, world.person.id, world.engine.now())
    assert isinstance(driven(world, restore, lambda _: None), RunFailed)
    assert FindingCode.VERIFY_ATTACHMENT_DIFFERS in {one.code for one in world.findings(restore)}
    assert_as_it_was(world, restore, destination)
