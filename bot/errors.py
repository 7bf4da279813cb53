"""How a person learns what went wrong: in the window they look at, else where they asked, else in a direct message."""

import logging
import secrets
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.views import View

from bot.blocks import as_json, clip, escape, lines, note, plain
from bot.bot import Bot
from bot.client import NoSuchPlace, SlackError, ViewGone, call
from bot.identity import Caller
from core.errors import RestorebotError

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Problem:
    message: str
    hint: str = ""
    reference: str = ""

    @property
    def text(self) -> str:
        return " ".join(filter(None, (self.message, self.hint)))


def problem_of(error: Exception) -> Problem:
    """Our own errors say what happened; an unknown one gets a reference that stands in the log with its trace."""
    if isinstance(error, RestorebotError):
        return Problem(message=error.message, hint=error.hint)
    reference = secrets.token_hex(4)
    log.error("unknown error %s", reference, exc_info=error)
    return Problem(
        message="Something went wrong that should not. What you had chosen is kept, and nothing is restored twice.",
        hint=f"Try again; if it stays, give your administrator the reference {reference}, which stands in the log.",
        reference=reference,
    )


def problem_view(problem: Problem) -> View:
    return View(
        type="modal",
        callback_id="problem",
        title=plain("Restorebot"),
        close=plain("Close"),
        blocks=[lines(problem.message), *([note(problem.hint)] if problem.hint else [])],
    )


def tell(bot: Bot, caller: Caller, error: Exception, *, view_id: str = "") -> None:
    """Never raises for Slack's reasons: what cannot be told stands in the log."""
    problem = problem_of(error)
    try:
        if not (view_id and _in_view(bot, view_id, problem)):
            say(bot, caller, problem.text)
    except SlackError as failed:
        log.warning("%s could not be told: %s (%s)", caller.identity, problem.text, failed)


def say(bot: Bot, caller: Caller, text: str, blocks: list[dict[str, Any]] | None = None) -> None:
    """For this person only: where they asked if the bot may speak there, else in a direct message.

    Raises SlackError.
    """
    shown = blocks or as_json([lines(clip(text, 3000))])
    if caller.channel:
        try:
            call(
                bot.client.chat_postEphemeral,
                channel=caller.channel,
                user=caller.user,
                text=escape(text),
                blocks=shown,
            )
            return
        except NoSuchPlace:
            pass
    call(bot.client.chat_postMessage, channel=caller.user, text=escape(text), blocks=shown)


def _in_view(bot: Bot, view_id: str, problem: Problem) -> bool:
    try:
        call(bot.client.views_update, view_id=view_id, view=problem_view(problem))
    except ViewGone:
        return False
    return True
