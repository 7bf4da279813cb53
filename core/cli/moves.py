"""restorebot move …, and what `restorebot app move` starts."""

from typing import Annotated, Any

import typer
from rich.markup import escape

from core.catalog import apps
from core.catalog.run_tables import RunStatus
from core.cli import pick
from core.cli.acting import organization_admin
from core.cli.context import (
    CANCELLED,
    COMPLETED,
    FAILED,
    Json,
    engine_of,
    iso,
    moment,
    output,
    show_facts,
    show_json,
    show_table,
    size,
)
from core.cli.findings import show_findings
from core.cli.follow import follow_or_leave
from core.content.catalogue import BY_NAME
from core.engine import Engine
from core.findings import Finding
from core.moves.assess import assess
from core.moves.moves import RUNS, Move, Outlook, open_move, submit
from core.restore.wording import about

app = typer.Typer(no_args_is_help=True, add_completion=False)

MoveName = Annotated[str, typer.Argument(metavar="MOVE", help="Id, or a unique part of it.")]


@app.command("list")
def list_moves(context: typer.Context, as_json: Json = False) -> None:
    """Moves, the newest first."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = RUNS.list_all(session)
            named = {one.id: one.name for one in apps.list_all(session)}
        if as_json:
            show_json([head_json(engine, one) for one in found])
            return
        show_table(
            ("id", "status", "step", "app", "from", "to", "started"),
            [
                (
                    one.id,
                    one.status,
                    one.step,
                    named.get(one.app_id, one.app_id),
                    one.from_shard,
                    one.to_shard,
                    one.started_at,
                )
                for one in found
            ],
            empty="There are no moves. Start one: restorebot app move APP --to SHARD",
        )


@app.command()
def show(context: typer.Context, name: MoveName, as_json: Json = False) -> None:
    """One move and its report."""
    with engine_of(context) as engine:
        found = _find(engine, name)
        if as_json:
            show_json(move_json(engine, found))
        else:
            _show_report(engine, found)


@app.command()
def cancel(context: typer.Context, name: MoveName, as_json: Json = False) -> None:
    """End a move before the switch; the app is as it was, on its old shard."""
    with engine_of(context) as engine:
        found = _find(engine, name)
        engine.move_steps.cancel(found.id, _admin(engine, found))
        finish(engine, found.id, as_json=as_json, aim=RunStatus.CANCELLED)


@app.command()
def resume(context: typer.Context, name: MoveName, as_json: Json = False) -> None:
    """Go on with a move that was left or failed for a passing reason."""
    with engine_of(context) as engine:
        found = _find(engine, name)
        person = _admin(engine, found)
        with engine.database.transaction() as session:
            RUNS.resume(session, found.id, person, engine.now())
        finish(engine, found.id, as_json=as_json)


def start(engine: Engine, app_id: str, shard: str, person: str, *, as_json: bool) -> None:
    """Move an app and follow it to the end. One to that shard that is not over is followed."""
    with engine.database.reading() as session:
        under_way = open_move(session, app_id, shard)
    if under_way is not None:
        finish(engine, under_way.id, as_json=as_json)
    outlook = assess(engine.tools, app_id, shard)
    if not as_json:
        _show_outlook(outlook)
    with engine.database.transaction() as session:
        limit = engine.settings.apps_per_shard
        submitted = submit(session, outlook, apps_per_shard=limit, person=person, now=engine.now())
    finish(engine, submitted.id, as_json=as_json)


def finish(engine: Engine, move_id: str, *, as_json: bool, aim: RunStatus = RunStatus.COMPLETED) -> None:
    """Follow a move to its end, show the report, and exit with its status: 0 when it came to its aim."""
    move = follow_or_leave(engine, RUNS, move_id, quiet=as_json)
    if as_json:
        show_json(move_json(engine, move))
    else:
        _show_report(engine, move)
    raise typer.Exit(COMPLETED if move.status is aim else exit_status(move))


def exit_status(move: Move) -> int:
    return {RunStatus.COMPLETED: COMPLETED, RunStatus.CANCELLED: CANCELLED}.get(move.status, FAILED)


def head_json(engine: Engine, move: Move) -> dict[str, Any]:
    with engine.database.reading() as session:
        moved = apps.get(session, move.app_id)
    return {
        "id": move.id,
        "status": move.status.value,
        "step": move.step.value,
        "app": {"id": moved.id, "name": moved.name, "shard": moved.shard},
        "from": move.from_shard,
        "to": move.to_shard,
        "size_bytes": move.size_bytes,
        "progress": {"done": move.progress_done, "total": move.progress_total},
        "failure": move.failure,
        "created_at": iso(move.created_at),
        "started_at": iso(move.started_at),
        "finished_at": iso(move.finished_at),
    }


def move_json(engine: Engine, move: Move) -> dict[str, Any]:
    """The whole move: what others rely on. Until the copy was compared there is nothing to count."""
    with engine.database.reading() as session:
        found = [one.to_json() for one in RUNS.findings_of(session, move.id)]
    report = move.report or {"records": {}, "attachments": {}}
    return {**head_json(engine, move), **report, "findings": found}


def _show_outlook(outlook: Outlook) -> None:
    show_facts(
        [
            ("app", f"{outlook.app.name} ({outlook.app.id}) on {outlook.app.shard}"),
            ("moves to", f"shard {outlook.shard} ({about(outlook.minutes)})"),
            ("size", size(outlook.size_bytes)),
            ("meanwhile", "it can be read and not changed"),
        ]
    )


def _show_report(engine: Engine, move: Move) -> None:
    facts = move_json(engine, move)
    show_facts(
        [
            ("move", move.id),
            ("status", move.status),
            ("app", f"{facts['app']['name']} ({move.app_id}) on {facts['app']['shard']}"),
            ("from", move.from_shard),
            ("to", move.to_shard),
            ("started", move.started_at),
            ("finished", move.finished_at),
        ]
    )
    rows = [(BY_NAME[kind].title, each["in_app"], each["moved"]) for kind, each in facts["records"].items()]
    if facts["attachments"]:
        rows.append(("files", facts["attachments"]["in_app"], facts["attachments"]["moved"]))
    show_table(("records", "in the app", "moved"), rows, empty="")
    show_findings([Finding.from_json(one) for one in facts["findings"]])
    console = output()
    if move.failure and not facts["findings"]:
        console.print(f"[bold red]failed[/] {escape(str(move.failure['message']))}", soft_wrap=True)
        console.print(f"       {escape(str(move.failure['hint']))}", soft_wrap=True)
    if move.status is RunStatus.COMPLETED:
        hours = engine.settings.generation_grace_hours
        console.print(f"What is left on {move.from_shard} is removed by a worker after {hours} hours.", markup=False)
    elif move.status is RunStatus.CANCELLED:
        console.print(f"Cancelled: the app is as it was, on {move.from_shard}.", markup=False)
    elif move.staging_until is not None:
        until = moment(move.staging_until)
        console.print(f"It can be resumed until {until}: restorebot move resume {move.id}", markup=False)


def _find(engine: Engine, name: str) -> Move:
    with engine.database.reading() as session:
        return pick.move(session, name)


def _admin(engine: Engine, move: Move) -> str:
    """The id of who acts, if they may move this app."""
    with engine.database.reading() as session:
        found = apps.get(session, move.app_id)
    return organization_admin(engine, found.organization_id).id
