"""Event types: pure values, so that views can read them without a database."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class StreamKind(StrEnum):
    RESTORE = "restore"
    MOVE = "move"
    BACKUP = "backup"
    TICKET = "ticket"
    APP = "app"


class EventKind(StrEnum):
    SUBMITTED = "submitted"
    STARTED = "started"
    STEP = "step"
    FINDINGS = "findings"
    PUBLISHED = "published"
    CANCEL_WANTED = "cancel-wanted"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    RESUMED = "resumed"
    MOVED = "moved"
    DEACTIVATED = "deactivated"
    ACTIVATED = "activated"
    GRANT_DECIDED = "grant-decided"


#: A run that has told one of these is over, unless it is resumed after that.
ENDINGS: Final = frozenset({EventKind.COMPLETED, EventKind.FAILED, EventKind.CANCELLED})


@dataclass(frozen=True, kw_only=True)
class Event:
    stream: str  # "restore:rst-…"
    number: int  # 1, 2, 3 … within the stream, without gaps
    kind: EventKind
    at: datetime
    data: dict[str, Any] = field(default_factory=dict)
