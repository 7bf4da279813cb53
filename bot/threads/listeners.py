"""The buttons of a thread: each checks who presses it."""

from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App

from bot.bot import Bot
from bot.errors import say
from bot.identity import Caller
from bot.listening import hand_over
from bot.threads.ids import Action
from core.access.restoring import may_restore
from core.restore import restores


def register(app: App, bot: Bot) -> None:
    app.action(Action.CANCEL)(_pressed(bot, lambda caller, restore_id: _cancel(bot, caller, restore_id)))
    app.action(Action.DETAILS)(_pressed(bot, lambda caller, one: bot.open("restore.status", caller, one)))
    app.action(Action.LOOK)(_pressed(bot, lambda caller, one: _look(bot, caller, one)))


def _pressed(bot: Bot, doing: Callable[[Caller, str], None]) -> Callable[..., None]:
    def listener(ack: Ack, body: Mapping[str, Any]) -> None:
        ack()
        hand_over(bot, body, lambda caller: doing(caller, str(body["actions"][0].get("value", ""))))

    return listener


def _cancel(bot: Bot, caller: Caller, restore_id: str) -> None:
    """Exactly one of cancel and publish wins. WrongState says so where it is too late."""
    person = bot.accounts.person(caller)
    with bot.engine.database.reading() as session:
        restore = restores.get(session, restore_id)
        may_restore(session, person, restore.organization_id, restore.app_id)
    bot.engine.restore_steps.cancel(restore.id, person.id)
    say(bot, caller, f"{restore.id} is being cancelled. Its destination stays as it is.")


def _look(bot: Bot, caller: Caller, restore_id: str) -> None:
    with bot.engine.database.reading() as session:
        app_id = restores.get(session, restore_id).app_id
    bot.open("look", caller, app_id)
