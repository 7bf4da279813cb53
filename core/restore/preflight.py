"""The checks before a restore: pure functions of facts. Each check yields findings; texts stand beside the check."""

from collections.abc import Iterator
from datetime import timedelta

from core.archive.manifest import FORMAT_VERSION
from core.findings import Finding, FindingCode, Severity, in_order
from core.restore.eligibility import organization_findings
from core.restore.facts import DestinationFacts, Facts
from core.restore.plan import RestorePlan
from core.restore.preflight_content import content_findings, group_findings
from core.restore.request import RestoreRequest
from core.restore.wording import about, finding, moment, size

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING


def preflight(request: RestoreRequest, plan: RestorePlan, facts: Facts) -> tuple[Finding, ...]:
    """All findings before a restore, in their fixed order."""
    return in_order(
        [
            *organization_findings(facts.organization),
            *_backup(facts),
            *_destination(plan, facts),
            *group_findings(request, facts),
            *content_findings(request, facts),
        ]
    )


def _backup(facts: Facts) -> Iterator[Finding]:
    backup, manifest, limits = facts.backup, facts.manifest, facts.limits
    if backup.marked:
        yield finding(
            FindingCode.BACKUP_STATE,
            _ERROR,
            "The backup is marked for deletion.",
            "Choose another backup: restorebot backup list.",
            backup.id,
        )
    expired = backup.expires_at is not None and backup.expires_at <= facts.now and not backup.held_by_this_run
    if expired or backup.status == "expired":
        yield finding(
            FindingCode.BACKUP_EXPIRED,
            _ERROR,
            f"The backup expired at {moment(backup.expires_at)} and cannot be restored any more.",
            "Choose a newer backup: restorebot backup list; or import the export again.",
            backup.id,
        )
    if manifest.format_version > FORMAT_VERSION:
        yield finding(
            FindingCode.BACKUP_FORMAT_VERSION,
            _ERROR,
            f"The backup has format version {manifest.format_version}; this program reads up to {FORMAT_VERSION}.",
            "Install a newer restorebot and try again.",
            backup.id,
        )
    if not manifest.complete:
        yield finding(
            FindingCode.BACKUP_INCOMPLETE,
            _WARNING,
            f"The backup is incomplete: {'; '.join(manifest.lacks)}. What it holds can be restored.",
            "Restore a complete backup if there is one; else go on knowing what will be missing.",
            backup.id,
        )
    if manifest.size_bytes > limits.self_service_limit_bytes:
        yield finding(
            FindingCode.BACKUP_TOO_LARGE,
            _ERROR,
            f"The backup holds {size(manifest.size_bytes)}; up to {size(limits.self_service_limit_bytes)} can be "
            "restored without support.",
            "Ask support to restore it, and name the backup.",
            backup.id,
        )
    if limits.restore_interval_days and backup.restored_at is not None:
        again = backup.restored_at + timedelta(days=limits.restore_interval_days)
        if again > facts.now:
            yield finding(
                FindingCode.BACKUP_RESTORED_RECENTLY,
                _ERROR,
                f"The backup was restored at {moment(backup.restored_at)}; it can be restored once in "
                f"{limits.restore_interval_days} days.",
                f"Try again after {moment(again)}, or choose another backup.",
                backup.id,
            )


def _destination(plan: RestorePlan, facts: Facts) -> Iterator[Finding]:
    destination, manifest = facts.destination, facts.manifest
    name = destination.name
    if destination.organization_id != facts.backup.organization_id:
        yield finding(
            FindingCode.DESTINATION_OTHER_ORGANIZATION,
            _ERROR,
            f"{name} belongs to another organization than the backup; a restore never leaves its organization.",
            "Choose an app of the backup's organization: restorebot app list.",
            name,
        )
    if destination.type != manifest.app_type.value:
        yield finding(
            FindingCode.DESTINATION_OTHER_TYPE,
            _ERROR,
            f"{name} is a {destination.type.capitalize()} app and the backup is of {manifest.app_type.capitalize()}.",
            f"Choose or provision a {manifest.app_type.capitalize()} app: restorebot app provision.",
            name,
        )
    if not destination.active:
        yield finding(
            FindingCode.DESTINATION_DEACTIVATED,
            _ERROR,
            f"{name} is deactivated.",
            f"Activate it (restorebot app activate {destination.id}), or choose another app.",
            name,
        )
    yield from _destination_data(destination)
    if destination.held:
        yield finding(
            FindingCode.DESTINATION_HELD, _ERROR, destination.held, "Wait until that has ended, then try again.", name
        )
    if destination.region != facts.backup_region:
        yield finding(
            FindingCode.DESTINATION_OTHER_REGION,
            _ERROR,
            f"{name} is in region {destination.region} and the backup in {facts.backup_region}; data does not change "
            "its region by a restore.",
            f"Choose or provision an app in {facts.backup_region}.",
            name,
        )
    elif plan.moves:
        yield finding(
            FindingCode.DESTINATION_OTHER_SHARD,
            _WARNING,
            f"{name} is on shard {destination.shard} and will be moved to {plan.target_shard}, the backup's, as an "
            f"additional step ({about(destination.move_minutes)}).",
            f"Choose an app on {plan.target_shard} to do without the move.",
            name,
        )
        if destination.other_apps >= facts.limits.apps_per_shard:
            yield finding(
                FindingCode.DESTINATION_SHARD_FULL,
                _ERROR,
                f"Shard {plan.target_shard} has {destination.other_apps} apps, and at most "
                f"{facts.limits.apps_per_shard} are allowed, so {name} cannot be moved there.",
                f"Choose an app on {plan.target_shard}, or raise RESTOREBOT_APPS_PER_SHARD.",
                plan.target_shard,
            )
    if destination.free_bytes is not None and destination.free_bytes < plan.size_bytes:
        yield finding(
            FindingCode.DESTINATION_DISK_SPACE,
            _ERROR,
            f"The restore needs about {size(plan.size_bytes)} on shard {plan.target_shard}, and "
            f"{size(destination.free_bytes)} are free.",
            "Free space on the shard's disk, or leave attachments out.",
            plan.target_shard,
        )


def _destination_data(destination: DestinationFacts) -> Iterator[Finding]:
    if destination.only_default_personal_space:
        yield finding(
            FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE,
            _ERROR,
            f"{destination.name} holds its default personal space, which counts as data.",
            f"Delete it: restorebot app clear-default-space {destination.id}.",
            destination.name,
        )
    elif destination.contains_data:
        yield finding(
            FindingCode.DESTINATION_HAS_DATA,
            _ERROR,
            f"{destination.name} contains data; a restore goes into an empty app only.",
            "Choose an empty app, or provision a new one: restorebot app provision.",
            destination.name,
        )
