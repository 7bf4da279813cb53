"""Messages that are posted once, whatever becomes of the answer: each carries its stream and number, by which it is
looked for before it is posted again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk import WebClient

from bot.client import SlackRefused, call
from bot.threads.ids import METADATA
from bot.threads.views import Message

#: A page of what was posted; the message that is looked for is among the last ones.
_PAGE: Final = 200
_PAGES: Final = 5


@dataclass(frozen=True, kw_only=True)
class Posting:
    client: WebClient
    stream: str

    def post(self, message: Message, *, channel: str, number: int, thread: str = "", look_first: bool) -> str:
        """The message's ts; with `look_first` the one that is there already. Raises SlackError: where it is SlackBusy,
        nobody knows whether the message was posted."""
        if look_first:
            found = self._find(channel, thread, number)
            if found:
                self._remove(channel, found[1:])
                return found[0]
        answer = call(
            self.client.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            metadata={"event_type": METADATA, "event_payload": {"stream": self.stream, "number": number}},
            unfurl_links=False,
            unfurl_media=False,
            **({"thread_ts": thread} if thread else {}),
        )
        return str(answer["ts"])

    def edit(self, message: Message, *, channel: str, ts: str, number: int) -> None:
        """Repeatable. Raises SlackError."""
        call(
            self.client.chat_update,
            channel=channel,
            ts=ts,
            text=message.text,
            blocks=message.blocks,
            metadata={"event_type": METADATA, "event_payload": {"stream": self.stream, "number": number}},
        )

    def _find(self, channel: str, thread: str, number: int) -> list[str]:
        """All messages of this number, the oldest first."""
        wanted = {"stream": self.stream, "number": number}
        return sorted(
            str(one["ts"])
            for one in self._messages(channel, thread)
            if (one.get("metadata") or {}).get("event_type") == METADATA
            and (one["metadata"].get("event_payload") or {}) == wanted
        )

    def _messages(self, channel: str, thread: str) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(_PAGES):
            page = {"limit": _PAGE, "include_all_metadata": True, **({"cursor": cursor} if cursor else {})}
            if thread:
                answer = call(self.client.conversations_replies, channel=channel, ts=thread, **page)
            else:
                answer = call(self.client.conversations_history, channel=channel, **page)
            yield from answer["messages"]
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    def _remove(self, channel: str, doubles: list[str]) -> None:
        for ts in doubles:
            try:
                call(self.client.chat_delete, channel=channel, ts=ts)
            except SlackRefused:  # it is gone already
                continue
