"""The columns that runs have in common which put a new generation in an app's place: restores and moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class RunRow(Base):
    __abstract__ = True
    id: Mapped[str] = mapped_column(primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("app.id"), index=True)
    requested_by: Mapped[str]
    status: Mapped[str]
    step: Mapped[str]
    #: raised by every claim and takeover; writers compare it
    token: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    cancel_wanted_at: Mapped[datetime | None]
    cancel_wanted_by: Mapped[str | None]
    #: the one it fills, and publishes at last
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


class RunFindingRow(Base):
    __abstract__ = True
    run_id: Mapped[str] = mapped_column(primary_key=True)
    #: which look found it: a step's name; or given-up
    found_by: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    finding: Mapped[dict[str, Any]] = mapped_column(JSON)


class RunPartRow(Base):
    """What a part has done, told when it is: for the report and the progress bar. One row a part and step."""

    __abstract__ = True
    run_id: Mapped[str] = mapped_column(primary_key=True)
    generation: Mapped[str] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    part: Mapped[str] = mapped_column(primary_key=True)
    done: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a row says that all such runs have."""

    id: str
    app_id: str
    requested_by: str
    status: RunStatus
    step: str
    token: int
    attempt: int
    cancel_wanted: bool
    generation: str | None
    published_at: datetime | None
    progress_done: int
    progress_total: int
    report: Mapping[str, Any] | None
    failure: Mapping[str, Any] | None
    staging_until: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def run_fields(row: RunRow) -> dict[str, Any]:
    """The fields of `Run`, for the value of a kind of run to be made with its own beside them."""
    return {
        **{name: getattr(row, name) for name in Run.__dataclass_fields__ if name != "cancel_wanted"},
        "status": RunStatus(row.status),
        "cancel_wanted": row.cancel_wanted_at is not None,
    }


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run is, in bytes; `total` is 0 while that is not known."""

    over: bool
    step: str
    done: int
    total: int
