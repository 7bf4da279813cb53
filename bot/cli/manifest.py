"""restorebot manifest: what makes the Slack app."""

from typing import Annotated

import typer

from bot.manifest import manifest_text

app = typer.Typer(add_completion=False)


@app.command()
def manifest(
    prefix: Annotated[
        str, typer.Option(help="Before the names of the commands, where /restore is taken: acme- makes /acme-restore.")
    ] = "",
) -> None:
    """Print the manifest for api.slack.com/apps: create an app from it, and take the tokens from there."""
    typer.echo(manifest_text(prefix), nl=False)
