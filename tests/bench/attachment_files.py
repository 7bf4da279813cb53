"""An export of Jira and its attachments folder: sizes log-normal around 20 kB, a third of the files compressible."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

from core.samples.expected import ExpectedExport
from core.samples.jira import write_jira_export
from core.samples.jira_shape import JiraFiles, JiraShape
from core.samples.prose import VariedProse

MEDIAN_BYTES: Final = 20_000
SIGMA: Final = 1.9
#: What sizes as these come to on average.
MEAN_BYTES: Final = int(MEDIAN_BYTES * math.exp(SIGMA**2 / 2))
FILES_AN_ISSUE: Final = 10
#: One of so many files changes between two backups.
CHANGED: Final = 100
_LETTERS: Final = bytes(range(ord("a"), ord("z") + 1))


@dataclass(frozen=True, kw_only=True)
class AttachmentFiles:
    export: ExpectedExport
    folder: Path

    def paths(self) -> Iterator[Path]:
        """Every file; its name is the attachment's id."""
        return iter(sorted(one for one in self.folder.rglob("*") if one.is_file()))

    def change(self, seed: int) -> int:
        """Write other bytes of the same size into every hundredth file; returns how many bytes that are."""
        content, changed = _Content(seed), 0
        for path in list(self.paths())[::CHANGED]:
            size = path.stat().st_size
            path.write_bytes(content.of(size))
            changed += size
        return changed


def write(folder: Path, count: int) -> AttachmentFiles:
    """About so many files."""
    shape = JiraShape(
        issues=count // FILES_AN_ISSUE,
        attachments_per_issue=FILES_AN_ISSUE,
        attachment_bytes=1,
        files=JiraFiles.FOLDER,
        comments_per_issue=0,
        changes_per_issue=0,
    )
    export = write_jira_export(folder / "export.zip", shape=shape, attachments=folder / "files")
    files = AttachmentFiles(export=export, folder=folder / "files")
    content, sizes, total = _Content(seed=0), Random(0), 0
    for path in files.paths():
        size = max(1, int(sizes.lognormvariate(math.log(MEDIAN_BYTES), SIGMA)))
        path.write_bytes(content.of(size))
        total += size
    return replace(files, export=replace(export, file_bytes=total))


class _Content:
    """A seeded source of bytes: of three files two are noise, one is text that zstd makes three times smaller."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._prose = VariedProse(seed)

    def of(self, size: int) -> bytes:
        if self._random.randrange(3):
            return self._random.randbytes(size)
        # Every text has letters of its own, so that no two files share more than their statistics.
        letters = bytes(self._random.sample(_LETTERS, len(_LETTERS)))
        text = "\n".join(self._prose.paragraphs(size)).encode()[:size]
        return text.translate(bytes.maketrans(_LETTERS, letters))
