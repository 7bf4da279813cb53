"""Restores, what they found, and what their parts have done; and restores that somebody is about to ask for."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.catalog.run_tables import RunFindingRow, RunPartRow, RunRow, RunStatus
from core.database import Base

RestoreStatus = RunStatus


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


class RestoreRow(RunRow):
    __tablename__ = "restore"
    __table_args__ = (Index(None, "organization_id", "created_at"),)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    backup_id: Mapped[str] = mapped_column(ForeignKey("backup.id"), index=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: the plan's digest that the person confirmed, and the warnings that were shown with it
    digest: Mapped[str]
    shown: Mapped[list[str]] = mapped_column(JSON)


class FindingRow(RunFindingRow):
    __tablename__ = "restore_finding"
    run_id: Mapped[str] = mapped_column("restore_id", ForeignKey("restore.id"), primary_key=True)


class PartRow(RunPartRow):
    __tablename__ = "restore_part"
    run_id: Mapped[str] = mapped_column("restore_id", ForeignKey("restore.id"), primary_key=True)


class DraftRow(Base):
    """An unfinished wizard; once it is submitted, the restore that came of it."""

    __tablename__ = "draft"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"))
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: raised by every change; who changes it says which one they saw
    version: Mapped[int]
    #: where the person asked, such as `slack:T…/C…`
    asked_in: Mapped[str]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    submitted: Mapped[str | None] = mapped_column(ForeignKey("restore.id"))
