"""What may happen between confirming a restore and publishing it: data appears, plans change, two want the same app."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from core.access.directory import DirectoryGroup, new_group_id
from core.access.directory_change import add_groups, raise_version
from core.apps.driver import Edit, EditKind
from core.catalog import holds
from core.cli.restores import exit_status
from core.errors import Held, WrongState
from core.findings import Finding, FindingCode
from core.restore.restores import Restore
from core.restore.tables import RestoreStatus
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground, Reference, assert_nothing_left, assert_restored_as, live_digest
from tests.faults.inline import drive
from tests.faults.points import Points, watched
from tests.faults.processes import until

TITLE = "Written by a person"


def add_item(ground: Ground) -> None:
    world = ground.world
    place = world.place(ground.destination)
    world.driver(ground.destination).edit(place, Edit(kind=EditKind.ADD_ITEM, container="NEW", title=TITLE, text="x"))


def titles(ground: Ground) -> list[str]:
    pages = dict(ground.world.records(ground.destination)).get("confluence.page")
    return [] if pages is None else pages.column("title").to_pylist()


def acting_at(point: str, act: Callable[[], None]) -> Callable[[str], None]:
    done: list[str] = []

    def reached(name: str) -> None:
        if name == point and not done:
            done.append(name)
            act()

    return reached


@pytest.mark.parametrize(
    "point", ["part:load:records-00002:before", "step:verify:after", "step:publish/driver.close:before"]
)
def test_data_that_appears_during_the_load_stays_and_the_restore_fails(point: str, fresh: Fresh) -> None:
    ground = fresh()
    ground.submit()
    drive(watched(ground.world.engine, Points(acting_at(point, lambda: add_item(ground)))))
    failed = ground.only_restore()
    assert failed.status is RestoreStatus.FAILED
    assert [one.code for one in errors(ground, failed)] == [FindingCode.DESTINATION_HAS_DATA]
    assert titles(ground) == [TITLE]
    assert_nothing_left(ground)
    add_item(ground)
    assert titles(ground) == [TITLE, TITLE], "the app is open again"


@pytest.mark.parametrize("point", ["step:publish/driver.close:after", "step:publish/catalog:after"])
def test_a_change_that_comes_after_closing_is_refused_and_not_lost_in_a_replaced_generation(
    point: str, fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
    ground.submit()
    old = ground.world.place(ground.destination)
    refused: list[WrongState] = []

    def change() -> None:
        edit = Edit(kind=EditKind.ADD_ITEM, container="NEW", title=TITLE, text="x")
        try:
            ground.world.driver(ground.destination).edit(old, edit)
        except WrongState as error:
            refused.append(error)

    drive(watched(ground.world.engine, Points(acting_at(point, change))))
    assert len(refused) == 1
    assert_restored_as(reference, ground)


def new_group(ground: Ground) -> None:
    """Of a name that the backup has too."""
    reader = ground.world.reader(ground.backup)
    groups = next(one for one in reader.manifest.objects if one.record_type == "directory.group")
    name = next(reader.batches(groups)).column("name")[0].as_py()
    with ground.world.engine.database.transaction() as session:
        change = raise_version(session, ground.destination.organization_id)
        add_groups(change, [DirectoryGroup(id=new_group_id(), name=name)])


@pytest.mark.parametrize(
    ("change", "code"),
    [(new_group, FindingCode.PLAN_CHANGED), (add_item, FindingCode.DESTINATION_HAS_DATA)],
)
def test_what_changed_between_confirming_and_starting_is_asked_again(
    change: Callable[[Ground], None], code: FindingCode, fresh: Fresh
) -> None:
    ground = fresh()
    ground.submit()
    change(ground)
    before = live_digest(ground, ground.destination)
    drive(ground.world.engine)
    failed = ground.only_restore()
    assert (failed.status, failed.step.value) == (RestoreStatus.FAILED, "preflight")
    assert exit_status(failed) == 3
    found = errors(ground, failed)
    assert code in {one.code for one in found}
    assert all(one.hint for one in found)
    assert live_digest(ground, ground.destination) == before
    assert_nothing_left(ground)


def test_a_backup_that_expires_while_the_restore_runs_does_not_fail_it(fresh: Fresh, reference: Reference) -> None:
    ground = fresh()
    ground.submit()
    world = ground.world
    later = replace(world.engine, now=lambda: world.engine.now() + timedelta(days=30))
    drive(later)
    assert_restored_as(reference, ground)
    refused = replace(world, engine=later).assess(world.request(ground.backup, ground.destination))
    assert FindingCode.BACKUP_EXPIRED in {one.code for one in refused.findings}


def test_of_two_submits_at_once_into_one_app_one_wins_and_the_other_is_told_who_has_it(fresh: Fresh) -> None:
    ground = fresh()
    together = threading.Barrier(2)
    won: list[Restore] = []
    refused: list[Held] = []

    def submit() -> None:
        together.wait()
        try:
            won.append(ground.submit())
        except Held as error:
            refused.append(error)
        except AssertionError:  # the other one was first already when this one looked
            refused.append(held_error(ground))

    threads = [threading.Thread(target=submit) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(won) == 1
    assert won[0].id in refused[0].message
    assert [one.id for one in ground.restores()] == [won[0].id]
    assert {run for _, run in ground.holds()} == {won[0].id}


def held_error(ground: Ground) -> Held:
    with ground.world.engine.database.transaction() as session:
        (hold,) = holds.holds_on(session, holds.on_app(ground.destination.id))
    return holds.held_error(ground.destination.name, hold)


def test_a_second_restore_run_into_the_same_app_is_refused_and_the_first_completes(
    fresh: Fresh, reference: Reference
) -> None:
    ground = fresh()
    starter = ground.starter()
    try:
        first = starter(*ground.run_words(), acts=["PAUSE=part:load:records-00002:before"])
        until(lambda: starter.signs.lines("reached"))
        second = starter(*ground.run_words())
        assert second.ended() == 3, second.said()
        assert ground.only_restore().id in second.said()
        starter.signs.add("go", "")
        assert first.ended() == 0, first.said()
        assert_restored_as(reference, ground)
    finally:
        starter.end()


def errors(ground: Ground, restore: Restore) -> list[Finding]:
    return [one for one in ground.world.findings(restore) if one.severity.value == "error"]
