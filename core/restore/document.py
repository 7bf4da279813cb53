"""A whole restore as one JSON document: its head, its report and its grants. Others rely on it."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from core.access.grants import list_grants
from core.access.grants_json import grants_json
from core.catalog import apps, backups
from core.content.catalogue import BY_NAME
from core.errors import RestorebotError
from core.restore import restores
from core.restore.assess import Tools, open_backup
from core.restore.report import make_report
from core.restore.restores import Restore

_COUNTED: Final = ("in_backup", "restored", "left_out", "failed")


def restore_json(tools: Tools, restore: Restore) -> dict[str, Any]:
    with tools.database.reading() as session:
        grants = grants_json(session, list_grants(session, restore.organization_id, restore_id=restore.id))
    return {**head_json(tools, restore), **_report(tools, restore), "grants": grants}


def head_json(tools: Tools, restore: Restore) -> dict[str, Any]:
    with tools.database.reading() as session:
        destination = apps.get(session, restore.app_id)
    started, finished = restore.started_at, restore.finished_at
    return {
        "id": restore.id,
        "status": restore.status.value,
        "step": restore.step.value,
        "backup": restore.backup_id,
        "destination": {"id": destination.id, "name": destination.name},
        "plan": restore.digest,
        "progress": {"done": restore.progress_done, "total": restore.progress_total},
        "failure": restore.failure,
        "created_at": restore.created_at.isoformat(),
        "started_at": started.isoformat() if started else None,
        "finished_at": finished.isoformat() if finished else None,
    }


def counts_csv(document: Mapping[str, Any]) -> str:
    """The counts per record type and of files: names of our own, and numbers."""
    lines = io.StringIO()
    rows = csv.writer(lines)
    rows.writerow(["records", *_COUNTED])
    rows.writerows([name, *(counts[one] for one in _COUNTED)] for name, counts in titled_counts(document).items())
    return lines.getvalue()


def titled_counts(document: Mapping[str, Any]) -> dict[str, Mapping[str, int]]:
    """The same by what people call the record types; empty where the backup could not be read."""
    found = {BY_NAME[name].title: counts for name, counts in document["records"].items()}
    return {**found, "files": document["attachments"]} if document["attachments"] else found


def _report(tools: Tools, restore: Restore) -> dict[str, Any]:
    if restore.report is not None:
        return dict(restore.report)
    with tools.database.reading() as session:
        backup = backups.get(session, restore.backup_id)
        found = [one.to_json() for one in restores.findings_of(session, restore.id)]
    try:
        manifest = open_backup(tools, backup).manifest
    except RestorebotError:  # the findings say what is the matter with it
        return {"records": {}, "attachments": {}, "findings": found}
    with tools.database.reading() as session:
        return make_report(session, restore, manifest)
