"""People, channels, messages and files in the shape in which Slack's Web API and payloads give them."""

import json
from typing import Any

from bot.workspace.blocks import Json
from bot.workspace.config import Channel, Kind, Person
from bot.workspace.files import File
from bot.workspace.messages import Message
from bot.workspace.state import State


def message_shown(state: State, message: Message, *, metadata: bool = False) -> Json:
    """A message as conversations.history has it; `metadata` as with include_all_metadata."""
    config = state.config
    shown: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    if message.user == config.bot_user_id:
        shown |= {"bot_id": config.bot_id, "app_id": config.app_id}
        shown["bot_profile"] = {
            "id": config.bot_id,
            "app_id": config.app_id,
            "name": config.app_name,
            "team_id": config.team_id,
            "deleted": False,
        }
    shown["team"] = config.team_id
    if message.blocks:
        shown["blocks"] = json.loads(json.dumps(list(message.blocks)))
    if message.files:
        shown |= {"files": [file_shown(state, state.files.find(id_)) for id_ in message.files], "upload": False}
    if message.edited:
        shown["edited"] = dict(message.edited)
    if message.metadata and metadata:
        shown["metadata"] = json.loads(json.dumps(message.metadata))
    if message.reactions:
        shown["reactions"] = _reactions(message)
    if message.deleted:
        shown |= {"subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
    return shown | _thread(state, message)


def _thread(state: State, message: Message) -> Json:
    if message.thread_ts:
        parent = state.messages.in_thread(message.channel, message.thread_ts)[0]
        found: Json = {"thread_ts": message.thread_ts, "parent_user_id": parent.user}
        return found | ({"subtype": "thread_broadcast"} if message.broadcast else {})
    replies = state.messages.replies(message)
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
        "reply_users": people[:5],
        "is_locked": False,
        "subscribed": False,
    }


def _reactions(message: Message) -> list[Json]:
    people: dict[str, list[str]] = {}
    for name, person in message.reactions:
        people.setdefault(name, []).append(person)
    return [{"name": name, "users": users, "count": len(users)} for name, users in people.items()]


def person_shown(state: State, person: Person) -> Json:
    config = state.config
    team = person.team_id or config.team_id
    profile: Json = {
        "title": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "team": team,
    }
    if person.email and "users:read.email" in state.scopes:
        profile["email"] = person.email
    shown: Json = {
        "id": person.id,
        "team_id": team,
        "name": person.name,
        "deleted": person.deleted,
        "real_name": person.real_name,
        "tz": person.tz,
        "tz_label": person.tz,
        "tz_offset": person.tz_offset,
        "profile": profile,
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": False,
        "is_bot": False,
        "is_app_user": False,
        "updated": int(config.clock()),
    }
    if team != config.team_id:
        shown["is_stranger"] = True
    if config.enterprise_id:
        shown["enterprise_user"] = {
            "id": person.id,
            "enterprise_id": config.enterprise_id,
            "enterprise_name": config.enterprise_name,
            "is_admin": person.is_admin,
            "is_owner": False,
            "teams": [team],
        }
    return shown


def bot_shown(state: State) -> Json:
    config = state.config
    bot = Person(id=config.bot_user_id, name=config.app_name.lower(), real_name=config.app_name)
    return person_shown(state, bot) | {"is_bot": True, "is_app_user": False}


def channel_shown(state: State, channel: Channel) -> Json:
    config = state.config
    shown: Json = {
        "id": channel.id,
        "created": int(config.clock()),
        "is_archived": channel.is_archived,
        "is_im": channel.kind is Kind.DM,
        "is_org_shared": False,
        "context_team_id": config.team_id,
        "updated": int(config.clock() * 1000),
    }
    if channel.kind is Kind.DM:
        person = next(iter(channel.members - {config.bot_user_id}))
        return shown | {"user": person, "is_user_deleted": state.person(person).deleted, "is_open": True}
    return shown | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind is Kind.CHANNEL,
        "is_group": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": False,
        "unlinked": 0,
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "is_member": config.bot_user_id in channel.members,
        "creator": next(iter(state.people), ""),
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }


def file_shown(state: State, file: File) -> Json:
    kind = file.name.rpartition(".")[2].lower()
    channels = [state.channels[id_] for id_ in sorted(file.channels)]

    def ids(kinds: set[Kind]) -> list[str]:
        return [channel.id for channel in channels if channel.kind in kinds]

    return {
        "id": file.id,
        "created": file.at,
        "timestamp": file.at,
        "name": file.name,
        "title": file.title,
        "mimetype": _MIME.get(kind, "application/octet-stream"),
        "filetype": kind or "binary",
        "user": file.user,
        "user_team": state.config.team_id,
        "editable": False,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "is_public": any(channel.kind is Kind.CHANNEL for channel in channels),
        "channels": ids({Kind.CHANNEL}),
        "groups": ids({Kind.PRIVATE}),
        "ims": ids({Kind.DM}),
    }


_MIME: dict[str, Any] = {
    "json": "application/json",
    "csv": "text/csv",
    "txt": "text/plain",
    "md": "text/markdown",
    "xml": "application/xml",
    "zip": "application/zip",
    "png": "image/png",
}
