"""Restores, what they found, and what their parts have done."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.catalog.run_tables import RunFindingRow, RunPartRow, RunRow, RunStatus

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
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
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
