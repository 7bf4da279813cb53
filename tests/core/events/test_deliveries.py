"""Deliverers of one stream, held where two of them could post the same."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from core.database import Database
from core.errors import Fenced
from core.events import deliveries, log
from core.events.deliveries import Delivery
from core.events.kinds import EventKind, StreamKind
from core.migrations import upgrade
from tests.core.catalog.world import NOW

LEASE, CALL = timedelta(seconds=30), timedelta(seconds=10)
STREAM = "restore:rst-1"


@dataclass(frozen=True, kw_only=True)
class Outbox:
    database: Database

    def tell(self, run: str, *kinds: EventKind, stream: StreamKind = StreamKind.RESTORE) -> None:
        with self.database.transaction() as session:
            for number, kind in enumerate(kinds):
                key = f"{kind}:{number}:{len(log.read(session, stream=(stream, run)))}"
                log.append(session, stream=(stream, run), kind=kind, now=NOW, key=key)

    def behind(self, consumer: str = "threads") -> list[str]:
        with self.database.reading() as session:
            return list(deliveries.behind(session, consumer=consumer, kind=StreamKind.RESTORE))

    def claim(self, holder: str, after: timedelta = timedelta(), stream: str = STREAM) -> Delivery | None:
        with self.database.transaction() as session:
            return deliveries.claim(
                session,
                stream=stream,
                consumer="threads",
                holder=holder,
                now=NOW + after,
                lease=LEASE,
                call_timeout=CALL,
            )

    def mine(self, delivery: Delivery, after: timedelta = timedelta()) -> bool:
        with self.database.reading() as session:
            return deliveries.still_mine(session, delivery, NOW + after)

    def posted(self, delivery: Delivery, number: int, **values: Any) -> Delivery:
        with self.database.transaction() as session:
            deliveries.keep_receipt(session, delivery, number=number, posted=values)
            return deliveries.advance(session, delivery, offset=number, place={"channel": "C1"})

    def receipts(self) -> list[tuple[int, str, dict[str, Any]]]:
        with self.database.reading() as session:
            found = deliveries.receipts(session, stream=STREAM, consumer="threads")
            return [(one.number, one.message, dict(one.posted)) for one in found]


@pytest.fixture
def outbox(catalog_url: str) -> Iterator[Outbox]:
    database = Database(catalog_url)
    upgrade(database)
    yield Outbox(database=database)
    database.dispose()


def test_a_stream_is_behind_until_its_last_event_is_told_and_again_after_the_next(outbox: Outbox) -> None:
    outbox.tell("rst-1", EventKind.SUBMITTED, EventKind.STARTED)
    outbox.tell("bkp-1", EventKind.SUBMITTED, stream=StreamKind.BACKUP)
    assert outbox.behind() == [STREAM]
    delivery = outbox.claim("a")
    assert delivery is not None
    assert (delivery.offset, delivery.place) == (0, {})
    delivery = outbox.posted(delivery, 1, ts="1.1")
    assert outbox.behind() == [STREAM]
    outbox.posted(delivery, 2, ts="1.2")
    assert outbox.behind() == []
    assert outbox.behind("another") == [STREAM]
    outbox.tell("rst-1", EventKind.STEP)
    assert outbox.behind() == [STREAM]
    again = outbox.claim("a")
    assert again is not None
    assert (again.offset, again.place) == (2, {"channel": "C1"})
    assert outbox.receipts() == [(1, "", {"ts": "1.1"}), (2, "", {"ts": "1.2"})]


def test_of_two_that_claim_at_once_one_gets_the_stream(outbox: Outbox) -> None:
    """The second begins while the first has claimed and not committed: it waits for that, and then has not got it."""
    outbox.tell("rst-1", EventKind.SUBMITTED)
    claimed, go_on, asked = threading.Event(), threading.Event(), threading.Event()
    won: dict[str, Delivery | None] = {}

    def first() -> None:
        with outbox.database.transaction() as session:
            won["first"] = deliveries.claim(
                session, stream=STREAM, consumer="threads", holder="first", now=NOW, lease=LEASE, call_timeout=CALL
            )
            claimed.set()
            assert go_on.wait(20)

    def second() -> None:
        assert claimed.wait(20)
        asked.set()
        won["second"] = outbox.claim("second")

    threads = [threading.Thread(target=one) for one in (first, second)]
    for one in threads:
        one.start()
    assert asked.wait(20)
    threads[1].join(0.3)  # it may not be through, whatever it waits for
    assert threads[1].is_alive()
    go_on.set()
    for one in threads:
        one.join(20)
    assert won["first"] is not None
    assert won["second"] is None


def test_a_successor_waits_until_a_call_that_began_under_the_lease_is_over(outbox: Outbox) -> None:
    outbox.tell("rst-1", EventKind.SUBMITTED)
    stopped = outbox.claim("stopped")
    assert stopped is not None
    last_moment = LEASE - timedelta(microseconds=1)
    assert outbox.mine(stopped, last_moment)  # its call begins here, and takes CALL at most
    assert not outbox.mine(stopped, LEASE)
    assert outbox.claim("next", LEASE + CALL - timedelta(microseconds=1)) is None
    taken = outbox.claim("next", LEASE + CALL)
    assert taken is not None
    assert not outbox.mine(stopped, LEASE + CALL)
    with pytest.raises(Fenced):
        outbox.posted(stopped, 1, ts="double")
    assert outbox.receipts() == []
    outbox.posted(taken, 1, ts="1.1")
    assert outbox.receipts() == [(1, "", {"ts": "1.1"})]


def test_one_that_was_late_but_not_succeeded_may_write_down_what_it_did(outbox: Outbox) -> None:
    outbox.tell("rst-1", EventKind.SUBMITTED)
    late = outbox.claim("late")
    assert late is not None
    assert not outbox.mine(late, LEASE + 2 * CALL)
    outbox.posted(late, 1, ts="1.1")
    assert outbox.behind() == []


def test_a_stream_that_is_released_is_anyones_at_once_and_a_lost_one_is_not_released(outbox: Outbox) -> None:
    outbox.tell("rst-1", EventKind.SUBMITTED)
    first = outbox.claim("first")
    assert first is not None
    with outbox.database.transaction() as session:
        deliveries.release(session, first)
    assert outbox.claim("second") is not None
    with outbox.database.transaction() as session:
        deliveries.release(session, first)
    assert outbox.claim("third") is None


def test_the_holder_renews_its_lease_and_an_offset_never_falls(outbox: Outbox) -> None:
    outbox.tell("rst-1", EventKind.SUBMITTED, EventKind.STARTED)
    first = outbox.claim("first")
    assert first is not None
    outbox.posted(first, 2, ts="1.2")
    renewed = outbox.claim("first", LEASE - CALL)
    assert renewed is not None
    assert outbox.mine(renewed, LEASE)
    assert outbox.claim("second", LEASE + CALL) is None
    assert outbox.posted(renewed, 1, ts="1.1").offset == 2
    assert outbox.behind() == []


def test_who_begins_is_not_behind_with_what_was_over_before(outbox: Outbox) -> None:
    outbox.tell("rst-done", EventKind.SUBMITTED, EventKind.COMPLETED, EventKind.GRANT_DECIDED)
    outbox.tell("rst-failed", EventKind.SUBMITTED, EventKind.FAILED)
    outbox.tell("rst-resumed", EventKind.SUBMITTED, EventKind.FAILED, EventKind.RESUMED)
    outbox.tell("rst-runs", EventKind.SUBMITTED)
    begin(outbox)
    assert outbox.behind() == ["restore:rst-resumed", "restore:rst-runs"]
    outbox.tell("rst-later", EventKind.SUBMITTED, EventKind.COMPLETED)
    begin(outbox)
    assert outbox.behind() == ["restore:rst-later", "restore:rst-resumed", "restore:rst-runs"]


def begin(outbox: Outbox) -> None:
    with outbox.database.transaction() as session:
        deliveries.begin(session, consumer="threads", kind=StreamKind.RESTORE)
