"""The append-only log behind the outbox."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, UniqueConstraint, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base
from core.events.kinds import Event, EventKind, StreamKind


class StreamRow(Base):
    __tablename__ = "event_stream"
    stream: Mapped[str] = mapped_column(primary_key=True)
    last_number: Mapped[int]


class EventRow(Base):
    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("stream", "key"),)
    stream: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    kind: Mapped[str]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


def append(
    session: Session,
    *,
    stream: tuple[StreamKind, str],
    kind: EventKind,
    now: datetime,
    key: str,
    data: dict[str, Any] | None = None,
) -> None:
    """Add an event in the caller's transaction. A key that is there already adds nothing: a repeated step is told once.

    The number comes from the stream's row, which nobody else has until the caller's transaction ends: so the order of
    numbers is the order of commits, without gaps.
    """
    name = f"{stream[0].value}:{stream[1]}"
    number = _next(session, name)
    known = session.scalar(select(EventRow.number).where(EventRow.stream == name, EventRow.key == key))
    if known is not None:
        session.execute(update(StreamRow).where(StreamRow.stream == name).values(last_number=StreamRow.last_number - 1))
        return
    session.execute(
        insert(EventRow).values(stream=name, number=number, key=key, kind=kind.value, at=now, data=data or {})
    )


def _next(session: Session, name: str) -> int:
    """The stream's next number; the first makes its row, also where two begin the stream at once."""
    insert_row = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    raised = (
        insert_row(StreamRow)
        .values(stream=name, last_number=1)
        .on_conflict_do_update(index_elements=["stream"], set_={"last_number": StreamRow.last_number + 1})
        .returning(StreamRow.last_number)
    )
    return session.scalars(raised).one()


def read(session: Session, *, stream: tuple[StreamKind, str], after: int = 0) -> Sequence[Event]:
    """Events of a stream with a number above `after`, in order."""
    name = f"{stream[0].value}:{stream[1]}"
    rows = session.scalars(
        select(EventRow).where(EventRow.stream == name, EventRow.number > after).order_by(EventRow.number)
    )
    return [
        Event(stream=row.stream, number=row.number, kind=EventKind(row.kind), at=row.at, data=row.data) for row in rows
    ]
