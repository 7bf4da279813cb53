"""Help: the table of commands in words."""

from slack_bolt import App

from bot.blocks import as_json, code, header, lines, note
from bot.bot import Bot
from bot.commands import COMMANDS, help_lines
from bot.errors import say
from bot.identity import Caller


def register(_app: App, bot: Bot) -> None:
    bot.routes["help"] = lambda caller, _subject: show_help(bot, caller)


def show_help(bot: Bot, caller: Caller) -> None:
    known = [line for command in COMMANDS for line in help_lines(command, bot.settings.command_prefix)]
    blocks = [
        header("Restorebot"),
        lines(*((code(typed), f"  {does}") for typed, does in known)),
        note("Nothing in an app changes before a restore is verified and published; until then it can be cancelled."),
    ]
    say(bot, caller, "\n".join(f"{typed}: {does}" for typed, does in known), as_json(blocks))
