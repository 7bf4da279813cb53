"""One backup of an app whose attachments lie in a folder as files: what an import does from started to completed, but
for the copies in the inbox and the work folder, and the zip in them.

`python -m tests.bench.attachment_backup DATA_DIR APP EXPORT FOLDER` answers with the backup and seconds.
"""

import io
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from core.archive import manifest as manifests
from core.backup.native_import import ImportSteps
from core.catalog import backups, names
from core.catalog.tables import BackupStatus
from core.cli import pick
from core.engine import Engine, build_engine
from core.formats.export_source import ATTACHMENTS, Entry, ExportSource, open_source
from core.formats.jira_xml import JiraReader
from core.settings import load_settings


class _Folder(ExportSource):
    """The attachments folder itself, read in place as its peers read it; as cheap for a file as a zip's directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def entries(self) -> Iterator[Entry]:
        return self._below(str(self.path), ATTACHMENTS)

    def has(self, name: str) -> bool:
        return name.startswith(f"{ATTACHMENTS}/")

    def open(self, name: str) -> BinaryIO:
        return cast("BinaryIO", io.FileIO(f"{self.path}/{name.removeprefix(f'{ATTACHMENTS}/')}"))

    def close(self) -> None:
        """Nothing stays open."""

    def _below(self, folder: str, name: str) -> Iterator[Entry]:
        with os.scandir(folder) as found:
            for one in found:
                if one.is_dir():
                    yield from self._below(one.path, f"{name}/{one.name}")
                else:
                    yield Entry(name=f"{name}/{one.name}", size=one.stat().st_size)


def back_up(engine: Engine, app_name: str, export: Path, folder: Path) -> dict[str, Any]:
    person = engine.person()
    with engine.database.transaction() as session:
        backup = backups.create(
            session,
            app_id=names.find_app(session, app_name).id,
            storage_id=pick.storage(session, "").id,
            request={},
            requested_by=person.id,
            now=engine.now(),
        )
    started, used = time.perf_counter(), _processor_seconds()
    with engine.database.transaction() as session:
        backups.begin_attempt(session, backup.id, 0, engine.now())
    _run(engine.import_steps, backup.id, export, folder)
    seconds, processor = time.perf_counter() - started, _processor_seconds() - used
    with engine.database.transaction() as session:
        status = backups.get(session, backup.id).status
    if status is not BackupStatus.COMPLETE:
        raise RuntimeError(f"the backup is {status.value}")
    return {"backup": backup.id, "seconds": seconds, "processor": processor}


def _run(steps: ImportSteps, backup_id: str, export: Path, folder: Path) -> None:
    """The steps read and seal."""
    backup, store = steps._enter(backup_id, 1, "read")
    reader = JiraReader(open_source(export, max_entries=steps.settings.max_archive_entries), _Folder(folder))
    try:
        with steps._work_dir(backup_id, 1) as work_dir:
            manifest, _ = steps._imported(1, backup, store, reader, work_dir)
    finally:
        reader.close()
    steps.seal(backup_id, 1, manifests.to_json(manifest))


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system


def main(data_dir: str, app_name: str, export: str, folder: str) -> None:
    engine = build_engine(load_settings(data_dir=data_dir))
    try:
        print(json.dumps(back_up(engine, app_name, Path(export), Path(folder))))
    finally:
        engine.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
