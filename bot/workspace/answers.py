"""What the app answers: to a command, to a submission, to a response URL."""

from collections.abc import Mapping
from typing import Any

from bot.workspace.blocks import Json, elements
from bot.workspace.call import Call
from bot.workspace.config import Channel
from bot.workspace.messages import Message
from bot.workspace.methods_chat import content_blocks
from bot.workspace.methods_views import checked_view
from bot.workspace.payloads import Payloads
from bot.workspace.refusal import Refused
from bot.workspace.state import State
from bot.workspace.views import View


class Answers:
    def __init__(self, state: State, payloads: Payloads) -> None:
        self._state = state
        self._payloads = payloads

    def to_command(self, body: Any, person: str, channel: Channel) -> str:
        """Text or a message comes into the channel, seen by the person only unless it says in_channel. What Slack
        refuses in it, or nothing."""
        given = {"text": body} if isinstance(body, str) else body
        if not given:
            return ""
        if not isinstance(given, Mapping):
            return "invalid_response"
        call = self._call("the answer to a command", given)
        try:
            self._say(call, person, channel.id, thread_ts="")
        except Refused as error:
            return self._noted(call, error)
        return ""

    def to_submission(self, body: Any, view: View) -> tuple[str, Mapping[str, str]]:
        """Closes, replaces or pushes as `response_action` says. What Slack refuses in it, and errors beside fields."""
        views = self._state.views
        if body in (None, "", {}):
            # the listener may have closed or cleared it meanwhile
            if view.id in [each.id for each in views.stack(view.person)]:
                views.close(view.id)
            return "", {}
        if not isinstance(body, Mapping):
            return "invalid_response", {}
        call = self._call("the answer to a submission", body)
        try:
            match body.get("response_action"):
                case "clear":
                    views.clear(view.person)
                case "update":
                    views.update(view.id, checked_view(call, call.json("view"), "modal"))
                case "push":
                    views.push(view.person, checked_view(call, call.json("view"), "modal"))
                case "errors":
                    return "", _errors(call.json("errors"), view)
                case other:
                    return self._noted(call, Refused(f"unknown response_action {other}")), {}
        except Refused as error:
            return self._noted(call, error), {}
        return "", {}

    def to_response_url(self, id_: str, given: Mapping[str, Any]) -> None:
        """Up to five messages within thirty minutes. Raises Refused."""
        call = self._call("response_url", given)
        try:
            url = self._state.short_lived.use_response_url(id_)
            held = self._held(url.channel, url.message_ts)
            if call.flag("delete_original"):
                if held is not None:
                    self._state.messages.delete(held)
            elif call.flag("replace_original") and held is not None:
                self._state.messages.change(
                    held,
                    text=call.text("text"),
                    blocks=tuple(content_blocks(call)),
                    edited=None if held.only_for else {"user": held.user, "ts": self._state.ts()},
                )
            else:
                thread = call.text("thread_ts") or (held.thread_ts if held else "")
                self._say(call, url.person, url.channel, thread_ts=thread)
        except Refused as error:
            self._noted(call, error)
            raise
        self._log(call, "ok", 200)

    def response_urls(self, view: View) -> list[Json]:
        """One for each select of a channel that asks for it."""
        found = []
        for block, element in elements(view.blocks):
            if element.get("response_url_enabled"):
                held = view.values[block["block_id"]][element["action_id"]]
                channel = held.get("selected_conversation") or held.get("selected_channel")
                if channel:
                    found.append(
                        {
                            "block_id": block["block_id"],
                            "action_id": element["action_id"],
                            "channel_id": channel,
                            "response_url": self._payloads.response_url(view.person, channel),
                        }
                    )
        return found

    def _say(self, call: Call, person: str, channel: str, *, thread_ts: str) -> None:
        state = self._state
        if state.channel(channel).is_archived:
            raise Refused("is_archived")
        state.messages.add(
            Message(
                channel=channel,
                ts=state.ts(),
                user=state.config.bot_user_id,
                text=call.text("text"),
                blocks=tuple(content_blocks(call)),
                thread_ts=thread_ts,
                only_for="" if call.text("response_type") == "in_channel" else person,
            )
        )

    def _held(self, channel: str, ts: str) -> Message | None:
        try:
            return self._state.messages.find(channel, ts) if ts else None
        except Refused:
            return None

    def _call(self, what: str, given: Mapping[str, Any]) -> Call:
        return Call(state=self._state, payloads=self._payloads, method=what, arguments=given)

    def _noted(self, call: Call, error: Refused) -> str:
        self._log(call, {"error": error.error} | error.extra, 400)
        return error.error

    def _log(self, call: Call, response: Any, status: int) -> None:
        self._state.feed.wired(
            direction="from app",
            what=call.method,
            status=status,
            ms=0,
            request=dict(call.arguments),
            response=response,
            lint=tuple(call.lint),
        )


def _errors(errors: Any, view: View) -> Mapping[str, str]:
    """Each must name an input block of the view."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, Mapping) or not errors or not all(isinstance(text, str) for text in errors.values()):
        raise Refused("invalid_errors", messages=["must provide an object of block_id and text"])
    if unknown := sorted(set(errors) - inputs):
        raise Refused("invalid_errors", messages=[f"no input block has the block_id {name!r}" for name in unknown])
    return errors
