"""restorebot restore …"""

from typing import Annotated

import typer

from core.access.people import Person
from core.access.restoring import may_restore
from core.catalog import apps, names
from core.cli import pick
from core.cli.context import (
    BLOCKED,
    CANCELLED,
    COMPLETED,
    FAILED,
    Json,
    confirmed,
    engine_of,
    say,
    show_json,
    show_table,
)
from core.cli.follow import follow_or_leave
from core.cli.reports import plan_json, show_plan, show_report
from core.engine import Engine
from core.errors import RunFailed
from core.findings import blocks
from core.restore import restores
from core.restore.assess import assess
from core.restore.document import head_json, restore_json
from core.restore.request import RestoreRequest, parse_resolution, parse_without
from core.restore.restores import Restore
from core.restore.submission import Confirmed, submit
from core.restore.tables import RestoreStatus, Step
from core.restore.wording import about

app = typer.Typer(no_args_is_help=True, add_completion=False)

BackupOption = Annotated[str, typer.Option("--backup", help="The backup: id, or a unique part of it.")]
ToOption = Annotated[str, typer.Option("--to", help="The destination, an empty app: id, a unique part of it, or name.")]
WithoutOption = Annotated[
    str, typer.Option(help="Leave out: attachments, users-and-groups, personal-spaces; separate by commas.")
]
ResolveOption = Annotated[
    list[str] | None, typer.Option(help="CODE=CHOICE: how to treat a finding; may be given several times.")
]
RestoreName = Annotated[str, typer.Argument(metavar="RESTORE", help="Id, or a unique part of it.")]


@app.command()
def plan(
    context: typer.Context,
    backup: BackupOption,
    to: ToOption,
    without: WithoutOption = "",
    resolve: ResolveOption = None,
    as_json: Json = False,
) -> None:
    """Say what a restore would do, and what stands against it. Changes nothing."""
    with engine_of(context) as engine:
        request = make_request(engine, backup, to, without, resolve or [])
        found = assess(engine.tools, request)
        if as_json:
            show_json(plan_json(found))
        else:
            show_plan(engine, request, found)
        if blocks(found.findings):
            raise typer.Exit(BLOCKED)


@app.command()
def run(
    context: typer.Context,
    backup: BackupOption,
    to: ToOption,
    without: WithoutOption = "",
    resolve: ResolveOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; warnings are taken as read.")] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup into an empty app, and follow it to the end.

    Exit status: 0 completed, 1 failed, 3 blocked before anything was staged, 4 cancelled, 130 left by Ctrl-C.
    """
    with engine_of(context) as engine:
        request = make_request(engine, backup, to, without, resolve or [])
        found = assess(engine.tools, request)
        if not as_json:
            show_plan(engine, request, found)
        if found.plan is None or blocks(found.findings):
            if as_json:
                show_json(plan_json(found))
            raise typer.Exit(BLOCKED)
        if not yes and not confirmed("Restore?"):
            say("Nothing was started.")
            raise typer.Exit(CANCELLED)
        submitted = submit(engine.tools, request, Confirmed.of(found))
        if found.move_minutes is not None and not as_json:
            say(f"Moving to shard {submitted.plan.target_shard} ({about(found.move_minutes)}).")
        finish(engine, submitted.id, as_json=as_json)


def finish(engine: Engine, restore_id: str, *, as_json: bool, aim: RestoreStatus = RestoreStatus.COMPLETED) -> None:
    """Follow a run to its end, show the report, and exit with its status: 0 when it came to its aim."""
    restore = follow_or_leave(engine, restores.RUNS, restore_id, quiet=as_json)
    if as_json:
        show_json(restore_json(engine.tools, restore))
    else:
        show_report(engine, restore)
    raise typer.Exit(COMPLETED if restore.status is aim else exit_status(restore))


def exit_status(restore: Restore) -> int:
    if restore.status is RestoreStatus.COMPLETED:
        return COMPLETED
    if restore.status is RestoreStatus.CANCELLED:
        return CANCELLED
    by_findings = (restore.failure or {}).get("code") == RunFailed.code
    return BLOCKED if by_findings and restore.step in {Step.PREFLIGHT, Step.CHECK_BACKUP} else FAILED


@app.command("list")
def list_restores(context: typer.Context, as_json: Json = False) -> None:
    """Restores, the newest first."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = restores.list_all(session)
            named = {one.id: one.name for one in apps.list_all(session)}
        if as_json:
            show_json([head_json(engine.tools, one) for one in found])
            return
        show_table(
            ("id", "status", "step", "backup", "destination", "started"),
            [
                (one.id, one.status, one.step, one.backup_id, named.get(one.app_id, one.app_id), one.started_at)
                for one in found
            ],
            empty="There are no restores. Start one: restorebot restore run --backup ID --to APP",
        )


@app.command()
def show(context: typer.Context, name: RestoreName, as_json: Json = False) -> None:
    """One restore and its report."""
    with engine_of(context) as engine:
        restore = _find(engine, name)
        if as_json:
            show_json(restore_json(engine.tools, restore))
        else:
            show_report(engine, restore)


@app.command()
def cancel(context: typer.Context, name: RestoreName, as_json: Json = False) -> None:
    """End a restore that is not published yet; the destination is as it was."""
    with engine_of(context) as engine:
        restore = _find(engine, name)
        person = _restorer(engine, restore.app_id)
        engine.restore_steps.cancel(restore.id, person.id)
        finish(engine, restore.id, as_json=as_json, aim=RestoreStatus.CANCELLED)


@app.command()
def resume(context: typer.Context, name: RestoreName, as_json: Json = False) -> None:
    """Go on with a restore that was left or failed for a passing reason."""
    with engine_of(context) as engine:
        restore = _find(engine, name)
        person = _restorer(engine, restore.app_id)
        with engine.database.transaction() as session:
            restores.resume(session, restore.id, person.id, engine.now())
        finish(engine, restore.id, as_json=as_json)


def make_request(engine: Engine, backup: str, to: str, without: str, resolve: list[str]) -> RestoreRequest:
    with engine.database.reading() as session:
        found = names.find_backup(session, backup)
        destination = names.find_app(session, to)
    person = _restorer(engine, destination.id)
    return RestoreRequest(
        backup_id=found.id,
        destination_id=destination.id,
        without=parse_without(without),
        resolutions=dict(parse_resolution(word) for word in resolve),
        requester=person.id,
    )


def _restorer(engine: Engine, app_id: str) -> Person:
    """Who acts, if they may restore into this app."""
    person = engine.person()
    with engine.database.reading() as session:
        found = apps.get(session, app_id)
        may_restore(session, person, found.organization_id, found.id)
    return person


def _find(engine: Engine, name: str) -> Restore:
    with engine.database.reading() as session:
        return pick.restore(session, name)
