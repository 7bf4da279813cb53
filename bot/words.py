"""How the bot words counts, times and names in plain text."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from core.findings import Severity
from core.restore.tables import Step

_BAR: Final = 10
STEPS: Final = {
    Step.PREFLIGHT: "checking once more",
    Step.CHECK_BACKUP: "looking at the backup",
    Step.STAGE: "making room",
    Step.LOAD: "loading",
    Step.INDEX: "building indexes",
    Step.VERIFY: "comparing with the backup",
    Step.PUBLISH: "publishing",
    Step.PROPOSE_ACCESS: "preparing the review of access",
    Step.REPORT: "writing the report",
}
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})


#: As lists and threads call findings.
SEVERITIES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Where Slack shows no date of its own."""
    return f"{at.astimezone(zone):%d %b %Y, %H:%M}"


def days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}" if count else "less than a day"


def outcome(count: Mapping[str, int]) -> str:
    """What became of the records of one type: 15 of 17 restored, 2 left out. What is nought needs no words."""
    others = {"left out": count["left_out"], "failed": count["failed"]}
    said = "".join(f", {number:,} {word}" for word, number in others.items() if number)
    return f"{count['restored']:,} of {count['in_backup']:,} restored{said}"


def duration(passed: timedelta) -> str:
    """Rounded: 12 s, 4 min, 2 h 5 min, 3 days."""
    seconds = max(1, round(passed.total_seconds()))
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return plural(round(hours / 24), "day")


def bar(done: int, total: int, width: int = _BAR) -> str:
    filled = 0 if total <= 0 else min(width, done * width // total)
    return "▓" * filled + "░" * (width - filled)


def isolated(name: str) -> str:
    """A name that is read from right to left, set apart so that it does not turn around what stands beside it."""
    turns = any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in name)
    return f"\u2068{name}\u2069" if turns else name
