"""restorebot doctor: is everything in order, and what to do where it is not."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer
from rich.markup import escape
from sqlalchemy.engine import make_url

from core.cli.checkup import Line, State, bad, checkup, failed
from core.cli.context import FAILED, EngineFactory, Json, default_engine, output, show_json
from core.database import Database
from core.database.failures import without_password
from core.errors import RestorebotError
from core.migrations import revision_of
from core.settings import Settings, load_settings

app = typer.Typer(add_completion=False)

_STYLE = {State.OK: "green", State.WARNING: "yellow", State.BAD: "bold red"}


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look at settings, catalog, key, storages, shards, workers, runs and leftovers. Changes nothing; in S3 it tries
    what it looks at on an object of its own, and ends uploads that were given up a day ago.

    Exit status 1 if anything is bad. Works before init as well.
    """
    report(look(context.obj), as_json=as_json)


def report(lines: Sequence[Line], *, as_json: bool) -> None:
    """Show them, and exit with 1 if anything is bad."""
    if as_json:
        counts = {state.value: sum(one.state is state for one in lines) for state in State}
        show_json({"good": not counts[State.BAD], "counts": counts, "lines": [asdict(one) for one in lines]})
    else:
        for one in lines:
            _show(one)
    if any(one.state is State.BAD for one in lines):
        raise typer.Exit(FAILED)


def look(factory: EngineFactory | None) -> list[Line]:
    """All lines; where there is no engine to be had, the one that says why."""
    try:
        if factory is None and not _begun(load_settings()):
            return [bad("catalog", f"There is none in {_place(load_settings())} yet.", "Make it: restorebot init")]
        engine = (factory or default_engine)()
    except RestorebotError as error:
        return [failed("settings" if error.code == "setting" else "catalog", error)]
    try:
        return list(checkup(engine))
    finally:
        engine.close()


def _begun(settings: Settings) -> bool:
    """Whether the catalog is there: to open it would make it."""
    if settings.catalog_url.startswith("sqlite"):
        return Path(make_url(settings.catalog_url).database or "").exists()
    database = Database(settings.catalog_url)
    try:
        with database.reading() as session:
            return revision_of(session.connection()) is not None
    finally:
        database.dispose()


def _place(settings: Settings) -> str:
    return without_password(settings.database_url) if settings.database_url else str(settings.data_dir)


def _show(one: Line) -> None:
    console = output()
    style = _STYLE[one.state]
    console.print(
        f"[{style}]{one.state.value:7}[/] [dim]{escape(one.what)}[/] {escape(one.said)}",
        soft_wrap=True,
    )
    if one.do:
        console.print(f"        {escape(one.do)}", soft_wrap=True)
