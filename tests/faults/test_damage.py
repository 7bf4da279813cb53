"""One flipped, missing, swapped, doubled or replayed object of a backup is found and named before anything is
published, and the destination is as it was. `backup check` names it too."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.archive.check import Depth, check_backup
from core.catalog.tables import GenerationStatus
from core.cli.restores import exit_status
from core.findings import FindingCode, blocks
from core.restore.tables import RestoreStatus
from core.samples.confluence import write_confluence_export
from tests.faults.conftest import Fresh
from tests.faults.damage import Case, Damage, Objects
from tests.faults.ground import SHAPE, Ground, assert_nothing_left, copy_of, live_digest, places
from tests.faults.inline import drive
from tests.faults.points import Points, watched
from tests.faults.sample import chosen, share, turns
from tests.flows.copies import settle

#: Each kind of object once, each damage once.
DANGEROUS = (
    Case("manifest", Damage.REPLAY),
    Case("manifest", Damage.FLIP),
    Case("index", Damage.TRUNCATE),
    Case("pack:0", Damage.FLIP),
    Case("pack:1", Damage.DELETE),
    Case("records:confluence.page", Damage.SWAP),
    Case("records:confluence.body", Damage.DOUBLE),
    Case("records:directory.group", Damage.REPLAY),
)
TURNS = turns(8, 1)
LATE = ("step:check_backup:after", "step:begin_verify:after")
LATE_TURNS = turns(8, 1)

#: Makes a copy of an installation with two backups.
Twice = Callable[[], Objects]


@pytest.fixture(scope="session")
def laid_twice(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The ground with an earlier backup of the same app, of other content."""
    copy = copy_of(ground, tmp_path_factory.mktemp("earlier") / "data")
    file = copy.folder / "other.zip"
    write_confluence_export(
        file, shape=replace(SHAPE, seed=7, users=4, groups=3, body_bytes=500, attachment_bytes=2_900)
    )
    earlier = copy.world.import_export(file, copy.source)
    settle(copy.world)
    return Objects(copy, earlier)


@pytest.fixture
def twice(laid_twice: Objects, tmp_path: Path) -> Iterator[Twice]:
    made: list[Ground] = []

    def make() -> Objects:
        made.append(copy_of(laid_twice.ground, tmp_path / f"damaged-{len(made)}"))
        return Objects(made[-1], laid_twice.earlier)

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("turn", TURNS)
def test_a_restore_of_a_damaged_backup_is_refused_and_names_the_object_and_so_does_the_check(
    turn: int, twice: Twice, laid_twice: Objects, subtests: pytest.Subtests
) -> None:
    for case in share(chosen(laid_twice.cases(), always=DANGEROUS, few=2), turn, TURNS):
        with subtests.test(case=f"{case.what} {case.damage}"):
            objects = twice()
            ground = objects.ground
            before, size = live_digest(ground, ground.destination), _sizes(ground)
            damaged = objects.damaged(case)
            key = objects.do(case)
            _assert_checked(ground, key, sizes_differ=_sizes(ground).get(key) != size[key])
            assert _refused(ground) in damaged
            assert live_digest(ground, ground.destination) == before
            assert_nothing_left(ground)
            assert len(places(ground, GenerationStatus.LIVE)) == 2
            ground.close()


@dataclass
class DamageAt:
    """Damages an object when the point is reached, once."""

    objects: Objects
    case: Case
    point: str
    damaged: set[str] = field(default_factory=set)

    def __call__(self, name: str) -> None:
        if name == self.point and not self.damaged:
            self.damaged = self.objects.damaged(self.case)
            self.objects.do(self.case)


@pytest.mark.parametrize("turn", LATE_TURNS)
def test_damage_done_after_the_backup_was_checked_is_found_when_the_object_is_read(
    turn: int, twice: Twice, laid_twice: Objects, subtests: pytest.Subtests
) -> None:
    everything = [(case, point) for case in laid_twice.cases() for point in LATE]
    # a pack is read once, when it is loaded: what is compared with the index later is the copy
    cases = [one for one in everything if one[1] == LATE[0] or not one[0].what.startswith("pack")]
    always = [(DANGEROUS[1], LATE[1]), *((case, LATE[0]) for case in DANGEROUS[3:7])]
    for case, point in share(chosen(cases, always=always, few=2), turn, LATE_TURNS):
        with subtests.test(case=f"{case.what} {case.damage} {point}"):
            objects = twice()
            ground = objects.ground
            before = live_digest(ground, ground.destination)
            damaging = DamageAt(objects, case, point)
            restore = ground.submit()
            drive(watched(ground.world.engine, Points(damaging)))
            failed = ground.world.restore(restore.id)
            assert failed.status is RestoreStatus.FAILED
            assert exit_status(failed) == 1
            assert {one.subject for one in ground.world.findings(failed)} & damaging.damaged
            assert live_digest(ground, ground.destination) == before
            assert_nothing_left(ground)
            ground.close()


def _change_a_row(ground: Ground, generation: str) -> None:
    with sqlite3.connect(ground.shard_folder / "generations" / f"{generation}.sqlite") as connection:
        connection.execute("UPDATE confluence_page SET title = 'another' WHERE rowid = 2")
    connection.close()


def _lose_a_row(ground: Ground, generation: str) -> None:
    with sqlite3.connect(ground.shard_folder / "generations" / f"{generation}.sqlite") as connection:
        connection.execute("DELETE FROM confluence_body WHERE rowid = 2")
    connection.close()


def _flip_a_file(ground: Ground, generation: str) -> None:
    file = next((ground.shard_folder / "attachments" / generation).iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize("change", [_change_a_row, _lose_a_row, _flip_a_file])
def test_what_was_staged_and_is_not_what_the_backup_holds_is_never_published(
    change: Callable[[Ground, str], None], fresh: Fresh
) -> None:
    ground = fresh()
    before = live_digest(ground, ground.destination)

    def reached(name: str) -> None:
        if name == "step:begin_verify:before":
            (staged,) = places(ground, GenerationStatus.STAGED)
            change(ground, staged)

    ground.submit()
    drive(watched(ground.world.engine, Points(reached)))
    failed = ground.only_restore()
    assert failed.status is RestoreStatus.FAILED
    assert blocks(ground.world.findings(failed))
    assert any(one.code.value.startswith("verify.") for one in ground.world.findings(failed))
    assert live_digest(ground, ground.destination) == before
    assert_nothing_left(ground)


def test_the_command_line_refuses_a_damaged_backup_with_its_status_and_names_the_object(twice: Twice) -> None:
    objects = twice()
    ground = objects.ground
    keys = [objects.do(Case("pack:1", Damage.DELETE))]
    starter = ground.starter()
    try:
        refused = starter(*ground.run_words())
        assert refused.ended() == 3
        checked = starter("backup", "check", ground.backup.id)
        assert checked.ended() == 1
        for said in (refused.said(), checked.said()):
            assert keys[0] in said.replace("\n", "")
    finally:
        starter.end()
    assert_nothing_left(ground)


def _refused(ground: Ground) -> str:
    """Try to restore; returns the damaged object that the refusal names."""
    found = ground.world.assess(ground.world.request(ground.backup, ground.destination))
    if found.plan is None or blocks(found.findings):
        findings = list(found.findings)
    else:
        ground.submit()
        drive(ground.world.engine)
        failed = ground.only_restore()
        assert failed.status is RestoreStatus.FAILED
        assert exit_status(failed) in {1, 3}
        findings = ground.world.findings(failed)
    return next(one.subject for one in findings if one.code is FindingCode.BACKUP_INTEGRITY)


def _assert_checked(ground: Ground, key: str, *, sizes_differ: bool) -> None:
    world = ground.world
    for depth in Depth:
        found = list(check_backup(world.store, ground.backup.id, world.engine.keyring, _digest(ground), depth))
        subjects = {one.subject for one in found if blocks([one])}
        if depth is not Depth.STRUCTURE or sizes_differ or key.endswith("manifest.json"):
            assert key in subjects, depth
        assert all(one.hint for one in found)


def _digest(ground: Ground) -> str:
    assert ground.backup.manifest_digest is not None
    return ground.backup.manifest_digest


def _sizes(ground: Ground) -> dict[str, int]:
    return {one.key: one.size for one in ground.world.store.list("")}
