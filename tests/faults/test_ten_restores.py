"""Three workers on PostgreSQL and S3, ten restores of different sizes, and two of the workers killed at random moments:
all complete, each part is loaded once, and no slot is free while a part waits."""

import random
import signal
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from core.catalog.apps import App
from core.content.record_type import AppType
from core.restore.request import Part
from core.restore.restores import Restore
from core.restore.tables import RestoreStatus
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceShape
from tests.faults.ground import Ground, assert_nothing_left, shard_of
from tests.faults.processes import until
from tests.faults.sample import ALL, SEED
from tests.faults.servers import Servers
from tests.flows.world import assert_same_as_backup
from tests.services.postgres import conninfo

pytestmark = pytest.mark.usefixtures("let_in")

SLOTS, WORKERS, KILLED = 2, 3, 2
#: So long a part lasts at least, so that others have to wait.
PART_SECONDS = 0.2
#: A free slot looks every 0.2 s; the rest is room for a machine that has other things to do. One that was forgotten
#: would stay free to the end.
IDLE_SECONDS = 10.0
LARGE = ConfluenceShape(
    spaces=2, pages_per_space=8, attachments_per_page=1, attachment_bytes=4_000, body_bytes=900, users=5, groups=3
)


@pytest.mark.parametrize("seed", [SEED + number for number in range(5 if ALL else 1)])
def test_ten_restores_survive_two_of_three_workers(
    seed: int, servers: Servers, server_ground: Ground, tmp_path: Path
) -> None:
    ground = servers.copy_of(server_ground, tmp_path / "data")
    submitted = submit_ten(ground, tmp_path)
    moments = random.Random(seed)
    parts = sum(len(restore.plan.parts) for restore, _ in submitted)
    starter = ground.starter()
    workers = [starter("worker", f"--slots={SLOTS}", acts=[f"SLOW={PART_SECONDS}"]) for _ in range(WORKERS)]
    try:
        for victim in moments.sample(workers, KILLED):
            moment = moments.randrange(parts)
            until(lambda moment=moment: ended_parts(ground) >= moment, 120)
            victim.kill()
        until(lambda: all(one.status not in OPEN for one in ground.restores()), 180)
        (survivor,) = [one for one in workers if one.alive]
        survivor.interrupt()
        assert survivor.ended() == 0, survivor.said()
        assert sorted(one.ended() for one in workers) == [-signal.SIGKILL] * KILLED + [0]
        for restore, app in submitted:
            assert_restored_once(ground, ground.world.restore(restore.id), app)
        assert_nothing_left(ground)
        idle = list(idle_while_parts_waited(executions(ground)))
        assert max(idle, default=0) < IDLE_SECONDS, idle
    finally:
        starter.end()
        servers.drop(ground)


OPEN = (RestoreStatus.QUEUED, RestoreStatus.RUNNING)


def submit_ten(ground: Ground, folder: Path) -> Sequence[tuple[Restore, App]]:
    """Of a small backup and a large one, with and without attachments, each into an app of its own."""
    world = ground.world
    export = write_confluence_export(folder / "large.zip", shape=LARGE).path
    large = world.import_export(export, world.provision(AppType.CONFLUENCE, "Large"))
    submitted = []
    for number in range(10):
        app = world.provision(AppType.CONFLUENCE, f"Copy {number}")
        backup = large if number % 3 == 0 else ground.backup
        without = [Part.ATTACHMENTS] if number % 4 == 1 else []
        submitted.append((world.submit_restore(world.request(backup, app, without=without)), app))
    return submitted


def assert_restored_once(ground: Ground, restore: Restore, app: App) -> None:
    world = ground.world
    assert (restore.status, restore.attempt) == (RestoreStatus.COMPLETED, 1), (restore.failure, restore.step)
    assert_same_as_backup(world, world.backup(restore.backup_id), restore, world.app(app.id))
    place, names = world.place(app), {part.name for part in restore.plan.parts}
    assert world.driver(app).loaded_parts(place).keys() == names
    tokens = claims(ground, place.generation)
    assert tokens.keys() == names
    repeated = sum(token - 1 for token in tokens.values())
    assert repeated <= KILLED * SLOTS, "at most one part per slot that was lost"


def claims(ground: Ground, generation: str) -> Mapping[str, int]:
    """How often each part was begun to be loaded."""
    with psycopg.connect(shard_of(ground).url) as connection:
        return dict(connection.execute(f'SELECT part, token FROM "{generation}".part_claim').fetchall())


def ended_parts(ground: Ground) -> int:
    (found,) = journal(ground, "SELECT count(*) FROM dbos.workflow_status WHERE name LIKE %s AND status = 'SUCCESS'")
    return int(found[0])


def journal(ground: Ground, query: str) -> list[Any]:
    with psycopg.connect(conninfo(ground.world.engine.settings.database_url)) as connection:
        return connection.execute(query, ["%.part"]).fetchall()


@dataclass(frozen=True, kw_only=True)
class Executed:
    """A part in the journal's own times, in seconds."""

    step: str
    executor: str
    begun: float
    ended: float
    #: it was taken over: when it was given out first is not known
    again: bool


def executions(ground: Ground) -> list[Executed]:
    rows = journal(
        ground,
        "SELECT workflow_uuid, executor_id, created_at, started_at_epoch_ms, completed_at FROM dbos.workflow_status"
        " WHERE name LIKE %s",
    )
    return [
        Executed(
            step=name.rpartition("/")[0],
            executor=executor,
            begun=(started or created) / 1000,
            ended=completed / 1000,
            again=started is not None,
        )
        for name, executor, created, started, completed in rows
    ]


def idle_while_parts_waited(parts: Sequence[Executed]) -> Iterator[float]:
    """For how long a slot of the worker that survived was free while a part waited, each time. A part waits from the
    first part of its step that is begun, to its own beginning."""
    survivor = max(parts, key=lambda one: one.ended).executor
    divided: dict[str, float] = defaultdict(lambda: float("inf"))
    for one in parts:
        divided[one.step] = min(divided[one.step], one.begun)
    mine = [one for one in parts if one.executor == survivor]
    moments = sorted({one.begun for one in parts} | {one.ended for one in parts})
    idle = 0.0
    for begin, end in pairwise(moments):
        used = sum(one.begun <= begin and one.ended >= end for one in mine)
        waits = any(divided[one.step] <= begin and one.begun >= end for one in parts if not one.again)
        here = begin >= min(one.begun for one in mine) and used < SLOTS and waits
        if here:
            idle += end - begin
        elif idle:
            yield idle
            idle = 0.0
