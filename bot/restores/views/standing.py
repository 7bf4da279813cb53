"""How a restore stands, in words: for every window and message that tells of one."""

from datetime import datetime
from typing import Final

from bot.words import STEPS, bar, duration
from core.catalog.run_tables import RunStatus
from core.catalog.runs import OPEN
from core.restore.overview import RestoreLine
from core.restore.tables import Step
from core.restore.wording import size

STATUSES: Final = {
    RunStatus.QUEUED: "Waiting for a worker",
    RunStatus.RUNNING: "Running",
    RunStatus.COMPLETED: "Completed",
    RunStatus.FAILED: "Failed",
    RunStatus.CANCELLED: "Cancelled",
}


def state(line: RestoreLine) -> str:
    """Status and step."""
    if line.status.value in OPEN and line.cancel_wanted and not line.published:
        return "Being cancelled"
    at = f"{STEPS[line.step]} (step {list(Step).index(line.step) + 1} of {len(Step)})"
    match line.status:
        case RunStatus.RUNNING:
            return f"Running: {at}"
        case RunStatus.FAILED:
            return f"Failed while {at}"
        case status:
            return STATUSES[status]


def progress(line: RestoreLine) -> str:
    """A bar and n of m; "" where nothing runs."""
    if line.status.value not in OPEN:
        return ""
    return f"{bar(line.done, line.total)}  {size(line.done)} of {size(line.total)}"


def elapsed(line: RestoreLine, now: datetime) -> str:
    if line.started_at is None:
        return "not started yet"
    took = duration((line.finished_at or now) - line.started_at)
    return f"took {took}" if line.finished_at else f"running for {took}"
