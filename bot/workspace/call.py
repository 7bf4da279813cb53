"""One call of the Web API: its arguments, read as Slack reads them, and what a method declares."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.workspace.config import Channel, Kind, Person
from bot.workspace.payloads import Payloads
from bot.workspace.refusal import Refused
from bot.workspace.state import State


@dataclass(frozen=True, kw_only=True)
class Call:
    state: State
    payloads: Payloads
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    #: what the linter found, for the inspector
    lint: list[str] = field(default_factory=list)
    #: Slack's warnings: they go into the answer
    warnings: list[str] = field(default_factory=list)

    def text(self, name: str, default: str = "") -> str:
        value = self.arguments.get(name)
        return default if value is None else str(value)

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise Refused("invalid_arguments", messages=[f"missing required field: {name}"])
        return value

    def flag(self, name: str) -> bool:
        return self.arguments.get(name) in (True, 1, "true", "True", "1")

    def json(self, name: str) -> Any:
        """A structure: as it is in a JSON body, as text in a form."""
        value = self.arguments.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value) if value else None
            except ValueError as error:
                raise Refused("invalid_arguments", messages=[f"must be valid JSON [json-pointer:/{name}]"]) from error
        return value

    def limit(self, default: int = 100, most: int = 999) -> int:
        try:
            value = int(self.arguments.get("limit") or default)
        except (TypeError, ValueError) as error:
            raise Refused("invalid_limit") from error
        if not 1 <= value <= most:
            raise Refused("invalid_limit")
        return value

    def channel(self) -> Channel:
        return self.state.seen_by_bot(self.needed("channel"))

    def person(self, name: str = "user") -> Person:
        return self.state.person(self.needed(name))


@dataclass(frozen=True, kw_only=True)
class Method:
    answer: Callable[[Call], dict[str, Any]]
    #: all of them are needed; a function where they depend on the arguments
    scopes: Sequence[str] | Callable[[Call], Sequence[str]] = ()
    #: called with the app-level token instead of the bot's
    app_token: bool = False
    #: Slack's tier: 1, 20, 50 or 100 calls a minute
    per_minute: int = 50
    #: Slack counts for each channel
    per_channel: bool = False


def scope_by_kind(suffix: str) -> Callable[[Call], Sequence[str]]:
    """channels:history, groups:history or im:history, after the channel the call names."""

    def scopes(call: Call) -> Sequence[str]:
        channel = call.state.channels.get(call.text("channel"))
        return [f"{FAMILY[channel.kind]}:{suffix}"] if channel else []

    return scopes


FAMILY = {Kind.CHANNEL: "channels", Kind.PRIVATE: "groups", Kind.DM: "im"}


def page_of(items: Sequence[Any], call: Call, *, default: int = 100) -> tuple[list[Any], str]:
    """One page of a list, and the cursor of the next one; empty at the end."""
    limit, start = call.limit(default), 0
    if cursor := call.text("cursor"):
        prefix, _, number = cursor.partition(":")
        if prefix != "next" or not number.isdigit() or int(number) > len(items):
            raise Refused("invalid_cursor")
        start = int(number)
    end = start + limit
    return list(items[start:end]), f"next:{end}" if end < len(items) else ""
