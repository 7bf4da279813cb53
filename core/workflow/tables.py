"""The catalog's tables about workers: who is alive, who has the slot on SQLite, and what was taken over how often."""

from datetime import datetime

from sqlalchemy import Float, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class WorkerRow(Base):
    """One start of a worker process. The row goes when nothing in the journal belongs to it any more."""

    __tablename__ = "worker"

    executor_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: Name, boot and pid namespace: only within one of them does a pid mean the same process.
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(Integer)
    #: Seconds from boot to the start of the process: with the pid it names a process, also after the clock was set.
    process_started: Mapped[float] = mapped_column(Float)
    version: Mapped[str] = mapped_column(String(32))
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    #: Set by a clean stop: what it left is picked up at once, and not counted as a takeover.
    stopped_at: Mapped[datetime | None]


class WorkerSlotRow(Base):
    """On SQLite one worker works at a time: the one this row names. The token rises each time it changes hands."""

    __tablename__ = "worker_slot"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    executor_id: Mapped[str | None] = mapped_column(String(64))
    token: Mapped[int] = mapped_column(Integer)


class PartTakeoverRow(Base):
    """How often in a row a part, or a run between its parts, was in flight when its worker died."""

    __tablename__ = "part_takeover"

    workflow_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
