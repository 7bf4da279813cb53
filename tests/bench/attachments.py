"""Bars 4, 5, 6, 7 and 7b: backup and restore of an app's attachments against restic, in memory and on a disk.

In every round both sides back up the same files, then one file of a hundred changes, both back up again, and both
restore the second backup. Our backup reads the files where restic reads them (attachment_backup.py); our restore is a
whole run of the real command line, and so is the import of the same files beside an export that stands in the table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from tests.bench import attachment_files
from tests.bench.attachment_files import MEAN_BYTES, AttachmentFiles
from tests.bench.attachment_sides import OurSide, ResticSide
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.installation import Installation
from tests.bench.memory import touch
from tests.bench.peers import RESTIC
from tests.bench.restic import Repository
from tests.bench.subject import Ground

#: At a time there are the files, both sides' backups, what one of them restored, and copies on their way.
_SPACE_FACTOR: Final = 6
_MB: Final = 1_000_000


@dataclass(kw_only=True)
class Measured:
    """All rounds in one place."""

    place: str
    bytes: int  # of all files
    changed: list[float] = field(default_factory=list)  # bytes, in each round
    ours: list[OurSide] = field(default_factory=list)
    restic: list[ResticSide] = field(default_factory=list)


class Attachments:
    name = "Attachments, against restic"
    bars = ("4", "5", "6", "7", "7b")
    peers = (RESTIC,)

    def measure(self, ground: Ground) -> Result:
        found = []
        if not ground.bars.isdisjoint(("4", "5", "6", "7")):
            found.append((_measure(ground, ground.memory, "in memory"), _bars))
        if "7b" in ground.bars:
            found.append((_measure(ground, ground.folder, "on the disk"), _disk_bars))
        head = ("where", "what", "seconds", "MB/s of files", "processor seconds", "peak PSS, MB")
        return Result(
            bars=[bar for measured, bars in found for bar in bars(measured) if bar.number in ground.bars],
            tables=[Table(head=head, rows=[row for measured, _ in found for row in _rows(measured)])],
        )


def _measure(ground: Ground, root: Path, place: str) -> Measured:
    count = ground.sizes.attachments
    with ground.place(root, count * MEAN_BYTES * _SPACE_FACTOR) as folder:
        ground.say(f"attachments {place}: generating {count} files")
        files = attachment_files.write(folder, count)
        measured = Measured(place=place, bytes=files.export.file_bytes)
        for number in range(1, ground.rounds + 1):
            ground.say(f"attachments {place}: turn {number} of {ground.rounds}")
            _round(measured, files, folder, ground.memory, number)
    return measured


def _round(measured: Measured, files: AttachmentFiles, folder: Path, memory: Path, number: int) -> None:
    """Who begins changes from round to round. In the first one what both restored is compared with the files."""
    with Installation(folder / "installation", AppType.JIRA) as installation, Repository(folder / "restic") as restic:
        ours, theirs = OurSide(installation, files), ResticSide(restic, files)
        sides = (theirs, ours) if number % 2 else (ours, theirs)
        for side in sides:
            touch(memory, files.export.file_bytes)
            side.back_up()
        measured.changed.append(files.change(number))
        for side in sides:
            touch(memory, files.export.file_bytes)
            side.back_up()
        for side in sides:
            touch(memory, files.export.file_bytes)
            side.restore(compare=number == 1)
        ours.take_in()
    measured.ours.append(ours)
    measured.restic.append(theirs)


def _bars(measured: Measured) -> Iterator[Bar]:
    ours, theirs = measured.ours, measured.restic
    for number, what, place, limit, reach in (
        ("4", "first backup of attachments in memory", 0, 0.35, 0.20),
        ("5", "backup after 1 % has changed, in memory", 1, 0.50, 0.40),
    ):
        yield Bar(
            number=number,
            what=what,
            ours=Values.of(one.backups[place].seconds for one in ours),
            peer=Values.of(one.backups[place].seconds for one in theirs),
            against="restic",
            limit=limit,
            reach=reach,
        )
    yield _restore_bar(measured, number="6", limit=0.40, reach=0.25)
    yield Bar(
        number="7",
        what="stored for the first backup",
        ours=_megabytes(one.backups[0].stored for one in ours),
        peer=_megabytes(one.backups[0].stored for one in theirs),
        against="restic's repository",
        unit="MB",
        limit=1.05,
        reach=1.0,
    )
    yield Bar(
        number="7",
        what="stored for the second, after 1 % has changed",
        ours=_megabytes(one.backups[1].stored for one in ours),
        peer=_megabytes(measured.changed),
        against="changed files",
        unit="MB",
        limit=3,
        reach=1.2,
    )


def _disk_bars(measured: Measured) -> Iterator[Bar]:
    yield Bar(
        number="7b",
        what="first backup of attachments on the disk",
        ours=Values.of(one.backups[0].seconds for one in measured.ours),
        peer=Values.of(one.backups[0].seconds for one in measured.restic),
        against="restic",
        limit=1.1,
        reach=0.9,
    )
    yield _restore_bar(measured, number="7b", limit=1.1, reach=0.9)


def _restore_bar(measured: Measured, *, number: str, limit: float, reach: float) -> Bar:
    return Bar(
        number=number,
        what=f"restore of attachments {measured.place}, each verified",
        ours=Values.of(one.restored.seconds for one in measured.ours),
        peer=Values.of(one.restored.seconds for one in measured.restic),
        against="restic, synced",
        limit=limit,
        reach=reach,
    )


def _rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    ours, theirs = measured.ours, measured.restic
    for what, steps in (
        ("ours, first backup", [one.backups[0] for one in ours]),
        ("restic, first backup", [one.backups[0] for one in theirs]),
        ("ours, backup after 1 % has changed", [one.backups[1] for one in ours]),
        ("restic, backup after 1 % has changed", [one.backups[1] for one in theirs]),
        ("ours, restore", [one.restored for one in ours]),
        ("ours, restore without verification", [one.unverified for one in ours]),
        ("its process outside its run", [one.restore_outside for one in ours]),
        ("restic, restore, synced, without verification", [one.restored for one in theirs]),
        ("ours, import of all beside an export", [one.imported for one in ours]),
        ("its process outside its run: copy into the inbox", [one.import_outside for one in ours]),
    ):
        seconds = Values.of(one.seconds for one in steps)
        rate = f"{measured.bytes / _MB / seconds.middle:.0f}"
        processor = str(Values.of(one.processor for one in steps)) if steps[0].processor else ""
        peak = str(_megabytes(one.peak for one in steps)) if steps[0].peak else ""
        yield measured.place, what, str(seconds), rate, processor, peak


def _megabytes(sizes: Iterator[float] | list[float]) -> Values:
    return Values.of(one / _MB for one in sizes)
