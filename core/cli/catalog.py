"""restorebot catalog …"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from core.catalog import shards, storages
from core.cli.acting import installation_admin
from core.cli.context import Json, engine_of, fail, output, show_json
from core.database import Database
from core.database.failures import without_password
from core.engine import Engine
from core.errors import NotFound, RestorebotError, UsageError
from core.migrations import head
from core.migrations.copy import copy as copy_catalog
from core.migrations.copy import require_current
from core.settings import checked_database_url, load_settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def catalog() -> None:
    """The catalog: what Restorebot knows of organizations, apps, backups and runs."""


@app.command()
def copy(
    context: typer.Context,
    to: Annotated[
        str,
        typer.Option(
            help="An empty database: postgresql://ACCOUNT@HOST/DATABASE. The password is best in PGPASSWORD or "
            "~/.pgpass; where it stands in the URL, others on this machine may see it."
        ),
    ],
    as_json: Json = False,
) -> None:
    """Carry the catalog from its SQLite file to PostgreSQL, where many workers can share it. The file stays as it was.

    Everything or nothing is copied, and only while no worker runs and no run is open. A failed restore that can be
    resumed can be resumed there.
    """
    try:
        target_url = _target(to)
        _require_source()  # before there is an engine, which would bring it up to date
    except RestorebotError as error:
        fail(error)
    with engine_of(context) as engine:
        person = installation_admin(engine)
        target = Database(target_url, name=engine.database.name)
        try:
            rows = copy_catalog(engine.database, target, person=person.id, now=engine.now())
        finally:
            target.dispose()
        source, where = make_url(engine.database.url).database, without_password(target_url)
        folders = _in_folders(engine)
        if as_json:
            show_json({"from": source, "to": where, "revision": head(), "rows": rows, "in_folders": folders})
            return
        console = output()
        for line in (
            f"Copied {sum(rows.values())} rows of {len(rows)} tables from {source} to {where}; all are there.",
            "The file stays as it was. Do not work with it any more: both name the same apps and backups, and neither "
            "would know what the other does.",
            *_told(folders),
            f"Next: set RESTOREBOT_DATABASE_URL to what --to named ({where}) on every machine; then restorebot doctor.",
        ):
            console.print(line, markup=False, soft_wrap=True)


def _target(to: str) -> str:
    """The URL, if it is one; it is never repeated, since a password may stand anywhere in it."""
    try:
        found = checked_database_url(to)
    except ValueError as error:
        why = str(error)
    else:
        if found.startswith("postgresql"):
            return found
        why = "a catalog is carried to PostgreSQL only"
    raise UsageError(
        f"--to does not name the database: {why}. Nothing was copied.",
        hint="--to postgresql://ACCOUNT@HOST/DATABASE",
    )


def _require_source() -> None:
    """Raises NotFound, UsageError, WrongState."""
    settings = load_settings()
    url = make_url(settings.catalog_url)
    if url.get_backend_name() != "sqlite":
        where = without_password(settings.catalog_url)
        raise UsageError(
            f"RESTOREBOT_DATABASE_URL names a catalog that is on PostgreSQL already: {where}. Nothing was copied.",
            hint="To carry the SQLite file of the data folder, take RESTOREBOT_DATABASE_URL away for this one command.",
        )
    if not Path(url.database or "").is_file():
        raise NotFound(
            f"There is no catalog in {url.database}. Nothing was copied.",
            hint="Name its folder in RESTOREBOT_DATA_DIR; or begin anew: set RESTOREBOT_DATABASE_URL, and run "
            "`restorebot init`.",
        )
    source = Database(settings.catalog_url)
    try:
        with source.reading() as session:
            require_current(session)
    finally:
        source.dispose()


def _in_folders(engine: Engine) -> list[str]:
    """What lies where workers on other machines do not reach."""
    with engine.database.reading() as session:
        places = [(f"shard {one.name}", one.url + " " + one.attachments_url) for one in shards.list_all(session)]
        places += [(f"storage {one.name}", one.url) for one in storages.list_all(session)]
    return [name for name, urls in places if "sqlite:" in urls or "file:" in urls]


def _told(folders: Sequence[str]) -> list[str]:
    if not folders:
        return []
    return [
        f"Workers on other machines do not reach what lies in folders here: {', '.join(folders)}. Run workers on this "
        "machine only until all apps are on other shards (restorebot app move) and their backups in S3."
    ]
