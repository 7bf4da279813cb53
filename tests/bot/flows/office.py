"""An office that restores from Slack: the demo's organization, a bot over it, people who click in a local workspace.

Payloads are signed and go through `App.dispatch`; what the bot says goes over HTTP to the workspace's Web API. Restores
are driven in this process, and threads told when the test says so.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode

import pytest
import yaml
from pydantic import SecretStr
from slack_bolt import App, BoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.app import build_app, build_bot
from bot.bot import Bot
from bot.client import make_client
from bot.manifest import manifest_text
from bot.serve import listening
from bot.settings import Mode, SlackSettings
from bot.threads.deliverer import Deliverer
from bot.work import Task, Work
from bot.workspace import Channel, Person, Workspace, WorkspaceConfig, build_workspace
from bot.workspace.acting import Outcome
from bot.workspace.blocks import Json, elements
from bot.workspace.delivery import Answer
from bot.workspace.inputs import entered_state
from bot.workspace.messages import Message
from bot.workspace.payloads import Envelope, Payload
from core.catalog import apps, backups
from core.catalog.apps import App as CatalogApp
from core.catalog.backups import Backup
from core.restore import restores
from core.restore.restores import Restore
from core.workflow.inline import drive
from tests.flows.world import World

#: For a flow that is to run in both modes.
IN_BOTH_MODES: Final = pytest.mark.parametrize("office", list(Mode), indirect=True)
TEAM: Final = "T0ACME"
ADA, BORIS, CHIDI, GUEST, GONE, STRANGER = "U0ADA", "U0BORIS", "U0CHIDI", "U0GUEST", "U0GONE", "U0OTHER"
OPS, GENERAL, SHARED = "C0OPS", "C0GENERAL", "C0SHARED"
SECRET: Final = "signing-secret"
_SECONDS: Final = 60.0
_EVERYBODY: Final = frozenset({ADA, BORIS, CHIDI, GUEST, STRANGER, "U0BOT"})

CONFIG: Final = WorkspaceConfig(
    manifest=yaml.safe_load(manifest_text()),
    bot_token="xoxb-bot",
    app_token="xapp-app",
    signing_secret=SECRET,
    people=(
        Person(id=ADA, name="ada", real_name="Ada Admin", email="ada@acme.example"),
        Person(id=BORIS, name="boris", real_name="Boris Approver"),
        Person(id=CHIDI, name="chidi", real_name="Chidi Support"),
        Person(id=GUEST, name="guest", real_name="A guest", is_restricted=True),
        Person(id=GONE, name="gone", real_name="Somebody who left", deleted=True),
        Person(id=STRANGER, name="other", real_name="Of another company", team_id="T0OTHER"),
    ),
    channels=(
        Channel(id=OPS, name="restores", members=_EVERYBODY),
        Channel(id=GENERAL, name="general", members=_EVERYBODY),
        Channel(id=SHARED, name="shared", members=_EVERYBODY, is_ext_shared=True),
    ),
    team_id=TEAM,
    # the machine may be busy: what takes too long for Slack is measured by the bench
    ack_seconds=_SECONDS,
    trigger_seconds=_SECONDS,
)


class WatchedWork(Work):
    """Tells when nothing is left to do, and what was raised by a task that could not tell the person."""

    def __init__(self) -> None:
        super().__init__()
        self._left = 0
        self._changed = threading.Condition()
        self.raised: list[Exception] = []

    def hand_over(self, key: str, task: Task) -> None:
        super().hand_over(key, self._watched(task))

    def side_by_side(self, task: Task) -> None:
        super().side_by_side(self._watched(task))

    def settle(self, *, left: int = 0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self._left <= left, _SECONDS), "the bot is still at work"

    def _watched(self, task: Task) -> Task:
        with self._changed:
            self._left += 1

        def watched() -> None:
            try:
                task()
            except Exception as error:
                self.raised.append(error)
                raise
            finally:
                with self._changed:
                    self._left -= 1
                    self._changed.notify_all()

        return watched


@dataclass(frozen=True, kw_only=True)
class Dispatched:
    """A transport of the workspace: each payload, signed, through the app's one door."""

    app: App

    def send(self, payload: Payload, *, attempt: int, reason: str, seconds: float) -> Answer:  # noqa: ARG002 - the app answers in this thread
        retry = {"x-slack-retry-num": str(attempt), "x-slack-retry-reason": reason} if attempt else {}
        response = self.app.dispatch(signed(payload, **retry))
        return Answer(
            status=response.status,
            body=json.loads(response.body) if (response.body or "").startswith("{") else response.body,
            failure="" if response.status == 200 else "http_error",
        )


def signed(payload: Payload, *, secret: str = SECRET, at: float | None = None, **headers: str) -> BoltRequest:
    if payload.envelope is Envelope.EVENT:
        body, kind = json.dumps(payload.body), "application/json"
    else:
        is_command = payload.envelope is Envelope.COMMAND
        form = payload.body if is_command else {"payload": json.dumps(payload.body)}
        body, kind = urlencode(form), "application/x-www-form-urlencoded"
    timestamp = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    signs = {"x-slack-request-timestamp": timestamp, "x-slack-signature": signature or ""}
    return BoltRequest(body=body, headers={"content-type": kind, **signs, **headers})


@dataclass(kw_only=True)
class Office:
    world: World
    workspace: Workspace
    bot: Bot
    app: App
    work: WatchedWork
    deliverer: Deliverer
    #: ids of the restores that made the organization
    before: frozenset[str]
    #: what is expected to stand in the log as an error
    expects_errors: bool = False
    #: what Slack refuses of the bot's calls, where the test wants that
    expects_refusals: set[str] = field(default_factory=set)

    def settle(self, *, left: int = 0) -> None:
        self.work.settle(left=left)

    def person(self, user: str = ADA) -> "Someone":
        return Someone(office=self, user=user)

    def catalog_app(self, name: str) -> CatalogApp:
        with self.world.engine.database.reading() as session:
            return next(one for one in apps.list_all(session) if one.name == name)

    def backups_of(self, name: str) -> list[Backup]:
        """The newest first."""
        app_id = self.catalog_app(name).id
        with self.world.engine.database.reading() as session:
            return list(backups.list_all(session, app_id=app_id))

    @property
    def restores(self) -> list[Restore]:
        """Those that people began here: the demo's own are there before. The newest first."""
        with self.world.engine.database.reading() as session:
            return [one for one in restores.list_all(session) if one.id not in self.before]

    def only_restore(self) -> Restore:
        (found,) = self.restores
        return found

    def drive(self) -> None:
        drive(self.world.engine.run_kinds())

    def tell(self, rounds: int = 1) -> None:
        """Deliver, as if the pause between two edits of a message were over each time."""
        for _ in range(rounds):
            hurry(self.deliverer)
            self.deliverer.deliver()

    def another_deliverer(self) -> Deliverer:
        """Of another process."""
        return Deliverer(bot=self.bot, client=self.deliverer.client)

    def thread(self, channel: str = OPS) -> list[Message]:
        """The status message of the last restore that was told there, and the replies."""
        messages = self.workspace.state.messages
        begun = [one for one in messages.in_channel(channel) if one.metadata]
        return messages.in_thread(channel, begun[-1].ts) if begun else []

    def direct_messages(self, user: str = ADA) -> list[Message]:
        state = self.workspace.state
        return state.messages.in_channel(state.dm(user).id)

    def calls(self, method: str) -> list[Any]:
        return [one for one in self.workspace.state.feed.wire() if one.what == method]


def hurry(deliverer: Deliverer) -> None:
    """The pauses of a deliverer are over: those between edits, and those after Slack was busy."""
    for known in deliverer._known.values():
        known.drawn_at = known.waits_until = 0.0


@dataclass(frozen=True, kw_only=True)
class Someone:
    """A person at the workspace's page."""

    office: Office
    user: str
    #: what is entered in the open window and not yet sent: {block: {action: value}}
    entered: dict[str, dict[str, Json]] = field(default_factory=dict)

    def types(self, text: str = "/restore", channel: str = GENERAL, *, settle: bool = True) -> Outcome:
        return self._done(self._acting.command(person=self.user, channel=channel, text=text), settle)

    def takes_shortcut(self) -> Outcome:
        return self._done(self._acting.shortcut(person=self.user, callback_id="restore"))

    def opens_home(self) -> Json:
        views = self.office.workspace.state.views
        before = views.home(self.user)
        self._done(self._acting.home(person=self.user), settle=False)
        end = time.monotonic() + _SECONDS  # events are delivered in the background, where the bot is not at work yet
        while (found := views.home(self.user)) is None or (before is not None and found.hash == before.hash):
            assert time.monotonic() < end, "no App Home was published"
            time.sleep(0.01)
        self.office.settle()
        return views.shown(found)

    def presses(self, action: str, value: Any = None, *, settle: bool = True) -> Outcome:
        """A button, or another element of the open window, by the beginning of its id."""
        view = self.view
        block, element = find(view["blocks"], action)
        outcome = self._acting.action_in_view(
            person=self.user,
            view_id=view["id"],
            block_id=block["block_id"],
            action_id=element["action_id"],
            value=value,
            entered=self.entered,
        )
        return self._done(outcome, settle)

    def presses_in(self, message: Message, action: str) -> Outcome:
        block, element = find(message.blocks, action)
        outcome = self._acting.action_in_message(
            person=self.user,
            channel=message.channel,
            ts=message.ts,
            block_id=block["block_id"],
            action_id=element["action_id"],
            value=None,
            entered={},
        )
        return self._done(outcome)

    def searches(self, action: str, text: str = "") -> list[Json]:
        """The options that a select with a search offers."""
        view = self.view
        block, element = find(view["blocks"], action)
        found = self._acting.options(
            person=self.user,
            source=self._acting.source(self.user, {"type": "view", "view_id": view["id"]}),
            block_id=block["block_id"],
            action_id=element["action_id"],
            query=text,
        )
        assert found.ok, found
        self.office.settle()
        options: list[Json] = found.options["options"]
        return options

    def chooses(self, action: str, text: str = "", *, number: int = 0) -> Json:
        """One of those that are found. Where the app hears of it at once, it does."""
        option = self.searches(action, text)[number]
        block, element = find(self.view["blocks"], action)
        if block.get("dispatch_action"):
            self.presses(action, option)
        else:
            self.entered[block["block_id"]] = {element["action_id"]: {"selected_option": option}}
        return option

    def ticks(self, action: str, *values: str) -> None:
        block, element = find(self.view["blocks"], action)
        chosen = [one for one in element["options"] if one["value"] in values]
        self.entered[block["block_id"]] = {element["action_id"]: {"selected_options": chosen}}

    def writes(self, action: str, text: str) -> None:
        block, element = find(self.view["blocks"], action)
        self.entered[block["block_id"]] = {element["action_id"]: {"value": text}}

    def submits(self, *, settle: bool = True) -> Outcome:
        outcome = self._acting.submit(person=self.user, view_id=self.view["id"], entered=dict(self.entered))
        self.entered.clear()
        return self._done(outcome, settle)

    def submission(self, change: Callable[[Json], object] = lambda _body: None) -> Payload:
        """What the button of the open window would send now, with something changed in it."""
        view = self.office.workspace.state.views.stack(self.user)[-1]
        values = entered_state(view.values, self._acting._with_offered(view, self.user), self.entered)
        made = self.office.workspace.payloads.submission(view=replace(view, values=values), response_urls=[])
        body = json.loads(json.dumps(made.body))
        change(body)
        return replace(made, body=body)

    def sends(self, submission: Payload) -> Answer:
        """As Slack does with it: what it is answered with is shown in the window."""
        answer = self.office.workspace.delivery.send(submission)
        view = self.office.workspace.state.views.stack(self.user)[-1]
        self._acting._answers.to_submission(answer.body, view)
        return answer

    def closes(self) -> None:
        self._acting.close(person=self.user, view_id=self.view["id"])
        self.office.settle()

    @property
    def view(self) -> Json:
        """The window on top."""
        found = self.stack
        assert found, "no window is open"
        return found[-1]

    @property
    def stack(self) -> list[Json]:
        views = self.office.workspace.state.views
        return [views.shown(one) for one in views.stack(self.user)]

    @property
    def reads(self) -> str:
        """Everything the open window says."""
        return said(self.view["blocks"])

    @property
    def step(self) -> str:
        """The title of the wizard's step."""
        return next((one["text"]["text"] for one in self.view["blocks"] if one["type"] == "header"), "")

    def whispers(self, channel: str = GENERAL) -> list[str]:
        """What only this person sees."""
        return [one.text for one in self.office.workspace.state.messages.ephemeral(channel, self.user, "")]

    def offers(self, action: str) -> bool:
        return any(element["action_id"].startswith(action) for _, element in elements(self.view["blocks"]))

    @property
    def _acting(self) -> Any:
        return self.office.workspace.acting

    def _done(self, outcome: Outcome, settle: bool = True) -> Outcome:
        if settle:
            self.office.settle()
        return outcome


def find(blocks: Any, action: str) -> tuple[Json, Json]:
    for block, element in elements(blocks):
        if element["action_id"].startswith(action):
            return block, element
    raise AssertionError(f"nothing here is {action}: {said(blocks)}")


def said(node: Any) -> str:
    """All text of blocks."""
    if isinstance(node, Mapping):
        own = [node["text"]] if isinstance(node.get("text"), str) else []
        own += [f"<@{node['user_id']}>"] if node.get("type") == "user" else []
        return " ".join([*own, *(said(value) for value in node.values() if not isinstance(value, str))])
    return " ".join(said(item) for item in node) if isinstance(node, list | tuple) else ""


@contextmanager
def office_at_work(
    world: World,
    config: WorkspaceConfig = CONFIG,
    *,
    change: Callable[[Bot], Bot] = lambda bot: bot,
    mode: Mode = Mode.HTTP,
) -> Iterator[Office]:
    """The workspace and a bot over `world`, which Slack reaches by signed requests or over a socket."""
    workspace = build_workspace(config)
    workspace.start()
    settings = SlackSettings(
        bot_token=SecretStr(config.bot_token),
        app_token=SecretStr(config.app_token),
        signing_secret=SecretStr(SECRET),
        mode=mode,
        base_url=workspace.api_url,
    )
    work = WatchedWork()
    bot = change(replace(build_bot(world.engine, settings), work=work))
    app = build_app(bot)
    plain = make_client(token=config.bot_token, base_url=workspace.api_url, retries=False)
    with world.engine.database.reading() as session:
        before = frozenset(one.id for one in restores.list_all(session))
    deliverer = Deliverer(bot=bot, client=plain)
    deliverer.deliver()  # what was over before there were threads is told to nobody
    if mode is Mode.HTTP:
        workspace.delivery._transport = Dispatched(app=app)
    try:
        with listening(app, settings) if mode is Mode.SOCKET else nullcontext():
            yield Office(
                world=world, workspace=workspace, bot=bot, app=app, work=work, deliverer=deliverer, before=before
            )
    finally:
        work.stop()
        workspace.stop()
