"""Channels, messages and App Homes in a folder, so that threads outlive a restart of the workspace."""

import json
import os
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bot.workspace.config import Channel, Kind
from bot.workspace.messages import Message
from bot.workspace.state import State

_NAME: Final = "workspace.json"
_VERSION: Final = 1
#: Changes within this time are written together.
_SECONDS: Final = 0.5


class Saving:
    """Reads what there is at once, then writes after each change; does nothing without a folder.

    Files are kept in memory only: their messages come back without them.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._folder = state.config.folder
        self._changed = threading.Event()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        if self._folder is None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._read(self._folder / _NAME)
        state.messages.on_change = self._changed.set
        state.views.on_change = self._changed.set
        self._thread = threading.Thread(
            target=self._write_changes, args=(self._folder / _NAME,), daemon=True, name="workspace-saving"
        )
        self._thread.start()

    def stop(self) -> None:
        """Writes what is not yet written."""
        self._stopped.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join()

    def _write_changes(self, path: Path) -> None:
        while True:
            self._changed.wait()
            self._stopped.wait(_SECONDS)
            self._changed.clear()
            _write(path, self._kept())
            if self._stopped.is_set():
                return

    def _kept(self) -> dict[str, Any]:
        state = self._state
        with state.lock:
            return {
                "version": _VERSION,
                "channels": [asdict(each) | {"members": sorted(each.members)} for each in state.channels.values()],
                "messages": [asdict(message) | {"files": []} for message in state.messages.every()],
                "homes": [{"person": home.person, "view": dict(home.content)} for home in state.views.homes()],
            }

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        kept = json.loads(path.read_text())
        if kept.get("version") != _VERSION:
            raise ValueError(f"{path} is of another version of the workspace. Delete it to begin with an empty one.")
        state = self._state
        for each in kept["channels"]:
            channel = Channel(**each | {"members": frozenset(each["members"]), "kind": Kind(each["kind"])})
            if channel.members <= {*state.people, state.config.bot_user_id}:
                state.channels[channel.id] = channel
        for each in sorted(kept["messages"], key=lambda each: str(each["ts"])):
            if each["channel"] in state.channels:
                lists = {
                    "blocks": tuple(each["blocks"]),
                    "files": (),
                    "reactions": tuple(map(tuple, each["reactions"])),
                }
                state.messages.add(Message(**each | lists))
        for each in kept["homes"]:
            if each["person"] in state.people:
                state.views.publish(each["person"], each["view"])


def _write(path: Path, kept: dict[str, Any]) -> None:
    """Replaces the file in one step; only its owner reads it."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(kept, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
