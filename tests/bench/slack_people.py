"""People in wizards: each goes through the steps by signed requests, as fast as answers come and a little slower."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from bot.restore.ids import Action, Callback
from bot.workspace import Workspace
from bot.workspace.delivery import Answer, Transport
from bot.workspace.payloads import Payload
from tests.bench.children import BenchError

#: Between two things a person does.
THINK_SECONDS: Final = (0.3, 1.2)
_PATIENCE_SECONDS: Final = 30.0


@dataclass(kw_only=True)
class Timed:
    """Delivers as the transport does, and takes down how long each acknowledgement took."""

    transport: Transport
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def send(self, payload: Payload, *, attempt: int, reason: str, seconds: float) -> Answer:
        began = time.perf_counter()
        answer = self.transport.send(payload, attempt=attempt, reason=reason, seconds=seconds)
        self.seconds.append(time.perf_counter() - began)
        if not answer.is_ok:
            self.failures.append(f"{payload.type}: {answer.failure} {answer.status}")
        return answer


@dataclass(kw_only=True)
class Walker:
    """One person, from the command to the choice of a destination, again and again until it is over."""

    workspace: Workspace
    person: str
    channel: str
    app: str
    over: threading.Event
    walks: int = 0
    problem: str = ""
    thinks: bool = True

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self._walk()
                self.walks += 1
        except Exception as error:  # noqa: BLE001 - told to who waits for the walkers
            self.problem = f"{self.person}: {type(error).__name__}: {error}"

    def open_backups(self) -> float:
        """Seconds the app takes from the command to the list of backups, without the person's own."""
        self.thinks = False
        began = time.perf_counter()
        view = self._at_backups()
        self._option(view, Action.BACKUP, "")
        seconds = time.perf_counter() - began
        self.workspace.acting.close(person=self.person, view_id=view.id, clear_all=True)
        return seconds

    def _at_backups(self) -> Any:
        self.workspace.acting.command(person=self.person, channel=self.channel, text="/restore")
        view = self._until(lambda view: view.content["callback_id"] in (Callback.START, Callback.WIZARD))
        if view.content["callback_id"] == Callback.START:
            self._press(view, Action.START_OVER)
            view = self._at("source")
        self._choose(view, Action.APP, self.app)
        return self._at("backup")

    def _walk(self) -> None:
        acting = self.workspace.acting
        view = self._at_backups()
        block, option = self._option(view, Action.BACKUP, "")
        acting.action_in_view(
            person=self.person, view_id=view.id, block_id=block, action_id=Action.BACKUP, value=option, entered={}
        )
        self._think()
        view = self._until(lambda view: "Can be restored" in str(view.content))
        self._submit(view, {block: {Action.BACKUP: {"type": "external_select", "selected_option": option}}})
        view = self._at("contents")
        self._submit(view, {})
        view = self._at("destination")
        self._press(view, Action.ALL_SHARDS) if "Show apps on all shards" in str(view.content) else self._think()
        acting.close(person=self.person, view_id=view.id, clear_all=True)
        self._think()

    def _choose(self, view: Any, action: Action, query: str) -> None:
        block, option = self._option(view, action, query)
        self._submit(view, {block: {action: {"type": "external_select", "selected_option": option}}})

    def _option(self, view: Any, action: Action, query: str) -> tuple[str, Any]:
        block = next(one["block_id"] for one in view.blocks if (one.get("element") or {}).get("action_id") == action)
        found = self.workspace.acting.options(
            person=self.person, source=view, block_id=block, action_id=action, query=query
        )
        if not found.ok or not found.options.get("options"):
            raise BenchError(f"A list did not come for {query!r}: {found.error or found.options}")
        self._think()
        return block, found.options["options"][0]

    def _submit(self, view: Any, entered: Any) -> None:
        outcome = self.workspace.acting.submit(person=self.person, view_id=view.id, entered=entered)
        if not outcome.ok:
            raise BenchError(f"A step was refused: {outcome.error} {outcome.errors}")
        self._think()

    def _press(self, view: Any, action: Action) -> None:
        block = next(
            one["block_id"]
            for one in view.blocks
            if any(element.get("action_id") == action for element in one.get("elements") or ())
        )
        self.workspace.acting.action_in_view(
            person=self.person, view_id=view.id, block_id=block, action_id=action, value=None, entered={}
        )
        self._think()

    def _at(self, step: str) -> Any:
        return self._until(lambda view: f'"step":"{step}"' in str(view.content.get("private_metadata")))

    def _until(self, wanted: Callable[[Any], bool]) -> Any:
        until = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < until:
            stack = self.workspace.state.views.stack(self.person)
            if stack and wanted(stack[-1]):
                return stack[-1]
            time.sleep(0.01)
        raise BenchError(f"A window did not come within {_PATIENCE_SECONDS} s.")

    def _think(self) -> None:
        if self.thinks:
            self.over.wait(random.uniform(*THINK_SECONDS))
