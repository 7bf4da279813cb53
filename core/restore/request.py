"""What a person asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.errors import UsageError
from core.findings import FindingCode


class Part(StrEnum):
    """Parts of a backup that a person may leave out."""

    ATTACHMENTS = "attachments"
    USERS_AND_GROUPS = "users-and-groups"
    PERSONAL_SPACES = "personal-spaces"


class Resolution(StrEnum):
    """How a finding about the backup's own content is treated."""

    KEEP = "keep"
    PLACEHOLDER = "placeholder"
    LEAVE_OUT = "leave-out"
    MERGE = "merge"
    NEW_NAME = "new-name"


#: For each finding that can be resolved: its choices, the default first.
RESOLUTIONS: Mapping[FindingCode, tuple[Resolution, ...]] = {
    FindingCode.GROUP_NAME_EXISTS: (Resolution.MERGE, Resolution.NEW_NAME, Resolution.LEAVE_OUT),
    FindingCode.USER_DUPLICATE_EMAIL: (Resolution.KEEP, Resolution.PLACEHOLDER),
    FindingCode.USER_INVALID_EMAIL: (Resolution.KEEP, Resolution.PLACEHOLDER),
    FindingCode.USER_MISSING_EMAIL: (Resolution.KEEP, Resolution.PLACEHOLDER),
    FindingCode.CONTENT_DANGLING_REFERENCE: (Resolution.PLACEHOLDER, Resolution.LEAVE_OUT),
    FindingCode.CONTENT_REPEATED_KEY: (Resolution.KEEP, Resolution.LEAVE_OUT),
}


@dataclass(frozen=True, kw_only=True)
class RestoreRequest:
    backup_id: str
    destination_id: str
    without: frozenset[Part] = frozenset()
    #: only what differs from the defaults; `effective` adds them
    resolutions: Mapping[FindingCode, Resolution] = field(default_factory=dict)
    requester: str  # a person's id

    @property
    def effective(self) -> dict[FindingCode, Resolution]:
        return {code: self.resolutions.get(code, choices[0]) for code, choices in RESOLUTIONS.items()}

    def to_json(self) -> dict[str, Any]:
        return {
            "backup_id": self.backup_id,
            "destination_id": self.destination_id,
            "without": sorted(part.value for part in self.without),
            "resolutions": {code.value: choice.value for code, choice in sorted(self.resolutions.items())},
            "requester": self.requester,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RestoreRequest":
        return cls(
            backup_id=value["backup_id"],
            destination_id=value["destination_id"],
            without=frozenset(Part(part) for part in value["without"]),
            resolutions={FindingCode(code): Resolution(choice) for code, choice in value["resolutions"].items()},
            requester=value["requester"],
        )


def parse_without(words: str) -> frozenset[Part]:
    """`attachments,personal-spaces` → parts; an unknown word is refused with the known ones."""
    try:
        return frozenset(Part(word.strip()) for word in words.split(",") if word.strip())
    except ValueError as error:
        known = ", ".join(part.value for part in Part)
        raise UsageError(
            f"{str(error).split(' is')[0]} is nothing that can be left out; nothing was started.",
            hint=f"Give one or more of: {known}.",
        ) from error


def parse_resolution(word: str) -> tuple[FindingCode, Resolution]:
    """`CODE=CHOICE` → both; an unknown code or choice is refused with the known ones."""
    code, _, choice = word.partition("=")
    known = {one.value: choices for one, choices in RESOLUTIONS.items()}
    if code not in known:
        raise UsageError(
            f"“{code}” is no finding that can be resolved; nothing was started.",
            hint=f"These can be: {', '.join(sorted(known))}.",
        )
    if choice not in known[code]:
        raise UsageError(
            f"“{choice}” is no way to resolve {code}; nothing was started.",
            hint=f"Choose one of: {', '.join(known[code])}.",
        )
    return FindingCode(code), Resolution(choice)
