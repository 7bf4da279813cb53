"""Where a backup's blobs were put."""

import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path

from core.archive.blobs import StoredBlob


class PlacedBlobs:
    """Blob → where this run put it. A scratch database, so that memory does not grow with the backup."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("PRAGMA cache_size = -8192")
        self._database.execute(
            "CREATE TABLE placed (blob BLOB PRIMARY KEY, size INTEGER, pack TEXT, place INTEGER, stored INTEGER,"
            " compressed INTEGER) WITHOUT ROWID"
        )
        self._database.execute("BEGIN")

    def get(self, blobs: Collection[str]) -> dict[str, StoredBlob]:
        """Those of a batch of blobs that were placed."""
        marks = ", ".join("?" * len(blobs))
        found = self._database.execute(
            f"SELECT blob, size, pack, place, stored, compressed FROM placed WHERE blob IN ({marks})",  # noqa: S608 - marks
            [bytes.fromhex(blob) for blob in blobs],
        )
        return {
            key.hex(): StoredBlob(
                blob=key.hex(), size=size, pack=pack, offset=offset, stored_size=stored, compressed=bool(compressed)
            )
            for key, size, pack, offset, stored, compressed in found
        }

    def add(self, placed: Iterable[StoredBlob]) -> None:
        """None of them was placed before."""
        self._database.executemany(
            "INSERT INTO placed VALUES (?, ?, ?, ?, ?, ?)",
            [
                (bytes.fromhex(one.blob), one.size, one.pack, one.offset, one.stored_size, one.compressed)
                for one in placed
            ],
        )

    def close(self) -> None:
        self._database.close()
        self._path.unlink(missing_ok=True)
