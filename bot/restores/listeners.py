"""Requests of the table, of one restore and of its end. Each acknowledges at once, hands over, and is checked anew."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from slack_bolt import Ack, App

from bot.blocks import option
from bot.bot import Bot
from bot.identity import Caller, caller_of
from bot.listening import hand_over
from bot.metadata import unpack
from bot.restores.facts import TableAt
from bot.restores.files import FORMS, send_report
from bot.restores.gather import Gather
from bot.restores.ids import Action
from bot.restores.views import cancel, status, table
from bot.restores.views.cancel import choose_view, confirm_view, nothing_view
from bot.restores.views.status import status_view
from bot.restores.views.table import ANY, ROWS, table_view
from bot.windows import Window, open_window, redraw
from core.catalog.run_tables import RunStatus
from core.errors import WrongState
from core.restore import restores

Body = Mapping[str, Any]
Doing = Callable[["Press"], None]
Turn = Callable[[TableAt, Body], TableAt]


class Press:
    """Of a button or a filter in one of the windows."""

    def __init__(self, bot: Bot, caller: Caller, body: Body) -> None:
        self.bot, self.caller = bot, caller
        self.window = Window.of(body)
        self.metadata = unpack(body["view"]["private_metadata"])
        self.action: Body = body["actions"][0]
        self.value = str(self.action.get("value") or "")
        self.gather = Gather.of(bot, caller)

    @property
    def back(self) -> str:
        """Where in the table a status was opened, if it was."""
        return self.metadata.detail if self.metadata.step == "status" else ""

    def show_table(self, at: TableAt) -> None:
        redraw(self.bot, self.window, table_view(self.gather.table(at)))

    def show_status(self, restore_id: str, *, back: str = "", said: str = "") -> None:
        redraw(self.bot, self.window, status_view(self.gather.status(restore_id), back=back, said=said))

    def show_confirm(self, restore_id: str) -> None:
        redraw(self.bot, self.window, confirm_view(self.gather.status(restore_id)))


def register(app: App, bot: Bot) -> None:
    bot.routes["restore.list"] = lambda caller, _subject: _open_table(bot, caller)
    bot.routes["restore.status"] = lambda caller, word: _open_status(bot, caller, word)
    bot.routes["restore.cancel"] = lambda caller, word: _open_cancel(bot, caller, word)
    for turning, turn in _TURNS.items():
        app.action(turning)(_listener(bot, _turned(turn)))
    for action, doing in _ACTIONS.items():
        app.action(action)(_listener(bot, doing))
    app.options(Action.APP_FILTER)(_apps(bot))


def _open_table(bot: Bot, caller: Caller) -> None:
    def fill(window: Window) -> None:
        redraw(bot, window, table_view(Gather.of(bot, caller).table(TableAt())))

    open_window(bot, caller, table.TITLE, fill)


def _open_status(bot: Bot, caller: Caller, word: str) -> None:
    def fill(window: Window) -> None:
        redraw(bot, window, status_view(Gather.of(bot, caller).status(word)))

    open_window(bot, caller, status.TITLE, fill)


def _open_cancel(bot: Bot, caller: Caller, word: str) -> None:
    def fill(window: Window) -> None:
        gather = Gather.of(bot, caller)
        own = None if word else gather.cancellable()
        if own is None:
            view = confirm_view(gather.status(word))
        elif not own.page.found:
            view = nothing_view()
        elif own.page.total == 1:
            view = confirm_view(gather.status(own.page.found[0].id))
        else:
            view = choose_view(own)
        redraw(bot, window, view)

    open_window(bot, caller, cancel.TITLE, fill)


def _listener(bot: Bot, doing: Doing) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        hand_over(bot, body, lambda caller: doing(Press(bot, caller, body)))

    return listener


def _turned(turn: Turn) -> Doing:
    """Another page or other filters of the table."""

    def doing(press: Press) -> None:
        press.show_table(turn(TableAt.unpack(press.metadata.detail), press.action))

    return doing


def _chosen(action: Body) -> str:
    return str((action.get("selected_option") or {}).get("value") or "")


def _with_status(at: TableAt, action: Body) -> TableAt:
    chosen = _chosen(action)
    return replace(at, status=None if chosen in {"", ANY} else RunStatus(chosen), offset=0)


_TURNS: Mapping[Action, Turn] = {
    Action.STATUS_FILTER: _with_status,
    Action.APP_FILTER: lambda at, action: replace(at, app=_chosen(action), offset=0),
    Action.ALL_APPS: lambda at, _: replace(at, app="", offset=0),
    Action.NEWER: lambda at, _: replace(at, offset=max(0, at.offset - ROWS)),
    Action.OLDER: lambda at, _: replace(at, offset=at.offset + ROWS),
}


def _refresh(press: Press) -> None:
    if press.metadata.step == "status":
        press.show_status(press.metadata.subject, back=press.back)
    else:
        press.show_table(TableAt.unpack(press.metadata.detail))


def _cancel(press: Press) -> None:
    """Exactly one of cancel and publish wins; who is too late is told what became of it."""
    found = press.gather.changeable(press.value)
    try:
        press.bot.engine.restore_steps.cancel(found.id, press.gather.person.id)
    except WrongState as late:
        said = late.message
    else:
        said = "It is being cancelled. The destination stays as it is."
    press.show_status(found.id, back=press.back, said=said)


def _resume(press: Press) -> None:
    found, engine = press.gather.changeable(press.value), press.bot.engine
    try:
        with engine.database.transaction() as session:
            restores.resume(session, found.id, press.gather.person.id, engine.now())
    except WrongState as late:
        said = late.message
    else:
        said = "It goes on where it stopped, as soon as a worker is free."
    press.show_status(found.id, back=press.back, said=said)


def _report(press: Press) -> None:
    """The role is asked for once more: what is sent holds names and members."""
    found = press.gather.readable(press.value)
    send_report(press.bot, press.caller, press.gather.document(found), FORMS[Action(press.action["action_id"])])
    press.show_status(found.id, back=press.back, said="It is in your direct messages.")


_ACTIONS: Mapping[Action, Doing] = {
    Action.REFRESH: _refresh,
    Action.DETAILS: lambda press: press.show_status(press.value, back=press.metadata.detail),
    Action.TO_TABLE: lambda press: press.show_table(TableAt.unpack(press.metadata.detail)),
    Action.CHOOSE: lambda press: press.show_confirm(press.value),
    Action.CANCEL: _cancel,
    Action.RESUME: _resume,
    Action.LOOK: lambda press: press.bot.open("look", press.caller, press.value),
    Action.JSON: _report,
    Action.CSV: _report,
}


def _apps(bot: Bot) -> Callable[..., None]:
    """Answered at once, with what matches; Slack waits three seconds."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        found = Gather.of(bot, caller_of(body)).apps(str(body.get("value") or ""))
        ack(options=[option(one.id, one.name).to_dict() for one in found])

    return listener
