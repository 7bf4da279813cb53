"""The outbox → Slack. At least once from the log, never seen twice: see PROTOCOL 26 and 27 for the rules."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from slack_sdk import WebClient

from bot.bot import Bot
from bot.client import CALL_SECONDS, NoSuchPlace, SlackBusy, SlackError, SlackRefused
from bot.threads import place as places
from bot.threads import views
from bot.threads.facts import Standing
from bot.threads.gather import standing, submitted_event
from bot.threads.place import Place
from bot.threads.posting import Posted, Posting
from bot.threads.views import Message
from core.catalog.tables import new_id
from core.errors import Fenced, RestorebotError
from core.events import deliveries
from core.events import log as events
from core.events.deliveries import Delivery
from core.events.kinds import ENDINGS, Event, EventKind, StreamKind
from core.restore import restores

log = logging.getLogger(__name__)

CONSUMER: Final = "slack"
LEASE: Final = timedelta(seconds=60)
#: Slack allows about that many edits of a message.
EDIT_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 1.0
_LONGEST_WAIT: Final = 60.0
#: Somebody has deleted it, or it is too old to be edited: the replies go on without it.
_NO_MESSAGE: Final = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})

#: Events that are told by a reply. Everything else shows in the status message.
_REPLIES: Final[Mapping[EventKind, Callable[[Standing], Message]]] = {
    EventKind.PUBLISHED: views.published_message,
    EventKind.RESUMED: views.resumed_message,
    **dict.fromkeys(ENDINGS, views.ended_message),
}


@dataclass(kw_only=True)
class _Known:
    """What this process remembers of a stream; lost with it, at the price of a look and an edit more."""

    #: the last claim
    delivery: Delivery | None = None
    drawn: Message | None = None
    drawn_at: float = 0.0
    #: whether a call of which nobody knows whether it acted came before: then it is looked first
    unsure: bool = True
    waits_until: float = 0.0
    failures: int = 0

    def put_off(self, retry_after: float) -> None:
        """One stream that cannot be told now keeps no other waiting."""
        self.unsure = True
        self.failures += 1
        self.waits_until = time.monotonic() + max(retry_after, min(2.0**self.failures, _LONGEST_WAIT))


@dataclass(kw_only=True)
class Deliverer:
    """One thread a process; any number of processes. `client` retries nothing: a call is over within CALL_SECONDS."""

    bot: Bot
    client: WebClient
    holder: str = field(default_factory=lambda: new_id("dlv"))
    _known: dict[str, _Known] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="threads", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """After the call in flight. What was claimed is let go, so that the next process need not wait for a lease."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        with self.bot.engine.database.transaction() as session:
            for known in self._known.values():
                if known.delivery is not None:
                    deliveries.release(session, known.delivery)

    def deliver(self) -> None:
        """Once over all streams that are behind, and all whose status is drawn while they run."""
        database = self.bot.engine.database
        with database.transaction() as session:
            deliveries.begin(session, consumer=CONSUMER, kind=StreamKind.RESTORE)
        with database.reading() as session:
            behind = deliveries.behind(session, consumer=CONSUMER, kind=StreamKind.RESTORE)
            running = [f"{StreamKind.RESTORE.value}:{one.id}" for one in restores.open_runs(session)]
        for stream in dict.fromkeys([*behind, *running]):
            known = self._known.setdefault(stream, _Known())
            if self._over.is_set():
                return
            if known.waits_until <= time.monotonic():
                self._tell(stream, known)
        for stream in self._known.keys() - set(behind) - set(running):
            del self._known[stream]

    def _run(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            try:
                self.deliver()
            except RestorebotError as error:
                log.warning("threads wait: %s", error)
            except Exception:
                log.exception("a thread could not be told; it is tried again")

    def _tell(self, stream: str, known: _Known) -> None:
        with self.bot.engine.database.transaction() as session:
            delivery = deliveries.claim(
                session,
                stream=stream,
                consumer=CONSUMER,
                holder=self.holder,
                now=self.bot.engine.now(),
                lease=LEASE,
                call_timeout=timedelta(seconds=CALL_SECONDS),
            )
        if delivery is None:
            known.unsure = True
            return
        known.delivery = delivery
        try:
            _Telling(bot=self.bot, client=self.client, delivery=delivery, known=known).tell()
            known.failures = 0
        except Fenced:
            known.unsure = True
        except RestorebotError as error:
            known.put_off(error.retry_after if isinstance(error, SlackBusy) else 0.0)
            log.warning("%s is told later: %s", stream, error)
        except Exception:
            known.put_off(0.0)
            log.exception("%s is told later", stream)


@dataclass(kw_only=True)
class _Telling:
    """What is new of one stream."""

    bot: Bot
    client: WebClient
    delivery: Delivery
    known: _Known

    def tell(self) -> None:
        """Raises SlackBusy, Fenced."""
        with self.bot.engine.database.reading() as session:
            all_events = list(events.read(session, stream=(StreamKind.RESTORE, self._restore_id)))
        submitted = submitted_event(all_events)
        if submitted is None:
            return
        new = [one for one in all_events if one.number > self.delivery.offset]
        place = Place.from_json(self.delivery.place)
        if not self.delivery.place:
            place = self._at(self._chosen(submitted))
        if not place.channel:
            self._advance(offset=all_events[-1].number)
            return
        try:
            self._in(place, new, submitted)
        except NoSuchPlace as error:
            self._elsewhere(place, error)

    def _chosen(self, submitted: Event) -> Place:
        try:
            return places.choose(self.bot, self._restore_id, submitted)
        except NoSuchPlace as error:
            log.warning("%s is told to nobody: %s", self.delivery.stream, error)
            return Place()

    def _in(self, place: Place, new: list[Event], submitted: Event) -> None:
        now = standing(self.bot.engine, self._restore_id, submitted)
        if not place.thread:
            place = self._begin(place, now, submitted)
        for event in new:
            message = self._reply(event, now, new)
            if message is not None:
                self._post(place, message, number=event.number, thread=place.thread)
        drawn = self._draw(place, views.status_message(now))
        if new and drawn:
            self._advance(offset=new[-1].number)

    def _begin(self, place: Place, now: Standing, submitted: Event) -> Place:
        """The status message, under which everything else stands; in a direct message after a channel broke, a line
        that says so comes with it."""
        message = views.status_message(now)
        number = submitted.number
        posted = self._post(place, message, number=number)
        if not posted.was_there:
            self.known.drawn, self.known.drawn_at = message, time.monotonic()
        begun = self._at(replace(place, thread=posted.ts, number=number))
        if place.moved_from:
            self._post(begun, views.moved_message(now, place.moved_from), number=0, thread=posted.ts)
        return begun

    def _reply(self, event: Event, now: Standing, new: list[Event]) -> Message | None:
        """As it was then, where the restore has gone on since."""
        if event.kind is EventKind.FAILED:
            resumed = any(one.kind is EventKind.RESUMED and one.number > event.number for one in new)
            return views.failed_message(now, str(event.data.get("code", "")), resumed=resumed)
        if event.kind is EventKind.FINDINGS:
            found = event.data.get("error", 0) + event.data.get("warning", 0)
            return views.findings_message(now) if found and now.findings else None
        make = _REPLIES.get(event.kind)
        return None if make is None else make(now)

    def _draw(self, place: Place, message: Message) -> bool:
        """Whether the status message says this now. Edits are bounded: one that comes too soon waits for a later round,
        and so does the offset, so that the last one is never left out."""
        if message == self.known.drawn:
            return True
        if time.monotonic() - self.known.drawn_at < EDIT_SECONDS:
            return False
        try:
            self._posting.edit(message, channel=place.channel, ts=place.thread, number=place.number)
        except SlackRefused as error:
            if error.reason not in _NO_MESSAGE:
                raise
            log.info("%s: its status message is gone: %s", self.delivery.stream, error)
        self.known.drawn, self.known.drawn_at = message, time.monotonic()
        return True

    def _post(self, place: Place, message: Message, *, number: int, thread: str = "") -> Posted:
        with self.bot.engine.database.reading() as session:
            done = deliveries.receipts(session, stream=self.delivery.stream, consumer=CONSUMER)
        posted = next((one.posted for one in done if one.number == number and one.message == place.channel), None)
        if posted is not None:
            return Posted(ts=str(posted["ts"]), was_there=True)
        found = self._posting.post(
            message, channel=place.channel, number=number, thread=thread, look_first=self.known.unsure
        )
        self.known.unsure = found.was_there  # where one had no receipt, the next may have none either
        with self.bot.engine.database.transaction() as session:
            deliveries.keep_receipt(
                session,
                self.delivery,
                number=number,
                message=place.channel,
                posted={"channel": place.channel, "ts": found.ts},
            )
        return found

    def _elsewhere(self, place: Place, error: SlackError) -> None:
        """The channel was archived, or the bot was removed from it: the thread goes on in a direct message, which tells
        how the restore stands now. Where there is no such either, the log is all that is left."""
        log.warning("%s cannot be told in %s: %s", self.delivery.stream, place.channel, error)
        if place.moved_from:
            self._at(Place(moved_from=place.moved_from))
            return
        try:
            self._at(places.direct(self.bot, self._restore_id, moved_from=place.channel))
        except NoSuchPlace:
            self._at(Place(moved_from=place.channel))

    def _at(self, place: Place) -> Place:
        with self.bot.engine.database.transaction() as session:
            self.delivery = deliveries.advance(session, self.delivery, place=place.to_json())
        return place

    def _advance(self, *, offset: int) -> None:
        with self.bot.engine.database.transaction() as session:
            self.delivery = deliveries.advance(session, self.delivery, offset=offset)

    @property
    def _posting(self) -> Posting:
        return Posting(client=self.client, stream=self.delivery.stream, may_call=self._check_mine)

    def _check_mine(self) -> None:
        """Just before each call. A lease that has run out is taken again by the next round."""
        with self.bot.engine.database.reading() as session:
            if not deliveries.still_mine(session, self.delivery, self.bot.engine.now()):
                raise Fenced(f"The stream {self.delivery.stream} is told by another process now.")

    @property
    def _restore_id(self) -> str:
        return self.delivery.stream.partition(":")[2]
