"""What a person does in Slack, and what Slack makes of the app's answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from bot.workspace.answers import Answers
from bot.workspace.blocks import Json, element_of
from bot.workspace.config import Channel, Kind
from bot.workspace.delivery import Answer, Delivery
from bot.workspace.inputs import action_of, entered_state, refusals
from bot.workspace.lint import lint_options
from bot.workspace.messages import Message
from bot.workspace.payloads import Payload, Payloads
from bot.workspace.refusal import Refused
from bot.workspace.state import State
from bot.workspace.views import View

_TROUBLE: Final = "We had some trouble connecting. Try again?"
_NOT_INTERACTIVE: Final = "This app is not configured to handle interactive responses."
_NO_ACTION: Final = "This app did not respond. Try again?"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the person sees of it. `error` is for the page, `shown` is Slack's sentence."""

    ok: bool = True
    error: str = ""
    shown: str = ""
    #: beside the fields of a modal: {block_id: sentence}
    errors: Mapping[str, str] = field(default_factory=dict)
    #: the answer to a search in a select
    options: Json = field(default_factory=dict)
    ts: str = ""


class Acting:
    def __init__(self, state: State, delivery: Delivery, payloads: Payloads) -> None:
        self._state = state
        self._delivery = delivery
        self._payloads = payloads
        self._answers = Answers(state, payloads)
        #: what the app offered last, per select with a search: (person, block_id, action_id)
        self._offered: dict[tuple[str, str, str], Json] = {}

    def command(self, *, person: str, channel: str, text: str) -> Outcome:
        """A slash command such as `/restore status`."""
        place = self._place(person, channel)
        name, _, rest = text.strip().partition(" ")
        if name not in [command["command"] for command in self._state.commands]:
            return Outcome(ok=False, error="unknown_command", shown=f"{name} is not a valid command.")
        self._need_scope("commands")
        answer = self._delivery.send(
            self._payloads.command(person=person, channel=place, command=name, text=rest.strip())
        )
        if not answer.is_ok:
            return Outcome(ok=False, error=answer.failure, shown=_failed(name, answer))
        problem = self._answers.to_command(answer.body, person, place)
        return (
            Outcome(ok=False, error=problem, shown=f"{name} failed with the error “{problem}”")
            if problem
            else Outcome()
        )

    def shortcut(self, *, person: str, callback_id: str) -> Outcome:
        self._active(person)
        if callback_id not in [shortcut["callback_id"] for shortcut in self._state.shortcuts]:
            raise Refused("unknown_shortcut")
        self._need_scope("commands")
        return self._interact(self._payloads.shortcut(person=person, callback_id=callback_id))

    def message(self, *, person: str, channel: str, text: str, thread_ts: str = "") -> Outcome:
        """A person writes; the app hears of it as its manifest asks."""
        state, place = self._state, self._place(person, channel)
        if place.is_archived:
            raise Refused("is_archived")
        message = state.messages.add(
            Message(channel=channel, ts=state.ts(), user=person, text=text, thread_ts=thread_ts)
        )
        event: Json = {
            "type": "message",
            "user": person,
            "ts": message.ts,
            "client_msg_id": str(uuid4()),
            "text": text,
            "team": state.config.team_id,
            "channel": channel,
            "event_ts": message.ts,
            "channel_type": _CHANNEL_TYPE[place.kind],
        }
        if message.thread_ts:
            event["thread_ts"] = message.thread_ts
        if state.config.bot_user_id in place.members:
            self._tell(_MESSAGE_EVENT[place.kind], event, person)
            if f"<@{state.config.bot_user_id}>" in text:
                mention = {key: value for key, value in event.items() if key != "channel_type"}
                self._tell("app_mention", mention | {"type": "app_mention"}, person)
        return Outcome(ts=message.ts)

    def home(self, *, person: str) -> Outcome:
        """The person opens the App Home."""
        state = self._state
        self._active(person)
        event: Json = {
            "type": "app_home_opened",
            "user": person,
            "channel": state.dm(person).id,
            "tab": "home",
            "event_ts": state.ts(),
        }
        if view := state.views.home(person):
            event["view"] = state.views.shown(view)
        self._tell("app_home_opened", event, person)
        return Outcome()

    def action_in_view(
        self, *, person: str, view_id: str, block_id: str, action_id: str, value: Any, entered: Mapping[str, Any]
    ) -> Outcome:
        view = self._view(person, view_id)
        element = self._element(view.blocks, person, block_id, action_id)
        values = entered_state(view.values, view.blocks, entered)
        action = action_of(block_id, element, value, self._state.ts())
        values = _with_action(values, block_id, action_id, action)
        view = self._state.views.enter(view, values)
        return self._interact(self._payloads.view_action(view=view, action=action))

    def action_in_message(
        self,
        *,
        person: str,
        channel: str,
        ts: str,
        block_id: str,
        action_id: str,
        value: Any,
        entered: Mapping[str, Any],
    ) -> Outcome:
        message = self._message(person, channel, ts)
        element = self._element(message.blocks, person, block_id, action_id)
        action = action_of(block_id, element, value, self._state.ts())
        values = _with_action(entered_state({}, message.blocks, entered), block_id, action_id, action)
        return self._interact(
            self._payloads.message_action(person=person, message=message, action=action, values=values)
        )

    def options(self, *, person: str, source: View | Message, block_id: str, action_id: str, query: str) -> Outcome:
        """A search in a select whose options the app gives."""
        element = self._element(source.blocks, person, block_id, action_id)
        if len(query) < element.get("min_query_length", 3):
            return Outcome(options={"options": []})
        answer = self._delivery.send(
            self._payloads.suggestion(person=person, source=source, block_id=block_id, action_id=action_id, query=query)
        )
        findings = lint_options(answer.body) if answer.is_ok else []
        if not answer.is_ok or findings:
            return Outcome(ok=False, error="; ".join(findings) or answer.failure, shown="Results failed to load.")
        self._offered[person, block_id, action_id] = answer.body
        return Outcome(options=answer.body)

    def submit(self, *, person: str, view_id: str, entered: Mapping[str, Any]) -> Outcome:
        """The modal's button. What Slack itself finds wrong never reaches the app."""
        view = self._view(person, view_id)
        if view.content["type"] != "modal" or not view.content.get("submit") or view.flag("submit_disabled"):
            raise Refused("not_submittable")
        values = entered_state(view.values, self._with_offered(view, person), entered)
        view = self._state.views.enter(view, values)
        if wrong := refusals(view.blocks, values):
            return Outcome(ok=False, error="invalid_input", errors=wrong)
        if not self._state.is_interactive:
            return Outcome(ok=False, error="not_interactive", shown=_NOT_INTERACTIVE)
        urls = self._answers.response_urls(view)
        answer = self._delivery.send(self._payloads.submission(view=view, response_urls=urls))
        if not answer.is_ok:
            return Outcome(ok=False, error=answer.failure, shown=_TROUBLE)
        problem, errors = self._answers.to_submission(answer.body, view)
        if problem:
            return Outcome(ok=False, error=problem, shown=_TROUBLE)
        return Outcome(ok=not errors, error="errors" if errors else "", errors=errors)

    def close(self, *, person: str, view_id: str, clear_all: bool = False) -> Outcome:
        """Cancel closes one view, the cross all of them; the app hears of those that ask for it."""
        view = self._view(person, view_id)
        views = self._state.views
        is_cleared = clear_all or view.flag("clear_on_close")
        closed = list(reversed(views.stack(person))) if is_cleared else [view]
        if is_cleared:
            views.clear(person)
        else:
            views.close(view_id)
        for each in closed:
            if each.flag("notify_on_close"):
                self._delivery.send(self._payloads.closed(view=each, is_cleared=is_cleared))
        return Outcome()

    def source(self, person: str, container: Mapping[str, Any]) -> View | Message:
        """The view or message that the page means."""
        if container.get("type") == "view":
            return self._view(person, str(container.get("view_id")))
        return self._message(person, str(container.get("channel")), str(container.get("ts")))

    def _interact(self, payload: Payload) -> Outcome:
        if not self._state.is_interactive:
            return Outcome(ok=False, error="not_interactive", shown=_NOT_INTERACTIVE)
        answer = self._delivery.send(payload)
        return Outcome() if answer.is_ok else Outcome(ok=False, error=answer.failure, shown=_NO_ACTION)

    def _tell(self, subscription: str, event: Mapping[str, Any], person: str) -> None:
        if subscription in self._state.bot_events:
            self._delivery.send_event(self._payloads.event(event, person=person))

    def _need_scope(self, scope: str) -> None:
        if scope not in self._state.scopes:
            raise Refused("missing_scope", needed=scope)

    def _place(self, person: str, channel: str) -> Channel:
        self._active(person)
        place = self._state.channel(channel)
        if person not in place.members:
            raise Refused("not_in_channel")
        return place

    def _active(self, person: str) -> None:
        """A person who was deactivated is signed out of Slack."""
        if self._state.person(person).deleted:
            raise Refused("user_disabled")

    def _view(self, person: str, view_id: str) -> View:
        self._active(person)
        view = self._state.views.find(view_id)
        if view.person != person:
            raise Refused("not_found")
        return view

    def _message(self, person: str, channel: str, ts: str) -> Message:
        self._place(person, channel)
        message = self._state.messages.find(channel, ts)
        if message.only_for not in ("", person):
            raise Refused("message_not_found")
        return message

    def _element(self, blocks: Any, person: str, block_id: str, action_id: str) -> Json:
        element = element_of(blocks, block_id, action_id)
        if element is None:
            raise Refused("action_not_found")
        return self._as_offered(person, block_id, element)

    def _as_offered(self, person: str, block_id: str, element: Json) -> Json:
        """A select with a search, with what the app offered last."""
        return element | self._offered.get((person, block_id, element["action_id"]), {})

    def _with_offered(self, view: View, person: str) -> list[Json]:
        blocks: list[Json] = []
        for block in view.blocks:
            element = block.get("element") or {}
            is_searched = str(element.get("type")).endswith("external_select")
            blocks.append(
                block | {"element": self._as_offered(person, block["block_id"], element)} if is_searched else block
            )
        return blocks


def _with_action(values: dict[str, dict[str, Json]], block_id: str, action_id: str, action: Json) -> Any:
    """What was chosen is in `state`, too."""
    held = values.get(block_id, {}).get(action_id)
    if held is not None:
        held_now = {name: action.get(name) for name in held if name != "type"}
        values[block_id] = values[block_id] | {action_id: {"type": held["type"], **held_now}}
    return values


def _failed(command: str, answer: Answer) -> str:
    if answer.failure == "http_timeout":
        return f"{command} failed with the error “operation_timeout”"
    if answer.failure == "http_error":
        return f"{command} failed with the error “http_service_error” (status {answer.status})"
    return f"{command} failed because the app did not respond"


_CHANNEL_TYPE: Final = {Kind.CHANNEL: "channel", Kind.PRIVATE: "group", Kind.DM: "im"}
_MESSAGE_EVENT: Final = {Kind.CHANNEL: "message.channels", Kind.PRIVATE: "message.groups", Kind.DM: "message.im"}
