"""What was asked, planned, done and found, as one JSON document, in which per record type
restored + left out + failed = what the backup holds."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from core.archive.manifest import Manifest
from core.catalog import generations
from core.content.catalogue import BY_NAME
from core.findings import Finding, FindingCode, Severity, in_order
from core.restore.request import Part
from core.restore.restores import RUNS, Restore

_CHOICE_WORDS: Mapping[FindingCode, tuple[str, str]] = {
    FindingCode.CHOICE_PERSON_LEFT_OUT: (
        "Records that named persons and name a placeholder now, since users and groups were left out: {count}.",
        "Restore with users and groups to keep authors.",
    ),
    FindingCode.CHOICE_REFERENCE_LEFT_OUT: (
        "Records that referred into personal spaces, which were left out, and refer to a placeholder now: {count}.",
        "Restore with personal spaces to keep these references.",
    ),
}


def make_report(session: Session, restore: Restore, manifest: Manifest) -> dict[str, Any]:
    """For a run that is published, or is over without that: then nothing was restored and all of it failed."""
    loaded = RUNS.parts_done(session, restore, "load").values()
    published = restore.published_at is not None
    restored: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    attachments: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for done in loaded:
        restored.update(done.get("restored", {}))
        left_out.update(done.get("left_out", {}))
        changed.update(done.get("changed", {}))
        attachments.update(done.get("attachments", {}))
        sizes.update(done.get("bytes", {}))
    choices = restore.plan.choices
    records = {}
    for name, held in sorted(manifest.records.items()):
        out = held if choices.leaves_out(BY_NAME[name]) else left_out[name]
        records[name] = _counts(held, restored[name] if published else 0, out if published else 0)
    if Part.ATTACHMENTS in restore.request.without:
        attachments["left_out"], sizes["left_out"] = manifest.attachments, manifest.attachment_bytes
    return {
        "records": records,
        "attachments": {
            **_counts(
                manifest.attachments,
                attachments["restored"] if published else 0,
                attachments["left_out"] if published else 0,
            ),
            "bytes": _counts(
                manifest.attachment_bytes,
                sizes["restored"] if published else 0,
                sizes["left_out"] if published else 0,
            ),
        },
        "findings": [
            one.to_json() for one in in_order([*RUNS.findings_of(session, restore.id), *_choice_findings(changed)])
        ],
        "moved": restore.plan.moves and published,
        "move": _move(session, restore) if published else None,
    }


def _move(session: Session, restore: Restore) -> dict[str, str] | None:
    """From which shard to which the destination was moved with the restore."""
    before = generations.moved_from(session, restore.app_id, restore.generation or "")
    return None if before is None else {"from": before, "to": restore.plan.target_shard}


def _counts(held: int, restored: int, left_out: int) -> dict[str, int]:
    return {"in_backup": held, "restored": restored, "left_out": left_out, "failed": held - restored - left_out}


def _choice_findings(changed: Mapping[str, int]) -> list[Finding]:
    return [
        Finding(
            code=code,
            severity=Severity.INFO,
            subject="",
            message=message.format(count=changed[code.value]),
            hint=hint,
            count=changed[code.value],
        )
        for code, (message, hint) in _CHOICE_WORDS.items()
        if changed.get(code.value)
    ]
