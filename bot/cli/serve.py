"""restorebot serve: the Slack bot, with a worker."""

from typing import Annotated

import typer

from bot.child import SLOTS
from bot.serve import serve as run_bot
from bot.settings import load_slack_settings
from core.cli.context import engine_of

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    context: typer.Context,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Parts the worker executes at once.")] = SLOTS,
) -> None:
    """Run the Slack bot, the threads it tells restores in, and one worker. Without Slack tokens: the worker only.

    Ctrl-C or SIGTERM: finish what is in flight, and go. What is unfinished goes on at the next start.
    """
    settings = load_slack_settings()
    with engine_of(context) as engine:
        run_bot(engine, settings, slots=slots)
