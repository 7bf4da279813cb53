"""The checks before a restore: pure functions of facts. Each check yields findings; texts stand beside the check."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.archive.manifest import FORMAT_VERSION, Manifest, SourceFact
from core.content.catalogue import BY_NAME
from core.findings import Finding, FindingCode, Severity, in_order
from core.restore.plan import RestorePlan
from core.restore.request import RESOLUTIONS, Part, RestoreRequest

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class OrganizationFacts:
    id: str
    name: str
    plan: str
    beta: bool
    environment: str


@dataclass(frozen=True, kw_only=True)
class BackupFacts:
    id: str
    status: str  # the stored one: complete, incomplete …
    organization_id: str
    expires_at: datetime | None
    marked: bool
    held_by_this_run: bool
    #: when it was restored last, by any other run that completed
    restored_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DestinationFacts:
    id: str
    name: str
    organization_id: str
    type: str
    active: bool
    shard: str
    region: str
    contains_data: bool
    only_default_personal_space: bool
    #: sentence naming who holds it, or "" (a hold of this very run does not count)
    held: str
    #: on the shard the restore will write to
    free_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class GroupFacts:
    """A group of the backup beside the organization's group of the same name."""

    name: str
    exists: bool
    members: int  # in the backup
    #: members in the backup who are not in the organization's group, and the other way round
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    #: what the group opened in the source app ("user", "admin"), and apps the organization's group opens already
    roles: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The settings the checks need."""

    self_service_limit_bytes: int
    restore_interval_days: int
    shard_move_estimate_minutes: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the checks look at."""

    now: datetime
    organization: OrganizationFacts
    backup: BackupFacts
    manifest: Manifest
    destination: DestinationFacts
    groups: tuple[GroupFacts, ...]
    limits: Limits
    #: region of the shard the backup's app was on
    backup_region: str


def preflight(request: RestoreRequest, plan: RestorePlan, facts: Facts) -> tuple[Finding, ...]:
    """All findings before a restore, in their fixed order."""
    return in_order(
        [
            *_organization(facts),
            *_backup(facts),
            *_destination(plan, facts),
            *_groups(request, facts),
            *_content(request, facts),
        ]
    )


def _organization(facts: Facts) -> Iterator[Finding]:
    organization = facts.organization
    if organization.plan != "enterprise":
        yield _finding(
            FindingCode.ORGANIZATION_PLAN,
            _ERROR,
            f"{organization.name} has the plan {organization.plan}; only enterprise organizations may restore.",
            f"Upgrade the plan, then: restorebot org set {organization.name} plan=enterprise.",
        )
    if not organization.beta:
        yield _finding(
            FindingCode.ORGANIZATION_BETA,
            _ERROR,
            f"{organization.name} is not enrolled in the beta.",
            f"Enrol it: restorebot org set {organization.name} beta=yes.",
        )
    if organization.environment != "commercial":
        yield _finding(
            FindingCode.ORGANIZATION_GOVERNMENT,
            _ERROR,
            f"{organization.name} is in the {organization.environment} environment, where restoring is not offered.",
            "Ask support; data of a government organization is restored by them only.",
        )


def _backup(facts: Facts) -> Iterator[Finding]:
    backup, manifest, limits = facts.backup, facts.manifest, facts.limits
    if backup.marked:
        yield _finding(
            FindingCode.BACKUP_STATE,
            _ERROR,
            "The backup is marked for deletion.",
            "Choose another backup: restorebot backup list.",
            backup.id,
        )
    expired = backup.expires_at is not None and backup.expires_at <= facts.now and not backup.held_by_this_run
    if expired or backup.status == "expired":
        yield _finding(
            FindingCode.BACKUP_EXPIRED,
            _ERROR,
            f"The backup expired at {_moment(backup.expires_at)} and cannot be restored any more.",
            "Choose a newer backup: restorebot backup list; or import the export again.",
            backup.id,
        )
    if manifest.format_version > FORMAT_VERSION:
        yield _finding(
            FindingCode.BACKUP_FORMAT_VERSION,
            _ERROR,
            f"The backup has format version {manifest.format_version}; this program reads up to {FORMAT_VERSION}.",
            "Install a newer restorebot and try again.",
            backup.id,
        )
    if not manifest.complete:
        yield _finding(
            FindingCode.BACKUP_INCOMPLETE,
            _WARNING,
            f"The backup is incomplete: {'; '.join(manifest.lacks)}. What it holds can be restored.",
            "Restore a complete backup if there is one; else go on knowing what will be missing.",
            backup.id,
        )
    if manifest.size_bytes > limits.self_service_limit_bytes:
        yield _finding(
            FindingCode.BACKUP_TOO_LARGE,
            _ERROR,
            f"The backup holds {_size(manifest.size_bytes)}; up to {_size(limits.self_service_limit_bytes)} can be "
            "restored without support.",
            "Ask support to restore it, and name the backup.",
            backup.id,
        )
    if limits.restore_interval_days and backup.restored_at is not None:
        again = backup.restored_at + timedelta(days=limits.restore_interval_days)
        if again > facts.now:
            yield _finding(
                FindingCode.BACKUP_RESTORED_RECENTLY,
                _ERROR,
                f"The backup was restored at {_moment(backup.restored_at)}; it can be restored once in "
                f"{limits.restore_interval_days} days.",
                f"Try again after {_moment(again)}, or choose another backup.",
                backup.id,
            )


def _destination(plan: RestorePlan, facts: Facts) -> Iterator[Finding]:
    destination, manifest = facts.destination, facts.manifest
    name = destination.name
    if destination.organization_id != facts.backup.organization_id:
        yield _finding(
            FindingCode.DESTINATION_OTHER_ORGANIZATION,
            _ERROR,
            f"{name} belongs to another organization than the backup; a restore never leaves its organization.",
            "Choose an app of the backup's organization: restorebot app list.",
            name,
        )
    if destination.type != manifest.app_type.value:
        yield _finding(
            FindingCode.DESTINATION_OTHER_TYPE,
            _ERROR,
            f"{name} is a {destination.type.capitalize()} app and the backup is of {manifest.app_type.capitalize()}.",
            f"Choose or provision a {manifest.app_type.capitalize()} app: restorebot app provision.",
            name,
        )
    if not destination.active:
        yield _finding(
            FindingCode.DESTINATION_DEACTIVATED,
            _ERROR,
            f"{name} is deactivated.",
            f"Activate it (restorebot app activate {destination.id}), or choose another app.",
            name,
        )
    yield from _destination_data(destination)
    if destination.held:
        yield _finding(
            FindingCode.DESTINATION_HELD, _ERROR, destination.held, "Wait until that has ended, then try again.", name
        )
    if destination.region != facts.backup_region:
        yield _finding(
            FindingCode.DESTINATION_OTHER_REGION,
            _ERROR,
            f"{name} is in region {destination.region} and the backup in {facts.backup_region}; data does not change "
            "its region by a restore.",
            f"Choose or provision an app in {facts.backup_region}.",
            name,
        )
    elif plan.moves:
        yield _finding(
            FindingCode.DESTINATION_OTHER_SHARD,
            _WARNING,
            f"{name} is on shard {destination.shard} and will be moved to {plan.target_shard}, the backup's, as an "
            f"additional step (about {facts.limits.shard_move_estimate_minutes} minutes).",
            f"Choose an app on {plan.target_shard} to do without the move.",
            name,
        )
    if destination.free_bytes is not None and destination.free_bytes < plan.size_bytes:
        yield _finding(
            FindingCode.DESTINATION_DISK_SPACE,
            _ERROR,
            f"The restore needs about {_size(plan.size_bytes)} on shard {plan.target_shard}, and "
            f"{_size(destination.free_bytes)} are free.",
            "Free space on the shard's disk, or leave attachments out.",
            plan.target_shard,
        )


def _destination_data(destination: DestinationFacts) -> Iterator[Finding]:
    if destination.only_default_personal_space:
        yield _finding(
            FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE,
            _ERROR,
            f"{destination.name} holds its default personal space, which counts as data.",
            f"Delete it: restorebot app clear-default-space {destination.id}.",
            destination.name,
        )
    elif destination.contains_data:
        yield _finding(
            FindingCode.DESTINATION_HAS_DATA,
            _ERROR,
            f"{destination.name} contains data; a restore goes into an empty app only.",
            "Choose an empty app, or provision a new one: restorebot app provision.",
            destination.name,
        )


def _groups(request: RestoreRequest, facts: Facts) -> Iterator[Finding]:
    if Part.USERS_AND_GROUPS in request.without:
        return
    existing = [group for group in facts.groups if group.exists]
    choice = request.effective[FindingCode.GROUP_NAME_EXISTS]
    if existing:
        yield _finding(
            FindingCode.GROUP_NAME_EXISTS,
            _WARNING,
            f"{_groups_have(len(existing))} a name that the organization has already ({choice.value}).",
            _resolve(FindingCode.GROUP_NAME_EXISTS),
            count=len(existing),
            examples=[group.name for group in existing],
        )
    for group in existing:
        if group.added or group.missing:
            yield _finding(
                FindingCode.GROUP_MEMBERS_DIFFER,
                _WARNING,
                f"{group.name} has other members in the backup: {len(group.added)} who are not in the organization's "
                f"group, and {len(group.missing)} who are only there.",
                "Nobody gains access by this: a member who would take a seat waits for an approver's decision.",
                group.name,
                count=len(group.added) + len(group.missing),
                examples=[*(f"+ {one}" for one in group.added), *(f"- {one}" for one in group.missing)],
            )
    opening = [group for group in facts.groups if "user" in group.roles]
    if opening:
        yield _finding(
            FindingCode.GROUP_ACCESS,
            _WARNING,
            f"{_groups_have(len(opening))} access to the source app; their members would gain access to "
            f"{facts.destination.name}. Access is proposed and not applied until an approver decides.",
            "After the restore: restorebot access list.",
            facts.destination.name,
            count=len(opening),
            examples=[f"{group.name} ({group.members} members)" for group in opening],
        )
    admins = [group for group in facts.groups if "admin" in group.roles]
    if admins:
        yield _finding(
            FindingCode.GROUP_ADMIN,
            _INFO,
            f"{_groups_have(len(admins))} admin rights in the source app, which are never carried over.",
            "Give admin rights by hand where they are wanted: restorebot access grant.",
            facts.destination.name,
            count=len(admins),
            examples=[group.name for group in admins],
        )


def _groups_have(count: int) -> str:
    return "1 group has" if count == 1 else f"{count} groups have"


def _content(request: RestoreRequest, facts: Facts) -> Iterator[Finding]:
    for fact in facts.manifest.facts:
        yield _content_finding(FindingCode(fact.code), fact, request)


#: code → severity, sentence about `{count}` (and `{subject}`), hint. The chosen resolution is put behind the sentence.
_CONTENT: dict[FindingCode, tuple[Severity, str, str]] = {
    FindingCode.USER_INVALID_EMAIL: (_WARNING, "{count} users have an e-mail address that is not valid", ""),
    FindingCode.USER_DUPLICATE_EMAIL: (_WARNING, "{count} users share an e-mail address with another user", ""),
    FindingCode.USER_MISSING_EMAIL: (_WARNING, "{count} users have no e-mail address", ""),
    FindingCode.USER_INACTIVE: (
        _INFO,
        "{count} users are inactive; they are restored inactive and take no seat",
        "Nothing has to be done.",
    ),
    FindingCode.USER_UNKNOWN_AUTHOR: (
        _WARNING,
        "Content names {count} persons of whom the backup has no user; their keys are kept as they are",
        "Nothing has to be done; such persons were often deleted in the source app.",
    ),
    FindingCode.CONTENT_REPEATED_KEY: (_WARNING, "{count} {subject} have a key that stood before in the export", ""),
    FindingCode.CONTENT_DANGLING_REFERENCE: (
        _WARNING,
        "{count} references ({subject}) point to something the backup does not have",
        "",
    ),
    FindingCode.CONTENT_MISSING_FILE: (
        _WARNING,
        "{count} attachments have no file in the export; their entries are restored without one",
        "Export again with attachments, or give their folder: restorebot backup import --attachments.",
    ),
    FindingCode.CONTENT_UNCLAIMED_FILE: (
        _INFO,
        "{count} files of the export belong to no attachment; they are kept beside the app's attachments",
        "Nothing has to be done.",
    ),
    FindingCode.CONTENT_COUNT_DIFFERS: (
        _WARNING,
        "The export's own count of {subject} differs from what it holds by {count}",
        "Export again if rows are missing; what is there can be restored.",
    ),
    FindingCode.CONTENT_CONTROL_CHARACTERS: (
        _INFO,
        "{count} control characters that XML forbids were left out of texts",
        "Nothing has to be done.",
    ),
    FindingCode.BACKUP_SECRETS_LEFT_OUT: (
        _INFO,
        "{count} secrets (password hashes, keys, tokens, licences) of the export were not taken into the backup",
        "Set passwords, licences and keys anew in the restored app.",
    ),
}


def _content_finding(code: FindingCode, fact: SourceFact, request: RestoreRequest) -> Finding:
    severity, sentence, hint = _CONTENT[code]
    subject = fact.subject
    record_type, _, column = subject.rpartition(".")
    if code is FindingCode.CONTENT_REPEATED_KEY:
        spoken = BY_NAME[subject].title
    elif code is FindingCode.CONTENT_DANGLING_REFERENCE:
        spoken = f"{column} of {BY_NAME[record_type].title}"
    else:
        spoken = subject
    message = sentence.format(count=fact.count, subject=spoken)
    if code in RESOLUTIONS:
        message = f"{message} ({request.effective[code].value})"
        hint = _resolve(code)
    return _finding(code, severity, f"{message}.", hint, subject, count=fact.count, examples=fact.examples)


def _resolve(code: FindingCode) -> str:
    choices = " or ".join(choice.value for choice in RESOLUTIONS[code])
    return f"Choose how to treat them: --resolve {code.value}={choices}."


def _finding(
    code: FindingCode,
    severity: Severity,
    message: str,
    hint: str,
    subject: str = "",
    *,
    count: int = 1,
    examples: tuple[str, ...] | list[str] = (),
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


def _moment(value: datetime | None) -> str:
    return "an unknown time" if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def _size(value: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if value >= factor:
            return f"{value / factor:.1f} {unit}"
    return f"{value} bytes"
