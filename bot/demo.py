"""Everything on one machine, without any account: a local workspace, bot, worker, and an organization in trouble."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml
from pydantic import SecretStr

from bot.blocks import Line, actions, as_json, bold, bullets, button, code, escape, header, lines
from bot.bot import Bot
from bot.child import Child, worker_command
from bot.client import call
from bot.home.ids import Action as HomeAction
from bot.manifest import manifest_text
from bot.serve import connected
from bot.settings import Mode, SlackSettings
from bot.workspace.config import Channel, Person, WorkspaceConfig
from bot.workspace.server import Workspace, build_workspace
from core.catalog import organizations
from core.cli.demo_organization import (
    DEMO_LIMIT_BYTES,
    NEW,
    ORGANIZATION,
    PAGE,
    WIKI,
    DemoPerson,
    make_demo_organization,
)
from core.engine import Engine, build_engine
from core.settings import load_settings

TEAM: Final = "T0ACME"
ADMIN, APPROVER, AGENT = "U0ADA", "U0BORIS", "U0CHIDI"
_PEOPLE: Final = (
    Person(id=ADMIN, name="ada", real_name="Ada Admin", role_label="organization admin", is_admin=True),
    Person(id=APPROVER, name="boris", real_name="Boris Approver", role_label="access approver"),
    Person(id=AGENT, name="chidi", real_name="Chidi Support", role_label="support agent"),
)
OPERATIONS, GENERAL = "C0OPS", "C0GENERAL"
_STOP_SECONDS: Final = 10.0


def workspace_config(folder: Path | None) -> WorkspaceConfig:
    """Three people, two channels, and secrets that live as long as the process."""
    everyone = frozenset({ADMIN, APPROVER, AGENT, "U0BOT"})
    return WorkspaceConfig(
        manifest=yaml.safe_load(manifest_text()),
        bot_token=f"xoxb-{secrets.token_hex(16)}",
        app_token=f"xapp-{secrets.token_hex(16)}",
        signing_secret=secrets.token_hex(16),
        people=_PEOPLE,
        channels=(
            Channel(id=OPERATIONS, name="restores", members=everyone, topic="Restores are told here"),
            Channel(id=GENERAL, name="general", members=everyone),
        ),
        team_id=TEAM,
        folder=folder,
    )


def slack_settings(workspace: Workspace) -> SlackSettings:
    config = workspace.config
    return SlackSettings(
        bot_token=SecretStr(config.bot_token),
        app_token=SecretStr(config.app_token),
        signing_secret=SecretStr(config.signing_secret),
        mode=Mode.SOCKET,
        base_url=workspace.api_url,
    )


@contextmanager
def demo(folder: Path, *, port: int = 0) -> Iterator[Workspace]:
    """The running workspace, with its story told. Everything lies in `folder`, and a second start goes on with it."""
    data = folder / "data"
    engine = build_engine(load_settings(data_dir=data, database_url="", self_service_limit_bytes=DEMO_LIMIT_BYTES))
    workspace = build_workspace(workspace_config(folder / "workspace"))
    workspace.start(port)
    try:
        _organization(engine, folder)
        os.environ["RESTOREBOT_DATA_DIR"] = str(data)  # for the worker
        os.environ["RESTOREBOT_SELF_SERVICE_LIMIT_BYTES"] = str(DEMO_LIMIT_BYTES)
        worker = Child(worker_command())
        worker.start()
        with connected(engine, slack_settings(workspace)) as bot:
            _tell(bot)
            yield workspace
        worker.stop(wait_seconds=_STOP_SECONDS)
    finally:
        workspace.stop()
        engine.close()


def _organization(engine: Engine, folder: Path) -> None:
    made = make_demo_organization(
        engine,
        folder / "exports",
        admin=DemoPerson(identity=f"slack:{TEAM}/{ADMIN}", name="Ada Admin"),
        approver=DemoPerson(identity=f"slack:{TEAM}/{APPROVER}", name="Boris Approver"),
        agent=DemoPerson(identity=f"slack:{TEAM}/{AGENT}", name="Chidi Support"),
    )
    with engine.database.transaction() as session:
        organizations.set_values(
            session,
            made.organization_id,
            {"operations_channel": f"slack:{TEAM}/{OPERATIONS}"},
            person=engine.person().id,
            now=engine.now(),
        )


def _tell(bot: Bot) -> None:
    """The story, once."""
    if call(bot.client.conversations_history, channel=OPERATIONS, limit=1)["messages"]:
        return
    gone = ("Somebody deleted the page ", bold(PAGE), " from ", bold(WIKI), ". See that it is gone: ")
    into = (
        "As the destination choose ",
        bold(NEW),
        ", which shows with the apps that contain data: it came with a space of its own, and the checks say what to do"
        " about it. Or provision",
    )
    steps: list[Line] = [
        (*gone, code("/restore look")),
        ("Begin a restore with the button below or ", code("/restore"), ": ", bold(WIKI), ", yesterday's backup."),
        (*into, " a new app."),
        "Read what the checks found, look over the review, and press Restore. This channel tells how it goes.",
        "Look inside the restored app: the page is there again.",
    ]
    call(
        bot.client.chat_postMessage,
        channel=OPERATIONS,
        text=escape(f"{ORGANIZATION} is in trouble: the page {PAGE} is gone from {WIKI}. Restore it with /restore."),
        blocks=as_json(
            [
                header(f"{ORGANIZATION} is in trouble"),
                lines(
                    "You are Ada, an organization admin. Everything here runs on this machine; Slack is not involved."
                ),
                bullets(steps),
                actions("story", button(HomeAction.RESTORE, "Restore a backup", style="primary")),
            ]
        ),
    )
