"""Requests of a look. Each acknowledges at once, hands over, and is checked anew."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, App
from slack_sdk.models.views import View

from bot.blocks import option
from bot.bot import Bot
from bot.identity import Caller, caller_of
from bot.listening import hand_over
from bot.look.facts import Where
from bot.look.gather import Gather
from bot.look.ids import Action
from bot.look.views.item import item_view
from bot.look.views.lists import TITLE, choice_view, containers_view, items_view
from bot.metadata import foreign, unpack
from bot.windows import Window, open_window, redraw

Body = Mapping[str, Any]
Step = Callable[[Where, str], Where]


def register(app: App, bot: Bot) -> None:
    bot.routes["look"] = lambda caller, word: _open(bot, caller, word)
    for action, step in _STEPS.items():
        app.action(action)(_listener(bot, step))
    app.options(Action.APP)(_apps(bot))


def _open(bot: Bot, caller: Caller, word: str) -> None:
    def fill(window: Window) -> None:
        gather = Gather.of(bot, caller)
        redraw(bot, window, _view(gather, gather.begin(word)))

    open_window(bot, caller, TITLE, fill)


def _view(gather: Gather, where: Where) -> View:
    if where.item:
        return item_view(gather.item(where))
    if where.container:
        return items_view(gather.items(where))
    return containers_view(gather.containers(where)) if where.app else choice_view()


def _place(value: str) -> int:
    """The first of a page. WrongState: not ours."""
    if not value.isdecimal():
        raise foreign()
    return int(value)


_STEPS: Mapping[Action, Step] = {
    Action.APP: lambda _, value: Where(app=value),
    Action.CONTAINER: lambda where, value: replace(where, container=value, items_at=0),
    Action.ITEM: lambda where, value: replace(where, item=value, page=0),
    Action.BEFORE: lambda where, value: where.turned(_place(value)),
    Action.AFTER: lambda where, value: where.turned(_place(value)),
    Action.JUMP: lambda where, value: where.turned(_place(value)),
    Action.BACK: lambda where, _: where.back(),
}


def _listener(bot: Bot, step: Step) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        hand_over(bot, body, lambda caller: _go(bot, caller, body, step))

    return listener


def _go(bot: Bot, caller: Caller, body: Body, step: Step) -> None:
    where = Where.of(unpack(body["view"]["private_metadata"]))
    redraw(bot, Window.of(body), _view(Gather.of(bot, caller), step(where, _value(body["actions"][0]))))


def _value(action: Body) -> str:
    """Of a button, or of what was chosen."""
    return str((action.get("selected_option") or action).get("value") or "")


def _apps(bot: Bot) -> Callable[..., None]:
    """Answered at once, with what matches; Slack waits three seconds."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        found = Gather.of(bot, caller_of(body)).apps(str(body.get("value") or ""))
        ack(options=[option(one.id, one.name, one.type.value.capitalize()).to_dict() for one in found])

    return listener
