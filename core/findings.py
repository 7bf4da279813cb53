"""Findings: one result of validation each, the same type before and after a restore, and the table of their codes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    ERROR = "error"  # blocks
    WARNING = "warning"
    INFO = "info"


_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


class FindingCode(StrEnum):
    """Stable: tools and people refer to them. Meanings and ways out stand in README.md."""

    ORGANIZATION_PLAN = "organization.plan"
    ORGANIZATION_BETA = "organization.beta"
    ORGANIZATION_GOVERNMENT = "organization.government"
    BACKUP_EXPIRED = "backup.expired"
    BACKUP_STATE = "backup.state"
    BACKUP_INCOMPLETE = "backup.incomplete"
    BACKUP_TOO_LARGE = "backup.too-large"
    BACKUP_RESTORED_RECENTLY = "backup.restored-recently"
    BACKUP_INTEGRITY = "backup.integrity"
    BACKUP_FORMAT_VERSION = "backup.format-version"
    BACKUP_SECRETS_LEFT_OUT = "backup.secrets-left-out"
    DESTINATION_OTHER_ORGANIZATION = "destination.other-organization"
    DESTINATION_OTHER_TYPE = "destination.other-type"
    DESTINATION_DEACTIVATED = "destination.deactivated"
    DESTINATION_HAS_DATA = "destination.has-data"
    DESTINATION_DEFAULT_PERSONAL_SPACE = "destination.default-personal-space"
    DESTINATION_HELD = "destination.held"
    DESTINATION_OTHER_SHARD = "destination.other-shard"
    DESTINATION_OTHER_REGION = "destination.other-region"
    DESTINATION_SHARD_FULL = "destination.shard-full"
    DESTINATION_DISK_SPACE = "destination.disk-space"
    USER_INVALID_EMAIL = "user.invalid-email"
    USER_DUPLICATE_EMAIL = "user.duplicate-email"
    USER_MISSING_EMAIL = "user.missing-email"
    USER_INACTIVE = "user.inactive"
    USER_UNKNOWN_AUTHOR = "user.unknown-author"
    GROUP_NAME_EXISTS = "group.name-exists"
    GROUP_MEMBERS_DIFFER = "group.members-differ"
    GROUP_ACCESS = "group.access"
    GROUP_ADMIN = "group.admin-not-carried"
    CONTENT_REPEATED_KEY = "content.repeated-key"
    CONTENT_DANGLING_REFERENCE = "content.dangling-reference"
    CONTENT_MISSING_FILE = "content.missing-file"
    CONTENT_UNCLAIMED_FILE = "content.unclaimed-file"
    CONTENT_COUNT_DIFFERS = "content.count-differs"
    CONTENT_CONTROL_CHARACTERS = "content.control-characters"
    CHOICE_PERSON_LEFT_OUT = "choice.person-left-out"
    CHOICE_REFERENCE_LEFT_OUT = "choice.reference-left-out"
    CHECK_NOT_POSSIBLE = "check.not-possible"
    VERIFY_RECORDS_DIFFER = "verify.records-differ"
    VERIFY_RECORDS_MISSING = "verify.records-missing"
    VERIFY_RECORDS_ADDED = "verify.records-added"
    VERIFY_KEY_CLASH = "verify.key-clash"
    VERIFY_ATTACHMENT_DIFFERS = "verify.attachment-differs"
    VERIFY_REFERENCE = "verify.reference"
    VERIFY_USER_UNMAPPED = "verify.user-unmapped"
    PLAN_CHANGED = "plan.changed"
    PART_GIVEN_UP = "part.given-up"


#: The archive's `email_problem` of a user → the finding it makes.
EMAIL_PROBLEMS = {
    "duplicate": FindingCode.USER_DUPLICATE_EMAIL,
    "invalid": FindingCode.USER_INVALID_EMAIL,
    "missing": FindingCode.USER_MISSING_EMAIL,
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One result of validation."""

    code: FindingCode
    severity: Severity
    subject: str  # which app, record type, group, object …; "" for the whole
    message: str  # what is the matter and, where it blocks, that nothing was changed
    hint: str  # what a person can do about it
    count: int = 1
    examples: tuple[str, ...] = field(default=())

    @property
    def sort_key(self) -> tuple[int, str, str, str]:
        return (_ORDER[self.severity], self.code.value, self.subject, self.message)

    def to_json(self) -> dict[str, Any]:
        return {
            "code": self.code.value,
            "severity": self.severity.value,
            "subject": self.subject,
            "message": self.message,
            "hint": self.hint,
            "count": self.count,
            "examples": list(self.examples),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Finding":
        return cls(
            code=FindingCode(value["code"]),
            severity=Severity(value["severity"]),
            subject=value["subject"],
            message=value["message"],
            hint=value["hint"],
            count=value["count"],
            examples=tuple(value["examples"]),
        )


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first, then warnings, then infos; within these by code and subject: the same input gives the same list."""
    return tuple(sorted(findings, key=lambda one: one.sort_key))


def blocks(findings: Iterable[Finding]) -> bool:
    return any(one.severity is Severity.ERROR for one in findings)
