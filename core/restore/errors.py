"""Why a restore is not started although a person has confirmed it."""

from collections.abc import Sequence

from core.errors import Refused
from core.findings import Finding


class Blocked(Refused):
    """Errors stand against it. `findings` are all that was found now."""

    code = "blocked"
    exit_status = 3

    def __init__(self, message: str, *, findings: Sequence[Finding], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.findings = tuple(findings)


class PlanChanged(Refused):
    """What would be done is no longer what was confirmed. `changed` says in words what differs, `findings` what was
    found now."""

    code = "plan-changed"
    exit_status = 3

    def __init__(self, message: str, *, changed: Sequence[str], findings: Sequence[Finding], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.changed = tuple(changed)
        self.findings = tuple(findings)
