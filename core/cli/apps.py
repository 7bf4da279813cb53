"""restorebot app …"""

from typing import Annotated, Any

import typer

from core.access.roles import require
from core.access.tables import RoleName
from core.catalog import apps, backups, clearing, names, organizations, provisioning, shards
from core.catalog.apps import App
from core.cli import pick
from core.cli.acting import organization_admin
from core.cli.context import Json, engine_of, iso, moment, output, show_facts, show_json, show_table
from core.cli.look import look
from core.cli.moves import start
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType
from core.engine import Engine
from core.retention import deactivation
from core.retention.policy import Rules

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(look)

AppName = Annotated[str, typer.Argument(metavar="APP", help="Id, a unique part of it, or name of the app.")]


@app.command()
def provision(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new app.")],
    app_type: Annotated[AppType, typer.Option("--type", help="Jira or Confluence.")],
    org: Annotated[str, typer.Option(help="Organization; may be left out when there is one.")] = "",
    shard: Annotated[str, typer.Option(help="Shard; may be left out when there is one.")] = "",
    with_default_personal_space: Annotated[
        bool, typer.Option("--with-default-personal-space", help="Make what a newly provisioned Confluence has.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a new, empty app."""
    with engine_of(context) as engine:
        found = provision_app(
            engine, name, app_type, org=org, shard=shard, with_default_personal_space=with_default_personal_space
        )
        if as_json:
            show_json(app_json(engine, found))
        else:
            output().print(
                f"Provisioned {found.name} ({found.id}), {found.type.value}, on {found.shard}.", markup=False
            )


def provision_app(
    engine: Engine, name: str, app_type: AppType, *, org: str, shard: str, with_default_personal_space: bool = False
) -> App:
    person = engine.person()
    with engine.database.reading() as session:
        organization = pick.organization(session, org)
        require(session, person, organization.id, RoleName.ORGANIZATION_ADMIN)
        chosen = pick.shard(session, shard)
    return provisioning.provision(
        engine.database,
        engine.drivers,
        organization_id=organization.id,
        name=name,
        app_type=app_type,
        shard=chosen.name,
        apps_per_shard=engine.settings.apps_per_shard,
        person=person.id,
        now=engine.now(),
        with_default_personal_space=with_default_personal_space,
    )


@app.command("list")
def list_apps(context: typer.Context, as_json: Json = False) -> None:
    """All apps."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = apps.list_all(session)
            named = {one.id: one.name for one in organizations.list_all(session)}
        if as_json:
            show_json([_row(one, named) for one in found])
            return
        show_table(
            ("id", "name", "type", "status", "organization", "shard"),
            [(one.id, one.name, one.type, one.status, named[one.organization_id], one.shard) for one in found],
            empty="There are no apps. Make one: restorebot app provision NAME --type confluence",
        )


@app.command()
def show(context: typer.Context, name: AppName, as_json: Json = False) -> None:
    """One app: where it is and how many records it has."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = names.find_app(session, name)
        facts = app_json(engine, found)
        if as_json:
            show_json(facts)
            return
        show_facts([(key.replace("_", " "), value) for key, value in facts.items() if key != "records"])
        show_table(
            ("records", ""),
            [(BY_NAME[kind].title, count) for kind, count in facts["records"].items()],
            empty="It has no records.",
        )


@app.command()
def deactivate(context: typer.Context, name: AppName, as_json: Json = False) -> None:
    """Take an app out of use. Its data stays, and its backups stay restorable for a fixed time from now."""
    with engine_of(context) as engine:
        found, person = _administered(engine, name)
        with engine.database.transaction() as session:
            changed = deactivation.deactivate(
                session, found.id, person=person, now=engine.now(), rules=Rules.of(engine.settings)
            )
        _show_expiry(engine, changed, "is deactivated: nothing is backed up or restored into it.", as_json=as_json)


@app.command()
def activate(context: typer.Context, name: AppName, as_json: Json = False) -> None:
    """Take an app into use again. Its backups follow the usual rule again, with a notice before the first goes."""
    with engine_of(context) as engine:
        found, person = _administered(engine, name)
        with engine.database.transaction() as session:
            changed = deactivation.activate(
                session, found.id, person=person, now=engine.now(), rules=Rules.of(engine.settings)
            )
        _show_expiry(engine, changed, "is active.", as_json=as_json)


@app.command()
def move(
    context: typer.Context,
    name: AppName,
    to: Annotated[str, typer.Option("--to", help="The shard, of the same region, the app goes to.")],
    as_json: Json = False,
) -> None:
    """Move an app with all its data to another shard of its region, and follow it to the end.

    Until the switch the app can be read and not changed. Exit status: 0 moved, 1 failed or refused, 4 cancelled, 130
    left by Ctrl-C.
    """
    with engine_of(context) as engine:
        found, person = _administered(engine, name)
        start(engine, found.id, to, person, as_json=as_json)


@app.command("clear-default-space")
def clear_default_space(context: typer.Context, name: AppName, as_json: Json = False) -> None:
    """Delete the personal space a new Confluence is made with, so that a backup can be restored into the app."""
    with engine_of(context) as engine:
        found, person = _administered(engine, name)
        cleared = clearing.clear_default_space(
            engine.database, engine.drivers[found.driver], app_id=found.id, person=person, now=engine.now
        )
        facts = app_json(engine, cleared)
        if as_json:
            show_json(facts)
        elif facts["contains_data"]:
            output().print(f"{found.name} ({found.id}) has no default personal space; its data stays.", markup=False)
        else:
            output().print(f"{found.name} ({found.id}) is empty: a backup can be restored into it.", markup=False)


def _administered(engine: Engine, name: str) -> tuple[App, str]:
    """The app, and the id of the person, who may change it."""
    with engine.database.reading() as session:
        found = names.find_app(session, name)
    return found, organization_admin(engine, found.organization_id).id


def _show_expiry(engine: Engine, found: App, sentence: str, *, as_json: bool) -> None:
    """What has become of the app, and until when each of its backups can be restored now."""
    with engine.database.reading() as session:
        kept = backups.list_all(session, app_id=found.id, restorable_at=engine.now())
    if as_json:
        rows = [{"id": one.id, "expires_at": iso(one.expires_at)} for one in kept]
        show_json({**app_json(engine, found), "backups": rows})
        return
    console = output()
    console.print(f"{found.name} ({found.id}) {sentence}", markup=False)
    for one in kept:
        console.print(f"Backup {one.id} can be restored until {moment(one.expires_at)}.", markup=False)


def app_json(engine: Engine, found: App) -> dict[str, Any]:
    with engine.database.reading() as session:
        place = apps.place(session, found)
        named = {one.id: one.name for one in organizations.list_all(session)}
        region = shards.get(session, found.shard).region
    inspection = engine.drivers[found.driver].inspect(place)
    return {
        **_row(found, named),
        "region": region,
        "deactivated_at": iso(found.deactivated_at),
        "contains_data": inspection.contains_data,
        "only_default_personal_space": inspection.only_default_personal_space,
        "attachments": inspection.attachments,
        "size_bytes": inspection.size_bytes,
        "records": {kind: inspection.records[kind] for kind in sorted(inspection.records)},
    }


def _row(found: App, organization_names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "type": found.type.value,
        "status": found.status.value,
        "organization": organization_names[found.organization_id],
        "shard": found.shard,
    }
