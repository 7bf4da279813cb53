"""A native export becomes a backup: read → resolve → sorted parts and packs → signed manifest."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from blake3 import blake3

from core.archive import manifest as manifests
from core.archive.layout import backup_prefix, manifest_key, pack_key, read_attempt_key
from core.archive.manifest import Manifest
from core.archive.reader import ArchiveReader
from core.archive.signing import Keyring
from core.backup.attachments import AttachmentsImport
from core.backup.inbox import require_type
from core.backup.records import write_records
from core.backup.resolve import resolve
from core.backup.scratch import Scratch
from core.backup.summary import make_manifest, summary_of
from core.backup.work_disk import work_disk
from core.catalog import apps, backups, storages
from core.catalog.backups import Backup
from core.catalog.tables import SEALED, UNSEALED
from core.content.catalogue import RECORD_TYPES
from core.database import Database
from core.errors import (
    BadSignature,
    Cancelled,
    DamagedObject,
    Fenced,
    ObjectExists,
    RestorebotError,
    StorageError,
    UnknownFormat,
)
from core.formats.detect import open_export
from core.formats.export import ExportReader
from core.retention.policy import Rules
from core.settings import Settings
from core.storage.store import Store
from core.workflow.runs import RunRef, StepRunner

_CHUNK = 4 * 1024 * 1024
_TELL_BYTES = 32 * 1024 * 1024
_LATELY = timedelta(days=2)


@dataclass(frozen=True, kw_only=True)
class ImportSteps:
    """The steps of an import, each of which may be repeated."""

    settings: Settings
    database: Database
    keyring: Keyring
    open_store: Callable[[str], Store]
    now: Callable[[], datetime]

    def body(self, run: RunRef, runner: StepRunner) -> None:
        read = runner.step("read", self.read, run.id, run.token)
        try:
            runner.step("seal", self.seal, run.id, run.token, read["manifest"])
        except Fenced:
            raise
        except RestorebotError:
            runner.step("discard_packs", self.discard_packs, run.id, read["new_packs"])
            raise

    def part(self, run: RunRef, step: str, part: str) -> None:
        raise NotImplementedError("an import has no parts")

    def failed(self, run: RunRef, error: RestorebotError) -> None:
        """No backup came of it: say why, and remove what was written. In this order, since a worker that was taken over
        must find that out before it removes what another one seals; what a crash leaves is removed by the sweep."""
        failure = {"code": error.code, "message": error.message, "hint": error.hint}
        with self.database.transaction() as session, suppress(Cancelled, Fenced):
            backups.fail(session, run.id, run.token, failure, self.now())
        with self.database.reading() as session:
            backup = backups.get(session, run.id)
        if backup.status in UNSEALED:
            self._clear_unsealed(backup)

    def discard_packs(self, backup_id: str, packs: Sequence[str]) -> None:
        """The manifest that would have referred to them was not written. One that was sealed after all keeps them."""
        with self.database.reading() as session:
            backup = backups.get(session, backup_id)
        if backup.status not in SEALED:
            _delete_packs(self.store_of(backup), packs)

    def read(self, backup_id: str, token: int) -> dict[str, Any]:
        """Read the export from the inbox and write parts and packs; returns the manifest as JSON, not yet sealed, and
        the ids of the packs that it alone refers to."""
        backup, store = self._enter(backup_id, token, "read")
        with work_disk(self.settings.work_dir), self._work_dir(backup_id, token) as work_dir:
            export = self._fetched(store, backup.request["export"], work_dir / "export")
            attachments = backup.request.get("attachments")
            folder = self._fetched(store, attachments, work_dir / "attachments.zip") if attachments else None
            entries = self.settings.max_archive_entries
            reader = open_export(export, max_entries=entries, attachments=folder, work=work_dir)
            try:
                manifest, new_packs = self._imported(token, backup, store, reader, work_dir)
            finally:
                reader.close()
        return {"manifest": manifests.to_json(manifest), "new_packs": new_packs}

    def _imported(
        self, token: int, backup: Backup, store: Store, reader: ExportReader, work_dir: Path
    ) -> tuple[Manifest, list[str]]:
        with self.database.reading() as session:
            app = apps.get(session, backup.app_id)
            earlier = backups.list_all(session, app_id=app.id, restorable_at=self.now())
        require_type(reader.app_type, app.type, app.name)
        attempt = _fresh_attempt(store, backup.id, token)
        with closing(Scratch(work_dir / "scratch.sqlite", RECORD_TYPES[app.type])) as scratch:
            attachments = AttachmentsImport(
                scratch=scratch,
                reader=reader,
                app_type=app.type,
                store=store,
                backup_id=backup.id,
                attempt=attempt,
                work_dir=work_dir,
                pack_bytes=self.settings.part_bytes,
                earlier=self._earlier(store, backup, earlier),
            )
            with _no_packs_without_backup(store, attachments), attachments:
                self._read_records(backup.id, token, scratch, reader)
                summary = reader.summary()
                scratch.finish_reading()
                resolved = resolve(scratch, app.type)
                objects, tallies = write_records(
                    scratch,
                    resolved,
                    store,
                    backup_id=backup.id,
                    attempt=attempt,
                    work_dir=work_dir,
                    part_bytes=self.settings.part_bytes,
                )
                stored = attachments.run()
                manifest = make_manifest(
                    backup=backup,
                    app=app,
                    summary=summary,
                    scratch=scratch,
                    objects=objects,
                    tallies=tallies,
                    attachments=stored,
                )
                return manifest, [one.id for one in attachments.new_packs]

    def _read_records(self, backup_id: str, token: int, scratch: Scratch, reader: ExportReader) -> None:
        """Now and then it is told how far reading is, which also finds that the import was cancelled."""
        done, told = 0, 0
        for record_type, batch in reader.batches():
            scratch.add(record_type, batch)
            done += batch.nbytes
            if done - told >= _TELL_BYTES:
                told = done
                with self.database.transaction() as session:
                    backups.set_progress(session, backup_id, token, done=done, total=0)

    def _earlier(self, store: Store, backup: Backup, earlier: Sequence[Backup]) -> Iterator[ArchiveReader]:
        """Good backups of the app in the same storage, the newest first; one that cannot be read is no help and no
        harm."""
        for one in earlier:
            if one.storage_id == backup.storage_id and one.id != backup.id:
                with suppress(DamagedObject, BadSignature, UnknownFormat):
                    yield ArchiveReader(store, one.id, self.keyring, one.manifest_digest)

    def seal(self, backup_id: str, token: int, payload: Mapping[str, Any]) -> None:
        """Sign and write the manifest, and make the backup known. A manifest of our own that stands is adopted."""
        backup, store = self._enter(backup_id, token, "seal")
        manifest = manifests.from_json(payload)
        data = manifests.seal(manifest, self.keyring)
        try:
            store.put(manifest_key(backup.id), data)
        except ObjectExists:
            data = store.get(manifest_key(backup.id))
            if manifests.open_sealed(data, self.keyring, digest=None) != manifest:
                raise
        # While the run is open, so that a worker that dies here is followed by another one.
        with _may_refuse():
            self._clear_objects(backup, store, sealed=manifest)
        now = self.now()
        with self.database.transaction() as session:
            backups.seal(
                session,
                backup.id,
                token,
                complete=manifest.complete,
                size_bytes=manifest.size_bytes,
                manifest_digest=blake3(data).hexdigest(),
                summary=summary_of(manifest),
                exported_at=manifest.exported_at,
                expiry=Rules.of(self.settings).expires_at,
                now=now,
            )
        with suppress(StorageError):  # the sweep finds it in a day
            self._clear_inbox(backup, store)

    def _clear_inbox(self, backup: Backup, store: Store) -> None:
        for file in ("export", "attachments"):
            if named := backup.request.get(file):
                store.delete(named["key"])

    def _clear_objects(self, backup: Backup, store: Store, *, sealed: Manifest | None) -> None:
        """Remove every object of this backup that no manifest counts."""
        counted = {manifest_key(backup.id)} if sealed else set()
        if sealed:
            counted |= {one.key for one in sealed.objects}
            counted |= {sealed.attachments_index.key} if sealed.attachments_index else set()
        for found in list(store.list(backup_prefix(backup.id))):
            if found.key not in counted:
                store.delete(found.key)

    def clear_ended(self) -> None:
        """Once more for what ended lately without a backup: its worker may have died before it had cleared up, or one
        that stood still may have written after."""
        with self.database.reading() as session:
            ended = backups.ended_unsealed(session, self.now() - _LATELY)
        for backup in ended:
            self._clear_unsealed(backup)

    def _clear_unsealed(self, backup: Backup) -> None:
        with suppress(StorageError):  # a storage that is gone must not keep the run open
            store = self.store_of(backup)
            self._clear_inbox(backup, store)
            self._clear_objects(backup, store, sealed=None)

    def store_of(self, backup: Backup) -> Store:
        with self.database.reading() as session:
            url = storages.get(session, backup.storage_id).url
        return self.open_store(url)

    def _enter(self, backup_id: str, token: int, step: str) -> tuple[Backup, Store]:
        with self.database.transaction() as session:
            backups.set_step(session, backup_id, token, step, self.now())
            backup = backups.get(session, backup_id)
        return backup, self.store_of(backup)

    def _fetched(self, store: Store, file: Mapping[str, str], path: Path) -> Path:
        """A copy of an inbox file for this run alone, compared with what was put there."""
        hasher = blake3()
        with store.open(file["key"]) as source, path.open("wb") as target:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                target.write(chunk)
        if hasher.hexdigest() != file["blake3"]:
            raise DamagedObject(
                f"The file {file['key']} in the inbox has changed since it was put there. No backup was made.",
                key=file["key"],
                hint="Import the export again.",
            )
        return path

    @contextmanager
    def _work_dir(self, backup_id: str, token: int) -> Iterator[Path]:
        """Scratch files of this attempt. What a killed attempt of the same run left is removed first."""
        self.settings.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self.settings.work_dir.glob(f"{backup_id}-*"):
            shutil.rmtree(left, ignore_errors=True)
        path = self.settings.work_dir / f"{backup_id}-{token}"
        path.mkdir(mode=0o700)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _may_refuse() -> Iterator[None]:
    """To delete is worth another try, and not worth a backup."""
    try:
        yield
    except StorageError as error:
        if error.transient:
            raise


@contextmanager
def _no_packs_without_backup(store: Store, attachments: AttachmentsImport) -> Iterator[None]:
    """Around the import's own context, after which no more are stored."""
    try:
        yield
    except BaseException:
        _delete_packs(store, [one.id for one in attachments.new_packs])
        raise


def _fresh_attempt(store: Store, backup_id: str, token: int) -> int:
    """The number in the names of this attempt's objects: above that of every object there is, since a step that is
    tried again keeps its token, and a name is never used twice."""
    found = (read_attempt_key(backup_id, one.key) for one in store.list(backup_prefix(backup_id)))
    return max([token, *(one.attempt + 1 for one in found if one is not None)])


def _delete_packs(store: Store, packs: Sequence[str]) -> None:
    for pack in packs:
        with suppress(StorageError):  # what stays belongs to no backup
            store.delete(pack_key(pack))
