"""A restore's plan and its report, for people and as JSON."""

from typing import Any

from rich.markup import escape

from core.catalog import apps, backups
from core.cli.context import moment, output, show_facts, show_table, size
from core.cli.findings import show_findings
from core.content.catalogue import BY_NAME
from core.engine import Engine
from core.findings import Finding, blocks
from core.restore.assess import Assessment
from core.restore.document import restore_json
from core.restore.request import RestoreRequest
from core.restore.restores import Restore
from core.restore.tables import RestoreStatus
from core.restore.wording import about


def show_plan(engine: Engine, request: RestoreRequest, found: Assessment) -> None:
    """What will be done, in words, and what was found."""
    with engine.database.reading() as session:
        destination = apps.get(session, request.destination_id)
        backup = backups.get(session, request.backup_id)
        source = apps.get(session, backup.app_id)
    rows: list[tuple[str, object]] = [
        ("backup", f"{backup.id} of {source.name}, taken {backup.taken_at:%Y-%m-%d %H:%M} UTC"),
        ("destination", f"{destination.name} ({destination.id}) on {destination.shard}"),
    ]
    if found.plan is not None:
        plan = found.plan
        rows += [
            ("left out", ", ".join(plan.without) or "nothing"),
            ("size", f"{size(plan.size_bytes)} in {len(plan.parts)} parts"),
            ("plan", plan.digest),
        ]
        if plan.moves:
            took = about(found.move_minutes or 0)
            rows.insert(2, ("moves to", f"shard {plan.target_shard}, the backup's ({took})"))
    show_facts(rows)
    show_findings(found.findings)


def show_report(engine: Engine, restore: Restore) -> None:
    facts = restore_json(engine.tools, restore)
    moved = facts.get("move")
    show_facts(
        [
            ("restore", restore.id),
            ("status", f"{restore.status.value}" + (_counted(facts["findings"]) if facts["findings"] else "")),
            ("backup", restore.backup_id),
            ("destination", facts["destination"]["name"]),
            *([("moved", f"from shard {moved['from']} to {moved['to']}")] if moved else []),
            ("started", restore.started_at),
            ("finished", restore.finished_at),
        ]
    )
    show_table(
        ("records", "in backup", "restored", "left out", "failed"),
        [
            *(
                (BY_NAME[kind].title, *(counts[word] for word in ("in_backup", "restored", "left_out", "failed")))
                for kind, counts in facts["records"].items()
            ),
            ("files", *(facts["attachments"][word] for word in ("in_backup", "restored", "left_out", "failed"))),
        ]
        if facts["records"]
        else [],
        empty="",
    )
    show_findings([Finding.from_json(one) for one in facts["findings"]])
    console = output()
    if restore.failure and not facts["findings"]:
        console.print(f"[bold red]failed[/] {escape(str(restore.failure['message']))}", soft_wrap=True)
    if restore.status is RestoreStatus.COMPLETED:
        name = facts["destination"]["name"]
        console.print(f'Look inside: restorebot app look "{name}"', markup=False)
        pending = sum(one["status"] == "pending" for one in facts["grants"])
        if pending:
            wait = "1 grant waits" if pending == 1 else f"{pending} grants wait"
            console.print(f"{wait} for a decision: restorebot access list", markup=False)
    elif restore.status is RestoreStatus.CANCELLED:
        console.print("Cancelled: the destination is as it was.", markup=False)
    elif restore.staging_until is not None:
        until = moment(restore.staging_until)
        console.print(f"It can be resumed until {until}: restorebot restore resume {restore.id}", markup=False)


def _counted(findings: list[dict[str, Any]]) -> str:
    counts = {word: sum(one["severity"] == word for one in findings) for word in ("error", "warning")}
    said = [f"{count} {word}{'s' if count > 1 else ''}" for word, count in counts.items() if count]
    return f" ({', '.join(said)})" if said else ""


def plan_json(found: Assessment) -> dict[str, Any]:
    return {
        "plan": found.plan.to_json() if found.plan else None,
        "move_minutes": found.move_minutes,
        "blocked": blocks(found.findings),
        "findings": [one.to_json() for one in found.findings],
    }
