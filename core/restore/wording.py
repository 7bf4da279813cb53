"""How checks word their findings."""

from collections.abc import Sequence
from datetime import datetime

from core.findings import Finding, FindingCode, Severity

_EXAMPLES = 5


def finding(
    code: FindingCode,
    severity: Severity,
    message: str,
    hint: str,
    subject: str = "",
    *,
    count: int = 1,
    examples: Sequence[str] = (),
) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        subject=subject,
        message=message,
        hint=hint,
        count=count,
        examples=tuple(examples)[:_EXAMPLES],
    )


def moment(value: datetime | None) -> str:
    return "an unknown time" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def about(minutes: int) -> str:
    return f"about {minutes} minute{'' if minutes == 1 else 's'}"


def size(value: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value} bytes"
