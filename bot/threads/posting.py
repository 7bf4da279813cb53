"""Messages that are posted once, whatever becomes of the answer: each carries its stream and number, by which it is
looked for before it is posted again."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.client import SlackRefused, call
from bot.threads.ids import METADATA
from bot.threads.views import Message

#: A page of what was posted; the message that is looked for is among the last ones.
_PAGE: Final = 200
_PAGES: Final = 5


@dataclass(frozen=True, kw_only=True)
class Posted:
    ts: str
    #: whether it was there already, and says what was true then
    was_there: bool


@dataclass(frozen=True, kw_only=True)
class Posting:
    client: WebClient
    stream: str
    #: called just before each call; what it raises keeps the call from being made
    may_call: Callable[[], None]

    def post(self, message: Message, *, channel: str, number: int, thread: str = "", look_first: bool) -> Posted:
        """With `look_first` the one that is there already. Raises SlackError: where it is SlackBusy, nobody knows
        whether the message was posted."""
        if look_first:
            found = self._find(channel, thread, number)
            if found:
                self._remove(channel, found[1:])
                return Posted(ts=found[0], was_there=True)
        answer = self._call(
            self.client.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=message.blocks,
            metadata={"event_type": METADATA, "event_payload": {"stream": self.stream, "number": number}},
            unfurl_links=False,
            unfurl_media=False,
            **({"thread_ts": thread} if thread else {}),
        )
        return Posted(ts=str(answer["ts"]), was_there=False)

    def edit(self, message: Message, *, channel: str, ts: str, number: int) -> None:
        """Repeatable. Raises SlackError."""
        self._call(
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
                answer = self._call(self.client.conversations_replies, channel=channel, ts=thread, **page)
            else:
                answer = self._call(self.client.conversations_history, channel=channel, **page)
            yield from answer["messages"]
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return

    def _remove(self, channel: str, doubles: list[str]) -> None:
        for ts in doubles:
            try:
                self._call(self.client.chat_delete, channel=channel, ts=ts)
            except SlackRefused:  # it is gone already
                continue

    def _call(self, method: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
        self.may_call()
        return call(method, **arguments)
