"""Exports that real Jiras and Confluences wrote: every one is imported, restored and compared.

The files lie beside the repository and are not part of it; where they are missing, generated exports stand in.
"""

import json
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.catalog.backups import Backup
from core.content.catalogue import BY_NAME, file_type
from core.content.record_type import AppType
from core.findings import FindingCode, Severity
from core.restore.tables import RestoreStatus
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceOddity, ConfluenceShape
from core.samples.jira import write_jira_export
from core.samples.jira_shape import JiraOddity, JiraShape
from core.settings import Settings
from core.workflow.worker import Worker
from tests.flows.world import World, assert_counts_add_up, assert_same_as_backup, new_world

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
EXPORTS = sorted(
    str(path.relative_to(DATA)) for folder in ("confluence", "jira") for path in (DATA / folder).rglob("*.zip")
)
#: Secrets that can be told without knowing the export. Other values were made a row of x, some in longer texts.
SECRET_LOOKS = r"\{PKCS5S2\}[A-Za-z0-9+/]|BEGIN [A-Z ]*PRIVATE KEY|AAAB[A-Za-z0-9+/=\s]{150,}X0[0-9a-z]{1,3}"
#: Values of an export that are secret by the name they stand under.
SECRET_VALUES = (
    re.compile(r'\scredential="([^"]{8,})"'),
    re.compile(r'\spasswordHash="([^"]{8,})"'),
    re.compile(r'<property name="credential"[^>]*>(?:<!\[CDATA\[)?([^<\]]{8,})'),
    re.compile(r"<RememberMeToken [^>]*token=\"([^\"]{8,})\""),
)


def for_each(names: Sequence[str]) -> Callable[[Any], Any]:
    """A test for each file; none where there are no files, since an empty list of parameters would be a skip."""
    return pytest.mark.parametrize("name", names) if names else lambda _test: None


def expected_of(name: str) -> Mapping[str, Any]:
    expected: Mapping[str, Any] = json.loads((DATA / "expected-counts.json").read_text(encoding="utf-8"))[name]
    return expected


def type_of(name: str) -> AppType:
    return AppType(name.partition("/")[0])


def secrets_in(export: Path) -> set[str]:
    """What the export itself calls a credential."""
    found: set[str] = set()
    with zipfile.ZipFile(export) as archive:
        for name in archive.namelist():
            if name.rpartition("/")[2] == "entities.xml":
                text = archive.read(name).decode("utf-8", "replace")
                found.update(one for pattern in SECRET_VALUES for one in pattern.findall(text))
    return found


def texts_under(folder: Path) -> Iterator[tuple[str, str]]:
    """(where, text) of every text value in every Parquet and SQLite file, and every small text file."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        with path.open("rb") as stream:
            head = stream.read(16)
        if head.startswith(b"PAR1"):
            table = pq.read_table(path)
            for column in table.schema:
                if pa.types.is_string(column.type):
                    yield from ((f"{path.name}.{column.name}", one) for one in table[column.name].to_pylist() if one)
        elif head.startswith(b"SQLite format 3"):
            yield from sqlite_texts(path)
        elif path.suffix == ".json":
            yield path.name, path.read_text(encoding="utf-8")


def sqlite_texts(path: Path) -> Iterator[tuple[str, str]]:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            for row in database.execute(f'SELECT * FROM "{table}"'):
                yield from ((f"{path.name}:{table}", one) for one in row if isinstance(one, str) and one)
    finally:
        database.close()


def assert_facts(world: World, backup: Backup, expected: Mapping[str, Any], app_type: AppType) -> None:
    """Native rows are those that were counted independently, and none is lost on its way into records."""
    manifest = world.manifest(backup)
    kinds = expected["objects" if app_type is AppType.CONFLUENCE else "entities"]
    assert {kind: one.rows for kind, one in manifest.native.items() if one.rows} == kinds
    assert backup.summary is not None
    assert backup.summary["native_counts"] == kinds
    for count in manifest.native.values():
        assert count.rows == count.records + count.dropped_rows
    native, dropped = sum(kinds.values()), sum(one.dropped_rows for one in manifest.native.values())
    assert sum(manifest.records.values()) + dropped == native + sum(manifest.active_objects.values())
    assert sum(one.rows for one in manifest.objects) == sum(manifest.records.values())


@for_each(EXPORTS)
def test_a_real_export_is_restored_as_it_is(name: str, either_world: World) -> None:
    app_type, expected, world = type_of(name), expected_of(name), either_world
    source, destination = (world.provision(app_type, one) for one in ("source", "destination"))
    backup = world.import_export(DATA / name, source)
    manifest = world.manifest(backup)
    assert_facts(world, backup, expected, app_type)

    restore = world.restored(world.request(backup, destination))

    report = assert_counts_add_up(restore, manifest)
    assert all(counts["restored"] == counts["in_backup"] for counts in report["records"].values())
    assert report["attachments"]["restored"] == manifest.attachments == len(world.entries(destination))
    assert not [one for one in report["findings"] if one["severity"] == "error"]
    assert_same_as_backup(world, backup, restore, destination)

    claimed = [row for row in world.reader(backup).attachments() if row.record_type]
    assert {row.record_type for row in claimed} <= {file_type(app_type).name}
    twice = 1 if name.endswith("/broken-attachments.zip") else 0  # two of its versions mean one file
    assert manifest.attachments == (expected.get("attachment_files") or 0) + twice

    secret = re.compile("|".join([SECRET_LOOKS, *(f"{re.escape(one)}(?!x)" for one in secrets_in(DATA / name))]))
    assert [where for where, text in texts_under(world.data_dir) if secret.search(text)] == []


@for_each([name for name in EXPORTS if "/edge/" in name])
def test_an_export_broken_on_purpose_gives_findings(name: str, world: World) -> None:
    """What is broken is said before anything is restored, and blocks nothing."""
    backup = world.import_export(DATA / name, world.provision(type_of(name)))
    found = world.assess(world.request(backup, world.provision(type_of(name))))
    assert not [one for one in found.findings if one.severity is Severity.ERROR]
    told = {one.code for one in found.findings}
    wanted = {
        "control-chars-ascii28.zip": FindingCode.CONTENT_CONTROL_CHARACTERS,
        "missing-page-objects.zip": FindingCode.CONTENT_DANGLING_REFERENCE,
        "broken-attachments.zip": FindingCode.CONTENT_MISSING_FILE,
        "buggy-history-51-revisions.zip": FindingCode.USER_UNKNOWN_AUTHOR,
    }.get(name.rpartition("/")[2])
    assert wanted is None or wanted in told


def test_generated_exports_stand_in_for_real_ones(world: World, tmp_path: Path) -> None:
    """The same round where no real export is at hand."""
    for app_type in AppType:
        path = tmp_path / f"{app_type}.zip"
        if app_type is AppType.CONFLUENCE:
            written = write_confluence_export(
                path, shape=ConfluenceShape(pages_per_space=4, oddities=frozenset({ConfluenceOddity.SECRETS}))
            )
        else:
            written = write_jira_export(path, shape=JiraShape(issues=8, oddities=frozenset({JiraOddity.SECRETS})))
        backup = world.import_export(path, world.provision(app_type))
        words = "objects" if app_type is AppType.CONFLUENCE else "entities"
        assert_facts(world, backup, {words: dict(written.native_counts)}, app_type)
        destination = world.provision(app_type)
        restore = world.restored(world.request(backup, destination))
        assert_counts_add_up(restore, world.manifest(backup))
        assert_same_as_backup(world, backup, restore, destination)
        assert not [where for where, text in texts_under(world.data_dir) if any(one in text for one in written.secrets)]


def worked_on(world: World, is_over: Any) -> None:
    worker: Worker = world.engine.worker()
    try:
        assert worker.start()
        worker.run_until(is_over)
    finally:
        worker.stop()


def test_a_worker_comes_to_the_same(tmp_path: Path) -> None:
    """What the other tests do step by step, done by a real worker with a journal."""
    world = new_world(tmp_path / "data", part_bytes=20_000)
    path = tmp_path / "wiki.zip"
    write_confluence_export(path, shape=ConfluenceShape(pages_per_space=8, oddities=frozenset()))
    source, destination = world.provision(AppType.CONFLUENCE), world.provision(AppType.CONFLUENCE)
    submitted = world.submit_import(path, source)
    worked_on(world, lambda: world.backup(submitted.id).status.value != "running")
    backup = world.backup(submitted.id)
    assert backup.status.value == "complete", backup.error
    restore = world.submit_restore(world.request(backup, destination))
    assert len(restore.plan.parts) > 3
    over = (RestoreStatus.COMPLETED, RestoreStatus.FAILED)
    worked_on(world, lambda: world.restore(restore.id).status in over)
    done = world.restore(restore.id)
    assert done.status is RestoreStatus.COMPLETED, done.failure
    assert_counts_add_up(done, world.manifest(backup))
    assert_same_as_backup(world, backup, done, destination)
    world.engine.close()
    assert isinstance(world.engine.settings, Settings)
    assert set(world.manifest(backup).records) <= set(BY_NAME)
