"""Moves, what they found, and what their parts have done."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.catalog.run_tables import RunFindingRow, RunPartRow, RunRow


class Step(StrEnum):
    """How far a move has come. The order of the members is the order of the steps."""

    CLOSE = "close"
    PLAN = "plan"
    STAGE = "stage"
    LOAD = "load"
    INDEX = "index"
    VERIFY = "verify"
    PUBLISH = "publish"
    REPORT = "report"


class MoveRow(RunRow):
    __tablename__ = "move"
    from_shard: Mapped[str] = mapped_column(ForeignKey("shard.name"))
    to_shard: Mapped[str] = mapped_column(ForeignKey("shard.name"))
    #: of the app when its move was asked for, with its indexes and files
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    #: made once the app is closed
    plan: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class FindingRow(RunFindingRow):
    __tablename__ = "move_finding"
    run_id: Mapped[str] = mapped_column("move_id", ForeignKey("move.id"), primary_key=True)


class PartRow(RunPartRow):
    __tablename__ = "move_part"
    run_id: Mapped[str] = mapped_column("move_id", ForeignKey("move.id"), primary_key=True)
