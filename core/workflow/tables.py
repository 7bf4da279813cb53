"""The catalog's tables about workers: who is alive, who has the slot on SQLite, which parts wait and who executes them,
and what was taken over how often."""

from datetime import datetime

from sqlalchemy import JSON, Float, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class WorkerRow(Base):
    """One start of a worker process. The row goes when nothing in flight belongs to it any more."""

    __tablename__ = "worker"

    executor_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: Name, boot and pid namespace: only within one of them does a pid mean the same process.
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(Integer)
    #: Seconds from boot to the start of the process: with the pid it names a process, also after the clock was set.
    process_started: Mapped[float] = mapped_column(Float)
    version: Mapped[str] = mapped_column(String(32))
    #: Kinds of runs it can execute, with their versions: `restore.v2`.
    kinds: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    slots: Mapped[int] = mapped_column(Integer, server_default="0")
    started_at: Mapped[datetime]
    heartbeat_at: Mapped[datetime]
    #: It is to finish what it holds, and go.
    drain_wanted_at: Mapped[datetime | None]
    #: Set by a clean stop: what it left is picked up at once, and not counted as a takeover.
    stopped_at: Mapped[datetime | None]
    #: The one other worker that takes over what this one left.
    reaped_by: Mapped[str | None] = mapped_column(String(64))


class WorkerSlotRow(Base):
    """On SQLite one worker works at a time: the one this row names. The token rises each time it changes hands."""

    __tablename__ = "worker_slot"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    executor_id: Mapped[str | None] = mapped_column(String(64))
    token: Mapped[int] = mapped_column(Integer)


class TurnRow(Base):
    """Whoever gives out a part raises this number first, and so is alone with it."""

    __tablename__ = "turn"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(Integer)


class DividedStepRow(Base):
    """A step of a run of which parts wait or are in flight, and what its parts load."""

    __tablename__ = "divided_step"

    id: Mapped[str] = mapped_column(String(512), primary_key=True)
    #: The workflow of the run, with its version: who does not know it takes no part of it.
    workflow: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str] = mapped_column(String(64), index=True)
    attempt: Mapped[int] = mapped_column(Integer)
    step: Mapped[str] = mapped_column(String(64))
    organization: Mapped[str] = mapped_column(String(64))
    shard: Mapped[str] = mapped_column(String(255))
    storage: Mapped[str] = mapped_column(String(64))
    #: The turn in which a part of it was given out last.
    served: Mapped[int] = mapped_column(Integer)


class WaitingPartRow(Base):
    """A part that waits for a slot, or is in flight in one. The row goes when the journal has its outcome."""

    __tablename__ = "waiting_part"
    __table_args__ = (Index("ix_waiting_part_next", "step_id", "executor_id", "position"),)

    step_id: Mapped[str] = mapped_column(ForeignKey("divided_step.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[str] = mapped_column(String(255), primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    #: Who executes it; null: it waits.
    executor_id: Mapped[str | None] = mapped_column(String(64), index=True)
    claimed_at: Mapped[datetime | None]


class PartTakeoverRow(Base):
    """How often in a row a part, or a run between its parts, was in flight when its worker died."""

    __tablename__ = "part_takeover"

    workflow_id: Mapped[str] = mapped_column(String(512), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
