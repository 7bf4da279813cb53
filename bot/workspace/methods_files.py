"""files.*: the external upload flow, files.upload being gone"""

from typing import Any, Final

from bot.workspace.call import Call, Method
from bot.workspace.config import Channel
from bot.workspace.messages import Message
from bot.workspace.refusal import Refused
from bot.workspace.shapes import file_shown


def _upload_url(call: Call) -> dict[str, Any]:
    length = call.needed("length")
    if not length.isdigit():
        raise Refused("invalid_arguments", messages=["must be a number [json-pointer:/length]"])
    file, upload = call.state.files.expect(
        name=call.needed("filename"),
        size=int(length),
        user=call.state.config.bot_user_id,
        at=int(call.state.config.clock()),
    )
    return {"upload_url": f"{call.payloads.base_url}/upload/{upload}", "file_id": file.id}


def _complete(call: Call) -> dict[str, Any]:
    """Shares the files in one message, which Slack makes itself."""
    state = call.state
    wanted = call.json("files")
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, dict) for each in wanted):
        raise Refused("invalid_arguments", messages=["must provide an array [json-pointer:/files]"])
    channels = [_place(call, each) for each in _channels(call)]
    files = [
        state.files.share(
            str(each.get("id")), title=str(each.get("title") or ""), channels=frozenset(c.id for c in channels)
        )
        for each in wanted
    ]
    for channel in channels:
        state.messages.add(
            Message(
                channel=channel.id,
                ts=state.ts(),
                user=state.config.bot_user_id,
                text=call.text("initial_comment"),
                thread_ts=call.text("thread_ts"),
                files=tuple(file.id for file in files),
            )
        )
    return {"files": [file_shown(state, file) for file in files]}


def _channels(call: Call) -> list[str]:
    found = call.text("channel_id") or call.text("channels")
    return [each for each in found.split(",") if each]


def _place(call: Call, id_: str) -> Channel:
    channel = call.state.seen_by_bot(id_)
    if channel.is_archived:
        raise Refused("is_archived")
    if call.state.config.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    return channel


METHODS: Final = {
    "files.getUploadURLExternal": Method(answer=_upload_url, scopes=("files:write",), per_minute=100),
    "files.completeUploadExternal": Method(answer=_complete, scopes=("files:write",), per_minute=100),
}
