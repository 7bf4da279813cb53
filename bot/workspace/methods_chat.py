"""chat.* and reactions.*"""

import json
from typing import Any, Final

from bot.workspace.blocks import settled
from bot.workspace.call import Call, Method
from bot.workspace.config import Channel, Kind
from bot.workspace.lint import lint_message
from bot.workspace.messages import Message
from bot.workspace.refusal import Refused
from bot.workspace.shapes import message_shown

#: Longer text is cut by chat.postMessage, and refused by chat.update.
_POSTED_TEXT: Final = 40_000
_UPDATED_TEXT: Final = 4_000
#: All text of a message's blocks together; the documentation names no number, bolt-js issue 2509 has Slack's own.
_BLOCKS_TEXT: Final = 12_000
#: JSON of a message's metadata
_METADATA: Final = 16_000


def _post_message(call: Call) -> dict[str, Any]:
    state = call.state
    channel = _place(call)
    if len(call.text("text")) > _POSTED_TEXT:
        call.warnings.append("message_truncated")
    message = state.messages.add(
        Message(
            channel=channel.id,
            ts=state.ts(),
            user=state.config.bot_user_id,
            text=call.text("text")[:_POSTED_TEXT],
            blocks=tuple(content_blocks(call)),
            thread_ts=call.text("thread_ts"),
            broadcast=call.flag("reply_broadcast"),
            metadata=_metadata(call),
        )
    )
    shown = message_shown(state, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def _update(call: Call) -> dict[str, Any]:
    """Blocks and metadata that are not given stay as they were; empty ones take them away."""
    state = call.state
    message = _own(call, "cant_update_message")
    if len(call.text("text")) > _UPDATED_TEXT:
        raise Refused("msg_too_long")
    blocks = content_blocks(call)
    changed = state.messages.change(
        message,
        text=call.text("text"),
        blocks=tuple(blocks) if call.json("blocks") is not None else message.blocks,
        metadata=_metadata(call) if "metadata" in call.arguments else message.metadata,
        edited={"user": state.config.bot_user_id, "ts": state.ts()},
    )
    shown = message_shown(state, changed, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": changed.text, "message": shown}


def _delete(call: Call) -> dict[str, Any]:
    message = _own(call, "cant_delete_message")
    call.state.messages.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def _post_ephemeral(call: Call) -> dict[str, Any]:
    state = call.state
    channel = _place(call)
    person = call.needed("user")
    if person not in state.people or person not in channel.members:
        raise Refused("user_not_in_channel")
    message = state.messages.add(
        Message(
            channel=channel.id,
            ts=state.ts(),
            user=state.config.bot_user_id,
            text=call.text("text"),
            blocks=tuple(content_blocks(call)),
            thread_ts=call.text("thread_ts"),
            only_for=person,
        )
    )
    return {"message_ts": message.ts}


def _permalink(call: Call) -> dict[str, Any]:
    message = call.state.messages.find(call.channel().id, call.needed("message_ts"))
    return {"channel": message.channel, "permalink": permalink(call.payloads.base_url, message)}


def permalink(base_url: str, message: Message) -> str:
    """Points at the local page, in the shape of Slack's own."""
    address = f"{base_url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
    return f"{address}?thread_ts={message.thread_ts}&cid={message.channel}" if message.thread_ts else address


def _react(call: Call) -> dict[str, Any]:
    state = call.state
    message = state.messages.find(call.channel().id, call.needed("timestamp"))
    reaction = (call.needed("name").strip(":"), state.config.bot_user_id)
    if reaction in message.reactions:
        raise Refused("already_reacted")
    state.messages.change(message, reactions=(*message.reactions, reaction))
    return {}


def content_blocks(call: Call) -> list[dict[str, Any]]:
    """The blocks of a message, checked; a message needs them or a text. Raises Refused."""
    blocks = call.json("blocks")
    findings = lint_message(blocks) if blocks is not None else []
    call.lint.extend(findings)
    if findings:
        raise Refused("invalid_blocks", messages=findings, errors=findings)
    if not blocks and not call.text("text") and not call.json("attachments"):
        raise Refused("no_text")
    if blocks and not call.text("text"):
        call.warnings.append("missing_text_in_message")
        call.lint.append("no fallback text: notifications and screen readers have nothing to say")
    if _length(blocks) > _BLOCKS_TEXT:
        raise Refused("msg_blocks_too_long")
    return settled(blocks or [])


def _place(call: Call) -> Channel:
    """Where a message goes: a channel, or a person's conversation with the app by the person's id."""
    state, wanted = call.state, call.needed("channel")
    channel = state.dm(wanted) if wanted in state.people else state.seen_by_bot(wanted)
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.kind is Kind.DM:
        if not state.messages_tab:
            raise Refused("messages_tab_disabled")
    elif state.config.bot_user_id not in channel.members and "chat:write.public" not in state.scopes:
        raise Refused("not_in_channel")
    return channel


def _own(call: Call, refusal: str) -> Message:
    channel = call.channel()
    message = call.state.messages.find(channel.id, call.needed("ts"))
    if message.only_for:
        raise Refused("message_not_found")
    if message.user != call.state.config.bot_user_id:
        raise Refused(refusal)
    if channel.is_archived:
        raise Refused("is_archived")
    return message


def _metadata(call: Call) -> dict[str, Any] | None:
    metadata = call.json("metadata")
    if not metadata:
        return None
    is_right = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not is_right:
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata)) > _METADATA:
        raise Refused("metadata_too_large")
    found: dict[str, Any] = {name: metadata[name] for name in ("event_type", "event_payload")}
    return found


def _length(node: Any) -> int:
    if isinstance(node, dict):
        own = len(node["text"]) if isinstance(node.get("text"), str) else 0
        return own + sum(_length(value) for value in node.values())
    return sum(_length(item) for item in node) if isinstance(node, list) else 0


METHODS: Final = {
    "chat.postMessage": Method(answer=_post_message, scopes=("chat:write",), per_minute=60, per_channel=True),
    "chat.update": Method(answer=_update, scopes=("chat:write",)),
    "chat.delete": Method(answer=_delete, scopes=("chat:write",)),
    "chat.postEphemeral": Method(answer=_post_ephemeral, scopes=("chat:write",), per_minute=100),
    "chat.getPermalink": Method(answer=_permalink, per_minute=1000),
    "reactions.add": Method(answer=_react, scopes=("reactions:write",)),
}
