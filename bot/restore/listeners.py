"""Requests of the wizard → the wizard. Each acknowledges at once and hands over."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, App

from bot.blocks import option
from bot.bot import Bot
from bot.client import call
from bot.errors import problem_of, problem_view, tell
from bot.identity import Caller, caller_of
from bot.listening import hand_over
from bot.metadata import Metadata, foreign, unpack
from bot.restore import form
from bot.restore.answer import Answer
from bot.restore.ids import Action, BlockId, Callback, Shortcut
from bot.restore.views.backup import backup_option
from bot.restore.views.frame import waiting_view
from bot.restore.views.source import describe
from bot.restore.wizard import Wizard
from core.findings import FindingCode
from core.restore.draft_state import ContainsData, DraftStep
from core.restore.request import Resolution

Body = Mapping[str, Any]
Doing = Callable[[Wizard, Body], None]
_OPENING = "One moment: looking up what can be restored. If this stays, type /restore again; nothing is lost."
_NEXT = "One moment. If this stays, close it and type /restore: what you chose is kept."


def register(app: App, bot: Bot) -> None:
    bot.routes["restore.wizard"] = lambda caller, _subject: _open(bot, caller)
    app.global_shortcut(Shortcut.RESTORE)(_shortcut(bot))
    app.view(Callback.WIZARD)(_submitted(bot))
    app.view(Callback.PROVISION)(_provision(bot))
    app.options(Action.APP)(_options(bot, _apps))
    app.options(Action.BACKUP)(_options(bot, _backups))
    app.options(Action.DESTINATION)(_options(bot, _destinations))
    for action, doing in _ACTIONS.items():
        app.action(action)(_listener(bot, doing))
    app.action(re.compile(f"{re.escape(Action.RESOLVE)}:.+"))(_listener(bot, _changes(_resolved)))


def _open(bot: Bot, caller: Caller) -> None:
    """The window first, before anything is looked up: the trigger lives three seconds."""
    opened = call(bot.client.views_open, trigger_id=caller.trigger, view=waiting_view(_OPENING))
    view_id = str(opened["view"]["id"])
    try:
        Wizard.of(bot, caller).begin(view_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person is told, and the log keeps the trace
        tell(bot, caller, error, view_id=view_id)


def _shortcut(bot: Bot) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        hand_over(bot, body, lambda caller: _open(bot, caller))

    return listener


def _listener(bot: Bot, doing: Doing) -> Callable[..., None]:
    def listener(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        hand_over(bot, body, lambda caller: doing(Wizard.of(bot, caller), body))

    return listener


def _submitted(bot: Bot) -> Callable[..., None]:
    """Errors stand beside their fields; else the next step follows, in the answer itself where it is soon ready."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        metadata = _metadata(body)
        if metadata.step not in set(DraftStep):
            raise foreign()
        answer = form.read_step(DraftStep(metadata.step), body["view"])
        if isinstance(answer, form.Errors):
            ack(response_action="errors", errors=dict(answer.by_block))
            return
        shown = Answer()
        hand_over(bot, body, _going_on(bot, metadata, answer, _view_id(body), shown))
        ack(response_action="update", view=shown.give(waiting_view(_NEXT)))

    return listener


def _going_on(
    bot: Bot, metadata: Metadata, change: form.Change, view_id: str, shown: Answer
) -> Callable[[Caller], None]:
    def doing(caller: Caller) -> None:
        try:
            Wizard.of(bot, caller, shown).go_on(metadata, change, view_id)
        except Exception as error:
            if not (shown.is_open and shown.take(problem_view(problem_of(error)))):
                raise

    return doing


def _provision(bot: Bot) -> Callable[..., None]:
    """The window that asked for the name closes; the wizard's window below it goes on."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        metadata = _metadata(body)
        name = body["view"]["state"]["values"][BlockId.NAME][Action.NAME]["value"] or ""
        below = str(body["view"]["root_view_id"])
        ack()
        hand_over(
            bot,
            body,
            lambda caller: Wizard.of(bot, caller).provision(metadata, name, below),
            view_id=below,
        )

    return listener


def _changes(change: Callable[[Body], form.Change]) -> Doing:
    """An action that changes the draft."""

    def doing(wizard: Wizard, body: Body) -> None:
        wizard.change(_metadata(body), change(body["actions"][0]), _view_id(body))

    return doing


def _reopened(wizard: Wizard, body: Body) -> str:
    """The window the button stands in; from a message, a new one."""
    if "view" in body:
        return _view_id(body)
    opened = call(wizard.bot.client.views_open, trigger_id=body["trigger_id"], view=waiting_view(_OPENING))
    return str(opened["view"]["id"])


def _continue(wizard: Wizard, body: Body) -> None:
    view_id = _reopened(wizard, body)
    draft_id = _metadata(body).draft if "view" in body else str(body["actions"][0].get("value", ""))
    wizard.resume(view_id, draft_id)


def _resolved(action: Body) -> form.Change:
    """WrongState: a code or a choice of another version."""
    try:
        code = FindingCode(str(action["action_id"]).removeprefix(f"{Action.RESOLVE}:"))
        choice = Resolution(_selected(action))
    except ValueError as error:
        raise foreign() from error
    return form.resolve(code, choice)


_ACTIONS: Mapping[Action, Doing] = {
    Action.CONTINUE: _continue,
    Action.START_OVER: lambda wizard, body: wizard.start_over(_view_id(body), _metadata(body).draft),
    Action.BACK: lambda wizard, body: wizard.back(_metadata(body), _view_id(body)),
    # of the draft as it stands, also where the window is not drawn with the last choice yet
    Action.RUN_AGAIN: lambda wizard, body: wizard.resume(_view_id(body), _metadata(body).draft),
    Action.ORGANIZATION: _changes(lambda action: form.choose_organization(_selected(action))),
    Action.BACKUP: _changes(lambda action: form.choose_backup(_selected(action))),
    Action.DESTINATION: _changes(lambda action: form.choose_destination(_selected(action))),
    Action.CONTAINS_DATA: _changes(
        lambda action: form.filter_destinations(contains_data=ContainsData(_selected(action)))
    ),
    Action.ONLY_SHARD: _changes(lambda action: form.filter_destinations(only_shard=form.only_shard_ticked(action))),
    Action.ALL_SHARDS: _changes(lambda _: form.filter_destinations(only_shard=False)),
    Action.ANY_DATA: _changes(lambda _: form.filter_destinations(contains_data=ContainsData.ANY)),
    Action.PROVISION: lambda wizard, body: wizard.offer_new_app(_metadata(body), str(body["trigger_id"])),
    Action.CLEAR_SPACE: lambda wizard, body: wizard.clear_space(_metadata(body), _view_id(body)),
}


def _options(bot: Bot, search: Callable[[Wizard, Metadata, str], list[Any]]) -> Callable[..., None]:
    """Answered at once, with what matches; Slack waits three seconds."""

    def listener(ack: Ack, body: dict[str, Any]) -> None:
        wizard = Wizard.of(bot, caller_of(body))
        found = search(wizard, _metadata(body), str(body.get("value") or ""))
        ack(options=[one.to_dict() for one in found])

    return listener


def _apps(wizard: Wizard, metadata: Metadata, text: str) -> list[Any]:
    return [option(one.id, one.name, describe(one)) for one in wizard.apps(metadata, text)]


def _backups(wizard: Wizard, metadata: Metadata, text: str) -> list[Any]:
    gather = wizard.gather
    return [backup_option(one, gather.now, gather.zone) for one in wizard.backups(metadata, text)]


def _destinations(wizard: Wizard, metadata: Metadata, text: str) -> list[Any]:
    return [option(one.id, one.name, describe(one)) for one in wizard.destinations(metadata, text)]


def _metadata(body: Body) -> Metadata:
    return unpack(body["view"]["private_metadata"])


def _view_id(body: Body) -> str:
    return str(body["view"]["id"])


def _selected(action: Body) -> str:
    return str((action.get("selected_option") or {}).get("value", ""))
