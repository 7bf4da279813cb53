"""A whole installation in a folder, driven by the real command line and timed by the events in its catalog."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy

from core.content.record_type import AppType
from core.samples.expected import ExpectedExport
from tests.bench.children import BenchError, Ran, run

#: No command may take longer than this many seconds, and so many more for each MB of XML and files.
LEAST_SECONDS, SECONDS_A_MEGABYTE = 300.0, 1.0
SHARD = "postgres"


@dataclass(frozen=True, kw_only=True)
class Imported:
    """One import of one export."""

    backup: str  # its id
    records: int
    seconds: float  # from started to completed and durable
    #: seconds of the process outside these: starting, copying into the inbox
    outside: float
    peak: int  # bytes of PSS


@dataclass(frozen=True, kw_only=True)
class Restored:
    """One restore, which has verified all that it has loaded."""

    #: seconds of stage, load, index, verify, and of durable: from the end of verify to published, with every sync
    steps: Mapping[str, float]
    seconds: float  # from started to completed and durable
    outside: float  # seconds of the process outside these: starting, planning
    processor: float  # seconds of all cores that the process used
    peak: int  # bytes of PSS

    @property
    def loaded(self) -> float:
        """Seconds in which the data came to its place with keys and indexes and onto the disk, and was published:
        neither the checks before, nor verification, nor what the restore does for people's access after."""
        return self.steps["stage"] + self.steps["load"] + self.steps["index"] + self.steps["durable"]

    @property
    def unverified(self) -> float:
        """Seconds of all but the comparison with the backup."""
        return self.seconds - self.steps["verify"]


class Installation:
    """Everything in `folder`, which is removed when it is left, with two apps: `source` and `destination`.

    They lie on the shard that `init` makes, or on one with its database at `shard_url`.
    """

    def __init__(
        self,
        folder: Path,
        app_type: AppType,
        *,
        environment: Mapping[str, str] | None = None,
        shard_url: str = "",
    ) -> None:
        self.folder = folder
        self._app_type = app_type
        self._shard: tuple[str, ...] = ()
        self.environment = {**(environment or {}), "RESTOREBOT_DATA_DIR": str(folder)}
        folder.mkdir(parents=True)
        self.command("init")
        if "RESTOREBOT_DATABASE_URL" in self.environment:  # then `init` makes nothing in a folder
            self.command("storage", "create", "managed", "managed")
        if shard_url:
            attachments = (folder / "attachments").as_uri()
            self.command("shard", "create", SHARD, "--region", "eu", "--url", shard_url, "--attachments", attachments)
            self._shard = ("--shard", SHARD)
        for name in ("source", "destination"):
            self.provision(name)

    def provision(self, app: str) -> None:
        self.command("app", "provision", app, "--type", self._app_type.value, *self._shard)

    def __enter__(self) -> "Installation":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def take_in(self, export: ExpectedExport, *, app: str = "source", attachments: Path | None = None) -> Imported:
        """Import; it must end well with the counts that the generator took down."""
        words = ("--attachments", str(attachments)) if attachments else ()
        limit = _seconds(export.xml_bytes + export.file_bytes)
        ran = self.command("backup", "import", str(export.path), "--app", app, *words, seconds=limit)
        _same("rows of the export", dict(export.native_counts), ran.answer["native_counts"])
        _same("attachments", {"count": export.files}, {"count": ran.answer["attachments"]["count"]})
        events = self._events(f"backup:{ran.answer['id']}")
        seconds = _between(events, "started", "over")
        return Imported(
            backup=ran.answer["id"],
            records=sum(ran.answer["records"].values()),
            seconds=seconds,
            outside=ran.seconds - seconds,
            peak=ran.peak,
        )

    def restore(self, backup: str, size: int, *, to: str = "destination") -> Restored:
        """Restore a backup of `size` bytes; every record of it must be restored."""
        ran = self.command("restore", "run", "--backup", backup, "--to", to, "--yes", seconds=_seconds(size))
        left = {kind: one for kind, one in ran.answer["records"].items() if one["restored"] != one["in_backup"]}
        if left:
            raise BenchError(f"Not everything was restored: {left}")
        events = self._events(f"restore:{ran.answer['id']}")
        seconds = _between(events, "started", "completed")
        return Restored(
            steps={
                "stage": _between(events, "step:stage", "step:load"),
                "load": _between(events, "step:load", "step:index"),
                "index": _between(events, "step:index", "step:verify"),
                "verify": _between(events, "step:verify", "findings:verify:1"),
                "durable": _between(events, "findings:verify:1", "published"),
            },
            seconds=seconds,
            outside=ran.seconds - seconds,
            processor=ran.processor,
            peak=ran.peak,
        )

    def records_bytes(self, backup: str) -> int:
        """Of a backup's records in the storage."""
        return sum(one.stat().st_size for one in (self.folder / "storage").glob(f"backups/{backup}/records/*/*"))

    def command(self, *words: str, seconds: float = LEAST_SECONDS) -> Ran:
        return run(("-m", "bot", *words, "--json"), seconds=seconds, environment=self.environment)

    def _events(self, stream: str) -> dict[str, datetime]:
        """Event key → its time. Asked once nothing runs any more."""
        url = self.environment.get("RESTOREBOT_DATABASE_URL", f"sqlite:///{self.folder / 'catalog.sqlite'}")
        engine = sqlalchemy.create_engine(url)
        try:
            with engine.connect() as connection:
                rows = connection.execute(
                    sqlalchemy.text("SELECT key, at FROM event WHERE stream = :stream"), {"stream": stream}
                ).all()
        finally:
            engine.dispose()
        return {key: at if isinstance(at, datetime) else datetime.fromisoformat(at) for key, at in rows}


def _seconds(size: int) -> float:
    return LEAST_SECONDS + SECONDS_A_MEGABYTE * size / 1e6


def _between(events: Mapping[str, datetime], first: str, last: str) -> float:
    return (events[last] - events[first]).total_seconds()


def _same(what: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    if dict(wanted) != dict(found):
        raise BenchError(f"{what} differ: {dict(wanted)} were expected, {dict(found)} were found.")
