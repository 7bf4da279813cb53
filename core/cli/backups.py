"""restorebot backup …"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from core.access.roles import require
from core.access.tables import RoleName
from core.archive.check import Depth, check
from core.backup.inbox import ImportRequest, submit
from core.catalog import apps, backups, names, storages
from core.catalog.backups import Backup, effective_status
from core.catalog.run_tables import Progress
from core.catalog.tables import BackupStatus
from core.cli import pick
from core.cli.context import (
    FAILED,
    INTERRUPTED,
    Json,
    engine_of,
    fail_with,
    iso,
    output,
    say,
    show_facts,
    show_json,
    show_table,
    size,
)
from core.cli.findings import show_findings
from core.cli.follow import follow
from core.content.catalogue import BY_NAME
from core.engine import Engine
from core.errors import RestorebotError, UsageError
from core.findings import blocks
from core.restore.assess import open_backup, unreadable

app = typer.Typer(no_args_is_help=True, add_completion=False)

BackupName = Annotated[str, typer.Argument(metavar="BACKUP", help="Id, or a unique part of it.")]


@app.command("import")
def import_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A Confluence XML export or a Jira XML backup: a zip or a bare XML.")],
    app_name: Annotated[str, typer.Option("--app", help="The app this is a backup of.")],
    storage: Annotated[str, typer.Option(help="Where the backup is kept; may be left out when there is one.")] = "",
    attachments: Annotated[Path | None, typer.Option(help="Jira's attachments folder.")] = None,
    taken_at: Annotated[str, typer.Option(help="When the backup was taken (ISO 8601); default now.")] = "",
    as_json: Json = False,
) -> None:
    """Take a native export in as a backup."""
    with engine_of(context) as engine:
        try:
            found = run_import(
                engine,
                file,
                app_name=app_name,
                storage=storage,
                attachments=attachments,
                taken_at=taken_at,
                quiet=as_json,
            )
        except KeyboardInterrupt:
            say("\nStopped. The import goes on when a worker runs: restorebot worker")
            raise typer.Exit(INTERRUPTED) from None
        if as_json:
            show_json(backup_json(engine, found))
        else:
            _show(engine, found)
        if found.status not in {BackupStatus.COMPLETE, BackupStatus.INCOMPLETE}:
            fail_with(found.error or {}, otherwise="The import was cancelled; no backup was made.")


def run_import(
    engine: Engine,
    file: Path,
    *,
    app_name: str,
    storage: str = "",
    attachments: Path | None = None,
    taken_at: str = "",
    quiet: bool = False,
) -> Backup:
    """Import and wait for the end; the backup as it is then."""
    person = engine.person()
    with engine.database.reading() as session:
        target = names.find_app(session, app_name)
        require(session, person, target.organization_id, RoleName.ORGANIZATION_ADMIN)
        kept_in = pick.storage(session, storage)
    submitted = submit(
        ImportRequest(
            file=file,
            app_id=target.id,
            storage_id=kept_in.id,
            attachments=attachments,
            taken_at=_taken_at(taken_at),
            requester=person.id,
        ),
        settings=engine.settings,
        database=engine.database,
        store=engine.open_store(kept_in.url),
        now=engine.now(),
    )

    def look() -> Progress:
        now = _get(engine, submitted.id)
        return Progress(
            over=now.status is not BackupStatus.RUNNING, step=now.step, done=now.progress_done, total=now.progress_total
        )

    follow(engine, look, run_id=submitted.id, what=f"import {submitted.id}", quiet=quiet)
    return _get(engine, submitted.id)


@app.command("list")
def list_backups(
    context: typer.Context,
    app_name: Annotated[str, typer.Option("--app", help="Backups of this app only.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Also those that cannot be restored.")] = False,
    as_json: Json = False,
) -> None:
    """Backups, the newest first."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            app_id = names.find_app(session, app_name).id if app_name else None
            found = backups.list_all(session, app_id=app_id, restorable_at=None if everything else engine.now())
            named = {one.id: one.name for one in apps.list_all(session)}
        if as_json:
            show_json([backup_json(engine, one) for one in found])
            return
        show_table(
            ("id", "app", "status", "taken", "expires", "size"),
            [
                (
                    one.id,
                    named[one.app_id],
                    effective_status(one, engine.now()),
                    one.taken_at,
                    one.expires_at,
                    size(one.size_bytes),
                )
                for one in found
            ],
            empty="There are no backups. Make one: restorebot backup import FILE --app APP",
        )


@app.command()
def show(context: typer.Context, name: BackupName, as_json: Json = False) -> None:
    """What one backup holds."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = names.find_backup(session, name)
        if as_json:
            show_json(backup_json(engine, found))
        else:
            _show(engine, found)


@app.command("check")
def check_backup(
    context: typer.Context,
    name: BackupName,
    depth: Annotated[
        Depth, typer.Option(help="structure: all there; hashes: every byte; contents: every row.")
    ] = Depth.HASHES,
    as_json: Json = False,
) -> None:
    """Look whether a backup is what its manifest says. Changes nothing."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = names.find_backup(session, name)
        try:
            findings = list(check(open_backup(engine.tools, found), depth))
        except RestorebotError as error:
            if error.transient:
                raise
            findings = [unreadable(found.id, error)]
        if as_json:
            show_json(
                {
                    "id": found.id,
                    "depth": depth.value,
                    "good": not blocks(findings),
                    "findings": [one.to_json() for one in findings],
                }
            )
        else:
            show_findings(findings)
            if not blocks(findings):
                output().print(f"{found.id} is good ({depth.value}).", markup=False)
        if blocks(findings):
            raise typer.Exit(FAILED)


def backup_json(engine: Engine, found: Backup) -> dict[str, Any]:
    with engine.database.reading() as session:
        source = apps.get(session, found.app_id)
        kept_in = storages.get(session, found.storage_id)
    summary = found.summary or {}
    return {
        "id": found.id,
        "app": {"id": source.id, "name": source.name, "type": source.type.value},
        "storage": kept_in.name,
        "status": effective_status(found, engine.now()).value,
        "taken_at": iso(found.taken_at),
        "exported_at": iso(found.exported_at),
        "expires_at": iso(found.expires_at),
        "size_bytes": found.size_bytes,
        "contains": summary.get("contains", {}),
        "records": summary.get("records", {}),
        "native_counts": summary.get("native_counts", {}),
        "active_objects_counts": summary.get("active_objects_counts", {}),
        "dropped_secrets": summary.get("dropped_secrets", {}),
        "attachments": summary.get("attachments", {}),
        "lacks": summary.get("lacks", []),
        "source": summary.get("source", {}),
        "error": found.error,
    }


def _show(engine: Engine, found: Backup) -> None:
    facts = backup_json(engine, found)
    contains = [word.replace("_", " ") for word, there in facts["contains"].items() if there]
    dropped = facts["dropped_secrets"]
    show_facts(
        [
            ("backup", facts["id"]),
            ("app", f"{facts['app']['name']} ({facts['app']['id']})"),
            ("status", facts["status"] + "".join(f"; {one}" for one in facts["lacks"])),
            ("taken at", found.taken_at),
            ("exported at", found.exported_at),
            ("expires at", found.expires_at),
            ("size", size(found.size_bytes)),
            ("contains", ", ".join(contains) or "content only"),
            (
                "secrets left out",
                f"{dropped.get('values', 0)} values, {dropped.get('rows', 0)} rows" if dropped else "",
            ),
        ]
    )
    show_table(
        ("records", ""),
        [(BY_NAME[kind].title, count) for kind, count in facts["records"].items()],
        empty="",
    )


def _get(engine: Engine, backup_id: str) -> Backup:
    with engine.database.reading() as session:
        return backups.get(session, backup_id)


def _taken_at(words: str) -> datetime | None:
    if not words:
        return None
    try:
        value = datetime.fromisoformat(words)
    except ValueError as error:
        raise UsageError(
            f"--taken-at {words} is no time. Nothing was imported.", hint="Write it like 2026-11-20T03:00:00Z."
        ) from error
    return value if value.tzinfo else value.replace(tzinfo=UTC)
