"""What the pages are told: that something changed, and what went over the wire."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

_KEPT: Final = 2000
_WIRE_KEPT: Final = 500


@dataclass(frozen=True, kw_only=True)
class Change:
    #: message, ephemeral, modal, home, notice or inspector
    kind: str
    channel: str | None = None
    thread_ts: str | None = None
    text: str | None = None
    #: who may see it; None: everybody
    people: frozenset[str] | None = field(default=None, repr=False)

    def shown(self) -> dict[str, Any]:
        found = {"channel": self.channel, "thread_ts": self.thread_ts, "text": self.text}
        return {"kind": self.kind, **{name: value for name, value in found.items() if value is not None}}


@dataclass(frozen=True, kw_only=True)
class Wire:
    """One request and its response, as they went over the wire, without tokens."""

    number: int
    at: float
    direction: str
    what: str
    status: int
    ms: int
    request: Any
    response: Any
    lint: tuple[str, ...] = ()


class Feed:
    """Changes by number. Everything is under the workspace's one lock."""

    def __init__(self, lock: threading.Condition, clock: Callable[[], float]) -> None:
        self._lock = lock
        self._clock = clock
        self._changes: deque[tuple[int, Change]] = deque(maxlen=_KEPT)
        self._wire: deque[Wire] = deque(maxlen=_WIRE_KEPT)
        self._wired = 0
        self.sequence = 0
        self.stopped = False

    def tell(self, change: Change) -> None:
        with self._lock:
            self.sequence += 1
            self._changes.append((self.sequence, change))
            self._lock.notify_all()

    def stop(self) -> None:
        """Lets who waits go home."""
        with self._lock:
            self.stopped = True
            self._lock.notify_all()

    def changes(self, person: str, after: int, wait: float) -> tuple[int, list[Change]]:
        """What changed for this person after that number; waits so many seconds for the first one."""
        until = time.monotonic() + wait
        with self._lock:
            while True:
                found = self._after(person, after)
                left = until - time.monotonic()
                if found or left <= 0 or self.stopped:
                    return self.sequence, found
                self._lock.wait(left)

    def _after(self, person: str, after: int) -> list[Change]:
        if after > self.sequence or (self._changes and after < self._changes[0][0] - 1):
            # from before a restart, or too long ago: the page fetches everything again
            return [Change(kind=kind) for kind in ("message", "modal", "home", "inspector")]
        return [
            change
            for number, change in self._changes
            if number > after and (change.people is None or person in change.people)
        ]

    def wired(
        self,
        *,
        direction: str,
        what: str,
        status: int,
        ms: int,
        request: Any,
        response: Any,
        lint: tuple[str, ...] = (),
    ) -> None:
        with self._lock:
            self._wired += 1
            self._wire.append(
                Wire(
                    number=self._wired,
                    at=self._clock(),
                    direction=direction,
                    what=what,
                    status=status,
                    ms=ms,
                    request=request,
                    response=response,
                    lint=lint,
                )
            )
        self.tell(Change(kind="inspector"))

    def wire(self, after: int = 0) -> list[Wire]:
        with self._lock:
            return [wire for wire in self._wire if wire.number > after]

    def wire_shown(self, after: int) -> list[dict[str, Any]]:
        return [asdict(wire) for wire in self.wire(after)]
