"""Slack's side of Socket Mode: connections by ticket, envelopes to one of them, acknowledgements, refreshes."""

import asyncio
import json
import secrets
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.workspace.delivery import Answer
from bot.workspace.payloads import Envelope, Payload
from bot.workspace.state import State

_MOST_CONNECTIONS: Final = 10
_POLICY_VIOLATION: Final = 1008


@dataclass(eq=False)
class _Connection:
    websocket: WebSocket
    loop: asyncio.AbstractEventLoop
    waiting: dict[str, Future[Answer]] = field(default_factory=dict)
    #: told to go away: gets nothing new
    is_leaving: bool = False

    def send(self, message: Mapping[str, Any]) -> None:
        """From any thread. What cannot be sent is noticed when the connection ends."""
        asyncio.run_coroutine_threadsafe(self.websocket.send_text(json.dumps(message)), self.loop)


class SocketMode:
    """A transport: each payload goes to one connection, the next one in turn."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Condition()
        self._connections: list[_Connection] = []
        self._turn = 0

    @property
    def connections(self) -> int:
        with self._lock:
            return len(self._connections)

    def wait_for(self, connections: int, seconds: float) -> bool:
        """Whether so many are open within so many seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: len(self._connections) >= connections, seconds)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Asks every connection to be opened anew, as Slack does now and then: warning, refresh_requested or
        link_disabled. A warning leaves it as it is."""
        with self._lock:
            for connection in self._connections:
                connection.is_leaving = reason != "warning"
                connection.send({"type": "disconnect", "reason": reason, "debug_info": {"host": "workspace"}})

    def drop(self) -> None:
        """Cuts every connection, as a network does."""
        with self._lock:
            for connection in self._connections:
                asyncio.run_coroutine_threadsafe(connection.websocket.close(), connection.loop)

    def send(self, payload: Payload, *, attempt: int, reason: str, seconds: float) -> Answer:
        """Waits for the acknowledgement; where a connection ends before it, another one gets the payload."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            connection = self._next(left)
            if connection is None:
                return Answer(failure="connection_failed")
            answer = self._over(connection, payload, attempt, reason, until)
            if answer is not None:
                return answer
            attempt, reason = attempt + 1, "connection_failed"
        return Answer(failure="http_timeout")

    async def serve(self, websocket: WebSocket) -> None:
        """One connection, for as long as it stands."""
        if not self._state.short_lived.use_ticket(websocket.query_params.get("ticket", "")):
            await websocket.close(_POLICY_VIOLATION)
            return
        await websocket.accept()
        connection = _Connection(websocket=websocket, loop=asyncio.get_running_loop())
        if not await self._greeted(connection):
            return
        try:
            while True:
                self._acknowledged(connection, await websocket.receive_text())
        except WebSocketDisconnect:
            return
        finally:
            self._gone(connection)

    async def _greeted(self, connection: _Connection) -> bool:
        with self._lock:
            count = len(self._connections) + 1
        if count > _MOST_CONNECTIONS:
            goodbye = {"type": "disconnect", "reason": "too_many_websockets"}
            await connection.websocket.send_text(json.dumps(goodbye))
            await connection.websocket.close()
            return False
        hello = {
            "type": "hello",
            "num_connections": count,
            "debug_info": {"host": "workspace", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._state.config.app_id},
        }
        await connection.websocket.send_text(json.dumps(hello))
        with self._lock:
            self._connections.append(connection)
            self._lock.notify_all()
        return True

    def _next(self, seconds: float) -> _Connection | None:
        with self._lock:
            self._lock.wait_for(lambda: any(not each.is_leaving for each in self._connections), seconds)
            ready = [each for each in self._connections if not each.is_leaving]
            if not ready:
                return None
            self._turn += 1
            return ready[self._turn % len(ready)]

    def _over(
        self, connection: _Connection, payload: Payload, attempt: int, reason: str, until: float
    ) -> Answer | None:
        """The answer over this connection; None where it ended without one."""
        envelope_id, waiting = secrets.token_hex(16), Future[Answer]()
        envelope: dict[str, Any] = {
            "envelope_id": envelope_id,
            "payload": payload.body,
            "type": payload.envelope.value,
            "accepts_response_payload": payload.envelope is not Envelope.EVENT,
        }
        if payload.envelope is Envelope.EVENT:
            envelope |= {"retry_attempt": attempt, "retry_reason": reason}
        with self._lock:
            if connection not in self._connections:
                return None
            connection.waiting[envelope_id] = waiting
        connection.send(envelope)
        try:
            answer = waiting.result(max(0.0, until - time.monotonic()))
        except TimeoutError:
            return Answer(failure="http_timeout")
        finally:
            with self._lock:
                connection.waiting.pop(envelope_id, None)
        return None if answer.failure == "connection_failed" else answer

    def _acknowledged(self, connection: _Connection, text: str) -> None:
        try:
            message = json.loads(text)
            envelope_id = message["envelope_id"]
        except (ValueError, KeyError, TypeError):
            return
        with self._lock:
            waiting = connection.waiting.pop(envelope_id, None)
        if waiting is not None:
            waiting.set_result(Answer(status=200, body=message.get("payload")))

    def _gone(self, connection: _Connection) -> None:
        with self._lock:
            self._connections.remove(connection)
            waiting = list(connection.waiting.values())
            connection.waiting.clear()
            self._lock.notify_all()
        for each in waiting:
            each.set_result(Answer(failure="connection_failed"))
