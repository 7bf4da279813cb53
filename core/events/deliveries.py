"""Who has been told what: consumers' offsets, one deliverer a stream at a time, and receipts of what was posted.

A deliverer claims a stream with a lease, looks at it just before each call (`still_mine`), and writes down what the
call did (`keep_receipt`, `advance`) in one transaction after it. A call that begins before the lease ends is over a
call's time limit later, so a successor waits for both. What became of a call whose answer was lost, only the place
where it was posted can tell: the deliverer looks it up there before it posts again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import JSON, ColumnElement, and_, exists, func, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from core.database import Base
from core.errors import Fenced
from core.events.kinds import ENDINGS, EventKind, StreamKind
from core.events.log import EventRow, StreamRow

#: The end of the name of the row that says a consumer has begun with a kind of streams.
_BEGUN: Final = "*"


class DeliveryRow(Base):
    __tablename__ = "delivery"
    stream: Mapped[str] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    #: number of the last event that was told
    offset: Mapped[int]
    #: where this stream is told, in the consumer's own words; {} until that is decided
    place: Mapped[dict[str, Any]] = mapped_column(JSON)
    holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]


class ReceiptRow(Base):
    __tablename__ = "delivery_receipt"
    stream: Mapped[str] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    #: which message, of an event that is told by several
    message: Mapped[str] = mapped_column(primary_key=True)
    posted: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A claimed stream: the right to tell it, until `lease_until`."""

    stream: str
    consumer: str
    offset: int
    place: Mapping[str, Any]
    holder: str
    lease_until: datetime


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Where a message about event `number` was posted, in the consumer's own words."""

    number: int
    message: str
    posted: Mapping[str, Any]


def begin(session: Session, *, consumer: str, kind: StreamKind) -> None:
    """The first time a consumer asks for streams of a kind, those of runs that are over count as told: nobody wants a
    thread for what was over before there were threads. After that it changes nothing."""
    marker = f"{kind.value}:{_BEGUN}"
    row = {"consumer": consumer, "place": {}}
    if not _insert(session, stream=marker, offset=0, **row):
        return
    resumed = aliased(EventRow)
    later = exists().where(
        resumed.stream == EventRow.stream,
        resumed.number > EventRow.number,
        resumed.kind == EventKind.RESUMED.value,
    )
    over = exists().where(EventRow.stream == StreamRow.stream, EventRow.kind.in_(ENDINGS), ~later)
    for stream, last in session.execute(select(StreamRow.stream, StreamRow.last_number).where(_of(kind), over)):
        _insert(session, stream=stream, offset=last, **row)


def behind(session: Session, *, consumer: str, kind: StreamKind) -> Sequence[str]:
    """Streams with events that the consumer has not told yet."""
    told = and_(DeliveryRow.stream == StreamRow.stream, DeliveryRow.consumer == consumer)
    query = (
        select(StreamRow.stream)
        .outerjoin(DeliveryRow, told)
        .where(_of(kind), StreamRow.last_number > func.coalesce(DeliveryRow.offset, literal(0)))
        .order_by(StreamRow.stream)
    )
    return list(session.scalars(query))


def claim(
    session: Session,
    *,
    stream: str,
    consumer: str,
    holder: str,
    now: datetime,
    lease: timedelta,
    call_timeout: timedelta,
) -> Delivery | None:
    """The right to tell a stream for the time of a lease; None while another holder has it, or one of its calls may
    still be under way. Who has it already gets a new lease. `holder` names one deliverer for good: a process and what
    it does there, never used again after a restart."""
    _insert(session, stream=stream, consumer=consumer, offset=0, place={})
    free = or_(
        DeliveryRow.holder.is_(None), DeliveryRow.holder == holder, DeliveryRow.lease_until <= now - call_timeout
    )
    row = session.execute(
        update(DeliveryRow)
        .where(*_row(stream, consumer), free)
        .values(holder=holder, lease_until=now + lease)
        .returning(DeliveryRow.offset, DeliveryRow.place)
    ).one_or_none()
    if row is None:
        return None
    return Delivery(
        stream=stream, consumer=consumer, offset=row.offset, place=row.place, holder=holder, lease_until=now + lease
    )


def still_mine(session: Session, delivery: Delivery, now: datetime) -> bool:
    """Whether a call may begin now. To be asked just before each."""
    mine = (*_mine(delivery), DeliveryRow.lease_until > now)
    return session.scalar(select(DeliveryRow.stream).where(*mine)) is not None


def advance(
    session: Session, delivery: Delivery, *, offset: int | None = None, place: Mapping[str, Any] | None = None
) -> Delivery:
    """Events up to `offset` are told, and this is where. Raises Fenced, and writes nothing, when another holder has the
    stream: what this one has posted last may be there twice."""
    changed = replace(
        delivery,
        offset=delivery.offset if offset is None else max(offset, delivery.offset),
        place=delivery.place if place is None else place,
    )
    won = session.execute(
        update(DeliveryRow)
        .where(*_mine(delivery))
        .values(offset=changed.offset, place=dict(changed.place))
        .returning(DeliveryRow.stream)
    ).one_or_none()
    if won is None:
        raise Fenced(f"The stream {delivery.stream} is told by another process now; nothing was written.")
    return changed


def release(session: Session, delivery: Delivery) -> None:
    """Somebody else may have the stream at once. Only when no call is under way; one that is lost is no error."""
    session.execute(update(DeliveryRow).where(*_mine(delivery)).values(holder=None, lease_until=None))


def place_of(session: Session, *, stream: str, consumer: str) -> Mapping[str, Any]:
    """Where a stream is told; empty while that is not decided."""
    return session.scalar(select(DeliveryRow.place).where(*_row(stream, consumer))) or {}


def keep_receipt(
    session: Session, delivery: Delivery, *, number: int, posted: Mapping[str, Any], message: str = ""
) -> None:
    """What was posted for event `number`. The last word on a message holds. Raises Fenced as `advance` does."""
    advance(session, delivery)
    key = (delivery.stream, delivery.consumer, number, message)
    row = session.get(ReceiptRow, key)
    if row is not None:
        row.posted = dict(posted)
        return
    session.add(
        ReceiptRow(
            stream=delivery.stream, consumer=delivery.consumer, number=number, message=message, posted=dict(posted)
        )
    )


def receipts(session: Session, *, stream: str, consumer: str) -> Sequence[Receipt]:
    """All messages of a stream, by event."""
    query = (
        select(ReceiptRow)
        .where(ReceiptRow.stream == stream, ReceiptRow.consumer == consumer)
        .order_by(ReceiptRow.number, ReceiptRow.message)
    )
    return [Receipt(number=row.number, message=row.message, posted=row.posted) for row in session.scalars(query)]


def _of(kind: StreamKind) -> ColumnElement[bool]:
    return StreamRow.stream.startswith(f"{kind.value}:")


def _row(stream: str, consumer: str) -> tuple[ColumnElement[bool], ...]:
    return (DeliveryRow.stream == stream, DeliveryRow.consumer == consumer)


def _mine(delivery: Delivery) -> tuple[ColumnElement[bool], ...]:
    return (*_row(delivery.stream, delivery.consumer), DeliveryRow.holder == delivery.holder)


def _insert(session: Session, **values: Any) -> bool:
    """Whether the row was not there; of two that write it at once exactly one is told so."""
    insert_row = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    added = insert_row(DeliveryRow).values(**values).on_conflict_do_nothing().returning(DeliveryRow.stream)
    return session.scalar(added) is not None
