"""What a thread shows: values without a database behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.restore.tables import RestoreStatus, Step


@dataclass(frozen=True, kw_only=True)
class FindingCount:
    """How often a code was found: channels are told codes and counts, never names."""

    code: str
    severity: str
    #: as many as the wizard lists
    findings: int
    #: of what they are about, all together
    count: int


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a restore stands."""

    id: str
    status: RestoreStatus
    step: Step
    source: str
    taken_at: datetime
    destination: str
    #: the requester's Slack account; "" for a person who is not in Slack, who is then named
    user: str
    person: str
    done: int
    total: int
    #: what is left, as the pace so far tells; None where that says nothing
    seconds_left: int | None
    moves_to: str
    about_minutes: int
    created_at: datetime
    cancel_wanted: bool
    published: bool
    resumable_until: datetime | None
    findings: tuple[FindingCount, ...]
    failure: str  # its code
    #: per record type: restored, left out, failed; of one that is over
    counts: Mapping[str, Mapping[str, int]]
    pending_grants: int
