"""restorebot storage …"""

from typing import Annotated, Any

import typer

from core.catalog import storages
from core.catalog.storages import Storage
from core.catalog.tables import OnExpiry
from core.cli.acting import installation_admin
from core.cli.context import Json, engine_of, output, show_json, show_table
from core.storage.check import connect
from core.storage.s3_place import S3Place, encryption

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
        kept = connect(place, engine.now())
        with engine.database.transaction() as session:
            made = storages.create_managed(session, name=name, url=kept, person=person.id, now=engine.now())
        _told(made, as_json=as_json)


@create.command()
def s3(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new storage.")],
    bucket: Annotated[str, typer.Option(help="Name of the bucket.")],
    prefix: Annotated[str, typer.Option(help="Where in the bucket: all under it is Restorebot's alone.")],
    endpoint: Annotated[str, typer.Option(help="https://HOST of the server, where it is not AWS.")] = "",
    region: Annotated[str, typer.Option(help="The bucket's. Default: as AWS's own tools find it.")] = "",
    sse: Annotated[str, typer.Option(help="Encryption at rest: AES256 or aws:kms. Default: the bucket's own.")] = "",
    kms_key: Annotated[str, typer.Option(help="For aws:kms: id or ARN of the key. Default: the account's own.")] = "",
    on_expiry: Annotated[
        OnExpiry, typer.Option(help="What becomes of the objects of an expired backup.")
    ] = OnExpiry.KEEP,
    as_json: Json = False,
) -> None:
    """The customer's own bucket. It is tried out first: write, read, list, delete under the prefix.

    Credentials are found as AWS's own tools find them (environment, profile, role of the machine), here and by every
    worker; they are never kept.
    """
    with engine_of(context) as engine:
        person = installation_admin(engine)
        place = S3Place(
            bucket=bucket,
            prefix=prefix.strip("/"),
            endpoint=endpoint.rstrip("/"),
            region=region,
            sse=encryption(sse) if sse else None,
            kms_key=kms_key,
        )
        kept = connect(place.url, engine.now())
        with engine.database.transaction() as session:
            made = storages.create_s3(
                session, name=name, url=kept, on_expiry=on_expiry, person=person.id, now=engine.now()
            )
        _told(made, as_json=as_json)


def _told(made: Storage, *, as_json: bool) -> None:
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
            empty="There are no storages. Make what one machine needs: restorebot init. For several machines: "
            "restorebot storage create",
        )


def _row(one: Storage) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.value,
        "url": one.url,
        "on_expiry": one.on_expiry.value,
    }
