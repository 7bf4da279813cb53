"""conversations.* and users.conversations"""

import re
from collections.abc import Sequence
from typing import Any, Final

from bot.workspace.call import FAMILY, Call, Method, page_of, scope_by_kind
from bot.workspace.config import Channel, Kind
from bot.workspace.messages import Message
from bot.workspace.refusal import Refused
from bot.workspace.shapes import channel_shown, message_shown

_TYPES: Final = {"public_channel": Kind.CHANNEL, "private_channel": Kind.PRIVATE, "im": Kind.DM, "mpim": None}


def _open(call: Call) -> dict[str, Any]:
    if channel_id := call.text("channel"):
        channel = call.state.seen_by_bot(channel_id)
    else:
        people = [each for each in call.needed("users").split(",") if each]
        if len(people) > 1:
            raise Refused("method_not_supported_for_channel_type")
        person = call.state.person(people[0])
        if person.deleted:
            raise Refused("user_disabled")
        channel = call.state.dm(person.id)
    whole = channel_shown(call.state, channel) if call.flag("return_im") else {"id": channel.id}
    return {"channel": whole}


def _info(call: Call) -> dict[str, Any]:
    channel = call.channel()
    shown = channel_shown(call.state, channel)
    if call.flag("include_num_members"):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def _history(call: Call) -> dict[str, Any]:
    channel = _readable(call)
    newest_first = list(reversed(_between(call, call.state.messages.in_channel(channel.id))))
    page, cursor = page_of(newest_first, call)
    return _told(call, page, cursor)


def _replies(call: Call) -> dict[str, Any]:
    channel = _readable(call)
    thread = call.state.messages.in_thread(channel.id, call.needed("ts"))
    page, cursor = page_of([thread[0], *_between(call, thread[1:])], call, default=999)
    return _told(call, page, cursor)


def _told(call: Call, page: Sequence[Message], cursor: str) -> dict[str, Any]:
    metadata = call.flag("include_all_metadata")
    messages = [message_shown(call.state, message, metadata=metadata) for message in page]
    found: dict[str, Any] = {"messages": messages, "has_more": bool(cursor), "pin_count": 0}
    return found | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def _members(call: Call) -> dict[str, Any]:
    channel = call.channel()
    page, cursor = page_of(sorted(channel.members), call)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def _join(call: Call) -> dict[str, Any]:
    channel = call.channel()
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.kind is not Kind.CHANNEL:
        raise Refused("method_not_supported_for_channel_type")
    bot = call.state.config.bot_user_id
    if bot in channel.members:
        call.warnings.append("already_in_channel")
    channel = call.state.change_channel(channel.id, members=channel.members | {bot})
    return {"channel": channel_shown(call.state, channel)}


def _of_person(call: Call) -> dict[str, Any]:
    """users.conversations: of the app itself where no person is named."""
    state = call.state
    bot = state.config.bot_user_id
    person = call.text("user", bot)
    if person != bot:
        state.person(person)
    kinds = _kinds(call)
    found = [
        channel
        for channel in state.channels.values()
        if person in channel.members
        and channel.kind in kinds
        and not (channel.is_archived and call.flag("exclude_archived"))
        and (channel.kind is Kind.CHANNEL or bot in channel.members)
    ]
    page, cursor = page_of(sorted(found, key=lambda channel: channel.id), call)
    return {
        "channels": [channel_shown(state, channel) for channel in page],
        "response_metadata": {"next_cursor": cursor},
    }


def _kinds(call: Call) -> set[Kind | None]:
    wanted = [each.strip() for each in call.text("types", "public_channel").split(",")]
    if any(each not in _TYPES for each in wanted):
        raise Refused("invalid_types")
    return {_TYPES[each] for each in wanted}


def _kind_scopes(call: Call) -> list[str]:
    return [f"{FAMILY[kind]}:read" for kind in _kinds(call) if kind]


def _readable(call: Call) -> Channel:
    channel = call.channel()
    if channel.kind is not Kind.DM and call.state.config.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _between(call: Call, messages: Sequence[Message]) -> list[Message]:
    """Timestamps are compared as they are written: seconds of ten digits and six after the point."""
    oldest, latest = _bound(call, "oldest", "0"), _bound(call, "latest", "9999999999")
    if call.flag("inclusive"):
        return [m for m in messages if oldest <= m.ts <= latest]
    return [m for m in messages if oldest < m.ts < latest]


def _bound(call: Call, name: str, default: str) -> str:
    given = call.text(name) or default
    if not re.fullmatch(r"\d{1,10}(\.\d{1,6})?", given):
        raise Refused(f"invalid_ts_{name}")
    seconds, _, fraction = given.partition(".")
    return f"{seconds:0>10}.{fraction:0<6}"


METHODS: Final = {
    "conversations.open": Method(answer=_open, scopes=("im:write",)),
    "conversations.info": Method(answer=_info, scopes=scope_by_kind("read")),
    "conversations.history": Method(answer=_history, scopes=scope_by_kind("history")),
    "conversations.replies": Method(answer=_replies, scopes=scope_by_kind("history")),
    "conversations.members": Method(answer=_members, scopes=scope_by_kind("read"), per_minute=100),
    "conversations.join": Method(answer=_join, scopes=("channels:join",)),
    "users.conversations": Method(answer=_of_person, scopes=_kind_scopes),
}
