"""An import begins: what a person gave is copied into the storage's inbox, and the run becomes known.

The run reads only from the inbox, since it may go on after this process, and on another machine.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from blake3 import blake3

from core.archive.digest import digest_of
from core.archive.layout import inbox_key
from core.backup.work_disk import work_disk
from core.catalog import apps, backups, holds, storages
from core.catalog.backups import Backup
from core.catalog.tables import new_id
from core.content.record_type import AppType
from core.database import Database
from core.errors import StorageError, UsageError, WrongAppType
from core.formats.attachments_folder import pack_folder
from core.formats.detect import open_export
from core.settings import Settings
from core.storage.store import Store

_CHUNK = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    file: Path
    app_id: str
    storage_id: str
    attachments: Path | None = None
    #: when the backup counts as taken; None is now
    taken_at: datetime | None = None
    requester: str


def submit(request: ImportRequest, *, settings: Settings, database: Database, store: Store, now: datetime) -> Backup:
    """Check what can be checked at once, copy into the inbox, and create the running backup.

    Raises ExportErrors, NotFound, UsageError, Held and the store's errors; then nothing of it is left.
    """
    if request.taken_at is not None and request.taken_at > now:
        raise UsageError(
            f"--taken-at {request.taken_at.isoformat()} lies in the future. Nothing was imported.",
            hint="Give the time at which the export was made, or leave it out for now.",
        )
    with database.reading() as session:
        app = apps.get(session, request.app_id)
        storages.get(session, request.storage_id)
        held = holds.holds_on(session, holds.on_app(app.id))
    if held:  # asked again when the run begins; copying may take long
        raise holds.held_error(f"The app {app.name} ({app.id})", held[0])
    reader = open_export(request.file, max_entries=settings.max_archive_entries)
    try:
        require_type(reader.app_type, app.type, app.name)
    finally:
        reader.close()
    inbox = new_id("inb")
    files = {}
    try:
        files["export"] = _copy(store, settings, inbox_key(inbox, "export"), request.file)
        if request.attachments is not None:
            with work_disk(settings.work_dir), _work_file(settings) as packed:
                pack_folder(request.attachments, packed)
                files["attachments"] = _put(store, inbox_key(inbox, "attachments.zip"), packed, digest_of(packed))
        with database.transaction() as session:
            return backups.create(
                session,
                app_id=app.id,
                storage_id=request.storage_id,
                request={"file": request.file.name, **files},
                requested_by=request.requester,
                now=now,
                taken_at=request.taken_at,
            )
    except BaseException:
        for file in files.values():
            with suppress(StorageError):
                store.delete(file["key"])
        raise


def require_type(found: AppType, wanted: AppType, name: str) -> None:
    if found is not wanted:
        raise WrongAppType(
            f"This is a {found.capitalize()} export and {name} is a {wanted.capitalize()} app. Nothing was imported.",
            hint=f"Import it for a {found.capitalize()} app: restorebot app list.",
        )


def _copy(store: Store, settings: Settings, key: str, path: Path) -> dict[str, str]:
    """Put a person's file under a key; it is copied to a file of ours first."""
    hasher = blake3()
    with work_disk(settings.work_dir), _work_file(settings) as copy:
        with path.open("rb") as source, copy.open("wb") as target:
            while chunk := source.read(_CHUNK):
                hasher.update(chunk)
                target.write(chunk)
        return _put(store, key, copy, hasher.hexdigest())


def _put(store: Store, key: str, file: Path, digest: str) -> dict[str, str]:
    """Put a file of ours under a key: the store may move what it is given."""
    store.put_file(key, file)
    return {"key": key, "blake3": digest}


@contextmanager
def _work_file(settings: Settings) -> Iterator[Path]:
    settings.work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.work_dir / f"inbox-{uuid4().hex}"
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
