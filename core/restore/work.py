"""What a part works with, and what it tells."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.apps.driver import Driver, Place
from core.archive.reader import ArchiveReader
from core.restore.plan import PlannedPart
from core.restore.restores import Restore


@dataclass
class Tally:
    """What streamed by: rows per record type, and what the choices changed."""

    restored: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        return {"restored": dict(self.restored), "left_out": dict(self.left_out), "changed": dict(self.changed)}


@dataclass(frozen=True, kw_only=True)
class Work:
    """One part of one restore."""

    restore: Restore
    plan: PlannedPart
    reader: ArchiveReader
    driver: Driver
    place: Place
