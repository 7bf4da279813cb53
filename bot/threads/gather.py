"""The engine → how a restore stands."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from bot.threads.facts import FindingCount, Standing
from bot.words import isolated
from core.access.grants import count_pending
from core.access.people import Person, person_by_id
from core.catalog import apps, backups
from core.catalog.runs import OPEN
from core.content.catalogue import BY_NAME
from core.engine import Engine
from core.events.kinds import Event, EventKind
from core.findings import Finding, in_order
from core.restore import restores
from core.restore.restores import Restore

#: A pace that is younger or smaller says nothing of the rest.
_TELLING_SECONDS: Final = 5
_TELLING_SHARE: Final = 0.02
_SLACK: Final = "slack:"


def standing(engine: Engine, restore_id: str, submitted: Event | None) -> Standing:
    """Raises NotFound."""
    now = engine.now()
    with engine.database.reading() as session:
        restore = restores.get(session, restore_id)
        backup = backups.get(session, restore.backup_id)
        person = person_by_id(session, restore.requested_by)
        found = in_order(restores.findings_of(session, restore.id))
        told = {} if submitted is None else submitted.data
        return Standing(
            id=restore.id,
            status=restore.status,
            step=restore.step,
            source=isolated(apps.get(session, backup.app_id).name),
            taken_at=backup.taken_at,
            destination=isolated(apps.get(session, restore.app_id).name),
            user=slack_user(person),
            person=person.name,
            done=restore.progress_done,
            total=restore.progress_total,
            seconds_left=_left(restore, now),
            moves_to=str(told.get("moves_to") or ""),
            about_minutes=int(told.get("about_minutes") or 0),
            created_at=restore.created_at,
            cancel_wanted=restore.cancel_wanted,
            published=restore.published_at is not None,
            resumable_until=restore.staging_until if restore.staging_until and restore.staging_until > now else None,
            findings=_counted(found),
            failure=str((restore.failure or {}).get("code", "")),
            counts=_counts(restore.report or {}),
            pending_grants=count_pending(session, restore.id) if restore.published_at else 0,
        )


def slack_user(person: Person) -> str:
    """The account a person is told under; "" for one who is not in Slack."""
    return next((one.rpartition("/")[2] for one in person.identities if one.startswith(_SLACK)), "")


def submitted_event(events: list[Event]) -> Event | None:
    return next((one for one in events if one.kind is EventKind.SUBMITTED), None)


def _counted(found: Sequence[Finding]) -> tuple[FindingCount, ...]:
    """A code once, however many findings it has: in the order of the findings."""
    findings, counts = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in found:
        findings[one.severity.value, one.code.value] += 1
        counts[one.severity.value, one.code.value] += one.count
    return tuple(
        FindingCount(code=code, severity=severity, findings=findings[severity, code], count=count)
        for (severity, code), count in counts.items()
    )


def _left(restore: Restore, now: datetime) -> int | None:
    if restore.status.value not in OPEN or restore.started_at is None or restore.progress_total == 0:
        return None
    passed = (now - restore.started_at).total_seconds()
    share = restore.progress_done / restore.progress_total
    if passed < _TELLING_SECONDS or share < _TELLING_SHARE:
        return None
    return round(passed * (1 - share) / share)


def _counts(report: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    counts = {BY_NAME[kind].title: dict(one) for kind, one in report.get("records", {}).items()}
    files = report.get("attachments")
    if files and files.get("in_backup"):
        counts["files"] = {word: files[word] for word in ("in_backup", "restored", "left_out", "failed")}
    return counts
