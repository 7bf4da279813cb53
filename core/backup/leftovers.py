"""Files that no running import will read: left by processes that were killed, in inboxes and in this machine's work
folder, and in an inbox by a storage that would not delete them."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.archive.layout import INBOX_PREFIX
from core.catalog import backups, storages
from core.database import Database
from core.storage.store import ObjectInfo, Store

#: Copying a file into the inbox takes less than this; what is older and unknown belongs to nobody.
ABANDONED = timedelta(days=1)


def abandoned(database: Database, open_store: Callable[[str], Store], now: datetime) -> list[tuple[Store, ObjectInfo]]:
    """Inbox objects of all storages that no running backup names."""
    with database.reading() as session:
        urls = [one.url for one in storages.list_all(session)]
        wanted = {
            backup.request[file]["key"]
            for backup in backups.running(session)
            for file in ("export", "attachments")
            if file in backup.request
        }
    found = []
    for url in urls:
        store = open_store(url)
        found += [
            (store, one) for one in store.list(INBOX_PREFIX) if one.key not in wanted and one.modified < now - ABANDONED
        ]
    return found


def clear_inboxes(database: Database, open_store: Callable[[str], Store], now: datetime) -> int:
    """Returns how many objects were removed."""
    found = abandoned(database, open_store, now)
    for store, one in found:
        store.delete(one.key)
    return len(found)


def clear_work(database: Database, work_dir: Path, now: datetime) -> int:
    """Remove work files and folders of this machine that no running import uses; returns how many."""
    if not work_dir.is_dir():
        return 0
    with database.reading() as session:
        running = tuple(f"{backup.id}-" for backup in backups.running(session))
    removed = 0
    for path in work_dir.iterdir():
        with suppress(FileNotFoundError):  # who made it was quicker
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if modified < now - ABANDONED and not path.name.startswith(running):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed += 1
    return removed
