"""A whole installation in a folder, driven by the real command line."""

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from core.content.record_type import AppType
from core.samples.expected import ExpectedExport
from tests.bench.children import BenchError, Ran, run

#: No command may take longer than this many seconds, and so many more for each MB of XML.
LEAST_SECONDS, SECONDS_A_MEGABYTE = 300.0, 1.0


@dataclass(frozen=True, kw_only=True)
class Journey:
    """One import and one restore of one export, as the events in the catalog tell them."""

    backup: str  # its id
    rows: int  # of the export
    records: int  # of the backup
    megabytes: float  # of XML
    #: seconds of import, load, index, verify, and of durable: from the end of verify to published, with every sync
    steps: Mapping[str, float]
    #: seconds of the processes that no step accounts for: starting, planning, reporting
    outside: float
    peaks: Mapping[str, int] = field(default_factory=dict)  # bytes of PSS: import, restore

    @property
    def peak(self) -> int:
        return max(self.peaks.values())


class Installation:
    """Everything in `folder`, which is removed when it is left."""

    def __init__(self, folder: Path, app_type: AppType) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._command("init")
        for name in ("source", "destination"):
            self._command("app", "provision", name, "--type", app_type.value)

    def __enter__(self) -> "Installation":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def journey(self, export: ExpectedExport) -> Journey:
        """Import and restore; both must complete, and the counts must be those the generator took down."""
        megabytes = export.xml_bytes / 1e6
        limit = LEAST_SECONDS + SECONDS_A_MEGABYTE * megabytes
        imported = self._command("backup", "import", str(export.path), "--app", "source", seconds=limit)
        backup = imported.answer
        _same("rows of the export", dict(export.native_counts), backup["native_counts"])
        restored = self._command(
            "restore", "run", "--backup", backup["id"], "--to", "destination", "--yes", seconds=limit
        )
        records = backup["records"]
        _same("restored records", records, {kind: one["restored"] for kind, one in restored.answer["records"].items()})
        taken = self._events(f"backup:{backup['id']}")
        restore = self._events(f"restore:{restored.answer['id']}")
        steps = {
            "import": _between(taken, "started", "over"),
            "load": _between(restore, "step:load", "step:index"),
            "index": _between(restore, "step:index", "step:verify"),
            "verify": _between(restore, "step:verify", "findings:verify:1"),
            "durable": _between(restore, "findings:verify:1", "published"),
        }
        return Journey(
            backup=backup["id"],
            rows=sum(export.native_counts.values()),
            records=sum(records.values()),
            megabytes=megabytes,
            steps=steps,
            outside=imported.seconds + restored.seconds - sum(steps.values()),
            peaks={"import": imported.peak, "restore": restored.peak},
        )

    def _command(self, *words: str, seconds: float = LEAST_SECONDS) -> Ran:
        return run(
            ("-m", "bot", *words, "--json"), seconds=seconds, environment={"RESTOREBOT_DATA_DIR": str(self.folder)}
        )

    def _events(self, stream: str) -> dict[str, datetime]:
        """Event key → its time. Asked once nothing runs any more."""
        catalog = f"file:{self.folder / 'catalog.sqlite'}?mode=ro"
        with closing(sqlite3.connect(catalog, uri=True)) as connection:
            rows = connection.execute("SELECT key, at FROM event WHERE stream = ?", (stream,)).fetchall()
        return {key: datetime.fromisoformat(at) for key, at in rows}


def _between(events: Mapping[str, datetime], first: str, last: str) -> float:
    return (events[last] - events[first]).total_seconds()


def _same(what: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    if dict(wanted) != dict(found):
        raise BenchError(f"{what} differ: {dict(wanted)} were expected, {dict(found)} were found.")
