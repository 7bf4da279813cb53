"""The ground on PostgreSQL and S3: catalog and journal in one database, the shard in another, backups and attachments
in a bucket. A copy of it has databases of its own, and attachments under a prefix of its own; the backup is shared."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import copytree
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, update
from sqlalchemy.engine import make_url

from core.catalog.tables import ShardRow, StorageRow
from core.database import Database
from core.engine import build_engine
from core.settings import load_settings
from core.storage.s3_place import S3Place
from core.workflow.tables import WorkerRow
from tests.faults.ground import PART_BYTES, Ground, Reference, content_of, lay, report_of, shard_of, told
from tests.services.postgres import PostgresCluster, PostgresServer, conninfo
from tests.services.s3 import REGION, S3Server


@dataclass(frozen=True, kw_only=True)
class Servers:
    postgres: PostgresServer
    s3: S3Server
    bucket: str

    @property
    def environment(self) -> Mapping[str, str]:
        """What lets a process in."""
        return {**self.s3.environment, "PGPASSWORD": str(self.postgres.url.password or "")}

    @contextmanager
    def let_in(self) -> Iterator[None]:
        """This process may use them."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            yield

    def place(self, name: str) -> str:
        """The URL of a new, empty place of that name in the bucket."""
        prefix = f"{uuid4().hex[:12]}/{name}"
        return S3Place(bucket=self.bucket, prefix=prefix, endpoint=self.s3.endpoint, region=REGION).url

    def lay(self, folder: Path) -> Ground:
        laid = lay(
            folder,
            storage=self.place("backups"),
            attachments=self.place("attachments"),
            shard_url=_without_password(self.postgres.new_database()),
            database_url=self.postgres.new_database(),
        )
        return self._told(laid)

    def copy_of(self, ground: Ground, folder: Path, *, own_storage: bool = False, **settings: Any) -> Ground:
        """The same installation again; with a storage of its own it has no backup."""
        copytree(ground.folder, folder)
        urls = (ground.world.engine.settings.database_url, shard_of(ground).url)
        ground.close()
        for url in urls:  # a session may outlive its connection for a moment
            self.postgres.end_sessions(url)
        catalog, shard = (self.postgres.new_database(template=_name(url)) for url in urls)
        database = Database(catalog)
        with database.transaction() as session:
            places = {"url": _without_password(shard), "attachments_url": self.place("attachments")}
            session.execute(update(ShardRow).values(**places))
            session.execute(delete(WorkerRow))
            if own_storage:
                session.execute(update(StorageRow).values(url=self.place("backups")))
        database.dispose()
        own = load_settings(data_dir=folder, database_url=catalog, part_bytes=PART_BYTES, **settings)
        return self._told(replace(ground, world=replace(ground.world, engine=build_engine(own))))

    def drop(self, ground: Ground) -> None:
        url = shard_of(ground).url
        ground.close()
        for one in (ground.world.engine.settings.database_url, url):
            self.postgres.drop_database(one)

    def crash(self, ground: Ground) -> None:
        """End what is under way in PostgreSQL, as a crash does; a server of our own does crash, and comes back."""
        if isinstance(self.postgres, PostgresCluster):
            self.postgres.restart(immediate=True)
        else:
            url = shard_of(ground).url
            for one in (ground.world.engine.settings.database_url, url):
                self.postgres.end_sessions(one)

    def _told(self, ground: Ground) -> Ground:
        environment = {**self.environment, "RESTOREBOT_DATABASE_URL": ground.world.engine.settings.database_url}
        return replace(ground, environment=environment)


def reference_on(servers: Servers, ground: Ground, folder: Path) -> Reference:
    """What an undisturbed restore leaves there, with all its points."""
    copy = servers.copy_of(ground, folder)
    starter = copy.starter()
    ended = starter(*copy.run_words(), acts=["RECORD="])
    assert ended.ended() == 0, ended.said()
    restore = copy.only_restore()
    starter.end()
    found = Reference(
        content=content_of(copy, copy.destination),
        report=report_of(restore),
        told=told(copy, restore),
        points=sorted(set(starter.signs.lines("points"))),
    )
    servers.drop(copy)
    return found


def _name(url: str) -> str:
    return make_url(url).database or ""


def _without_password(url: str) -> str:
    """A shard's URL stands in the catalog for all to read."""
    return conninfo(make_url(url)._replace(password=None))
