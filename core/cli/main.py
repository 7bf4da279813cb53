"""The command `restorebot`: nouns, and under each its verbs."""

from typing import Any

import typer

from core.cli import apps, backups, initialise, restores
from core.cli.worker import worker

app = typer.Typer(
    name="restorebot",
    help="Back up and restore Jira and Confluence data, safely.\n\nStart with: restorebot init",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("init")(initialise.init)
app.add_typer(apps.app, name="app", help="Jira and Confluence apps: provision, look inside, deactivate, move.")
app.add_typer(backups.app, name="backup", help="Backups: import a native export, list, show, check.")
app.add_typer(restores.app, name="restore", help="Restores: plan, run, follow, cancel, resume.")
app.command("worker")(worker)


def run(arguments: list[str] | None = None, **context: Any) -> None:
    """Run the command line. `obj` in `context` may hold an engine factory."""
    app(args=arguments, **context)
