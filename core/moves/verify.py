"""After every part was compared: may the copy become the app? "Could not check" is a finding that blocks."""

from collections.abc import Iterator
from typing import Any

from core.apps.driver import Driver, Inspection, Place
from core.findings import Finding, in_order
from core.moves.findings import provisioned_differs, reference_broken, total_differs, unchecked
from core.moves.moves import RUNS, Move
from core.restore.assess import Tools


def verify(
    tools: Tools, move: Move, driver: Driver, live: Place, staged: Place, report: dict[str, Any]
) -> tuple[Finding, ...]:
    """What the parts found, whether every part was compared, totals, and references."""
    with tools.database.reading() as session:
        loaded = RUNS.parts_done(session, move, "load")
        compared = RUNS.parts_done(session, move, "compare")
    findings = [Finding.from_json(one) for done in compared.values() for one in done["findings"]]
    parts = move.plan.parts if move.plan else ()
    missed = [part.name for part in parts if part.name not in compared or part.name not in loaded]
    if missed:
        findings.append(unchecked(missed))
    findings += _totals(report)
    findings += _references(driver, live, staged)
    if driver.provisioned(live) != driver.provisioned(staged):
        findings.append(provisioned_differs())
    return in_order(findings)


def make_report(before: Inspection, after: Inspection) -> dict[str, Any]:
    """What the app holds and what its copy holds, per record type."""
    names = sorted({*before.records, *after.records})
    return {
        "records": {
            name: {"in_app": before.records.get(name, 0), "moved": after.records.get(name, 0)} for name in names
        },
        "attachments": {"in_app": before.attachments, "moved": after.attachments},
    }


def _totals(report: dict[str, Any]) -> Iterator[Finding]:
    """No row more than the app has: between the slices nothing was compared."""
    for what, count in (*report["records"].items(), ("attachments", report["attachments"])):
        if count["in_app"] != count["moved"]:
            yield total_differs(what, count["in_app"], count["moved"])


def _references(driver: Driver, live: Place, staged: Place) -> Iterator[Finding]:
    """What dangles in the copy dangles in the app, too: copying breaks nothing."""
    broken = driver.broken_references(staged)
    known = driver.broken_references(live) if broken else ()
    dangled = {(one.record_type, one.column, one.count) for one in known}
    for one in broken:
        if (one.record_type, one.column, one.count) not in dangled:
            yield reference_broken(one)
