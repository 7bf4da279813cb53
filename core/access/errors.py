"""Refusals of access decisions.

Refused
├── ImpactChanged      what was shown no longer holds; carries what holds now
├── DirectoryChanged   another write to the directory came between
└── WrongState
    └── AlreadyDecided a second decision on the same grant; says who decided when
"""

from datetime import datetime

from core.access.impact import Impact
from core.access.tables import GrantStatus
from core.errors import Refused, RestorebotError, WrongState


class ImpactChanged(Refused):
    """`impact` is what the decision would do now."""

    code = "access.impact-changed"

    def __init__(self, message: str, *, impact: Impact, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.impact = impact


class DirectoryChanged(Refused):
    code = "access.directory-changed"


class AlreadyDecided(WrongState):
    code = "access.already-decided"

    def __init__(
        self, message: str, *, status: GrantStatus, decided_by: str, decided_at: datetime | None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.decided_by = decided_by
        self.decided_at = decided_at


class AccessNotApplied(RestorebotError):
    """The directory does not show what was just written to it; the transaction was given up."""

    code = "access.not-applied"
