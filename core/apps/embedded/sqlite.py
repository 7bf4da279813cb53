"""Generations in SQLite: one file each, `<shard folder>/generations/<generation>.sqlite`.

A folder belongs to one machine. SQLite holds no NaN: it is read back as null, which verification reports.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from core.apps.driver import Place, Shard, ShardState
from core.apps.embedded import facts
from core.apps.embedded.database import ShardDatabase
from core.apps.embedded.files import GenerationFile, free_bytes, shard_folder
from core.apps.embedded.session import Select, Session
from core.apps.embedded.sqlite_session import SqliteSession, open_file
from core.errors import ObjectNotFound, SettingError

PAGE_BYTES: Final = 16384


class SqliteDatabase(ShardDatabase):
    def prepare(self, shard: Shard) -> ShardState:
        folder = shard_folder(shard)
        if not folder.is_absolute():
            raise SettingError(
                f"{shard.url} does not name a folder by its whole path. Nothing was made.",
                hint="Write four slashes: sqlite:////path/of/a/folder.",
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.look_at(shard)

    def look_at(self, shard: Shard) -> ShardState:
        folder = shard_folder(shard)
        if not folder.is_dir():
            raise ObjectNotFound(
                f"The folder {folder} of shard {shard.name} is not there.",
                hint="Mount its disk, or bring the folder back.",
            )
        return ShardState(said="SQLite")

    def free_bytes(self, shard: Shard) -> int | None:
        return free_bytes(shard_folder(shard))

    def end_sessions(self, shard: Shard, owner: str) -> int:  # noqa: ARG002 - a file is let go when its process ends
        return 0

    @contextmanager
    def make(self, place: Place, *, durable: bool) -> Iterator[Session]:
        GenerationFile.of(place).create()
        with self.open(place, durable=durable) as opened:
            opened.run(f"PRAGMA page_size={PAGE_BYTES}")
            with opened.transaction():
                yield opened

    @contextmanager
    def open(self, place: Place, *, durable: bool = False) -> Iterator[SqliteSession]:
        with open_file(GenerationFile.of(place).must_exist(), durable=durable) as opened:
            yield opened

    def read(self, place: Place, select: Select) -> Iterator[pa.RecordBatch]:
        with self.open(place) as opened:
            yield from opened.read(select)

    def index(self, place: Place) -> tuple[str, ...]:
        with self.open(place) as opened:
            return facts.make_indexes(opened, place.app_type)

    def analyze(self, place: Place) -> None:
        """SQLite goes by its indexes."""

    def seal(self, place: Place) -> None:
        """A durable commit syncs the file with all that was written before. To open the file once more and sync it
        would end the locks that this process holds on it."""
        GenerationFile.of(place).sync_folder()

    def remove(self, place: Place) -> None:
        GenerationFile.of(place).remove()
