"""restorebot app look: what is in an app, as people read it."""

from dataclasses import asdict
from typing import Annotated

import typer

from core.catalog import apps, names
from core.cli.context import Json, engine_of, output, show_json, show_table
from core.look.item import item_in
from core.look.outline import containers, items
from core.look.text import as_text, outline_as_text, safe


def look(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="APP", help="Id, a unique part of it, or name of the app.")],
    container: Annotated[str, typer.Argument(metavar="CONTAINER", help="A project or a space: its key or name.")] = "",
    item_name: Annotated[
        str, typer.Argument(metavar="ITEM", help="An issue by its key, a page or blog post by its title.")
    ] = "",
    as_json: Json = False,
) -> None:
    """What is in an app: its projects or spaces, what is in one of them, or one issue or page as people read it."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = names.find_app(session, name)
            place = apps.place(session, found)
        driver = engine.drivers[found.driver]
        if item_name:
            view = item_in(driver, place, container, item_name)
            if as_json:
                show_json(asdict(view))
            else:
                _print(as_text(view))
        elif container:
            listed = items(driver, place, container)
            if as_json:
                show_json([asdict(one) for one in listed])
            else:
                _print(outline_as_text(listed) or f"{container} is empty.")
        else:
            all_of_them = containers(driver, place)
            if as_json:
                show_json([asdict(one) for one in all_of_them])
                return
            show_table(
                ("key", "name", "kind", "items"),
                [(safe(one.key), safe(one.name), safe(one.kind), one.items) for one in all_of_them],
                empty=f"{found.name} has no data.",
            )


def _print(text: str) -> None:
    """As it is: nothing of an item is taken for markup, and its lines stay whole."""
    output().print(text, markup=False, soft_wrap=True)
