"""restorebot app …"""

from typing import Annotated, Any

import typer

from core.access.roles import require
from core.access.tables import RoleName
from core.catalog import apps, names, organizations, shards
from core.catalog.apps import App
from core.cli import pick
from core.cli.context import Json, engine_of, iso, output, show_facts, show_json, show_table
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType
from core.engine import Engine

app = typer.Typer(no_args_is_help=True)

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
    with engine.database.transaction() as session:
        organization = pick.organization(session, org)
        require(session, person, organization.id, RoleName.ORGANIZATION_ADMIN)
        created = apps.create(
            session,
            organization_id=organization.id,
            name=name,
            app_type=app_type,
            shard=pick.shard(session, shard).name,
            apps_per_shard=engine.settings.apps_per_shard,
            person=person.id,
            now=engine.now(),
        )
        place = apps.place(session, created)
    engine.drivers[created.driver].provision(place, with_default_personal_space=with_default_personal_space)
    with engine.database.transaction() as session:
        return apps.provisioned(session, created.id)


@app.command("list")
def list_apps(context: typer.Context, as_json: Json = False) -> None:
    """All apps."""
    with engine_of(context) as engine:
        with engine.database.transaction() as session:
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
        with engine.database.transaction() as session:
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


def app_json(engine: Engine, found: App) -> dict[str, Any]:
    with engine.database.transaction() as session:
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
