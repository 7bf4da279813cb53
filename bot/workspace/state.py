"""Everything the workspace knows, behind one lock: people, channels, messages, views, files, faults."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.workspace.config import Channel, Kind, Person, WorkspaceConfig
from bot.workspace.faults import Faults
from bot.workspace.feed import Change, Feed
from bot.workspace.files import Files
from bot.workspace.messages import Messages
from bot.workspace.refusal import Refused
from bot.workspace.shortlived import ShortLived
from bot.workspace.views import Views


class State:
    def __init__(self, config: WorkspaceConfig) -> None:
        self.config = config
        self.lock = threading.Condition(threading.RLock())
        self.people: dict[str, Person] = {person.id: person for person in config.people}
        self.channels: dict[str, Channel] = {channel.id: channel for channel in config.channels}
        self.feed = Feed(self.lock, config.clock)
        self.faults = Faults(self.lock)
        self.files = Files(self.lock, config.max_file_bytes)
        self.messages = Messages(self.lock, self.feed, self.channel)
        self.views = Views(self.lock, self.feed, config)
        self.short_lived = ShortLived(self.lock, config.clock, config.trigger_seconds)
        self._last_ts = 0
        self._read: dict[tuple[str, str], str] = {}

    def ts(self) -> str:
        """A message's or an action's timestamp, each later than the one before, in Slack's shape."""
        with self.lock:
            self._last_ts = max(self._last_ts + 1, int(self.config.clock() * 1_000_000))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def person(self, id_: str) -> Person:
        with self.lock:
            if id_ not in self.people:
                raise Refused("user_not_found")
            return self.people[id_]

    def channel(self, id_: str) -> Channel:
        with self.lock:
            if id_ not in self.channels:
                raise Refused("channel_not_found")
            return self.channels[id_]

    def dm(self, person: str) -> Channel:
        """The conversation of this person with the app, opened when it is first asked for."""
        with self.lock:
            id_ = f"D{self.person(person).id[1:]}"
            members = frozenset({person, self.config.bot_user_id})
            return self.channels.setdefault(
                id_, Channel(id=id_, name=self.config.app_name, members=members, kind=Kind.DM)
            )

    def seen_by_bot(self, id_: str) -> Channel:
        """For the app a private channel without it does not exist."""
        channel = self.channel(id_)
        if channel.is_private and self.config.bot_user_id not in channel.members:
            raise Refused("channel_not_found")
        return channel

    def seen_by(self, person: str) -> list[Channel]:
        """The channels in this person's list: those they are in, and their conversation with the app."""
        with self.lock:
            self.dm(person)
            return [channel for channel in self.channels.values() if person in channel.members]

    def change_person(self, id_: str, **changes: Any) -> Person:
        """For instance deleted=True, as an administrator of the workspace would."""
        with self.lock:
            self.people[id_] = replace(self.person(id_), **changes)
            self.feed.tell(Change(kind="notice", text=f"{self.people[id_].real_name} was changed."))
            return self.people[id_]

    def is_in(self, id_: str, zone: str) -> None:
        """The person's time zone; one that nobody knows changes nothing."""
        try:
            offset = datetime.fromtimestamp(self.config.clock(), ZoneInfo(zone)).utcoffset()
        except (ZoneInfoNotFoundError, ValueError):
            return
        seconds = int(offset.total_seconds()) if offset else 0
        with self.lock:
            self.people[id_] = replace(self.person(id_), tz=zone, tz_offset=seconds)

    def change_channel(self, id_: str, **changes: Any) -> Channel:
        """For instance is_archived=True, is_ext_shared=True or members=…"""
        with self.lock:
            self.channels[id_] = replace(self.channel(id_), **changes)
            self.feed.tell(Change(kind="message", channel=id_))
            return self.channels[id_]

    def unread(self, person: str, channel: str) -> int:
        with self.lock:
            read = self._read.get((person, channel), "")
            return sum(1 for m in self.messages.in_channel(channel) if m.ts > read and m.user != person)

    def has_read(self, person: str, channel: str) -> None:
        with self.lock:
            newest = self.messages.in_channel(channel)[-1:]
            if newest:
                self._read[person, channel] = newest[0].ts

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self._manifest("oauth_config", "scopes").get("bot") or [])

    @property
    def bot_events(self) -> frozenset[str]:
        return frozenset(self._manifest("settings", "event_subscriptions").get("bot_events") or [])

    @property
    def commands(self) -> list[Mapping[str, Any]]:
        return list(self._manifest("features").get("slash_commands") or [])

    @property
    def shortcuts(self) -> list[Mapping[str, Any]]:
        found = self._manifest("features").get("shortcuts") or []
        return [shortcut for shortcut in found if shortcut.get("type") == "global"]

    @property
    def is_interactive(self) -> bool:
        return bool(self._manifest("settings", "interactivity").get("is_enabled"))

    @property
    def home_tab(self) -> bool:
        return bool(self._manifest("features", "app_home").get("home_tab_enabled"))

    @property
    def messages_tab(self) -> bool:
        return bool(self._manifest("features", "app_home").get("messages_tab_enabled"))

    def _manifest(self, *path: str) -> Mapping[str, Any]:
        node: Any = self.config.manifest
        for name in path:
            node = node.get(name) or {}
        found: Mapping[str, Any] = node
        return found
