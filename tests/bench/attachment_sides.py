"""The two sides that back up and restore the same files: ours and restic's."""

import filecmp
import shutil
from dataclasses import dataclass, field
from typing import Final

from tests.bench.attachment_files import AttachmentFiles
from tests.bench.children import BenchError, run
from tests.bench.installation import Installation
from tests.bench.restic import Repository, size_of

_SECONDS: Final = 1_800.0


@dataclass(frozen=True, kw_only=True)
class Timed:
    seconds: float
    processor: float = 0  # seconds of all cores; 0 where they are not known
    stored: int = 0  # bytes
    peak: int = 0  # bytes of PSS


@dataclass
class OurSide:
    installation: Installation
    files: AttachmentFiles
    backups: list[Timed] = field(default_factory=list)
    restored: Timed = field(init=False)
    unverified: Timed = field(init=False)
    restore_outside: Timed = field(init=False)
    imported: Timed = field(init=False)
    import_outside: Timed = field(init=False)
    _last: str = ""

    def back_up(self) -> None:
        before = self._stored()
        words = (self.installation.folder, "source", self.files.export.path, self.files.folder)
        ran = run(("-m", "tests.bench.attachment_backup", *map(str, words)), seconds=_SECONDS)
        self._last = ran.answer["backup"]
        self.backups.append(
            Timed(
                seconds=ran.answer["seconds"],
                processor=ran.answer["processor"],
                stored=self._stored() - before,
                peak=ran.peak,
            )
        )

    def restore(self, *, compare: bool) -> None:
        restored = self.installation.restore(self._last, self.files.export.file_bytes)
        self.restored = Timed(seconds=restored.seconds, peak=restored.peak, processor=restored.processor)
        self.unverified = Timed(seconds=restored.unverified)
        self.restore_outside = Timed(seconds=restored.outside)
        if compare:
            words = (self.installation.folder, "destination", self.files.folder)
            answer = run(("-m", "tests.bench.attachments_of", *map(str, words)), seconds=_SECONDS).answer
            if answer != {"files": self.files.export.files, "differing": []}:
                raise BenchError(f"Of {self.files.export.files} files these were restored as others: {answer}")

    def take_in(self) -> None:
        """The same files by an import, for an app without a backup, so that all of them are stored."""
        self.installation.provision("imported")
        taken = self.installation.take_in(self.files.export, app="imported", attachments=self.files.folder)
        self.imported = Timed(seconds=taken.seconds, peak=taken.peak)
        self.import_outside = Timed(seconds=taken.outside)

    def _stored(self) -> int:
        """Bytes for attachments: packs and indexes."""
        storage = self.installation.folder / "storage"
        indexes = storage.glob("backups/*/attachments-*.parquet")
        return size_of(storage / "packs") + sum(one.stat().st_size for one in indexes)


@dataclass
class ResticSide:
    repository: Repository
    files: AttachmentFiles
    backups: list[Timed] = field(default_factory=list)
    restored: Timed = field(init=False)

    def back_up(self) -> None:
        before = size_of(self.repository.path)
        ran = self.repository.backup(self.files.folder)
        stored = size_of(self.repository.path) - before
        self.backups.append(Timed(seconds=ran.seconds, processor=ran.processor, peak=ran.peak, stored=stored))

    def restore(self, *, compare: bool) -> None:
        target = self.repository.folder / "restored"
        ran = self.repository.restore(target)
        self.restored = Timed(seconds=ran.seconds, processor=ran.processor, peak=ran.peak)
        if compare:
            for path in self.files.paths():  # restic restores whole paths below its target
                if not filecmp.cmp(path, target / path.relative_to("/"), shallow=False):
                    raise BenchError(f"restic restored other bytes of {path}.")
        shutil.rmtree(target)
