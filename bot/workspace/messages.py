"""Messages and their threads."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.workspace.blocks import Json
from bot.workspace.config import Channel
from bot.workspace.feed import Change, Feed
from bot.workspace.refusal import Refused


@dataclass(frozen=True, kw_only=True)
class Message:
    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: tuple[Json, ...] = ()
    #: a reply's parent; empty: stands in the channel
    thread_ts: str = ""
    #: a reply that is shown in the channel, too
    broadcast: bool = False
    metadata: Json | None = None
    edited: Json | None = None
    files: tuple[str, ...] = ()
    reactions: tuple[tuple[str, str], ...] = ()
    deleted: bool = False
    #: an ephemeral message is seen by this person only, and is in no history
    only_for: str = ""


@dataclass
class _Place:
    """One channel's messages, in the order of their time."""

    messages: dict[str, Message] = field(default_factory=dict)
    replies: dict[str, list[str]] = field(default_factory=dict)
    ephemeral: dict[str, Message] = field(default_factory=dict)


class Messages:
    def __init__(self, lock: threading.Condition, feed: Feed, channel: Callable[[str], Channel]) -> None:
        self._lock = lock
        self._feed = feed
        self._channel = channel
        self._places: dict[str, _Place] = {}
        #: called after each change, for who keeps them
        self.on_change: Callable[[], None] = lambda: None

    def add(self, message: Message) -> Message:
        with self._lock:
            place = self._place(message.channel)
            if message.thread_ts:
                parent = place.messages.get(message.thread_ts)
                if parent is None and not message.only_for:
                    raise Refused("thread_not_found")
                if parent is not None and parent.thread_ts:
                    message = replace(message, thread_ts=parent.thread_ts)
            if message.only_for:
                place.ephemeral[message.ts] = message
            else:
                place.messages[message.ts] = message
                if message.thread_ts:
                    place.replies.setdefault(message.thread_ts, []).append(message.ts)
            self._changed(message)
            return message

    def find(self, channel: str, ts: str) -> Message:
        with self._lock:
            place = self._place(channel)
            message = place.messages.get(ts) or place.ephemeral.get(ts)
            if message is None or message.deleted:
                raise Refused("message_not_found")
            return message

    def change(self, message: Message, **changes: Any) -> Message:
        with self._lock:
            self.find(message.channel, message.ts)
            changed = replace(message, **changes)
            place = self._place(message.channel)
            (place.ephemeral if message.only_for else place.messages)[message.ts] = changed
            self._changed(changed)
            return changed

    def delete(self, message: Message) -> None:
        """A parent with replies stays as a tombstone."""
        with self._lock:
            place = self._place(message.channel)
            if message.only_for:
                place.ephemeral.pop(message.ts, None)
            elif place.replies.get(message.ts):
                place.messages[message.ts] = replace(
                    message, deleted=True, text="This message was deleted.", blocks=(), metadata=None, files=()
                )
            else:
                place.messages.pop(message.ts, None)
                if message.thread_ts:
                    place.replies[message.thread_ts].remove(message.ts)
            self._changed(message)

    def in_channel(self, channel: str) -> list[Message]:
        """What stands in the channel itself, oldest first."""
        with self._lock:
            return [m for m in self._place(channel).messages.values() if not m.thread_ts or m.broadcast]

    def in_thread(self, channel: str, thread_ts: str) -> list[Message]:
        """The parent and its replies, oldest first."""
        with self._lock:
            place = self._place(channel)
            parent = place.messages.get(thread_ts)
            if parent is None:
                raise Refused("thread_not_found")
            return [parent, *(place.messages[ts] for ts in place.replies.get(parent.thread_ts or parent.ts, []))]

    def replies(self, message: Message) -> list[Message]:
        with self._lock:
            place = self._place(message.channel)
            return [place.messages[ts] for ts in place.replies.get(message.ts, [])]

    def ephemeral(self, channel: str, person: str, thread_ts: str) -> list[Message]:
        with self._lock:
            found = self._place(channel).ephemeral.values()
            return [m for m in found if m.only_for == person and m.thread_ts == thread_ts]

    def every(self) -> list[Message]:
        with self._lock:
            return [message for place in self._places.values() for message in place.messages.values()]

    def _place(self, channel: str) -> _Place:
        return self._places.setdefault(channel, _Place())

    def _changed(self, message: Message) -> None:
        members = self._channel(message.channel).members
        self._feed.tell(
            Change(
                kind="ephemeral" if message.only_for else "message",
                channel=message.channel,
                thread_ts=message.thread_ts or None,
                people=frozenset({message.only_for}) if message.only_for else members,
            )
        )
        self.on_change()
