"""Faults by script: what the stand-in answers wrongly, how often and from when on."""

import threading
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    #: 429 with Retry-After: 1
    RATELIMITED = "ratelimited"
    #: status 200 with Slack's error internal_error
    INTERNAL_ERROR = "internal_error"
    #: status 503
    UNAVAILABLE = "unavailable"
    #: does nothing and never answers; the connection is closed when the caller gives up
    NOTHING = "nothing"
    #: acts, then closes the connection without an answer
    LOST = "lost"
    #: only for what is delivered to the app: it is sent twice, as after an acknowledgement that was lost
    TWICE = "twice"


@dataclass
class _Planned:
    method: str
    answer: Fault | str
    times: int
    after: int


class Faults:
    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._planned: list[_Planned] = []

    def add(self, *, method: str, answer: Fault | str, times: int = 1, after: int = 0) -> None:
        """The next `times` calls of `method` fail so, once `after` more have gone well.

        `method` is a Web API method, or the type of a payload for the app (view_submission, event_callback …) with
        the answer `twice`. An answer that is no Fault is the error itself, such as `channel_not_found`.
        """
        if ("." in method) == (answer == Fault.TWICE):
            raise ValueError(f"{answer} is no fault of {method}: payloads come twice, methods do everything else")
        with self._lock:
            self._planned.append(
                _Planned(method=method, answer=_fault(answer), times=times, after=after),
            )

    def take(self, method: str) -> Fault | str | None:
        """The fault for this call, which counts as one."""
        with self._lock:
            for planned in self._planned:
                if planned.method != method or planned.times == 0:
                    continue
                if planned.after:
                    planned.after -= 1
                    return None
                planned.times -= 1
                return planned.answer
            return None

    def left(self) -> list[str]:
        """The methods of faults that nothing has met yet: a test ends with none."""
        with self._lock:
            return [planned.method for planned in self._planned if planned.times]

    def clear(self) -> None:
        with self._lock:
            self._planned.clear()


def _fault(answer: str) -> Fault | str:
    return Fault(answer) if answer in set(Fault) else answer
