"""restorebot serve as a process of its own, in Socket Mode beside a workspace in this one; it is killed at chosen
calls and deliveries, and started again. Whoever restores is patient: does again what had no answer, and goes on where
the wizard says."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import psutil
from sqlalchemy import update

from bot.threads.deliverer import CONSUMER
from bot.workspace import Workspace, build_workspace
from bot.workspace.delivery import Answer
from bot.workspace.payloads import Payload
from bot.workspace.refusal import Refused
from bot.workspace.web_api import Reply
from core.catalog.run_tables import RunStatus
from core.cli.demo_organization import DEMO_LIMIT_BYTES
from core.events import deliveries
from core.events.deliveries import DeliveryRow
from core.events.kinds import StreamKind
from core.restore import restores
from core.restore.restores import Restore
from tests.bot.flows.office import CONFIG, OPS, Someone, said
from tests.bot.flows.walking import takes_next_step
from tests.flows.world import World

_SECONDS: Final = 60.0
#: How long a person looks at a window that says one moment, or at one that does not change.
_PATIENCE: Final = 3.0


@dataclass(frozen=True, kw_only=True)
class Kill:
    """At the n-th call of a Web API method from here on, before it acts or when it has acted and nobody was told; or at
    the n-th payload of a type, before it is delivered or when it was acknowledged."""

    what: str
    number: int = 1
    after: bool = True
    #: the worker, too, as when the machine goes down
    everything: bool = False

    def __str__(self) -> str:
        return f"{self.what}#{self.number}:{'after' if self.after else 'before'}{':all' if self.everything else ''}"


@dataclass(kw_only=True)
class Serving:
    world: World
    workspace: Workspace
    log: Path
    kills: list[Kill]
    #: ids of the restores that were there before
    before: frozenset[str]
    killed: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _workers: list[psutil.Process] = field(default_factory=list)
    _met: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, *, left: int = 0) -> None:
        """What the other process does is waited for by what it shows."""

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when it is connected."""
        socket_mode = self.workspace.socket_mode
        until(lambda: socket_mode.connections == 0)
        config = self.workspace.config
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("RESTOREBOT_")},
            "RESTOREBOT_DATA_DIR": str(self.world.data_dir),
            "RESTOREBOT_PART_BYTES": str(self.world.engine.settings.part_bytes),
            "RESTOREBOT_SELF_SERVICE_LIMIT_BYTES": str(DEMO_LIMIT_BYTES),
            "RESTOREBOT_SLACK_BOT_TOKEN": config.bot_token,
            "RESTOREBOT_SLACK_APP_TOKEN": config.app_token,
            "RESTOREBOT_SLACK_BASE_URL": self.workspace.api_url,
        }
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve"], env=environment, stdout=log, stderr=log
            )
        assert socket_mode.wait_for(1, _SECONDS), self.log.read_text()

    def kill(self, *, everything: bool = False) -> None:
        process = self._process
        assert process is not None
        self._workers += psutil.Process(process.pid).children(recursive=True)
        process.kill()
        process.wait()
        self.killed += 1
        if everything:
            self._end_workers(signal.SIGKILL)
        self._time_passes()

    def stop(self) -> None:
        """As systemd would."""
        if self.is_alive and self._process is not None:
            self._workers += psutil.Process(self._process.pid).children(recursive=True)
            self._process.terminate()
            self._process.wait(_SECONDS)
        self._end_workers(signal.SIGKILL)

    @property
    def restores(self) -> list[Restore]:
        with self.world.engine.database.reading() as session:
            return [one for one in restores.list_all(session) if one.id not in self.before]

    @property
    def behind(self) -> list[str]:
        """Threads that have not told everything, or do not know that they have."""
        with self.world.engine.database.reading() as session:
            return list(deliveries.behind(session, consumer=CONSUMER, kind=StreamKind.RESTORE))

    def answers(self, real: Callable[..., Reply]) -> Callable[..., Reply]:
        """The workspace's Web API, with what kills in it."""

        def answer(name: str, **request: Any) -> Reply:
            kill = self._due(name)
            if kill is None:
                return real(name, **request)
            reply = real(name, **request) if kill.after else Reply(status=503, body={"ok": False})
            self.kill(everything=kill.everything)
            return reply

        return answer

    def delivers(self, real: Callable[..., Answer]) -> Callable[..., Answer]:
        """The workspace's delivery, with what kills just after an acknowledgement, or before it."""

        def send(payload: Payload, **more: Any) -> Answer:
            kill = self._due(payload.type)
            if kill is not None and not kill.after:
                self.kill(everything=kill.everything)
            answer = real(payload, **more)
            if kill is not None and kill.after:
                self.kill(everything=kill.everything)
            return answer

        return send

    def _due(self, what: str) -> Kill | None:
        with self._lock:
            if not (self.kills and self.kills[0].what == what and self.is_alive):
                return None
            self._met += 1
            if self._met < self.kills[0].number:
                return None
            self._met = 0
            return self.kills.pop(0)

    def _end_workers(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker.is_running():
                worker.send_signal(number)
        psutil.wait_procs(self._workers, timeout=_SECONDS)
        self._workers.clear()

    def _time_passes(self) -> None:
        """A lease runs out after eighty seconds, which no test waits for: who held it is dead and makes no call."""
        with self.world.engine.database.transaction() as session:
            long_ago = self.world.engine.now() - timedelta(hours=1)
            held = DeliveryRow.holder.is_not(None)
            session.execute(update(DeliveryRow).where(held).values(lease_until=long_ago))


@contextmanager
def serving(world: World, folder: Path, *kills: Kill) -> Iterator[Serving]:
    workspace = build_workspace(replace(CONFIG, ack_seconds=3.0))
    workspace.start()
    with world.engine.database.reading() as session:
        before = frozenset(one.id for one in restores.list_all(session))
    made = Serving(world=world, workspace=workspace, log=folder / "said.txt", kills=list(kills), before=before)
    workspace._web_api.answer = made.answers(workspace._web_api.answer)  # type: ignore[method-assign]  # on purpose
    workspace.delivery.send = made.delivers(workspace.delivery.send)  # type: ignore[method-assign]  # on purpose
    try:
        made.start()
        yield made
    finally:
        made.stop()
        workspace.stop()


def restored_in_spite_of(world: World, folder: Path, *kills: Kill) -> Serving:
    """Ada restores Acme's wiki into the empty app, and follows the thread to its end; serve is killed meanwhile."""
    with serving(world, folder, *kills) as found:
        ada = Someone(office=found, user="U0ADA")  # type: ignore[arg-type]  # as an office, seen from outside
        deadline = time.monotonic() + 3 * _SECONDS
        while found.killed < len(kills) or not is_told(found):
            assert time.monotonic() < deadline, (found.kills, [one.text for one in thread(found)])
            if not found.is_alive:
                found.start()
            if found.restores:
                time.sleep(0.05)
            else:
                goes_on(ada)
        if not found.is_alive:
            found.start()
        until(lambda: not found.behind)
    return found


def goes_on(person: Someone) -> None:
    """The next thing a person does who looks at what is there. What has no answer is done again."""
    stack = person.stack
    before = stack[-1]["hash"] if stack else ""
    try:
        takes_next_step(person)
    except (Refused, AssertionError, IndexError):  # the window was closed or drawn anew, or nothing answered
        person.entered.clear()
    waits = time.monotonic() + _PATIENCE
    while time.monotonic() < waits and not _is_new(person, before):
        time.sleep(0.02)
    if person.stack and not _is_new(person, before):
        person.closes()


def _is_new(person: Someone, before: str) -> bool:
    """Whether there is something to go on from: another window than before, that is filled, or none."""
    if not person.stack:
        return bool(before)
    waits = person.reads.startswith("One moment") or "Checking backup" in person.reads
    return person.view["hash"] != before and not waits


def thread(found: Serving) -> list[Any]:
    messages = found.workspace.state.messages
    begun = [one for one in messages.in_channel(OPS) if one.metadata]
    return messages.in_thread(OPS, begun[0].ts) if begun else []


def is_told(found: Serving) -> bool:
    messages = thread(found)
    return bool(messages) and "Completed" in messages[0].text and "completed" in said(messages[-1].blocks)


def assert_once(found: Serving) -> None:
    """One restore that completed, and one thread in which each message stands once and in order."""
    (restore,) = found.restores
    assert restore.status is RunStatus.COMPLETED
    status, *replies = thread(found)
    assert [one.ts for one in found.workspace.state.messages.in_channel(OPS) if one.metadata] == [status.ts]
    told = [said(one.blocks) for one in replies]
    assert len(told) == 3, told
    for words, expected in zip(told, ("The checks found", "Verified and published", "is completed"), strict=True):
        assert expected in words
    assert "Traceback" not in found.log.read_text()
    assert [one.lint for one in found.workspace.state.feed.wire() if one.lint] == []


def until(done: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done():
        assert time.monotonic() < deadline, "not within its time"
        time.sleep(0.02)
