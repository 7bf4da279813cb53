"""The time that a person means by the beginning of a date: pure."""

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final

_ISO: Final = re.compile(r"(20\d{2})(?:-(\d{2})(?:-(\d{2})(?:[T ]+(\d{2})(?::(\d{2}))?)?)?)?[-T: ]*\d?")
_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_SPOKEN: Final = re.compile(r"(?:(\d{1,2})\.? +)?([a-z]{3,9})\.?(?: +(\d{4}))?", re.IGNORECASE)


def period(text: str, now: datetime, zone: tzinfo) -> tuple[datetime, datetime] | None:
    """From when until when (not included) `text` speaks of, in the person's zone; None where it is no date.

    As much of an ISO date as is typed (`2026`, `2026-11`, `2026-11-22 10:3`), or `nov`, `22 Nov`, `22 November 2026`;
    without a year it is the last such time that has begun.
    """
    words = text.strip()
    try:
        if found := _ISO.fullmatch(words):
            return _iso([int(part) for part in found.groups() if part is not None], zone)
        if (found := _SPOKEN.fullmatch(words)) and (month := _month(found[2])):
            return _spoken(found[1], month, found[3], now.astimezone(zone))
    except ValueError:  # 2026-02-31
        return None
    return None


def _iso(parts: list[int], zone: tzinfo) -> tuple[datetime, datetime]:
    year, month, day, hour, minute = (parts + [1, 1, 0, 0][len(parts) - 1 :])[:5]
    begin = datetime(year, month, day, hour, minute, tzinfo=zone)
    match len(parts):
        case 1:
            return begin, begin.replace(year=year + 1)
        case 2:
            return begin, _next_month(begin)
        case count:
            return begin, begin + {3: timedelta(days=1), 4: timedelta(hours=1), 5: timedelta(minutes=1)}[count]


def _month(word: str) -> int:
    """1 to 12; 0 for what is no month. `sept` is one, `marvellous` is not."""
    return next((number for number, name in enumerate(_MONTHS, start=1) if name.startswith(word.lower())), 0)


def _spoken(day: str | None, month: int, year: str | None, here: datetime) -> tuple[datetime, datetime]:
    midnight = here.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    begin = midnight.replace(month=month, day=int(day or 1), year=int(year) if year else here.year)
    if year is None and begin > here:
        begin = begin.replace(year=here.year - 1)
    return begin, begin + timedelta(days=1) if day else _next_month(begin)


def _next_month(begin: datetime) -> datetime:
    return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
