"""restorebot storage …"""

from typing import Annotated, Any

import typer

from core.catalog import storages
from core.catalog.storages import Storage
from core.cli.acting import installation_admin
from core.cli.context import Json, engine_of, output, show_json, show_table
from core.storage.location import open_store

app = typer.Typer(no_args_is_help=True, add_completion=False)
create = typer.Typer(no_args_is_help=True, help="Add a place for backups, by its kind.")
app.add_typer(create, name="create")


@create.command()
def managed(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new storage.")],
    url: Annotated[str, typer.Option(help="file:///path/of/a/folder. Default: a folder in the data folder.")] = "",
    as_json: Json = False,
) -> None:
    """A storage of ours: a folder. What expires in it is deleted."""
    with engine_of(context) as engine:
        person = installation_admin(engine)
        place = url or (engine.settings.data_dir / "storages" / name).as_uri()
        store = open_store(place, create=True)
        with engine.database.transaction() as session:
            made = storages.create_managed(session, name=name, url=store.url, person=person.id, now=engine.now())
        if as_json:
            show_json(_row(made))
        else:
            output().print(f"Made storage {made.name} ({made.id}): {made.url}.", markup=False)


@app.command("list")
def list_storages(context: typer.Context, as_json: Json = False) -> None:
    """All storages."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = storages.list_all(session)
        if as_json:
            show_json([_row(one) for one in found])
            return
        show_table(
            ("id", "name", "kind", "on expiry", "place"),
            [(one.id, one.name, one.kind, one.on_expiry, one.url) for one in found],
            empty="There are no storages. Make what one machine needs: restorebot init",
        )


def _row(one: Storage) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.value,
        "url": one.url,
        "on_expiry": one.on_expiry.value,
    }
