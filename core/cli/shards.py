"""restorebot shard …"""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from core.apps.driver import Shard
from core.apps.embedded.files import URL_PREFIX
from core.catalog import apps, shards
from core.cli.acting import installation_admin
from core.cli.context import Json, engine_of, output, show_json, show_table
from core.engine import Engine
from core.errors import UsageError
from core.storage.check import connect

app = typer.Typer(no_args_is_help=True, add_completion=False)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@app.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new shard.")],
    region: Annotated[str, typer.Option(help="Its region. An app never leaves its region.")],
    url: Annotated[
        str,
        typer.Option(
            help="Its database: postgresql://USER@HOST/DATABASE, or sqlite:////path/of/a/folder. Default: in the data "
            "folder. A password comes from PGPASSWORD or ~/.pgpass."
        ),
    ] = "",
    attachments: Annotated[
        str,
        typer.Option(
            help="Its attachment store: file:///path/of/a/folder or s3://BUCKET/PREFIX?endpoint=…&region=… Default: in "
            "the shard's folder, if it has one."
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Add a place for apps' data."""
    with engine_of(context) as engine:
        person = installation_admin(engine)
        wanted = _described(engine, name, region, url, attachments)
        state = engine.drivers["embedded"].prepare(wanted)
        attachments_url = connect(wanted.attachments_url, engine.now())
        with engine.database.transaction() as session:
            made = shards.create(
                session,
                name=wanted.name,
                region=wanted.region,
                url=wanted.url,
                attachments_url=attachments_url,
                person=person.id,
                now=engine.now(),
            )
        if as_json:
            show_json(_row(made, 0))
        else:
            output().print(f"Made shard {made.name} in region {made.region}: {made.url} ({state.said}).", markup=False)
            for warned in state.warnings:
                output().print(f"Warning: {warned}", markup=False)


@app.command("list")
def list_shards(context: typer.Context, as_json: Json = False) -> None:
    """All shards."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = shards.list_all(session)
            on_shard = [one.shard for one in apps.list_all(session)]
        if as_json:
            show_json([_row(one, on_shard.count(one.name)) for one in found])
            return
        show_table(
            ("name", "region", "apps", "databases", "attachments"),
            [(one.name, one.region, on_shard.count(one.name), one.url, one.attachments_url) for one in found],
            empty="There are no shards. Make what one machine needs: restorebot init. For several machines: "
            "restorebot shard create",
        )


def _described(engine: Engine, name: str, region: str, url: str, attachments: str) -> Shard:
    if not _NAME.fullmatch(name) or not region.strip():
        raise UsageError(
            f"{name!r} in region {region!r} cannot be a shard. Nothing was made.",
            hint="A shard's name has letters, digits, '.', '-' and '_'; a region is any word, such as eu.",
        )
    url = url or f"sqlite:///{engine.settings.data_dir / 'shards' / name}"
    return Shard(name=name, region=region.strip(), url=url, attachments_url=attachments or _beside_the_database(url))


def _beside_the_database(url: str) -> str:
    if not url.startswith(URL_PREFIX):
        raise UsageError(
            "This database has no folder in which attachments could lie. Nothing was made.",
            hint="Say where they go: --attachments file:///path/of/a/folder.",
        )
    return (Path(url.removeprefix(URL_PREFIX)).absolute() / "attachments").as_uri()


def _row(one: Shard, apps_on_it: int) -> dict[str, Any]:
    return {
        "name": one.name,
        "region": one.region,
        "apps": apps_on_it,
        "url": one.url,
        "attachments_url": one.attachments_url,
    }
