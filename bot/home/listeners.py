"""App Home is drawn when it is opened, and after what is done in it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from slack_bolt import Ack, App

from bot.bot import Bot
from bot.client import call
from bot.home.ids import Action
from bot.home.views import Home, Row, home_view
from bot.identity import Caller
from bot.listening import hand_over
from bot.words import STEPS
from core.access.restoring import administered
from core.catalog import apps, backups
from core.catalog.runs import OPEN
from core.errors import NotAllowed
from core.restore import restores
from core.restore.restores import Restore

_ROWS: Final = 8


def register(app: App, bot: Bot) -> None:
    app.event("app_home_opened")(_opened(bot))
    app.action(Action.RESTORE)(_pressed(bot, lambda caller, _: bot.open("restore.wizard", caller)))
    app.action(Action.ALL)(_pressed(bot, lambda caller, _: bot.open("restore.list", caller)))
    app.action(Action.STATUS)(_pressed(bot, lambda caller, one: bot.open("restore.status", caller, one)))
    app.action(Action.REFRESH)(_pressed(bot, lambda caller, _: _publish(bot, caller)))


def _opened(bot: Bot) -> Callable[..., None]:
    def listener(body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        if event.get("tab") == "home":
            hand_over(bot, body, lambda caller: _publish(bot, caller))

    return listener


def _pressed(bot: Bot, doing: Callable[[Caller, str], None]) -> Callable[..., None]:
    def listener(ack: Ack, body: Mapping[str, Any]) -> None:
        ack()
        hand_over(bot, body, lambda caller: doing(caller, str(body["actions"][0].get("value", ""))))

    return listener


def _publish(bot: Bot, caller: Caller) -> None:
    call(bot.client.views_publish, user_id=caller.user, view=home_view(_home(bot, caller)))


def _home(bot: Bot, caller: Caller) -> Home:
    try:
        person = bot.accounts.person(caller)
        with bot.engine.database.reading() as session:
            organizations = administered(session, person)
            pages = [restores.recent(session, organization_id=one, limit=_ROWS) for one in organizations]
            found = sorted((one for page in pages for one in page.found), key=lambda one: one.created_at, reverse=True)
            rows = [
                Row(
                    id=one.id,
                    source=apps.get(session, backups.get(session, one.backup_id).app_id).name,
                    destination=apps.get(session, one.app_id).name,
                    stands=_stands(one),
                    started=one.created_at,
                )
                for one in found[:_ROWS]
            ]
    except NotAllowed as refused:
        return Home(refused=refused.hint, rows=(), total=0)
    return Home(refused="", rows=rows, total=sum(page.total for page in pages))


def _stands(restore: Restore) -> str:
    if restore.status.value not in OPEN:
        return restore.status.value.capitalize()
    share = restore.progress_done * 100 // restore.progress_total if restore.progress_total else 0
    return f"{restore.status.value.capitalize()}: {STEPS[restore.step]}, {share} %"
