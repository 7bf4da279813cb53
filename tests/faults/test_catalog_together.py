"""Several processes write the catalog's one SQLite file at the same time, and none of them meets an error."""

import sqlite3
import threading
import time
from contextlib import closing

from core.catalog import apps
from core.errors import Held
from core.restore import restores
from tests.faults.conftest import Fresh
from tests.faults.ground import Ground
from tests.faults.sample import ALL

SECONDS = 60 if ALL else 8
#: Of each of the two command lines: a shard takes 500.
APPS = 200


def test_a_worker_and_two_command_lines_write_at_once_without_one_error(fresh: Fresh) -> None:
    ground = fresh()
    starter = ground.starter()
    until = time.monotonic() + SECONDS
    ended: list[tuple[int, str]] = []
    made: list[str] = []

    def provision(prefix: str) -> None:
        number = 0
        while time.monotonic() < until and number < APPS:
            number += 1
            made.append(f"{prefix} {number}")
            one = starter("app", "provision", made[-1], "--type", "jira")
            ended.append((one.ended(), one.said()))

    try:
        worker = starter("worker")
        lines = [threading.Thread(target=provision, args=(prefix,)) for prefix in ("left", "right")]
        for line in lines:
            line.start()
        wishes = cancel_again_and_again(ground, until)
        for line in lines:
            line.join()
        worker.interrupt()
        assert worker.ended() == 0, worker.said()
        assert "Traceback" not in worker.said()
    finally:
        starter.end()
    assert [said for status, said in ended if status != 0] == []
    assert wishes
    assert len(ended) >= SECONDS / 4
    with ground.world.engine.database.transaction() as session:
        assert {one.name for one in apps.list_all(session)} >= set(made)
    ground.close()
    with closing(sqlite3.connect(ground.folder / "catalog.sqlite")) as catalog:
        assert catalog.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def cancel_again_and_again(ground: Ground, until: float) -> int:
    """Submit a restore and ask for its end, as fast as the worker ends them; returns how often."""
    engine, wishes = ground.world.engine, 0
    while time.monotonic() < until:
        try:
            submitted = ground.submit()
        except (Held, AssertionError):  # the one before has not ended yet
            time.sleep(0.05)
            continue
        with engine.database.transaction() as session:
            restores.want_cancel(session, submitted.id, ground.world.person.id, engine.now())
        wishes += 1
    return wishes
