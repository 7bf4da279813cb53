"""restorebot audit"""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from core import audit as log
from core.access.people import name_of
from core.catalog import names
from core.cli import pick
from core.cli.context import Json, engine_of, iso, show_json, show_table
from core.errors import NotFound
from core.restore import overview

app = typer.Typer(add_completion=False)

_NOUNS = (names.APP, names.BACKUP, names.STORAGE, names.ORGANIZATION, overview.NOUN, pick.GRANT)


@app.command()
def audit(
    context: typer.Context,
    subject: Annotated[
        str, typer.Option(help="Only what was done to this app, backup, restore, grant …: its id or name.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many entries.")] = 100,
    as_json: Json = False,
) -> None:
    """Who did what, and when; the newest first."""
    with engine_of(context) as engine:
        with engine.database.reading() as session:
            found = log.entries(session, limit=limit, subject=_subject(session, subject) if subject else None)
            people = {one.person: name_of(session, one.person) for one in found}
        if as_json:
            show_json(
                [
                    {
                        "at": iso(one.at),
                        "person": {"id": one.person, "name": people[one.person]},
                        "action": one.action,
                        "subject": one.subject,
                        "detail": one.detail,
                    }
                    for one in found
                ]
            )
            return
        show_table(
            ("at", "person", "action", "subject", "detail"),
            [
                (
                    one.at,
                    people[one.person],
                    one.action,
                    one.subject,
                    ", ".join(f"{key}: {value}" for key, value in one.detail.items() if value not in ("", None)),
                )
                for one in found
            ],
            empty="Nothing was done yet." if not subject else f"Nothing was done to {subject} yet.",
        )


def _subject(session: Session, word: str) -> str:
    """As it stands in the log: what the word names, or the word itself."""
    for noun in _NOUNS:
        try:
            found = names.find(session, noun, word)
        except NotFound:
            continue
        return f"grant:{found}" if noun is pick.GRANT else found
    return f"person:{word}" if word.startswith("per-") else word
