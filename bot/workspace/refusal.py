"""How Slack says no."""

from typing import Any


class Refused(Exception):
    """A call that Slack answers with ok: false; `error` is Slack's own word, `extra` goes into the answer beside it."""

    def __init__(self, error: str, *, messages: list[str] | None = None, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra
        if messages:
            self.extra["response_metadata"] = {"messages": [f"[ERROR] {message}" for message in messages]}


class RateLimited(Refused):
    """Answered with 429 and Retry-After."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("ratelimited")
        self.retry_after = retry_after
