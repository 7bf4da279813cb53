"""After every part was compared: may what was loaded be published? "Could not check" is a finding that blocks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.apps.driver import Driver, Place
from core.archive.manifest import SourceFact
from core.catalog import apps, backups, generations
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.findings import Finding, FindingCode, Severity, in_order
from core.restore.assess import Tools, open_backup
from core.restore.request import Part
from core.restore.restores import RUNS, Restore


def verify(tools: Tools, restore: Restore) -> tuple[Finding, ...]:
    """What the parts found, whether every part was compared, totals, and references."""
    with tools.database.reading() as session:
        loaded = RUNS.parts_done(session, restore, "load")
        compared = RUNS.parts_done(session, restore, "compare")
        driver = tools.drivers[apps.get(session, restore.app_id).driver]
        place = generations.place(session, restore.generation or "")
        backup = backups.get(session, restore.backup_id)
    findings = [Finding.from_json(one) for done in compared.values() for one in done["findings"]]
    unchecked = [part.name for part in restore.plan.parts if part.name not in compared or part.name not in loaded]
    if unchecked:
        findings.append(_unchecked(unchecked))
    findings += _totals(driver, place, loaded)
    findings += _references(driver, place)
    if Part.USERS_AND_GROUPS not in restore.request.without:
        findings += unmapped(open_backup(tools, backup).manifest.facts)
    return in_order(findings)


def _totals(driver: Driver, place: Place, loaded: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    """No row more than the parts have loaded: between the key ranges nothing was compared."""
    expected: Counter[str] = Counter()
    attachments = 0
    for done in loaded.values():
        expected.update(done.get("restored", {}))
        attachments += done.get("attachments", {}).get("restored", 0)
    inspection = driver.inspect(place)
    for record_type in RECORD_TYPES[place.app_type]:
        found = inspection.records.get(record_type.name, 0)
        if found != expected[record_type.name]:
            yield _total_differs(record_type.name, expected[record_type.name], found)
    if inspection.attachments != attachments:
        yield _total_differs("attachments", attachments, inspection.attachments)


def _references(driver: Driver, place: Place) -> Iterator[Finding]:
    """What dangles now must have dangled in the backup: choices and loading break nothing."""
    for broken in driver.broken_references(place):
        yield Finding(
            code=FindingCode.VERIFY_REFERENCE,
            severity=Severity.ERROR,
            subject=f"{broken.record_type}.{broken.column}",
            message=f"{broken.count} loaded {BY_NAME[broken.record_type].title} refer to something that was not "
            "loaded. Nothing was published.",
            hint="Restore again; if it fails again, tell support.",
            count=broken.count,
            examples=broken.examples,
        )


def unmapped(facts: Iterable[SourceFact]) -> Iterator[Finding]:
    """Persons that content names and nobody was restored for."""
    for fact in facts:
        if fact.code == FindingCode.USER_UNKNOWN_AUTHOR.value:
            yield Finding(
                code=FindingCode.VERIFY_USER_UNMAPPED,
                severity=Severity.WARNING,
                subject="",
                message=f"{fact.count} persons whom content names were restored as their key only.",
                hint="Nothing has to be done; their users were not in the backup.",
                count=fact.count,
                examples=fact.examples,
            )


def _unchecked(parts: list[str]) -> Finding:
    return Finding(
        code=FindingCode.CHECK_NOT_POSSIBLE,
        severity=Severity.ERROR,
        subject="",
        message=f"{len(parts)} parts were not compared. Nothing was published.",
        hint="Resume the restore, or start it again.",
        count=len(parts),
        examples=tuple(parts[:5]),
    )


def _total_differs(what: str, expected: int, found: int) -> Finding:
    return Finding(
        code=FindingCode.VERIFY_RECORDS_ADDED if found > expected else FindingCode.VERIFY_RECORDS_MISSING,
        severity=Severity.ERROR,
        subject=what,
        message=f"{expected} were loaded and {found} are there. Nothing was published.",
        hint="Restore again; if it fails again, tell support.",
        count=abs(found - expected),
    )
