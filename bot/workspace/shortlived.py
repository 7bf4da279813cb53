"""What Slack gives out for a short time: trigger ids, response URLs, tickets of Socket Mode."""

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from bot.workspace.refusal import Refused

RESPONSE_URL_SECONDS: Final = 30 * 60
RESPONSE_URL_USES: Final = 5
_TICKET_SECONDS: Final = 30
#: Whether a trigger was exchanged or has expired is told for so long; after that it is unknown.
_REMEMBERED_SECONDS: Final = 600


@dataclass(frozen=True, kw_only=True)
class Trigger:
    person: str
    at: float
    #: the view it came from; empty: a command, a message, a shortcut
    view_id: str = ""
    exchanged: bool = False


@dataclass(frozen=True, kw_only=True)
class ResponseUrl:
    person: str
    channel: str
    at: float
    #: the message with the button; empty for a command
    message_ts: str = ""
    uses: int = 0


class ShortLived:
    def __init__(self, lock: threading.Condition, clock: Callable[[], float], trigger_seconds: float) -> None:
        self._lock = lock
        self._clock = clock
        self._trigger_seconds = trigger_seconds
        self._triggers: dict[str, Trigger] = {}
        self._response_urls: dict[str, ResponseUrl] = {}
        self._tickets: dict[str, float] = {}

    def trigger(self, person: str, view_id: str = "") -> str:
        """A new trigger_id, in Slack's shape: number.number.hex."""
        with self._lock:
            now = self._clock()
            self._triggers = {
                id_: trigger for id_, trigger in self._triggers.items() if now - trigger.at < _REMEMBERED_SECONDS
            }
            id_ = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
            self._triggers[id_] = Trigger(person=person, at=now, view_id=view_id)
            return id_

    def exchange(self, trigger_id: str) -> Trigger:
        """Each works once, for three seconds."""
        with self._lock:
            trigger = self._triggers.get(trigger_id)
            if trigger is None:
                raise Refused("invalid_trigger_id")
            if trigger.exchanged:
                raise Refused("exchanged_trigger_id")
            if self._clock() - trigger.at > self._trigger_seconds:
                raise Refused("expired_trigger_id")
            self._triggers[trigger_id] = replace(trigger, exchanged=True)
            return trigger

    def response_url(self, person: str, channel: str, message_ts: str = "") -> str:
        """The name of a new one, the last part of its path."""
        with self._lock:
            now = self._clock()
            self._response_urls = {
                id_: url for id_, url in self._response_urls.items() if now - url.at < 2 * RESPONSE_URL_SECONDS
            }
            id_ = secrets.token_urlsafe(18)
            self._response_urls[id_] = ResponseUrl(person=person, channel=channel, at=now, message_ts=message_ts)
            return id_

    def use_response_url(self, id_: str) -> ResponseUrl:
        with self._lock:
            url = self._response_urls.get(id_)
            if url is None or self._clock() - url.at > RESPONSE_URL_SECONDS:
                raise Refused("expired_url")
            if url.uses >= RESPONSE_URL_USES:
                raise Refused("used_url")
            self._response_urls[id_] = replace(url, uses=url.uses + 1)
            return url

    def ticket(self) -> str:
        with self._lock:
            id_ = secrets.token_urlsafe(24)
            self._tickets[id_] = self._clock()
            return id_

    def use_ticket(self, id_: str) -> bool:
        with self._lock:
            at = self._tickets.pop(id_, None)
            return at is not None and self._clock() - at <= _TICKET_SECONDS
