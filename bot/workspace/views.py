"""Modals, stacked per person, and App Homes."""

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.workspace.blocks import Json, settled
from bot.workspace.config import WorkspaceConfig
from bot.workspace.feed import Change, Feed
from bot.workspace.inputs import State, initial_state, kept_state
from bot.workspace.refusal import Refused

STACK: Final = 3


@dataclass(frozen=True, kw_only=True)
class View:
    id: str
    person: str
    #: as the app gave it, with the ids and defaults that Slack adds
    content: Mapping[str, Any]
    values: State = field(default_factory=dict)
    hash: str
    root_id: str
    previous_id: str | None = None

    @property
    def blocks(self) -> list[Json]:
        found: list[Json] = self.content["blocks"]
        return found

    def flag(self, name: str) -> bool:
        return bool(self.content.get(name))


class Views:
    def __init__(self, lock: threading.Condition, feed: Feed, config: WorkspaceConfig) -> None:
        self._lock = lock
        self._feed = feed
        self._config = config
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        #: called after each change of a home, for who keeps them
        self.on_change: Callable[[], None] = lambda: None

    def open(self, person: str, content: Mapping[str, Any]) -> View:
        """A new modal; what another stack of this person showed is gone, as when Slack's own window is replaced."""
        with self._lock:
            self._only_external_id(content)
            view = self._new(person, content, previous=None)
            self._stacks[person] = [view]
            self._told("modal", person)
            return view

    def push(self, person: str, content: Mapping[str, Any]) -> View:
        with self._lock:
            stack = self._stacks.get(person) or []
            if not stack:
                raise Refused("not_found")
            if len(stack) >= STACK:
                raise Refused("push_limit_reached")
            self._only_external_id(content)
            view = self._new(person, content, previous=stack[-1])
            stack.append(view)
            self._told("modal", person)
            return view

    def update(self, view_id: str, content: Mapping[str, Any], expected_hash: str = "") -> View:
        """Replaces what a view shows; what a person entered stays where its ids are the same."""
        with self._lock:
            view = self.find(view_id)
            if expected_hash and expected_hash != view.hash:
                raise Refused("hash_conflict")
            self._only_external_id(content, view_id)
            settled_content = _settled(content)
            changed = replace(
                view,
                content=settled_content,
                values=kept_state(view.values, settled_content["blocks"]),
                hash=self._hash(),
            )
            self._put(changed)
            self._told(changed.content["type"], changed.person)
            return changed

    def publish(self, person: str, content: Mapping[str, Any], expected_hash: str = "") -> View:
        with self._lock:
            before = self._homes.get(person)
            if expected_hash and (before is None or expected_hash != before.hash):
                raise Refused("hash_conflict")
            home = self._new(person, content, previous=None)
            if before is not None:
                home = replace(home, id=before.id, root_id=before.id)
            self._homes[person] = home
            self._told("home", person)
            self.on_change()
            return home

    def enter(self, view: View, values: State) -> View:
        """Keeps what the person has entered so far. The view's hash stays: it is the app's content that it names."""
        with self._lock:
            changed = replace(self.find(view.id), values=values)
            self._put(changed)
            return changed

    def close(self, view_id: str) -> None:
        """The view and what was pushed on it."""
        with self._lock:
            view = self.find(view_id)
            stack = self._stacks[view.person]
            self._stacks[view.person] = stack[: [each.id for each in stack].index(view_id)]
            self._told("modal", view.person)

    def clear(self, person: str) -> None:
        with self._lock:
            if self._stacks.pop(person, None):
                self._told("modal", person)

    def find(self, view_id: str) -> View:
        with self._lock:
            for view in [*(view for stack in self._stacks.values() for view in stack), *self._homes.values()]:
                if view.id == view_id:
                    return view
            raise Refused("not_found")

    def find_external(self, external_id: str) -> View:
        with self._lock:
            for view in (view for stack in self._stacks.values() for view in stack):
                if view.content.get("external_id") == external_id:
                    return view
            raise Refused("not_found")

    def stack(self, person: str) -> list[View]:
        with self._lock:
            return list(self._stacks.get(person) or [])

    def home(self, person: str) -> View | None:
        with self._lock:
            return self._homes.get(person)

    def homes(self) -> list[View]:
        with self._lock:
            return list(self._homes.values())

    def shown(self, view: View) -> Json:
        """The view in Slack's shape, as it stands in answers and payloads."""
        config, content = self._config, view.content
        found: Json = {
            "id": view.id,
            "team_id": config.team_id,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata") or "",
            "callback_id": content.get("callback_id") or "",
            "state": {"values": view.values},
            "hash": view.hash,
            "title": content.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": view.flag("clear_on_close"),
            "notify_on_close": view.flag("notify_on_close"),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": view.previous_id,
            "root_view_id": view.root_id,
            "app_id": config.app_id,
            "external_id": content.get("external_id") or "",
            "app_installed_team_id": config.enterprise_id or config.team_id,
            "bot_id": config.bot_id,
        }
        if "submit_disabled" in content:
            found["submit_disabled"] = content["submit_disabled"]
        copied: Json = json.loads(json.dumps(found))
        return copied

    def _new(self, person: str, content: Mapping[str, Any], previous: View | None) -> View:
        id_ = "V" + secrets.token_hex(5).upper()
        settled_content = _settled(content)
        return View(
            id=id_,
            person=person,
            content=settled_content,
            values=initial_state(settled_content["blocks"]),
            hash=self._hash(),
            root_id=previous.root_id if previous else id_,
            previous_id=previous.id if previous else None,
        )

    def _put(self, view: View) -> None:
        if view.content["type"] == "home":
            self._homes[view.person] = view
            self.on_change()
        else:
            stack = self._stacks[view.person]
            stack[[each.id for each in stack].index(view.id)] = view

    def _only_external_id(self, content: Mapping[str, Any], view_id: str = "") -> None:
        external_id = content.get("external_id")
        if external_id:
            for view in (view for stack in self._stacks.values() for view in stack):
                if view.content.get("external_id") == external_id and view.id != view_id:
                    raise Refused("duplicate_external_id")

    def _hash(self) -> str:
        return f"{int(self._config.clock())}.{secrets.token_urlsafe(6)[:8]}"

    def _told(self, kind: str, person: str) -> None:
        self._feed.tell(Change(kind=kind, people=frozenset({person})))


def _settled(content: Mapping[str, Any]) -> Json:
    found: Json = json.loads(json.dumps({**content, "blocks": settled(content["blocks"])}))
    for name in ("title", "submit", "close"):
        if found.get(name):
            found[name].setdefault("emoji", True)
    return found
