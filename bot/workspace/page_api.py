"""What the page asks for and does, in JSON."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from bot.workspace.acting import Acting, Outcome
from bot.workspace.blocks import Json
from bot.workspace.config import Channel
from bot.workspace.files import File
from bot.workspace.messages import Message
from bot.workspace.methods_chat import permalink
from bot.workspace.payloads import Payloads
from bot.workspace.refusal import Refused
from bot.workspace.shapes import message_shown
from bot.workspace.state import State

_LONG_POLL_SECONDS: Final = 25.0
#: refusals of what a page pressed before it had drawn the latest
_OUTDATED: Final = frozenset({"not_submittable", "action_not_found"})
_MEANWHILE: Final = "This has changed meanwhile, and nothing was sent. Look again."


class PageApi:
    def __init__(self, state: State, acting: Acting, payloads: Payloads) -> None:
        self._state = state
        self._acting = acting
        self._payloads = payloads
        #: POST /page/<name>
        self.doings: Mapping[str, Callable[[Json], Outcome]] = {
            "command": self._command,
            "message": self._message,
            "shortcut": self._shortcut,
            "action": self._action,
            "submit": self._submit,
            "close": self._close,
            "options": self._options,
            "home": self._home,
        }

    def state(self, person: str, zone: str = "") -> Json:
        """`zone` is the time zone of the person's browser, which becomes theirs: Slack's clients tell it, too."""
        state = self._state
        with state.lock:
            person = person if person in state.people else next(iter(state.people))
            state.is_in(person, zone)
            me = state.person(person)
            home = state.views.home(person)
            return {
                "me": asdict(me),
                "team": {"id": state.config.team_id, "name": state.config.team_name},
                "app": {"id": state.config.app_id, "name": state.config.app_name, "user": state.config.bot_user_id},
                "people": [
                    {
                        "id": each.id,
                        "name": each.name,
                        "real_name": each.real_name,
                        "role_label": each.role_label,
                        "deleted": each.deleted,
                    }
                    for each in state.people.values()
                ],
                "channels": [self._channel(person, channel) for channel in state.seen_by(person)],
                "commands": [_picked(each, "command", "description", "usage_hint") for each in state.commands],
                "shortcuts": [_picked(each, "callback_id", "name", "description") for each in state.shortcuts],
                "modals": [state.views.shown(view) for view in state.views.stack(person)],
                "home": state.views.shown(home) if home else None,
                "home_of": [{"id": state.config.bot_user_id, "name": state.config.app_name}] if state.home_tab else [],
                "sequence": state.feed.sequence,
            }

    def messages(self, person: str, channel: str, thread_ts: str) -> Json:
        state = self._state
        with state.lock:
            if person not in state.channel(channel).members:
                raise Refused("not_in_channel")
            messages = state.messages
            found = messages.in_thread(channel, thread_ts) if thread_ts else messages.in_channel(channel)
            found = sorted([*found, *messages.ephemeral(channel, person, thread_ts)], key=lambda each: each.ts)
            if not thread_ts:
                state.has_read(person, channel)
            return {"messages": [self._shown(message) for message in found]}

    def changes(self, person: str, after: int) -> Json:
        sequence, changes = self._state.feed.changes(person, after, _LONG_POLL_SECONDS)
        return {"sequence": sequence, "changes": [change.shown() for change in changes]}

    def inspector(self, after: int) -> Json:
        return {"entries": self._state.feed.wire_shown(after)}

    def file(self, id_: str) -> File:
        return self._state.files.find(id_)

    def do(self, name: str, given: Json) -> Json:
        """Whatever a person does; what is refused is an answer, too."""
        try:
            outcome = self.doings[name](given)
        except Refused as error:
            shown = _MEANWHILE if error.error in _OUTDATED else f"Slack refuses it: {error.error}."
            return {"ok": False, "error": error.error, "shown": shown}
        answer: Json = {"ok": outcome.ok}
        for key in ("error", "shown", "errors", "ts"):
            if value := getattr(outcome, key):
                answer[key] = value
        return answer | outcome.options

    def _channel(self, person: str, channel: Channel) -> Json:
        return {
            "id": channel.id,
            "name": channel.name,
            "kind": channel.kind.value,
            "unread": self._state.unread(person, channel.id),
            "is_archived": channel.is_archived,
            "is_ext_shared": channel.is_ext_shared,
            "members": sorted(channel.members),
        }

    def _shown(self, message: Message) -> Json:
        shown = message_shown(self._state, message, metadata=True)
        shown |= {
            "ephemeral": bool(message.only_for),
            "permalink": permalink(self._payloads.base_url, message),
            "blocks": shown.get("blocks", []),
        }
        return shown

    def _command(self, given: Json) -> Outcome:
        return self._acting.command(
            person=_text(given, "person"), channel=_text(given, "channel"), text=_text(given, "text")
        )

    def _message(self, given: Json) -> Outcome:
        return self._acting.message(
            person=_text(given, "person"),
            channel=_text(given, "channel"),
            text=_text(given, "text"),
            thread_ts=str(given.get("thread_ts") or ""),
        )

    def _shortcut(self, given: Json) -> Outcome:
        return self._acting.shortcut(person=_text(given, "person"), callback_id=_text(given, "callback_id"))

    def _action(self, given: Json) -> Outcome:
        container = given.get("container") or {}
        where = {
            "person": _text(given, "person"),
            "block_id": _text(given, "block_id"),
            "action_id": _text(given, "action_id"),
        }
        value, entered = given.get("value"), given.get("state_values") or {}
        if container.get("type") == "view":
            view_id = _text(container, "view_id")
            return self._acting.action_in_view(view_id=view_id, value=value, entered=entered, **where)
        return self._acting.action_in_message(
            channel=_text(container, "channel"), ts=_text(container, "ts"), value=value, entered=entered, **where
        )

    def _submit(self, given: Json) -> Outcome:
        return self._acting.submit(
            person=_text(given, "person"), view_id=_text(given, "view_id"), entered=given.get("state_values") or {}
        )

    def _close(self, given: Json) -> Outcome:
        return self._acting.close(
            person=_text(given, "person"), view_id=_text(given, "view_id"), clear_all=bool(given.get("clear_all"))
        )

    def _options(self, given: Json) -> Outcome:
        person = _text(given, "person")
        return self._acting.options(
            person=person,
            source=self._acting.source(person, given.get("container") or {}),
            block_id=_text(given, "block_id"),
            action_id=_text(given, "action_id"),
            query=str(given.get("query") or ""),
        )

    def _home(self, given: Json) -> Outcome:
        return self._acting.home(person=_text(given, "person"))


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise Refused("invalid_arguments", messages=[f"missing required field: {name}"])
    return value


def _picked(given: Mapping[str, Any], *names: str) -> Json:
    return {name: given.get(name, "") for name in names}
