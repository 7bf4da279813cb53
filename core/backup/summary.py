"""What a manifest says of an import, and what the catalog keeps of a manifest."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from core.archive.manifest import (
    FORMAT_VERSION,
    Contains,
    Manifest,
    NativeCount,
    PersonalSpaces,
    RecordObject,
    SourceFact,
)
from core.backup.attachments import StoredAttachments
from core.backup.facts import Tally, access_facts, content_facts, export_facts
from core.backup.scratch import Scratch
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.findings import FindingCode
from core.formats.export import Dropped, ExportSummary


def make_manifest(
    *,
    backup: Backup,
    app: App,
    summary: ExportSummary,
    scratch: Scratch,
    objects: tuple[RecordObject, ...],
    tallies: Mapping[str, Tally],
    attachments: StoredAttachments,
) -> Manifest:
    facts = (*export_facts(summary), *content_facts(scratch, tallies.values()), *_file_facts(summary, attachments))
    lacks = tuple(_lacks(summary, attachments, facts))
    records = {one.name: scratch.rows(one) for one in scratch.types if scratch.rows(one)}
    record_bytes = sum(one.arrow_bytes for one in objects)
    return Manifest(
        format_version=FORMAT_VERSION,
        backup_id=backup.id,
        organization=app.organization_id,
        app_id=app.id,
        app_name=app.name,
        app_type=app.type,
        shard=backup.shard,
        region=backup.region,
        taken_at=backup.taken_at,
        exported_at=summary.exported_at,
        complete=not lacks,
        lacks=lacks,
        source=dict(summary.source),
        contains=_contains(scratch, attachments),
        records=records,
        native=_native(summary),
        active_objects=dict(summary.active_objects_counts),
        size_bytes=record_bytes + attachments.size_bytes,
        attachments=attachments.rows,
        attachment_bytes=attachments.size_bytes,
        objects=objects,
        attachments_index=attachments.index,
        packs=attachments.packs,
        personal=_personal(scratch, tallies, attachments),
        facts=facts,
        access=access_facts(scratch, app.type),
    )


def _contains(scratch: Scratch, attachments: StoredAttachments) -> Contains:
    people = sum(scratch.rows(one) for one in scratch.types if one.name in {"directory.user", "directory.group"})
    return Contains(
        attachments=attachments.rows > 0,
        users_and_groups=people > 0,
        personal_spaces=scratch.value("SELECT count(*) FROM personal_space") > 0,
    )


def _personal(scratch: Scratch, tallies: Mapping[str, Tally], attachments: StoredAttachments) -> PersonalSpaces:
    return PersonalSpaces(
        containers=scratch.value("SELECT count(*) FROM personal_space"),
        records={name: tally.personal for name, tally in tallies.items() if tally.personal},
        attachments=attachments.personal_rows,
        attachment_bytes=attachments.personal_bytes,
    )


def _native(summary: ExportSummary) -> Mapping[str, NativeCount]:
    counts = {}
    for kind, rows in sorted(summary.native_counts.items()):
        dropped = summary.dropped.get(kind, Dropped())
        counts[kind] = NativeCount(
            rows=rows, records=rows - dropped.rows, dropped_rows=dropped.rows, dropped_values=dropped.values
        )
    for table, dropped in sorted(summary.dropped.items()):
        if table not in counts:  # secrets in rows of active objects, whose rows are counted apart
            counts[table] = NativeCount(rows=0, records=0, dropped_values=dropped.values)
    return counts


def _file_facts(summary: ExportSummary, attachments: StoredAttachments) -> tuple[SourceFact, ...]:
    """An export without any files is one without attachments, not one that lacks them."""
    if not attachments.rows and summary.declares_files is not True:
        return ()
    return attachments.facts


def _lacks(summary: ExportSummary, attachments: StoredAttachments, facts: tuple[SourceFact, ...]) -> list[str]:
    """What the source lacked, in words."""
    lacks = []
    if any(fact.code == FindingCode.CONTENT_MISSING_FILE.value for fact in facts):
        some = "1 attachment has" if attachments.missing == 1 else f"{attachments.missing} attachments have"
        lacks.append(f"{some} no file in the export")
    short = {
        kind: declared - summary.native_counts.get(kind, 0)
        for kind, declared in summary.declared_counts.items()
        if declared > summary.native_counts.get(kind, 0)
    }
    if short:
        lacks.append(f"{sum(short.values())} rows fewer than the export's own count ({', '.join(sorted(short))})")
    return lacks


def summary_of(manifest: Manifest) -> dict[str, Any]:
    """What the catalog keeps, and `backup show` shows."""
    dropped: Counter[str] = Counter()
    for count in manifest.native.values():
        dropped["rows"] += count.dropped_rows
        dropped["values"] += count.dropped_values
    return {
        "contains": {
            "attachments": manifest.contains.attachments,
            "users_and_groups": manifest.contains.users_and_groups,
            "personal_spaces": manifest.contains.personal_spaces,
        },
        "records": dict(manifest.records),
        "native_counts": {kind: count.rows for kind, count in manifest.native.items() if count.rows},
        "active_objects_counts": dict(manifest.active_objects),
        "dropped_secrets": {"rows": dropped["rows"], "values": dropped["values"]},
        "attachments": {"count": manifest.attachments, "bytes": manifest.attachment_bytes},
        "lacks": list(manifest.lacks),
        "source": dict(manifest.source),
        "objects": len(manifest.objects) + len(manifest.packs) + bool(manifest.attachments_index),
    }
