"""What a person has chosen in the wizard so far: pure values, kept as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.errors import UsageError
from core.findings import Finding, FindingCode, Severity, blocks
from core.restore.request import Part, Resolution, RestoreRequest


class DraftStep(StrEnum):
    """The wizard's steps. The order of the members is the order of the steps."""

    SOURCE = "source"
    BACKUP = "backup"
    CONTENTS = "contents"
    DESTINATION = "destination"
    VALIDATION = "validation"
    REVIEW = "review"


class ContainsData(StrEnum):
    """Which destinations are shown."""

    NO = "no"
    ANY = "any"
    YES = "yes"


@dataclass(frozen=True, kw_only=True)
class Validation:
    """What was found, and of what."""

    digest: str  # the plan's; "" where there is none
    findings: tuple[Finding, ...]
    #: the plan's fields, each by a digest: what tells later which of them has changed
    fields: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int | None = None  # of what the plan restores
    parts: int = 0
    #: the shard the destination moves to, and about how long that takes; None where it stays
    moves_to: str | None = None
    move_minutes: int | None = None
    checked_at: datetime
    #: of the request and of the state of backup and destination that were looked at
    fingerprint: str

    @property
    def is_good(self) -> bool:
        return bool(self.digest) and not blocks(self.findings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of the warnings, sorted."""
        return tuple(sorted({one.code.value for one in self.findings if one.severity is Severity.WARNING}))

    def stands(self, fingerprint: str, now: datetime, *, minutes: int) -> bool:
        """Whether it need not be made again."""
        young = timedelta() <= now - self.checked_at < timedelta(minutes=minutes)
        return self.is_good and young and self.fingerprint == fingerprint

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "findings": [one.to_json() for one in self.findings],
            "checked_at": self.checked_at.isoformat(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Validation":
        return cls(
            **{
                **value,
                "findings": tuple(Finding.from_json(one) for one in value["findings"]),
                "checked_at": datetime.fromisoformat(value["checked_at"]),
            }
        )


@dataclass(frozen=True, kw_only=True)
class DraftState:
    step: DraftStep = DraftStep.SOURCE
    app_id: str | None = None
    backup_id: str | None = None
    without: frozenset[Part] = frozenset()
    destination_id: str | None = None
    #: which destinations are shown
    contains_data: ContainsData = ContainsData.NO
    only_backup_shard: bool = True
    #: only what differs from the defaults
    resolutions: Mapping[FindingCode, Resolution] = field(default_factory=dict)
    #: codes of the warnings the person has ticked
    acknowledged: frozenset[str] = frozenset()
    validation: Validation | None = None

    def request(self, requester: str) -> RestoreRequest:
        """Raises UsageError while backup or destination is not chosen."""
        if self.backup_id is None or self.destination_id is None:
            missing = "backup" if self.backup_id is None else "destination"
            raise UsageError(f"No {missing} is chosen yet. Nothing was started.", hint=f"Choose the {missing} first.")
        return RestoreRequest(
            backup_id=self.backup_id,
            destination_id=self.destination_id,
            without=self.without,
            resolutions=self.resolutions,
            requester=requester,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step.value,
            "app_id": self.app_id,
            "backup_id": self.backup_id,
            "without": _words(self.without),
            "destination_id": self.destination_id,
            "contains_data": self.contains_data.value,
            "only_backup_shard": self.only_backup_shard,
            "resolutions": {code.value: choice.value for code, choice in sorted(self.resolutions.items())},
            "acknowledged": _words(self.acknowledged),
            "validation": None if self.validation is None else self.validation.to_json(),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "DraftState":
        found = value["validation"]
        return cls(
            step=DraftStep(value["step"]),
            app_id=value["app_id"],
            backup_id=value["backup_id"],
            without=frozenset(Part(part) for part in value["without"]),
            destination_id=value["destination_id"],
            contains_data=ContainsData(value["contains_data"]),
            only_backup_shard=value["only_backup_shard"],
            resolutions={FindingCode(code): Resolution(choice) for code, choice in value["resolutions"].items()},
            acknowledged=frozenset(value["acknowledged"]),
            validation=None if found is None else Validation.from_json(found),
        )


def _words(found: frozenset[Part] | frozenset[str]) -> Sequence[str]:
    return sorted(str(one) for one in found)
