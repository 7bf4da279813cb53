"""The catalog's tables. Writers lock the row they decide on first and never rely on having read another one.

Who locks more than one row goes from the app to its backups, so that two never wait for each other.
"""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base

_ALPHABET = "abcdefghjkmnpqrstvwxyz23456789"  # no letters that are mistaken for others


def new_id(prefix: str) -> str:
    """A short random id such as `bkp-k7d2m9qx`, unique for all practical purposes and guarded by primary keys."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(8))}"


class AppStatus(StrEnum):
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class GenerationStatus(StrEnum):
    STAGED = "staged"
    LIVE = "live"
    RETIRED = "retired"
    DROPPED = "dropped"


class Plan(StrEnum):
    FREE = "free"
    STANDARD = "standard"
    PREMIUM = "premium"
    ENTERPRISE = "enterprise"


class Environment(StrEnum):
    COMMERCIAL = "commercial"
    GOVERNMENT = "government"


class BackupStatus(StrEnum):
    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"


SEALED = frozenset({BackupStatus.COMPLETE, BackupStatus.INCOMPLETE})
#: Over without a backup, for good.
UNSEALED = frozenset({BackupStatus.FAILED, BackupStatus.CANCELLED})


class StorageKind(StrEnum):
    MANAGED = "managed"
    S3 = "s3"


class OnExpiry(StrEnum):
    """What becomes of an expired backup's objects."""

    KEEP = "keep"
    DELETE = "delete"


class HoldReason(StrEnum):
    RESTORE = "restore"
    BACKUP = "backup"
    MOVE = "move"
    CLEAR = "clear"
    DRILL = "drill"
    TICKET = "ticket"


class SecondPerson(StrEnum):
    """Who may decide on access."""

    ALWAYS = "always"  # another person than who restored
    ADMIN_ACCESS = "admin-access"  # another person for admin access only
    NEVER = "never"  # anyone who may approve; each decision on one's own restore is marked


class OrganizationRow(Base):
    __tablename__ = "organization"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    plan: Mapped[str]
    beta: Mapped[bool]
    environment: Mapped[str]
    second_person: Mapped[str]
    #: raised first by every writer of the directory
    directory_version: Mapped[int] = mapped_column(default=0)
    #: where restores are told besides the command line, such as `slack:T…/C…`; "" is nowhere
    operations_channel: Mapped[str] = mapped_column(default="", server_default="")
    #: whether restoring takes the role of app admin of the destination, too
    ask_app_admins: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime]


class ShardRow(Base):
    __tablename__ = "shard"
    name: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str]
    url: Mapped[str] = mapped_column(unique=True)
    attachments_url: Mapped[str]
    created_at: Mapped[datetime]


class StorageRow(Base):
    __tablename__ = "storage"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    url: Mapped[str] = mapped_column(unique=True)
    on_expiry: Mapped[str]
    created_at: Mapped[datetime]


class AppRow(Base):
    __tablename__ = "app"
    __table_args__ = (UniqueConstraint("organization_id", "name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    #: for searches, since SQLite's own lower() knows no letters beyond ASCII
    folded_name: Mapped[str] = mapped_column(default="", server_default="")
    type: Mapped[str]
    driver: Mapped[str]
    status: Mapped[str]
    shard: Mapped[str] = mapped_column(ForeignKey("shard.name"))
    #: the live generation: the one row that decides what the app's data is
    generation: Mapped[str]
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]


class GenerationRow(Base):
    __tablename__ = "generation"
    id: Mapped[str] = mapped_column(primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("app.id"), index=True)
    shard: Mapped[str] = mapped_column(ForeignKey("shard.name"))
    status: Mapped[str]
    run_id: Mapped[str]  # which restore, move or provisioning made it
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class BackupRow(Base):
    __tablename__ = "backup"
    #: in the order of lists, with all that says whether one can be restored: counting reads nothing else
    __table_args__ = (Index(None, "app_id", "taken_at", "status", "expires_at", "marked_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("app.id"))
    storage_id: Mapped[str] = mapped_column(ForeignKey("storage.id"))
    status: Mapped[str]
    step: Mapped[str] = mapped_column(default="")
    requested_by: Mapped[str]
    #: what was asked, with where its source lies in the inbox
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    taken_at: Mapped[datetime]
    exported_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    #: end of the notice an activation of the app gave this backup; it is given once
    notice_until: Mapped[datetime | None]
    #: shard and region of the app when the backup was taken
    shard: Mapped[str]
    region: Mapped[str]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    #: blake3 of the manifest, so that an older one cannot be played back
    manifest_digest: Mapped[str | None]
    #: what lists and wizards show of the manifest, so that no storage is asked for it
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    marked_at: Mapped[datetime | None]  # for deletion
    attempt: Mapped[int] = mapped_column(default=0)
    token: Mapped[int] = mapped_column(default=0)
    progress_done: Mapped[int] = mapped_column(BigInteger, default=0)
    progress_total: Mapped[int] = mapped_column(BigInteger, default=0)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class HoldRow(Base):
    """Why a backup or an app may not be touched now, by which run. Shared ones may be many, an exclusive is alone."""

    __tablename__ = "hold"
    __table_args__ = (
        Index(
            "uq_hold_exclusive",
            "subject",
            unique=True,
            sqlite_where=text("exclusive"),
            postgresql_where=text("exclusive"),
        ),
        UniqueConstraint("subject", "run_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    subject: Mapped[str] = mapped_column(index=True)  # "app:…" or "backup:…"
    run_id: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]
    exclusive: Mapped[bool]
    created_at: Mapped[datetime]
