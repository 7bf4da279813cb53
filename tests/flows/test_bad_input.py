"""What cannot be imported or restored is refused with a sentence, and leaves nothing behind."""

import stat
import zipfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from core import errors
from core.catalog import backups, holds
from core.catalog.apps import App
from core.catalog.tables import BackupRow, BackupStatus
from core.content.record_type import AppType
from core.errors import (
    BackupMarked,
    DiskFull,
    ExportError,
    ForbiddenXml,
    Held,
    MalformedXml,
    MissingEntities,
    NotAnExport,
    RestorebotError,
    StorageReadOnly,
    StorageUnreachable,
    TooManyEntries,
    TruncatedArchive,
    UnsafeArchive,
    WrongAppType,
)
from core.findings import FindingCode, blocks
from core.restore import restores
from core.restore.request import Part
from core.restore.tables import RestoreStatus
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceFlavour, ConfluenceShape
from core.samples.jira import write_jira_export
from core.samples.jira_shape import JiraShape
from tests.flows.failing import failing_driver, failing_store
from tests.flows.world import World, assert_same_as_backup, new_world

SHAPE = ConfluenceShape(pages_per_space=4, attachments_per_page=1, users=6)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
PAGE = (
    '<object class="Page" package="com.atlassian.confluence.pages"><id name="id">1</id>'
    '<property name="title"><![CDATA[%s]]></property></object>'
)
LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    '<hibernate-generic><object class="Page" package="p"><id name="id">&c;</id></object></hibernate-generic>'
)
Write = Callable[[Path], Path]


def good(path: Path, shape: ConfluenceShape = SHAPE) -> Path:
    return write_confluence_export(path, shape=shape).path


def with_entry(name: str, content: bytes = b"x", mode: int = 0) -> Write:
    """A good export with one entry more."""

    def write(path: Path) -> Path:
        good(path)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
        return path

    return write


def with_xml(text: str) -> Write:
    """An export of this XML alone."""

    def write(path: Path) -> Path:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("entities.xml", text)
        return path

    return write


def raw(content: bytes) -> Write:
    def write(path: Path) -> Path:
        path.write_bytes(content)
        return path

    return write


def cut_off(path: Path) -> Path:
    data = good(path).read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def without_entities(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("exportDescriptor.properties", "exportType=all\n")
    return path


def jira(path: Path) -> Path:
    return write_jira_export(path, shape=JiraShape(issues=2)).path


#: What is wrong → how the file is made, which error it gives.
REFUSED: dict[str, tuple[Write, type[ExportError]]] = {
    "neither zip nor xml": (raw(b"%PDF-1.7 nothing of the kind"), NotAnExport),
    "empty": (raw(b""), NotAnExport),
    "other xml": (with_xml(f"{HEAD}<rss/>"), NotAnExport),
    "truncated zip": (cut_off, TruncatedArchive),
    "absolute path": (with_entry("/etc/passwd"), UnsafeArchive),
    "path that leads out": (with_entry("attachments/../../out"), UnsafeArchive),
    "symbolic link": (with_entry("attachments/1/2/3", b"/etc/passwd", stat.S_IFLNK | 0o777), UnsafeArchive),
    "thousandfold ratio": (with_entry("attachments/1/2/3", bytes(32 * 1024 * 1024)), UnsafeArchive),
    "no entities.xml": (without_entities, MissingEntities),
    "an export of the other app": (jira, WrongAppType),
    "document type": (with_xml(f"{HEAD}<!DOCTYPE hibernate-generic><hibernate-generic/>"), ForbiddenXml),
    "external entity": (
        with_xml(
            f'{HEAD}<!DOCTYPE h [<!ENTITY x SYSTEM "file:///etc/passwd">]><hibernate-generic>&x;</hibernate-generic>'
        ),
        ForbiddenXml,
    ),
    "billion laughs": (with_xml(HEAD + LAUGHS), ForbiddenXml),
    "malformed xml": (with_xml(f"{HEAD}<hibernate-generic>  <object></wrong></hibernate-generic>"), MalformedXml),
    "xml that ends too early": (with_xml(f"{HEAD}<hibernate-generic>{PAGE % 'A'}"), MalformedXml),
}


def assert_nothing_is_left(world: World, app: App, before: str) -> None:
    """No object of a backup or an inbox, no work file, no hold; and the app byte for byte as it was."""
    assert world.stored_keys() == []
    assert not world.engine.settings.work_dir.exists() or list(world.engine.settings.work_dir.iterdir()) == []
    with world.engine.database.transaction() as session:
        assert holds.holds_on(session, holds.on_app(app.id)) == []
    assert world.digest_of(app) == before


def refusal(world: World, file: Path, app: App) -> Mapping[str, Any]:
    """How an import is refused: at once, or by a run that fails."""
    try:
        made = world.run_import(file, app)
    except RestorebotError as error:
        return {"code": error.code, "message": error.message, "hint": error.hint}
    assert made.status is BackupStatus.FAILED
    assert made.error is not None
    return made.error


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_is_no_good_export_is_refused(what: str, world: World, tmp_path: Path) -> None:
    write, kind = REFUSED[what]
    app = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(app)
    said = refusal(world, write(tmp_path / "export.zip"), app)
    assert said["code"] == kind.code
    assert "Nothing was imported." in said["message"]
    assert said["hint"]
    if kind is MalformedXml:
        assert "line 2, column" in said["message"]
    assert_nothing_is_left(world, app, before)
    world.import_export(good(tmp_path / "good.zip"), app)


def test_too_many_entries(tmp_path: Path) -> None:
    world = new_world(tmp_path / "data", max_archive_entries=5)
    app = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(app)
    with pytest.raises(TooManyEntries, match="more than 5 files"):
        world.submit_import(good(tmp_path / "export.zip"), app)
    assert_nothing_is_left(world, app, before)
    world.engine.close()


def test_a_document_type_inside_a_text_is_a_text(world: World, tmp_path: Path) -> None:
    title = '<!DOCTYPE html> <!ENTITY x "y"> &x;'
    text = f"{HEAD}<hibernate-generic>{PAGE % title}</hibernate-generic>"
    backup = world.import_export(with_xml(text)(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    app = world.provision(AppType.CONFLUENCE)
    world.restored(world.request(backup, app))
    assert dict(world.records(app))["confluence.page"]["title"].to_pylist() == [title]


WRITES = ("put", "put_file")
NO_SPACE = DiskFull("No space left on device.", hint="Free space.")
READ_ONLY = StorageReadOnly("The storage is read-only.", hint="Make it writable.")


@pytest.mark.parametrize("error", [NO_SPACE, READ_ONLY], ids=["full", "read-only"])
@pytest.mark.parametrize("key", ["inbox/", "/records/confluence.body", "packs/", "/attachments-", "/manifest.json"])
def test_an_import_that_the_storage_refuses(key: str, error: RestorebotError, world: World, tmp_path: Path) -> None:
    app = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(app)
    broken = failing_store(world, error, WRITES, key)
    said = refusal(broken, good(tmp_path / "export.zip"), app)
    assert said == {"code": error.code, "message": error.message, "hint": error.hint}
    assert_nothing_is_left(world, app, before)
    world.import_export(tmp_path / "export.zip", app)


def test_a_full_disk_under_the_work_folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operating system's own error, where the run keeps its scratch files."""
    app = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(app)
    submitted = world.submit_import(good(tmp_path / "export.zip"), app)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.backup.native_import.resolve", full)
    world.drive()
    made = world.backup(submitted.id)
    assert made.status is BackupStatus.FAILED
    assert made.error is not None
    assert made.error["code"] == DiskFull.code
    assert_nothing_is_left(world, app, before)


def test_a_storage_that_is_not_there(world: World, tmp_path: Path) -> None:
    app = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(app)
    world.storage_dir.rename(tmp_path / "away")
    with pytest.raises(StorageUnreachable):
        world.submit_import(good(tmp_path / "export.zip"), app)
    (tmp_path / "away").rename(world.storage_dir)
    assert_nothing_is_left(world, app, before)


def test_a_storage_that_goes_while_an_import_runs(world: World, tmp_path: Path) -> None:
    """The run ends, so that the app is free; the file it waited for is swept later."""
    app = world.provision(AppType.CONFLUENCE)
    submitted = world.submit_import(good(tmp_path / "export.zip"), app)
    world.storage_dir.rename(tmp_path / "away")
    world.drive()
    made = world.backup(submitted.id)
    assert made.status is BackupStatus.FAILED
    assert made.error is not None
    assert made.error["code"] == StorageUnreachable.code
    (tmp_path / "away").rename(world.storage_dir)
    assert all(key.startswith("inbox/") for key in world.stored_keys())
    later = world.with_engine(now=lambda: world.engine.now() + timedelta(days=3))
    later.engine.sweep()
    assert world.stored_keys() == []
    world.import_export(tmp_path / "export.zip", app)


def test_a_cancelled_import_leaves_nothing(world: World, tmp_path: Path) -> None:
    app = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(app)
    submitted = world.submit_import(good(tmp_path / "export.zip"), app)
    (kind,) = (one for one in world.engine.run_kinds() if one.name == "backup")
    run = kind.begin_attempt(submitted.id, 0)
    assert run is not None
    read = world.engine.import_steps.read(run.id, run.token)
    with world.engine.database.transaction() as session:
        backups.cancel(session, submitted.id, person=world.person.id, now=world.engine.now())
    with pytest.raises(errors.Cancelled) as cancelled:
        world.engine.import_steps.seal(run.id, run.token, read["manifest"])
    world.engine.import_steps.discard_packs(run.id, read["new_packs"])
    kind.failed(run, cancelled.value)
    assert world.backup(submitted.id).status is BackupStatus.CANCELLED
    assert_nothing_is_left(world, app, before)


def test_a_worker_that_was_taken_over_ends_nothing(world: World, tmp_path: Path) -> None:
    """Its successor still needs the inbox, and what it has written."""
    app = world.provision(AppType.CONFLUENCE)
    submitted = world.submit_import(good(tmp_path / "export.zip"), app)
    (kind,) = (one for one in world.engine.run_kinds() if one.name == "backup")
    former = kind.begin_attempt(submitted.id, 0)
    assert former is not None
    kind.takeover(submitted.id)
    with pytest.raises(errors.Fenced) as fenced:
        world.engine.import_steps.read(former.id, former.token)
    kind.failed(former, fenced.value)
    assert world.backup(submitted.id).status is BackupStatus.RUNNING
    world.drive()
    assert world.backup(submitted.id).status is BackupStatus.COMPLETE


@pytest.mark.parametrize("method", ["stage", "load", "load_attachments", "index", "read", "seal", "close"])
def test_a_restore_on_a_full_disk(method: str, world: World, tmp_path: Path) -> None:
    backup = world.import_export(good(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    before, generations = world.digest_of(destination), staged(world)
    done = failing_driver(world, NO_SPACE, method).run_restore(world.request(backup, destination))
    assert done.status is RestoreStatus.FAILED
    assert done.failure is not None
    assert done.failure["code"] == DiskFull.code
    place = world.place(destination)
    assert world.driver(destination).inspect(place).is_open
    if method != "close":  # to open what may have been closed writes
        assert world.digest_of(destination) == before
    assert staged(world) == generations
    with world.engine.database.transaction() as session:
        assert holds.holds_on(session, holds.on_app(destination.id)) == []
        assert holds.holds_on(session, holds.on_backup(backup.id)) == []
    again = world.restored(world.request(backup, destination))
    assert_same_as_backup(world, backup, again, destination)


def staged(world: World) -> set[str]:
    """Files of all generations and packs on the shard."""
    folder = world.data_dir / "shards" / "shard-1"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_restore_whose_storage_goes_can_be_resumed(world: World, tmp_path: Path) -> None:
    backup = world.import_export(good(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    gone = StorageUnreachable("The storage does not answer.", hint="Wait.")
    submitted = world.submit_restore(world.request(backup, destination))
    failing_store(world, gone, ("copy_from",)).drive()
    failed = world.restore(submitted.id)
    assert failed.status is RestoreStatus.FAILED
    assert failed.staging_until is not None
    with pytest.raises(Held):
        world.submit_import(tmp_path / "export.zip", destination)
    with world.engine.database.transaction() as session:
        restores.resume(session, submitted.id, world.person.id, world.engine.now())
    world.drive()
    done = world.restore(submitted.id)
    assert done.status is RestoreStatus.COMPLETED, done.failure
    assert done.generation == failed.generation
    assert_same_as_backup(world, backup, done, destination)


def test_a_backup_marked_for_deletion(world: World, tmp_path: Path) -> None:
    backup = world.import_export(good(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    request = world.request(backup, destination)
    found = world.assess(request)
    assert found.plan is not None
    before = world.digest_of(destination)
    with world.engine.database.transaction() as session:
        session.execute(update(BackupRow).where(BackupRow.id == backup.id).values(marked_at=world.engine.now()))
    told = world.assess(request).findings
    assert blocks(told)
    assert FindingCode.BACKUP_STATE in {one.code for one in told}
    with pytest.raises(BackupMarked), world.engine.database.transaction() as session:
        restores.submit(
            session,
            organization_id=destination.organization_id,
            request=request,
            plan=found.plan,
            shown=[],
            now=world.engine.now(),
        )
    with world.engine.database.transaction() as session:
        assert restores.list_all(session) == []
        assert holds.holds_on(session, holds.on_app(destination.id)) == []
    assert world.digest_of(destination) == before


def test_two_restores_into_one_app(world: World, tmp_path: Path) -> None:
    backup = world.import_export(good(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    first_request = world.request(backup, destination)
    second_request = world.request(backup, destination, without=[Part.ATTACHMENTS])
    seen = world.assess(second_request)
    assert seen.plan is not None
    first = world.submit_restore(first_request)
    with pytest.raises(Held, match=first.id), world.engine.database.transaction() as session:
        restores.submit(
            session,
            organization_id=destination.organization_id,
            request=second_request,
            plan=seen.plan,
            shown=[],
            now=world.engine.now(),
        )
    assert FindingCode.DESTINATION_HELD in {one.code for one in world.assess(second_request).findings}
    world.drive()
    assert world.restore(first.id).status is RestoreStatus.COMPLETED
    with world.engine.database.transaction() as session:
        assert [one.id for one in restores.list_all(session)] == [first.id]


def test_an_import_into_an_app_that_is_held(world: World, tmp_path: Path) -> None:
    export = good(tmp_path / "export.zip")
    backup = world.import_export(export, world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    submitted = world.submit_restore(world.request(backup, destination))
    stored = world.stored_keys()
    with pytest.raises(Held, match=submitted.id):
        world.submit_import(export, destination)
    assert world.stored_keys() == stored


def test_keys_that_are_numbered_like_repeated_ones(world: World, tmp_path: Path) -> None:
    """An export may hold the very key that a repeated one would get."""
    pages = "".join((PAGE % title).replace(">1<", f">{key}<") for key, title in (("5#2", "C"), ("5", "A"), ("5", "B")))
    text = f"{HEAD}<hibernate-generic>{pages}</hibernate-generic>"
    backup = world.import_export(with_xml(text)(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    app = world.provision(AppType.CONFLUENCE)
    world.restored(world.request(backup, app))
    table = dict(world.records(app))["confluence.page"]
    titles = dict(zip(table["title"].to_pylist(), table["key"].to_pylist(), strict=True))
    assert titles["A"] == "5"
    assert titles["C"] == "5#2"
    assert titles["B"].startswith("5#2#")


def test_a_byte_of_a_record_object_flipped_after_the_check(world: World, tmp_path: Path) -> None:
    """The size is right, so only reading it finds it: the object is named and nothing is published."""
    backup = world.import_export(good(tmp_path / "export.zip"), world.provision(AppType.CONFLUENCE))
    destination = world.provision(AppType.CONFLUENCE)
    before = world.digest_of(destination)
    key = next(one.key for one in world.manifest(backup).objects if one.record_type == "confluence.body")
    path = world.storage_dir / key
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    done = world.run_restore(world.request(backup, destination))
    assert done.status is RestoreStatus.FAILED
    found = {one.code: one for one in world.findings(done)}
    assert found[FindingCode.BACKUP_INTEGRITY].subject == key
    assert world.digest_of(destination) == before


def test_old_flavours_are_as_strict(world: World, tmp_path: Path) -> None:
    shape = ConfluenceShape(flavour=ConfluenceFlavour.SERVER_3, pages_per_space=2)
    path = good(tmp_path / "export.zip", shape)
    with zipfile.ZipFile(path) as archive:
        text = archive.read("entities.xml").decode().replace("</hibernate-generic>", "<object></hibernate-generic>")
    said = refusal(world, with_xml(text)(path), world.provision(AppType.CONFLUENCE))
    assert said["code"] == MalformedXml.code
    assert f"line {text.count(chr(10))}" in said["message"]
