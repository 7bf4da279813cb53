"""restorebot doctor, with Slack."""

import typer

from bot.checkup import slack_lines
from core.cli.context import Json
from core.cli.doctor import look, report

app = typer.Typer(add_completion=False)


@app.command()
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Look at settings, catalog, key, storages, shards, workers, runs and leftovers; at Slack's tokens, scopes and
    channels. Changes nothing; in S3 it tries what it looks at on an object of its own, and ends uploads that were given
    up a day ago.

    Exit status 1 if anything is bad. Works before init as well.
    """
    report([*look(context.obj), *slack_lines(context.obj)], as_json=as_json)
