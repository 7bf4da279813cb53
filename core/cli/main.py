"""The command `restorebot`: nouns, and under each its verbs. What stands above the engine adds its own."""

import gc
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Final, NamedTuple

import typer
from typer.core import TyperGroup


class Noun(NamedTuple):
    """Where its commands stand (`app` of that module), and what it is for."""

    module: str
    help: str


NOUNS: Final = {
    "init": Noun("core.cli.initialise", "Make what one machine needs: the place to start. Can be repeated."),
    "demo": Noun("core.cli.demo", "See a backup and a restore of generated apps, in a folder of their own."),
    "doctor": Noun("core.cli.doctor", "Look whether everything is in order, and say what to do where it is not."),
    "worker": Noun("core.cli.worker", "Work on backups and restores until stopped with Ctrl-C."),
    "app": Noun("core.cli.apps", "Jira and Confluence apps: provision, look inside, deactivate, move."),
    "backup": Noun("core.cli.backups", "Backups: import a native export, list, show, check."),
    "restore": Noun("core.cli.restores", "Restores: plan, run, list, show, cancel, resume."),
    "move": Noun("core.cli.moves", "Moves of apps to other shards: list, show, cancel, resume."),
    "access": Noun("core.cli.access", "Access that restores propose: look what it would do, then approve or deny it."),
    "org": Noun("core.cli.organizations", "Organizations, and what they may do."),
    "shard": Noun("core.cli.shards", "Shards: where apps' data lives."),
    "storage": Noun("core.cli.storages", "Storages: where backups live."),
    "catalog": Noun("core.cli.catalog", "The catalog: carry it from SQLite to PostgreSQL."),
    "role": Noun("core.cli.roles", "Who may do what; which identities are one person."),
    "audit": Noun("core.cli.audit", "Who did what, and when."),
}


class Nouns(TyperGroup):
    """Loads a noun's commands when one of them is called: help, and a mistyped word, answer at once."""

    nouns: ClassVar[Mapping[str, Noun]] = NOUNS

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperGroup(name=name, help=noun.help) for name, noun in self.nouns.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        command = load(str(name), self.nouns)
        gc.freeze()  # code is there to stay: neither a collection nor the end of the process need look through it
        return name, command, rest


def load(name: str, nouns: Mapping[str, Noun] = NOUNS) -> Any:
    """The command of a noun, with its verbs."""
    return typer.main.get_command(import_module(nouns[name].module).app)


def command_line(group: type[Nouns] = Nouns) -> typer.Typer:
    """The command with the nouns of `group`."""
    made = typer.Typer(
        cls=group,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(restorebot)
    return made


def restorebot() -> None:
    """Back up and restore Jira and Confluence data, safely.

    Start with `restorebot init`, or watch `restorebot demo --cli` first. Every command has --help.
    Exit status: 0 done, 1 failed, 2 wrong words, 3 blocked by findings, 4 cancelled, 130 left by Ctrl-C.
    """


app = command_line()


def run(arguments: list[str] | None = None, *, command: typer.Typer = app, **context: Any) -> None:
    """Run the command line. `obj` in `context` may hold an engine factory."""
    try:
        command(args=arguments, prog_name="restorebot", **context)
    except Exception as error:  # noqa: BLE001 - the last place to say something a person understands
        from core.cli.defect import show_defect

        sys.exit(show_defect(error))
