"""The installation all these tests begin with, and what must be true of one when a run on it is over.

It is made once: organization, a Confluence app with a backup in several parts and two packs, an empty destination, and
a journal. Each test works on a copy of its folder, in which the URLs are those of the copy.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from sqlalchemy import select

from core.apps.driver import Shard
from core.catalog import backups, generations, shards
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.run_tables import Run, RunStatus
from core.catalog.runs import Runs
from core.catalog.tables import GenerationRow, GenerationStatus, HoldRow
from core.content.record_type import AppType
from core.events import log
from core.events.kinds import EventKind
from core.restore.restores import RUNS, Restore
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceShape
from tests.faults.processes import Starter
from tests.flows import copies
from tests.flows.world import World, new_world

#: So small that the little backup has four parts of records and two packs.
PART_BYTES = 12_000
SHAPE = ConfluenceShape(
    spaces=1,
    personal_spaces=1,
    pages_per_space=4,
    blog_posts_per_space=1,
    attachments_per_page=1,
    attachment_bytes=3_000,
    body_bytes=600,
    users=3,
    groups=2,
)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """An installation: `source` has the backup, `destination` is empty, `export` waits to be imported."""

    world: World
    source: App
    destination: App
    backup: Backup
    #: what its processes are told besides the folder
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.world.data_dir

    @property
    def export(self) -> Path:
        return self.folder / "export.zip"

    @property
    def shard_folder(self) -> Path:
        return self.folder / "shards" / "shard-1"

    def starter(self, **settings: str) -> Starter:
        return Starter(self.folder, {"RESTOREBOT_PART_BYTES": str(PART_BYTES), **self.environment, **settings})

    def run_words(self) -> tuple[str, ...]:
        """The command line that restores the backup into the destination."""
        return ("restore", "run", "--backup", self.backup.id, "--to", self.destination.id, "--yes")

    @property
    def table(self) -> Runs[Any]:
        """Of the runs these tests are about."""
        return RUNS

    def submit(self) -> Run:
        return self.world.submit_restore(self.world.request(self.backup, self.destination))

    def runs(self) -> list[Any]:
        with self.world.engine.database.reading() as session:
            return list(self.table.list_all(session))

    def only_run(self) -> Any:
        (found,) = self.runs()
        return found

    def restores(self) -> list[Restore]:
        with self.world.engine.database.reading() as session:
            return list(RUNS.list_all(session))

    def only_restore(self) -> Restore:
        (found,) = self.restores()
        return found

    def want_cancel(self) -> Run:
        engine = self.world.engine
        with engine.database.transaction() as session:
            wanted: Run = self.table.want_cancel(session, self.only_run().id, self.world.person.id, engine.now())
            return wanted

    def holds(self) -> list[tuple[str, str]]:
        with self.world.engine.database.transaction() as session:
            return [(row.subject, row.run_id) for row in session.scalars(select(HoldRow))]

    def close(self) -> None:
        self.world.engine.close()


def lay(folder: Path, **settings: Any) -> Ground:
    """The ground that copies are made of."""
    world = new_world(folder, part_bytes=PART_BYTES, **settings)
    write_confluence_export(folder / "export.zip", shape=SHAPE)
    source, destination = world.provision(AppType.CONFLUENCE, "Wiki"), world.provision(AppType.CONFLUENCE, "Copy")
    backup = world.import_export(folder / "export.zip", source)
    _make_journal(world)
    copies.settle(world)
    return Ground(world=world, source=source, destination=destination, backup=backup)


def _make_journal(world: World) -> None:
    """Its migrations take longer than a restore."""
    worker = world.engine.worker()
    worker.start()
    worker.stop()


def copy_of(ground: Ground, folder: Path, **settings: Any) -> Ground:
    """The same installation in another folder."""
    return replace(ground, world=copies.copy_of(ground.world, folder, **settings))


@dataclass(frozen=True, kw_only=True)
class Content:
    """All that people have in an app."""

    records: Mapping[str, pa.Table]
    attachments: Mapping[str, bytes]
    loaded_parts: Mapping[str, int]


def content_of(ground: Ground, app: App) -> Content:
    world = ground.world
    place, driver = world.place(app), world.driver(app)
    attachments = {}
    for entry in world.entries(app):
        with driver.open_attachment(place, entry.record_key) as stream:
            attachments[f"{entry.record_type} {entry.record_key} {entry.name}"] = stream.read()
    return Content(
        records=dict(world.records(app)), attachments=attachments, loaded_parts=dict(driver.loaded_parts(place))
    )


def report_of(run: Run) -> Mapping[str, Any]:
    assert run.report is not None
    return run.report


def assert_restored_as(reference: "Reference", ground: Ground) -> None:
    """The one run is completed, and everything is as an undisturbed one leaves it."""
    run = ground.only_run()
    with ground.world.engine.database.reading() as session:
        found = ground.table.findings_of(session, run.id)
    assert run.status is RunStatus.COMPLETED, (run.step, run.failure, found)
    assert content_of(ground, ground.destination) == reference.content
    assert report_of(run) == reference.report
    assert run.progress_done == run.progress_total
    assert told(ground, run) == reference.told
    assert_nothing_left(ground)


def assert_nothing_left(ground: Ground) -> None:
    """No hold, no staged generation, and no file of one: on the shards lies what live and retired rows name."""
    assert ground.holds() == []
    assert standing_files(ground) <= places(ground, GenerationStatus.LIVE, GenerationStatus.RETIRED)
    assert places(ground, GenerationStatus.LIVE) <= standing_files(ground)
    assert places(ground, GenerationStatus.STAGED) == set()


def places(ground: Ground, *statuses: GenerationStatus) -> set[str]:
    with ground.world.engine.database.transaction() as session:
        found = session.scalars(
            select(GenerationRow.id).where(GenerationRow.status.in_([one.value for one in statuses]))
        )
        return set(found)


def standing_files(ground: Ground) -> set[str]:
    """Generations of which anything lies on a shard, in its database or its attachment store."""
    with ground.world.engine.database.reading() as session:
        found = shards.list_all(session)
    return {name for shard in found for name in (*databases(shard), *attachment_names(ground, shard))}


def shard_of(ground: Ground) -> Shard:
    """The one shard of an installation on servers."""
    with ground.world.engine.database.reading() as session:
        (shard,) = shards.list_all(session)
    return shard


def databases(shard: Shard) -> set[str]:
    if shard.url.startswith("sqlite"):
        folder = Path(shard.url.removeprefix("sqlite:///")) / "generations"
        return {path.name.split(".sqlite")[0] for path in folder.glob("*")}
    with psycopg.connect(shard.url) as connection:
        found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'gen-%'")
        return {name for (name,) in found}


def attachment_names(ground: Ground, shard: Shard) -> set[str]:
    return {info.key.partition("/")[0] for info in ground.world.engine.open_store(shard.attachments_url).list("gen-")}


def told(ground: Ground, run: Run) -> list[str]:
    """What the run's events say, without what differs by run; checks that their numbers have no gap."""
    with ground.world.engine.database.transaction() as session:
        events = log.read(session, stream=(ground.table.stream, run.id))
    assert [one.number for one in events] == list(range(1, len(events) + 1))
    said: list[str] = []
    for one in events:
        word = one.kind.value + "".join(f" {one.data[name]}" for name in ("step", "by") if name in one.data)
        if one.kind is not EventKind.FINDINGS or word not in said:  # told once an attempt
            said.append(word)
    return said


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What an undisturbed run leaves."""

    content: Content
    report: Mapping[str, Any]
    told: list[str]
    points: list[str]


def live_digest(ground: Ground, app: App, *, transactions: bool = True) -> str:
    """The live generation byte for byte, its file and its attachments.

    Closing an app and opening it again are two transactions on its file, which SQLite counts in the file's header;
    without `transactions` those eight bytes are left out, and nothing else.
    """
    place = ground.world.place(app)
    shard_folder = Path(place.shard.url.removeprefix("sqlite:///"))
    data = bytearray((shard_folder / "generations" / f"{place.generation}.sqlite").read_bytes())
    if not transactions:
        for offset in (24, 92):
            data[offset : offset + 4] = bytes(4)
    attachments = tree_digest(shard_folder / "attachments" / place.generation)
    return hashlib.sha256(bytes(data) + repr(attachments).encode()).hexdigest()


def tree_digest(folder: Path) -> dict[str, str]:
    """Every file under a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def generations_of(ground: Ground, app: App) -> Iterator[generations.Generation]:
    with ground.world.engine.database.transaction() as session:
        yield from generations.list_of(session, app.id)


def backup_row(ground: Ground, backup_id: str) -> Backup:
    with ground.world.engine.database.transaction() as session:
        return backups.get(session, backup_id)
