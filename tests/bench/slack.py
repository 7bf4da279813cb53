"""Bar 13: how long Slack waits for an acknowledgement, with people in wizards while restores run. And what opening the
wizard costs where an app has ten thousand backups.

The bot is `restorebot serve` in mode http, as one machine has it: SQLite, one worker. The local workspace stands for
Slack, and its requests are signed as Slack's are.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import quantiles
from typing import Any, Final

import yaml
from sqlalchemy import func, insert, select

from bot.http import PATH
from bot.manifest import manifest_text
from bot.workspace import Channel, Person, Workspace, WorkspaceConfig, build_workspace
from core.access.people import ensure_person
from core.access.roles import grant_role
from core.access.tables import RoleName
from core.catalog import apps, backups, organizations
from core.catalog.run_tables import RunStatus
from core.catalog.tables import BackupRow, new_id
from core.content.record_type import AppType
from core.engine import Engine, build_engine
from core.restore import restores
from core.restore.assess import assess
from core.restore.request import Part, RestoreRequest
from core.restore.submission import Confirmed, submit
from core.restore.tables import RestoreRow
from core.settings import load_settings
from core.workflow.tables import WaitingPartRow
from tests.bench.children import ROOT, BenchError
from tests.bench.exports import Sample
from tests.bench.figures import Bar, Result, Table, Values
from tests.bench.installation import Installation
from tests.bench.slack_people import Timed, Walker
from tests.bench.subject import Ground

PEOPLE, RESTORES, SLOTS, IN_FLIGHT = 30, 20, 8, 4
MANY, FEW = 10_000, 10
OPENINGS: Final = 20
_TEAM, _CHANNEL = "T0BENCH", "C0BENCH"
_TOKEN, _SECRET = "xoxb-bench", "bench-secret"
_START_SECONDS: Final = 60.0
#: Parts so small that every restore has many of them, and all restores run for a while.
_PART_BYTES: Final = 4 * 1024 * 1024
_SPACE_FACTOR: Final = 40


@dataclass(kw_only=True)
class Watched:
    """What ran while the requests were measured."""

    running: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)


class Slack:
    name = "Acknowledgements to Slack"
    bars = ("13",)
    peers = ()

    def measure(self, ground: Ground) -> Result:
        sample = Sample(app_type=AppType.CONFLUENCE, megabytes=min(ground.sizes.exports[0], 65))
        with ground.place(ground.folder, sample.megabytes * 1_000_000 * _SPACE_FACTOR) as folder:
            ground.say(f"slack: generating and importing {sample.name}")
            export = sample.write(folder)
            environment = {"RESTOREBOT_PART_BYTES": str(_PART_BYTES)}
            installation = Installation(folder / "data", AppType.CONFLUENCE, environment=environment)
            backup = installation.take_in(export).backup
            engine = build_engine(load_settings(data_dir=folder / "data", database_url="", part_bytes=_PART_BYTES))
            with _serving(installation) as (workspace, timed):
                opened = _openings(ground, engine, workspace, timed)
                timed.seconds.clear()
                watched, walks = _busy(ground, engine, workspace, backup)
        if timed.failures:
            raise BenchError(f"{len(timed.failures)} requests failed, such as {timed.failures[0]}.")
        return Result(bars=_bars(timed.seconds, opened), tables=[_table(timed.seconds, watched, walks, opened)])


def _bars(seconds: list[float], opened: dict[int, list[float]]) -> list[Bar]:
    cut = quantiles(seconds, n=100)
    few, many = (Values.of(opened[count]) for count in (FEW, MANY))
    return [
        Bar(number="13", what=f"acknowledgements, 95 of 100 within, {PEOPLE} people, {RESTORES} restores",
            ours=Values.of([cut[94]]), limit=0.3, reach=0.1),
        Bar(number="13", what="the same, 99 of 100 within", ours=Values.of([cut[98]]), limit=1.0, reach=0.3),
        Bar(number="13", what=f"opening the wizard and its list of backups, {MANY:,} of them", ours=many, peer=few,
            against=f"{FEW}", limit=1.5, reach=1.0),
    ]  # fmt: skip


def _table(seconds: list[float], watched: Watched, walks: int, opened: dict[int, list[float]]) -> Table:
    return Table(
        head=("what", "figure"),
        rows=[
            ("requests acknowledged", f"{len(seconds):,}"),
            ("walks through the wizard", f"{walks}"),
            ("median, longest, in ms", f"{1000 * Values.of(seconds).middle:.1f}, {1000 * max(seconds):.0f}"),
            ("restores in status running, least and most", f"{min(watched.running)}, {max(watched.running)}"),
            ("of them with a part in flight", str(Values.of(watched.in_flight))),
            *((f"opening with {count:,} backups, s", str(Values.of(opened[count]))) for count in (FEW, MANY)),
        ],
    )


@contextmanager
def _serving(installation: Installation) -> Iterator[tuple[Workspace, Timed]]:
    """`restorebot serve`, and a workspace whose requests reach it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    people = tuple(Person(id=_person(n), name=f"admin{n}", real_name=f"Admin {n}") for n in range(PEOPLE))
    workspace = build_workspace(
        WorkspaceConfig(
            manifest=yaml.safe_load(manifest_text()),
            bot_token=_TOKEN,
            app_token="xapp-bench",
            signing_secret=_SECRET,
            people=people,
            channels=(Channel(id=_CHANNEL, name="bench", members=frozenset({*(one.id for one in people), "U0BOT"})),),
            bot_url=f"http://127.0.0.1:{port}",
            team_id=_TEAM,
        )
    )
    timed = Timed(transport=workspace.delivery._transport)
    workspace.delivery._transport = timed
    workspace.start()
    slack = {
        "BOT_TOKEN": _TOKEN, "SIGNING_SECRET": _SECRET, "MODE": "http", "PORT": str(port), "BASE_URL": workspace.api_url
    }  # fmt: skip
    environment = {
        **os.environ,
        **installation.environment,
        **{f"RESTOREBOT_SLACK_{name}": value for name, value in slack.items()},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--slots", str(SLOTS)], cwd=ROOT, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port)
        yield workspace, timed
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=_START_SECONDS)
        workspace.stop()


def _wait_for(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise BenchError(f"restorebot serve did not listen at {PATH} within {_START_SECONDS} s.")


def _openings(ground: Ground, engine: Engine, workspace: Workspace, timed: Timed) -> dict[int, list[float]]:
    """Seconds from the command to the list of backups, by how many the app has; both take turns."""
    _admins(engine)
    for count in (FEW, MANY):
        _with_backups(engine, f"with {count}", count)
    opened: dict[int, list[float]] = {FEW: [], MANY: []}
    ground.say(f"slack: opening the wizard with {FEW} and {MANY:,} backups")
    for _ in range(OPENINGS):
        for count in (FEW, MANY):
            walker = Walker(workspace=workspace, person=_person(0), channel=_CHANNEL, app=f"with {count}",
                            over=threading.Event())  # fmt: skip
            opened[count].append(walker.open_backups())
    return opened


def _busy(ground: Ground, engine: Engine, workspace: Workspace, backup: str) -> tuple[Watched, int]:
    """Everybody walks while all restores run."""
    ground.say(f"slack: {PEOPLE} people, {RESTORES} restores")
    destinations = [_provision(engine, f"destination {number}") for number in range(RESTORES)]
    person = engine.person().id
    for destination in destinations:
        # without groups: those of the first to end would change what the others were confirmed to do
        without = frozenset({Part.USERS_AND_GROUPS})
        request = RestoreRequest(backup_id=backup, destination_id=destination, requester=person, without=without)
        submit(engine.tools, request, Confirmed.of(assess(engine.tools, request)))
    watched, over = Watched(), threading.Event()
    until = time.monotonic() + _START_SECONDS
    while _running(engine) < RESTORES:
        if time.monotonic() > until:
            with engine.database.reading() as session:
                ended = [f"{one.status.value} at {one.step.value}: {one.failure}" for one in restores.list_all(session)]
            raise BenchError(f"Only {_running(engine)} of {RESTORES} restores run; the last: {ended[0]}")
        time.sleep(0.2)
    walkers = [
        Walker(workspace=workspace, person=_person(n), channel=_CHANNEL, app="source", over=over) for n in range(PEOPLE)
    ]
    threads = [threading.Thread(target=one.run, name=one.person) for one in walkers]
    for thread in threads:
        thread.start()
    while (running := _running(engine)) >= RESTORES:
        watched.running.append(running)
        watched.in_flight.append(_in_flight(engine))
        time.sleep(0.5)
    over.set()
    for thread in threads:
        thread.join()
    if problems := [one.problem for one in walkers if one.problem]:
        raise BenchError(f"{len(problems)} people could not go on: {problems[0]}")
    if not watched.in_flight or Values.of(watched.in_flight).middle < IN_FLIGHT:
        raise BenchError(f"Too little ran meanwhile: {watched}.")
    return watched, sum(one.walks for one in walkers)


def _running(engine: Engine) -> int:
    with engine.database.reading() as session:
        query = select(func.count()).select_from(RestoreRow).where(RestoreRow.status == RunStatus.RUNNING.value)
        return session.scalar(query) or 0


def _in_flight(engine: Engine) -> int:
    """Restores with at least one part in a slot: a run has one divided step at a time."""
    with engine.database.reading() as session:
        in_flight = WaitingPartRow.executor_id.is_not(None)
        query = select(func.count(WaitingPartRow.step_id.distinct())).where(in_flight)
        return session.scalar(query) or 0


def _admins(engine: Engine) -> None:
    mine = engine.person()
    with engine.database.transaction() as session:
        organization = organizations.list_all(session)[0].id
        for number in range(PEOPLE):
            one = ensure_person(session, f"slack:{_TEAM}/{_person(number)}", f"Admin {number}", engine.now())
            admin = RoleName.ORGANIZATION_ADMIN
            grant_role(session, person=one, organization_id=organization, role=admin, by=mine, now=engine.now())


def _provision(engine: Engine, name: str) -> str:
    from core.cli.apps import provision_app

    return provision_app(engine, name, AppType.CONFLUENCE, org="", shard="").id


def _with_backups(engine: Engine, name: str, count: int) -> None:
    """Rows as sealed backups have them; nobody opens these."""
    app_id, now = _provision(engine, name), engine.now()
    with engine.database.transaction() as session:
        like: dict[str, Any] = dict(backups.list_all(session)[0].__dict__)
        app = apps.get(session, app_id)
        columns = {column.name for column in BackupRow.__table__.columns}
        row = {key: value for key, value in like.items() if key in columns} | {"app_id": app.id, "shard": app.shard}
        session.execute(
            insert(BackupRow),
            [
                {
                    **row,
                    "id": new_id("bkp"),
                    "taken_at": now - timedelta(minutes=number),
                    "expires_at": now + timedelta(days=9),
                }
                for number in range(count)
            ],
        )


def _person(number: int) -> str:
    return f"U{number:07}"
