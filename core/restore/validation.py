"""A request is validated for a person who waits; a good result is used again while what it looked at is the same."""

import hashlib
import json
from typing import Any

from core.access.directory import version_of
from core.catalog import apps, backups, holds, organizations
from core.errors import RestorebotError
from core.restore.assess import Progress, Tools, assess, untold
from core.restore.draft_state import Validation
from core.restore.request import RestoreRequest


def validate(
    tools: Tools, request: RestoreRequest, *, known: Validation | None = None, progress: Progress = untold
) -> Validation:
    """`known` is the last validation of the same wizard. Raises NotFound, the store's errors, and what `progress`
    raises; changes nothing."""
    now, fingerprint = tools.now(), fingerprint_of(tools, request)
    if known is not None and known.stands(fingerprint, now, minutes=tools.settings.validation_cache_minutes):
        return known
    found = assess(tools, request, progress=progress)
    plan = found.plan
    if plan is None:
        return Validation(digest="", findings=found.findings, checked_at=now, fingerprint=fingerprint)
    return Validation(
        digest=plan.digest,
        findings=found.findings,
        fields=plan.field_digests,
        size_bytes=plan.size_bytes,
        parts=len(plan.parts),
        moves_to=plan.target_shard if plan.moves else None,
        move_minutes=found.move_minutes,
        checked_at=now,
        fingerprint=fingerprint,
    )


def fingerprint_of(tools: Tools, request: RestoreRequest) -> str:
    """Of the request and of everything it may be refused for that changes by a person's or a run's doing. Taken before
    the checks: what changes while they look makes another one."""
    with tools.database.reading() as session:
        backup = backups.get(session, request.backup_id)
        destination = apps.get(session, request.destination_id)
        place = apps.place(session, destination)
        facts: list[Any] = [
            request.to_json(),
            (backups.effective_status(backup, tools.now()), backup.manifest_digest, backup.marked_at),
            destination,
            [one.run_id for one in holds.holds_on(session, holds.on_app(destination.id))],
            organizations.get(session, destination.organization_id),
            version_of(session, destination.organization_id),
        ]
    try:
        facts.append(tools.drivers[destination.driver].edits(place))
    except (RestorebotError, OSError):
        facts.append("the destination cannot be looked at")  # which the checks say, so that it is no good validation
    text = json.dumps(facts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
