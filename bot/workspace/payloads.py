"""What Slack sends to an app, in the shapes that Slack publishes (docs.slack.dev, interaction payloads and events)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.workspace.blocks import Json
from bot.workspace.config import Channel, Kind
from bot.workspace.inputs import State as Values
from bot.workspace.inputs import initial_state
from bot.workspace.messages import Message
from bot.workspace.shapes import message_shown
from bot.workspace.state import State
from bot.workspace.views import View


class Envelope(StrEnum):
    """The three ways a payload is wrapped; the words are those of Socket Mode."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, kw_only=True)
class Payload:
    envelope: Envelope
    body: Json

    @property
    def type(self) -> str:
        return "slash_command" if self.envelope is Envelope.COMMAND else str(self.body["type"])

    @property
    def is_answered(self) -> bool:
        """Whether what comes with the acknowledgement is used."""
        return self.type in ("slash_command", "view_submission", "block_suggestion")


class Payloads:
    """`base_url` is where response URLs point to."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._config = state.config
        #: Slack's old way to tell that a request comes from it; nobody should rely on it
        self._verification_token = secrets.token_urlsafe(18)
        self.base_url = ""

    def command(self, *, person: str, channel: Channel, command: str, text: str) -> Payload:
        """A slash command: every value is text."""
        config = self._config
        body: Json = {
            "token": self._verification_token,
            "team_id": self._team_of(person),
            "team_domain": config.team_domain,
            "channel_id": channel.id,
            "channel_name": _name(channel),
            "user_id": person,
            "user_name": self._state.person(person).name,
            "command": command,
            "text": text,
            "api_app_id": config.app_id,
            "is_enterprise_install": "true" if config.enterprise_id else "false",
            "response_url": self._response_url(person, channel.id),
            "trigger_id": self._state.short_lived.trigger(person),
        }
        if config.enterprise_id:
            body |= {"enterprise_id": config.enterprise_id, "enterprise_name": config.enterprise_name}
        return Payload(envelope=Envelope.COMMAND, body=body)

    def shortcut(self, *, person: str, callback_id: str) -> Payload:
        user = self._user(person)
        del user["name"]
        return self._interactive(
            "shortcut",
            person,
            user=user,
            action_ts=self._state.ts(),
            callback_id=callback_id,
            trigger_id=self._state.short_lived.trigger(person),
        )

    def message_action(self, *, person: str, message: Message, action: Json, values: Values) -> Payload:
        channel = self._state.channel(message.channel)
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(message.only_for),
        }
        if message.thread_ts:
            container["thread_ts"] = message.thread_ts
        # an ephemeral message stands in no history, so that Slack sends nothing of it
        shown = {} if message.only_for else {"message": message_shown(self._state, message)}
        return self._interactive(
            "block_actions",
            person,
            container=container,
            trigger_id=self._state.short_lived.trigger(person),
            channel={"id": channel.id, "name": _name(channel)},
            **shown,
            state={"values": values or initial_state(message.blocks)},
            response_url=self._response_url(person, channel.id, message.ts),
            actions=[action],
        )

    def view_action(self, *, view: View, action: Json) -> Payload:
        return self._interactive(
            "block_actions",
            view.person,
            container={"type": "view", "view_id": view.id},
            trigger_id=self._state.short_lived.trigger(view.person, view.id),
            view=self._state.views.shown(view),
            actions=[action],
        )

    def submission(self, *, view: View, response_urls: list[Json]) -> Payload:
        return self._interactive(
            "view_submission",
            view.person,
            trigger_id=self._state.short_lived.trigger(view.person, view.id),
            view=self._state.views.shown(view),
            response_urls=response_urls,
        )

    def closed(self, *, view: View, is_cleared: bool) -> Payload:
        return self._interactive("view_closed", view.person, view=self._state.views.shown(view), is_cleared=is_cleared)

    def suggestion(self, *, person: str, source: View | Message, block_id: str, action_id: str, query: str) -> Payload:
        if isinstance(source, View):
            where: Json = {
                "container": {"type": "view", "view_id": source.id},
                "view": self._state.views.shown(source),
            }
        else:
            channel = self._state.channel(source.channel)
            where = {
                "container": {
                    "type": "message",
                    "message_ts": source.ts,
                    "channel_id": channel.id,
                    "is_ephemeral": bool(source.only_for),
                },
                "channel": {"id": channel.id, "name": _name(channel)},
                "message": message_shown(self._state, source),
            }
        return self._interactive(
            "block_suggestion", person, action_id=action_id, block_id=block_id, value=query, **where
        )

    def response_url(self, person: str, channel: str) -> str:
        return self._response_url(person, channel)

    def event(self, event: Mapping[str, Any], *, person: str) -> Payload:
        """An event of the Events API in its outer layer."""
        config = self._config
        channel = str(event.get("channel") or "")
        shared = bool(channel) and self._state.channel(channel).is_ext_shared
        body: Json = {
            "token": self._verification_token,
            "team_id": self._team_of(person),
            "context_team_id": config.team_id,
            "context_enterprise_id": config.enterprise_id or None,
            "api_app_id": config.app_id,
            "event": dict(event),
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(config.clock()),
            "authorizations": [
                {
                    "enterprise_id": config.enterprise_id or None,
                    # an install for a whole organization is tied to no team
                    "team_id": None if config.enterprise_id else config.team_id,
                    "user_id": config.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": bool(config.enterprise_id),
                }
            ],
            "is_ext_shared_channel": shared,
            "event_context": secrets.token_urlsafe(24),
        }
        if config.enterprise_id:
            body["enterprise_id"] = config.enterprise_id
        return Payload(envelope=Envelope.EVENT, body=body)

    def _interactive(self, type_: str, person: str, **fields: Any) -> Payload:
        config = self._config
        team: Json = {"id": self._team_of(person), "domain": config.team_domain}
        if config.enterprise_id:
            team |= {"enterprise_id": config.enterprise_id, "enterprise_name": config.enterprise_name}
        body: Json = {
            "type": type_,
            "user": self._user(person),
            "token": self._verification_token,
            # null outside a channel where the app is installed for a whole organization: `user` has the team
            "team": team if "channel" in fields or not config.enterprise_id else None,
            "enterprise": (
                {"id": config.enterprise_id, "name": config.enterprise_name} if config.enterprise_id else None
            ),
            "is_enterprise_install": bool(config.enterprise_id),
        }
        if type_ != "shortcut":
            body["api_app_id"] = config.app_id
        return Payload(envelope=Envelope.INTERACTIVE, body=body | fields)

    def _user(self, id_: str) -> Json:
        name = self._state.person(id_).name
        return {"id": id_, "username": name, "name": name, "team_id": self._team_of(id_)}

    def _team_of(self, person: str) -> str:
        return self._state.person(person).team_id or self._config.team_id

    def _response_url(self, person: str, channel: str, message_ts: str = "") -> str:
        return f"{self.base_url}/response/{self._state.short_lived.response_url(person, channel, message_ts)}"


def _name(channel: Channel) -> str:
    """What Slack calls a channel in payloads."""
    match channel.kind:
        case Kind.DM:
            return "directmessage"
        case Kind.PRIVATE:
            return "privategroup"
        case _:
            return channel.name
