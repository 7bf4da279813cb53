"""How a payload reaches the app: a signed request, or an envelope of Socket Mode; three seconds for the answer."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlencode, urlsplit

from bot.workspace.faults import Fault
from bot.workspace.feed import Feed
from bot.workspace.payloads import Envelope, Payload
from bot.workspace.state import State

PATH: Final = "/slack/events"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the app said. `failure` is empty for an acknowledgement, else why there is none in Slack's word."""

    status: int = 0
    body: Any = None
    failure: str = ""
    #: the app asks not to be sent this again
    no_retry: bool = False

    @property
    def is_ok(self) -> bool:
        return not self.failure


class Transport(Protocol):
    """One way to the app. Never raises for what the app does wrong."""

    def send(self, payload: Payload, *, attempt: int, reason: str, seconds: float) -> Answer: ...


class SignedHttp:
    """Requests signed as Slack signs them (X-Slack-Signature v0)."""

    def __init__(self, url: str, signing_secret: str, state: State) -> None:
        self._url = urlsplit(url)
        self._secret = signing_secret.encode()
        self._clock = state.config.clock

    def send(self, payload: Payload, *, attempt: int, reason: str, seconds: float) -> Answer:
        body, content_type = _encoded(payload)
        headers = {"Content-Type": content_type, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        headers |= self._signature(body)
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason}
        connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port or 80, timeout=seconds)
        try:
            connection.request("POST", f"{self._url.path.rstrip('/')}{PATH}", body, headers)
            response = connection.getresponse()
            content = response.read().decode("utf-8", "replace")
        except TimeoutError:
            return Answer(failure="http_timeout")
        except (OSError, http.client.HTTPException):
            return Answer(failure="connection_failed")
        finally:
            connection.close()
        return Answer(
            status=response.status,
            body=_decoded(content, response.getheader("Content-Type") or ""),
            failure="" if response.status == http.client.OK else "http_error",
            no_retry=response.getheader("X-Slack-No-Retry") == "1",
        )

    def _signature(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(self._clock()))
        signed = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={signed}"}


def _encoded(payload: Payload) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    match payload.envelope:
        case Envelope.COMMAND:
            return urlencode(payload.body).encode(), form
        case Envelope.INTERACTIVE:
            return urlencode({"payload": json.dumps(payload.body)}).encode(), form
        case _:
            return json.dumps(payload.body).encode(), "application/json"


def _decoded(content: str, content_type: str) -> Any:
    if not content:
        return None
    if content_type.startswith("application/json"):
        try:
            return json.loads(content)
        except ValueError:
            return content
    return content


class Delivery:
    """Sends payloads, shows them in the inspector, and sends events again that nobody acknowledged."""

    def __init__(self, state: State, transport: Transport) -> None:
        self._state = state
        self._feed: Feed = state.feed
        self._transport = transport
        self._stopped = threading.Event()
        self._threads: set[threading.Thread] = set()

    def send(self, payload: Payload, *, attempt: int = 0, reason: str = "") -> Answer:
        """Delivers once and waits for the acknowledgement; a scripted fault delivers it twice."""
        answer = self._send(payload, attempt=attempt, reason=reason)
        if self._state.faults.take(payload.type) == Fault.TWICE:
            answer = self._send(payload, attempt=attempt + 1, reason="http_timeout")
        return answer

    def send_event(self, payload: Payload) -> None:
        """Delivers in the background, and again after each of the waits until it is acknowledged."""
        thread = threading.Thread(target=self._until_acknowledged, args=(payload,), daemon=True, name="event")
        with self._state.lock:
            self._threads = {each for each in self._threads if each.is_alive()} | {thread}
        thread.start()

    def stop(self) -> None:
        self._stopped.set()
        with self._state.lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(self._state.config.ack_seconds + 1)

    def _until_acknowledged(self, payload: Payload) -> None:
        answer = self.send(payload)
        for attempt, wait in enumerate(self._state.config.event_retry_seconds, start=1):
            if answer.is_ok or answer.no_retry or self._stopped.wait(wait):
                return
            answer = self.send(payload, attempt=attempt, reason=answer.failure)

    def _send(self, payload: Payload, *, attempt: int, reason: str) -> Answer:
        began = time.monotonic()
        answer = self._transport.send(payload, attempt=attempt, reason=reason, seconds=self._state.config.ack_seconds)
        self._feed.wired(
            direction="to app",
            what=f"{payload.type}{f' (sent again, {attempt})' if attempt else ''}",
            status=answer.status,
            ms=int((time.monotonic() - began) * 1000),
            request=payload.body,
            response=answer.failure or answer.body,
        )
        return answer
