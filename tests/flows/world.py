"""A whole installation in a folder: organization, shard, storage, apps; and runs driven in this process.

Runs are driven without the journal: a worker costs a second a test.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa

from core.access.people import Person
from core.apps.driver import AttachmentEntry, Driver, Place, Shard, entries_of
from core.archive.attachments import attachment_rows
from core.archive.manifest import Manifest
from core.archive.reader import ArchiveReader
from core.backup.inbox import ImportRequest, submit
from core.catalog import apps, backups, shards, storages
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.catalog.run_tables import RunStatus
from core.catalog.tables import SEALED, OnExpiry
from core.cli.apps import provision_app
from core.cli.initialise import REGION, initialise
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import AppType
from core.engine import Engine, build_engine
from core.findings import Finding, FindingCode, Severity, blocks
from core.moves import moves
from core.moves.assess import assess as assess_move
from core.moves.moves import Move
from core.restore import restores
from core.restore.assess import Assessment, assess, open_backup
from core.restore.choices import apply
from core.restore.packs import wanted
from core.restore.request import Part, Resolution, RestoreRequest
from core.restore.restores import Restore
from core.restore.tables import RestoreStatus
from core.settings import load_settings
from core.storage.store import Store
from core.workflow.inline import drive

#: The shard an installation comes with, and the one that tests of both databases add.
SQLITE, POSTGRES = "shard-1", "shard-2"
#: Small, so that even little exports have several parts and packs.
PART_BYTES = 200_000


@dataclass(frozen=True, kw_only=True)
class World:
    engine: Engine
    person: Person

    @property
    def data_dir(self) -> Path:
        return self.engine.settings.data_dir

    @property
    def store(self) -> Store:
        with self.engine.database.transaction() as session:
            return self.engine.open_store(storages.list_all(session)[0].url)

    @property
    def storage_dir(self) -> Path:
        return self.data_dir / "storage"

    def with_engine(self, **values: Any) -> "World":
        """The same installation worked on by an engine of which some parts are others."""
        return replace(self, engine=replace(self.engine, **values))

    def provision(self, app_type: AppType, name: str = "", *, with_space: bool = False, shard: str = "shard-1") -> App:
        with self.engine.database.transaction() as session:
            name = name or f"{app_type}-{len(apps.list_all(session)) + 1}"
        return provision_app(self.engine, name, app_type, org="", shard=shard, with_default_personal_space=with_space)

    def add_shard(self, name: str, *, region: str = REGION, url: str = "", attachments: str = "") -> Shard:
        """In a folder beside the others unless URLs say otherwise."""
        folder = self.data_dir / "shards" / name
        wanted = Shard(
            name=name,
            region=region,
            url=url or f"sqlite:///{folder}",
            attachments_url=attachments or (folder / "attachments").as_uri(),
        )
        self.engine.drivers["embedded"].prepare(wanted)
        self.engine.open_store(wanted.attachments_url, create=True)
        with self.engine.database.transaction() as session:
            return shards.create(
                session,
                name=wanted.name,
                region=wanted.region,
                url=wanted.url,
                attachments_url=wanted.attachments_url,
                person=self.person.id,
                now=self.engine.now(),
            )

    def submit_move(self, app: App, shard: str) -> Move:
        outlook = assess_move(self.engine.tools, app.id, shard)
        with self.engine.database.transaction() as session:
            limit = self.engine.settings.apps_per_shard
            return moves.submit(session, outlook, apps_per_shard=limit, person=self.person.id, now=self.engine.now())

    def move(self, move_id: str) -> Move:
        with self.engine.database.transaction() as session:
            return moves.RUNS.get(session, move_id)

    def run_move(self, app: App, shard: str) -> Move:
        """Move to the end, whatever it is."""
        submitted = self.submit_move(app, shard)
        self.drive()
        return self.move(submitted.id)

    def moved(self, app: App, shard: str) -> Move:
        done = self.run_move(app, shard)
        assert done.status is RunStatus.COMPLETED, (done.failure, self.move_findings(done))
        return done

    def move_findings(self, move: Move) -> list[Finding]:
        with self.engine.database.transaction() as session:
            return moves.RUNS.findings_of(session, move.id)

    def app(self, app_id: str) -> App:
        with self.engine.database.transaction() as session:
            return apps.get(session, app_id)

    def backup(self, backup_id: str) -> Backup:
        with self.engine.database.transaction() as session:
            return backups.get(session, backup_id)

    def restore(self, restore_id: str) -> Restore:
        with self.engine.database.transaction() as session:
            return restores.get(session, restore_id)

    def submit_import(self, file: Path, app: App, *, attachments: Path | None = None) -> Backup:
        with self.engine.database.transaction() as session:
            storage = storages.list_all(session)[0]
        request = ImportRequest(
            file=file, app_id=app.id, storage_id=storage.id, attachments=attachments, requester=self.person.id
        )
        return submit(
            request,
            settings=self.engine.settings,
            database=self.engine.database,
            store=self.engine.open_store(storage.url),
            now=self.engine.now(),
        )

    def run_import(self, file: Path, app: App, *, attachments: Path | None = None) -> Backup:
        """Import to the end, whatever it is."""
        submitted = self.submit_import(file, app, attachments=attachments)
        self.drive()
        return self.backup(submitted.id)

    def import_export(self, file: Path, app: App, *, attachments: Path | None = None) -> Backup:
        made = self.run_import(file, app, attachments=attachments)
        assert made.status in SEALED, made.error
        return made

    def reader(self, backup: Backup) -> ArchiveReader:
        return open_backup(self.engine.tools, backup)

    def manifest(self, backup: Backup) -> Manifest:
        return self.reader(backup).manifest

    def request(
        self,
        backup: Backup,
        app: App,
        *,
        without: Sequence[Part] = (),
        resolutions: Mapping[FindingCode, Resolution] | None = None,
    ) -> RestoreRequest:
        return RestoreRequest(
            backup_id=backup.id,
            destination_id=app.id,
            without=frozenset(without),
            resolutions=resolutions or {},
            requester=self.person.id,
        )

    def assess(self, request: RestoreRequest) -> Assessment:
        return assess(self.engine.tools, request)

    def submit_restore(self, request: RestoreRequest) -> Restore:
        found = self.assess(request)
        assert found.plan is not None, found.findings
        assert not blocks(found.findings), found.findings
        with self.engine.database.transaction() as session:
            return restores.submit(
                session,
                organization_id=apps.get(session, request.destination_id).organization_id,
                request=request,
                plan=found.plan,
                shown=[one.code.value for one in found.findings if one.severity is Severity.WARNING],
                now=self.engine.now(),
            )

    def run_restore(self, request: RestoreRequest) -> Restore:
        """Restore to the end, whatever it is."""
        submitted = self.submit_restore(request)
        self.drive()
        return self.restore(submitted.id)

    def restored(self, request: RestoreRequest) -> Restore:
        done = self.run_restore(request)
        assert done.status is RestoreStatus.COMPLETED, (done.failure, self.findings(done))
        return done

    def findings(self, restore: Restore) -> Any:
        with self.engine.database.transaction() as session:
            return restores.findings_of(session, restore.id)

    def drive(self) -> None:
        """Execute every open run to its end."""
        drive(self.engine.run_kinds())

    def driver(self, app: App) -> Driver:
        return self.engine.drivers[app.driver]

    def place(self, app: App) -> Place:
        with self.engine.database.transaction() as session:
            return apps.place(session, apps.get(session, app.id))

    def records(self, app: App) -> Iterator[tuple[str, pa.Table]]:
        """Every table of the live app that has rows."""
        place = self.place(app)
        for one in RECORD_TYPES[app.type]:
            with self.driver(app).read(place, one) as reader:
                table = reader.read_all()
            if table.num_rows:
                yield one.name, table

    def entries(self, app: App) -> list[AttachmentEntry]:
        return list(entries_of(self.driver(app).read_attachments(self.place(app))))

    def digest_of(self, app: App) -> str:
        """Names the live app byte for byte: its file and its attachments."""
        place = self.place(app)
        folder = Path(place.shard.url.removeprefix("sqlite:///"))
        files = [folder / "generations" / f"{place.generation}.sqlite"]
        files += sorted((folder / "attachments" / place.generation).rglob("*"))
        hasher = hashlib.sha256()
        for path in files:
            hasher.update(str(path.relative_to(folder)).encode())
            hasher.update(path.read_bytes() if path.is_file() else b"")
        return hasher.hexdigest()

    def stored_keys(self) -> list[str]:
        return [one.key for one in self.store.list("")]


def new_world(folder: Path, *, storage: str = "", shard_url: str = "", attachments: str = "", **settings: Any) -> World:
    """With the URLs of a storage in S3, a shard's database and its attachment store, these are used instead of files
    and folders."""
    engine = build_engine(load_settings(data_dir=folder, part_bytes=settings.pop("part_bytes", PART_BYTES), **settings))
    person, now = engine.person(), engine.now()
    with engine.database.transaction() as session:
        if storage:
            storages.create_s3(session, name="theirs", url=storage, on_expiry=OnExpiry.KEEP, person=person.id, now=now)
        if attachments or shard_url:
            shard = shards.create(
                session,
                name="shard-1",
                region=REGION,
                url=shard_url or f"sqlite:///{folder / 'shards' / 'shard-1'}",
                attachments_url=attachments or f"file://{folder / 'shards' / 'shard-1' / 'attachments'}",
                person=person.id,
                now=now,
            )
            engine.drivers["embedded"].prepare(shard)
    initialise(engine, "Acme")
    return World(engine=engine, person=person)


def assert_looked_after(place: Place) -> None:
    """PostgreSQL has statistics of every table with rows of records, and cleans up by itself."""
    with psycopg.connect(place.shard.url) as connection:
        found = connection.execute(
            "SELECT c.relname, c.reloptions IS NULL AND EXISTS (SELECT 1 FROM pg_stats s"
            " WHERE s.schemaname = %s AND s.tablename = c.relname AND s.attname = 'key') FROM pg_class c"
            " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'"
            " AND c.reltuples > 0 AND c.relname LIKE ANY (ARRAY['jira_%%', 'confluence_%%', 'directory_%%'])",
            (place.generation, place.generation),
        ).fetchall()
    assert found
    assert [table for table, looked_after in found if not looked_after] == []


def assert_same_as_backup(world: World, backup: Backup, restore: Restore, app: App) -> None:
    """Read back through the driver, everything equals the archive after the plan's choices: all columns of all records,
    and the bytes of all attachments."""
    reader, choices = world.reader(backup), restore.plan.choices
    place = world.place(app)
    expected: dict[str, list[pa.RecordBatch]] = {}
    for one in reader.manifest.objects:
        record_type = BY_NAME[one.record_type]
        expected.setdefault(one.record_type, []).extend(
            apply(record_type, batch, choices).batch for batch in reader.batches(one)
        )
    for record_type in RECORD_TYPES[app.type]:
        want = pa.Table.from_batches(expected.get(record_type.name, []), schema=record_type.schema)
        with world.driver(app).read(place, record_type) as actual:
            have = actual.read_all()
        assert want.combine_chunks().equals(have.combine_chunks()), record_type.name
    rows = {}
    if Part.ATTACHMENTS not in restore.request.without:
        tables = [wanted(choices, table) for table in reader.attachment_tables()]
        rows = {(row.record_key, row.record_type): row for one in tables for row in attachment_rows(one)}
    entries = {(one.record_key, one.record_type): one for one in world.entries(app)}
    assert entries.keys() == rows.keys()
    for key, entry in entries.items():
        row = rows[key]
        assert (entry.name, entry.blob, entry.size) == (row.name, row.blob, row.size)
        if entry.record_type:
            with world.driver(app).open_attachment(place, entry.record_key) as stream:
                assert len(stream.read()) == entry.size


def assert_counts_add_up(restore: Restore, manifest: Manifest) -> Mapping[str, Any]:
    """Returns the report, in which restored + left out + failed is what the backup holds, per record type."""
    report = restore.report
    assert report is not None
    assert {name: counts["in_backup"] for name, counts in report["records"].items()} == dict(manifest.records)
    attachments = report["attachments"]
    assert attachments["in_backup"] == manifest.attachments
    assert attachments["bytes"]["in_backup"] == manifest.attachment_bytes
    for counts in (*report["records"].values(), attachments, attachments["bytes"]):
        assert counts["restored"] + counts["left_out"] == counts["in_backup"]
        assert counts["restored"] >= 0
        assert counts["left_out"] >= 0
        assert counts["failed"] == 0
    return report


def texts_of(table: pa.Table) -> Iterator[tuple[str, str, str]]:
    """(key, column, text) of every text value."""
    keys = table.column("key").to_pylist()
    for field in table.schema:
        if pa.types.is_string(field.type):
            for key, value in zip(keys, table.column(field.name).to_pylist(), strict=True):
                if value:
                    yield key, field.name, value


def unescaped(text: str) -> str:
    """JSON text with its escapes resolved, so that names in it can be found."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False)
    except ValueError:
        return text
