"""Values as native exports write them → values of typed columns; None where a text is none, so that it is kept."""

import re
from datetime import date
from decimal import Decimal
from typing import Final

_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(r"[ T]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,19}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
#: By the length of the whole text: what the last digit of a fraction is worth in microseconds.
_FRACTIONS: Final = {21: 100_000, 22: 10_000, 23: 1_000, 24: 100, 25: 10, 26: 1}
_INT64: Final = 2**63
#: Up to so many characters a decimal number is a float without loss.
_EXACT_DIGITS: Final = 15
#: Days of 130 years; a hostile export does not grow the cache further.
_CACHED_DAYS: Final = 50_000
_FLAGS: Final = {
    "true": True, "false": False, "1": True, "0": False, "Y": True, "N": False, "y": True, "n": False,
    "TRUE": True, "FALSE": False, "True": True, "False": False,
}  # fmt: skip

_days: dict[str, int] = {}
_times: dict[str, int] = {}


def moment_us(text: str | None) -> int | None:
    """Microseconds since 1970 of `yyyy-MM-dd HH:mm:ss` with up to six digits of a second (also with `T`), zone-less."""
    if not text:
        return None
    day = _days.get(text[:10])
    if day is None and (day := _day_us(text[:10])) is None:
        return None
    time = _times.get(text[10:19])
    if time is None and (time := _time_us(text[10:19])) is None:
        return None
    length = len(text)
    if length == 19:
        return day + time
    fraction = text[20:]
    if text[19] != "." or not 21 <= length <= 26 or not (fraction.isdecimal() and fraction.isascii()):
        return None
    return day + time + int(fraction) * _FRACTIONS[length]


def _day_us(text: str) -> int | None:
    if not _DAY.fullmatch(text):
        return None
    try:
        day = (date.fromisoformat(text).toordinal() - _EPOCH_DAY) * 86_400_000_000
    except ValueError:
        return None
    if len(_days) < _CACHED_DAYS:
        _days[text] = day
    return day


def _time_us(text: str) -> int | None:
    match = _TIME.fullmatch(text)
    if not match:
        return None
    hours, minutes, seconds = map(int, match.groups())
    time = _times[text] = (hours * 3600 + minutes * 60 + seconds) * 1_000_000
    return time


def number(text: str | None) -> int | None:
    """A whole number of 64 bits."""
    if not text:
        return None
    if not (len(text) < 19 and text.isdecimal() and text.isascii()) and not _NUMBER.fullmatch(text):
        return None
    value = int(text)
    return value if -_INT64 <= value < _INT64 else None


def decimal(text: str | None) -> float | None:
    """A floating-point number that stands for the text without loss; never an infinity."""
    if not text or not _DECIMAL.fullmatch(text):
        return None
    value = float(text)
    if len(text) > _EXACT_DIGITS or "e" in text or "E" in text:
        written = repr(value)
        if written in ("inf", "-inf") or Decimal(written) != Decimal(text):
            return None
    return value


def flag(text: str | None) -> bool | None:
    """Jira writes one truth in many ways: true, 1, Y."""
    return _FLAGS.get(text) if text else None
