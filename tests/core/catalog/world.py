"""A small catalog to try things on."""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from core.catalog import apps, backups, organizations, shards, storages
from core.catalog.tables import StorageKind, StorageRow
from core.content.record_type import AppType
from core.database import Database
from core.migrations import upgrade

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

#: For tests with several processes: what they need is imported once, and no open connection is inherited.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.core.catalog.world", "core.migrations.run"])


def fortnight(taken_at: datetime, _storage: StorageKind, _deactivated_at: datetime | None) -> datetime:
    return taken_at + 14 * DAY


@dataclass(frozen=True, kw_only=True)
class World:
    """One organization, shards eu-1, eu-2 and us-1, a managed storage and an S3 one, and one Jira."""

    database: Database
    organization: str
    managed: str
    s3: str
    app: str

    def transaction(self) -> Any:
        return self.database.transaction()

    def add_app(self, session: Session, name: str, **values: Any) -> apps.App:
        words = {"organization_id": self.organization, "app_type": AppType.JIRA, "shard": "eu-1", "apps_per_shard": 100}
        app = apps.create(session, name=name, person="per-1", now=NOW, **{**words, **values})
        return apps.provisioned(session, app.id)

    def add_running(self, session: Session, now: datetime = NOW, **values: Any) -> backups.Backup:
        """A running backup with its first attempt begun."""
        words: dict[str, Any] = {"app_id": self.app, "storage_id": self.managed, "request": {}, "requested_by": "per-1"}
        made = backups.create(session, now=now, **{**words, **values})
        begun = backups.begin_attempt(session, made.id, 0, now)
        assert begun is not None
        return begun

    def add_sealed(self, session: Session, now: datetime = NOW, **values: Any) -> backups.Backup:
        expiry = values.pop("expiry", fortnight)
        made = self.add_running(session, now, **values)
        return seal(session, made, now=now, expiry=expiry)


def seal(session: Session, backup: backups.Backup, **values: Any) -> backups.Backup:
    words: dict[str, Any] = {
        "complete": True, "size_bytes": 10, "manifest_digest": "d1", "summary": {"issues": 3}, "expiry": fortnight,
        "now": NOW,
    }  # fmt: skip
    return backups.seal(session, backup.id, backup.token, **{**words, **values})


@contextmanager
def world(url: str) -> Iterator[World]:
    database = Database(url)
    upgrade(database)
    with database.transaction() as session:
        organization = organizations.create(session, name="Örg", person="per-1", now=NOW)
        for name, region in (("eu-1", "eu"), ("eu-2", "eu"), ("us-1", "us")):
            shards.create(
                session,
                name=name,
                region=region,
                url=f"sqlite:///{name}",
                attachments_url=f"file:///{name}",
                person="per-1",
                now=NOW,
            )
        managed = storages.create_managed(session, name="ours", url="file:///ours", person="per-1", now=NOW)
        session.add(
            StorageRow(id="sto-s3", name="theirs", kind="s3", url="s3://theirs/", on_expiry="keep", created_at=NOW)
        )
        found = World(database=database, organization=organization.id, managed=managed.id, s3="sto-s3", app="")
        app = found.add_app(session, "Jira")
    try:
        yield World(database=database, organization=organization.id, managed=managed.id, s3="sto-s3", app=app.id)
    finally:
        database.dispose()
