"""Bars 4, 5, 6, 7 and 7b: backup and restore of an app's attachments against restic, in memory and on a disk.

In every round both sides back up the same files, then one file of a hundred changes, both back up again, and both
restore the second backup. Ours are an import of a small export with these files beside it and a restore of all of it,
each by the real command line.
"""

import filecmp
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from tests.bench import attachment_files
from tests.bench.attachment_files import MEAN_BYTES, AttachmentFiles
from tests.bench.children import BenchError, run
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.installation import Imported, Installation, Restored
from tests.bench.peers import RESTIC
from tests.bench.restic import Repository, size_of
from tests.bench.subject import Ground

#: At a time there are the files; restic's repository and what it restored, or ours, with copies on their way.
_SPACE_FACTOR: Final = 6
_MB: Final = 1_000_000
_COMPARE_SECONDS: Final = 1_800.0


@dataclass(kw_only=True)
class Ours:
    first: list[Imported] = field(default_factory=list)
    again: list[Imported] = field(default_factory=list)
    restored: list[Restored] = field(default_factory=list)
    first_bytes: list[float] = field(default_factory=list)
    again_bytes: list[float] = field(default_factory=list)


@dataclass(kw_only=True)
class Theirs:
    first: list[float] = field(default_factory=list)  # seconds
    again: list[float] = field(default_factory=list)
    restored: list[float] = field(default_factory=list)
    first_bytes: list[float] = field(default_factory=list)
    again_bytes: list[float] = field(default_factory=list)


@dataclass(kw_only=True)
class Measured:
    """All rounds in one place."""

    place: str
    bytes: int
    changed: list[float] = field(default_factory=list)  # bytes, in each round
    ours: Ours = field(default_factory=Ours)
    restic: Theirs = field(default_factory=Theirs)


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
        return Result(
            bars=[bar for measured, bars in found for bar in bars(measured) if bar.number in ground.bars],
            tables=[Table(head=_HEAD, rows=[row for measured, _ in found for row in _rows(measured)])],
        )


def _measure(ground: Ground, root: Path, place: str) -> Measured:
    count = ground.sizes.attachments
    with ground.place(root, count * MEAN_BYTES * _SPACE_FACTOR) as folder:
        ground.say(f"attachments {place}: generating {count} files")
        files = attachment_files.write(folder, count)
        measured = Measured(place=place, bytes=files.export.file_bytes)
        for number in range(1, ground.rounds + 1):
            ground.say(f"attachments {place}: turn {number} of {ground.rounds}")
            _round(measured, files, folder, number)
    return measured


def _round(measured: Measured, files: AttachmentFiles, folder: Path, number: int) -> None:
    """Who begins changes from step to step and from round to round."""
    ours, theirs = measured.ours, measured.restic
    repository = Repository(folder / "restic")
    repository.create()
    with Installation(folder / "installation", AppType.JIRA) as installation:
        storage = installation.folder / "storage"

        def take_in(into: list[Imported], sizes: list[float]) -> None:
            before = _stored(storage)
            into.append(installation.take_in(files.export, attachments=files.folder))
            sizes.append(_stored(storage) - before)

        def back_up(into: list[float], sizes: list[float]) -> None:
            before = repository.size()
            into.append(repository.backup(files.folder))
            sizes.append(repository.size() - before)

        def restore() -> None:
            ours.restored.append(installation.restore(ours.again[-1].backup, measured.bytes))
            if number == 1:
                _compare_ours(installation.folder, files)

        def restore_theirs() -> None:
            target = folder / "restored"
            theirs.restored.append(repository.restore(target))
            if number == 1:
                _compare_theirs(target, files)
            shutil.rmtree(target)

        steps = [
            (lambda: take_in(ours.first, ours.first_bytes), lambda: back_up(theirs.first, theirs.first_bytes)),
            (lambda: measured.changed.append(files.change(number)),),
            (lambda: take_in(ours.again, ours.again_bytes), lambda: back_up(theirs.again, theirs.again_bytes)),
            (restore, restore_theirs),
        ]
        for step in steps:
            for side in step if number % 2 else reversed(step):
                side()
    shutil.rmtree(repository.folder)


def _stored(storage: Path) -> int:
    """Bytes for attachments in a storage: packs and indexes."""
    return size_of(storage / "packs") + sum(
        one.stat().st_size for one in storage.glob("backups/*/attachments-*.parquet")
    )


def _compare_theirs(restored: Path, files: AttachmentFiles) -> None:
    """restic restores whole paths below its target."""
    for path in files.paths():
        if not filecmp.cmp(path, restored / path.relative_to("/"), shallow=False):
            raise BenchError(f"restic restored other bytes of {path}.")


def _compare_ours(data_dir: Path, files: AttachmentFiles) -> None:
    words = ("-m", "tests.bench.attachments_of", str(data_dir), "destination", str(files.folder))
    answer = run(words, seconds=_COMPARE_SECONDS).answer
    if answer != {"files": files.export.files, "differing": []}:
        raise BenchError(f"Of {files.export.files} files these were restored as others: {answer}")


def _bars(measured: Measured) -> Iterator[Bar]:
    ours, theirs = measured.ours, measured.restic
    yield Bar(
        number="4",
        what="first backup of attachments in memory",
        ours=Values.of(one.seconds for one in ours.first),
        peer=Values.of(theirs.first),
        against="restic",
        limit=0.35,
        reach=0.20,
    )
    yield Bar(
        number="5",
        what="backup after 1 % has changed",
        ours=Values.of(one.seconds for one in ours.again),
        peer=Values.of(theirs.again),
        against="restic",
        limit=0.50,
        reach=0.40,
    )
    yield Bar(
        number="6",
        what="restore of attachments in memory, each verified",
        ours=Values.of(one.seconds for one in ours.restored),
        peer=Values.of(theirs.restored),
        against="restic",
        limit=0.40,
        reach=0.25,
    )
    yield Bar(
        number="7",
        what="stored for the first backup",
        ours=_megabytes(ours.first_bytes),
        peer=_megabytes(theirs.first_bytes),
        against="restic's repository",
        unit="MB",
        limit=1.05,
        reach=1.0,
    )
    yield Bar(
        number="7",
        what="stored for the second, after 1 % has changed",
        ours=_megabytes(ours.again_bytes),
        peer=_megabytes(measured.changed),
        against="changed files",
        unit="MB",
        limit=3,
        reach=1.2,
    )


def _disk_bars(measured: Measured) -> Iterator[Bar]:
    ours, theirs = measured.ours, measured.restic
    yield Bar(
        number="7b",
        what="first backup of attachments on the disk",
        ours=Values.of(one.seconds for one in ours.first),
        peer=Values.of(theirs.first),
        against="restic",
        limit=1.1,
        reach=0.9,
    )
    yield Bar(
        number="7b",
        what="restore of attachments on the disk, each verified",
        ours=Values.of(one.seconds for one in ours.restored),
        peer=Values.of(theirs.restored),
        against="restic, synced",
        limit=1.1,
        reach=0.9,
    )


_HEAD: Final = ("where", "what", "seconds", "MB/s of files", "peak PSS of ours, MB")


def _rows(measured: Measured) -> Iterator[tuple[str, ...]]:
    ours, theirs = measured.ours, measured.restic
    restored = ours.restored
    for what, seconds, peaks in (
        ("ours, first backup", [one.seconds for one in ours.first], [one.peak for one in ours.first]),
        ("its process outside its run: start, copy into the inbox", [one.outside for one in ours.first], []),
        ("restic, first backup", theirs.first, []),
        ("ours, backup after 1 % has changed", [one.seconds for one in ours.again], [one.peak for one in ours.again]),
        ("restic, backup after 1 % has changed", theirs.again, []),
        ("ours, restore", [one.seconds for one in restored], [one.peak for one in restored]),
        ("ours, restore without verification", [one.unverified for one in restored], []),
        ("its process outside its run", [one.outside for one in restored], []),
        ("restic, restore, synced, without verification", theirs.restored, []),
    ):
        values = Values.of(seconds)
        rate = f"{measured.bytes / _MB / values.middle:.0f}"
        yield measured.place, what, str(values), rate, str(_megabytes(peaks)) if peaks else ""


def _megabytes(sizes: list[float] | list[int]) -> Values:
    return Values.of(one / _MB for one in sizes)
