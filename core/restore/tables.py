"""Restores and their findings."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class RestoreStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """How far a restore has come. The order of the members is the order of the steps."""

    PREFLIGHT = "preflight"
    CHECK_BACKUP = "check_backup"
    STAGE = "stage"
    LOAD = "load"
    INDEX = "index"
    VERIFY = "verify"
    PUBLISH = "publish"
    PROPOSE_ACCESS = "propose_access"
    REPORT = "report"


class RestoreRow(Base):
    __tablename__ = "restore"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    backup_id: Mapped[str] = mapped_column(ForeignKey("backup.id"), index=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("app.id"), index=True)
    requested_by: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: the plan's digest that the person confirmed, and the warnings that were shown with it
    digest: Mapped[str]
    shown: Mapped[list[str]] = mapped_column(JSON)
    status: Mapped[str]
    step: Mapped[str]
    #: raised by every claim and takeover; writers compare it
    token: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    cancel_wanted_at: Mapped[datetime | None]
    cancel_wanted_by: Mapped[str | None]
    generation: Mapped[str | None]
    published_at: Mapped[datetime | None]
    #: bytes of records and attachments: what the plan holds, and what is loaded and verified
    progress_done: Mapped[int] = mapped_column(BigInteger, default=0)
    progress_total: Mapped[int] = mapped_column(BigInteger, default=0)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    failure: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    #: a failed run keeps its staging and its holds until then, and can be resumed
    staging_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class FindingRow(Base):
    __tablename__ = "restore_finding"
    restore_id: Mapped[str] = mapped_column(ForeignKey("restore.id"), primary_key=True)
    #: which look found it: preflight, check_backup, load, index, verify, publish; or given-up
    found_by: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    finding: Mapped[dict[str, Any]] = mapped_column(JSON)


class PartRow(Base):
    """What a part has done, told when it is: for the report and the progress bar. One row a part and step."""

    __tablename__ = "restore_part"
    restore_id: Mapped[str] = mapped_column(ForeignKey("restore.id"), primary_key=True)
    generation: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    done: Mapped[dict[str, Any]] = mapped_column(JSON)
