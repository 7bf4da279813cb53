"""Several processes at one catalog."""

import time
from contextlib import suppress
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier

from core.catalog import backups, holds
from core.catalog.tables import HoldReason
from core.database import Database
from core.errors import Held
from tests.core.catalog.world import NOW, PROCESSES, World, seal

SECONDS = 2.5
COUNT = 3


def write(url: str, app: str, storage: str, number: int, results: "Queue[tuple[int, int]]") -> None:
    database = Database(url)
    won = lost = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end or not won:
        try:
            with database.transaction() as session:
                made = backups.create(
                    session, app_id=app, storage_id=storage, request={}, requested_by=str(number), now=NOW
                )
            with database.transaction() as session:
                begun = backups.begin_attempt(session, made.id, 0, NOW)
                assert begun is not None
                backups.set_step(session, made.id, begun.token, "write", NOW)
            with database.transaction() as session:
                seal(session, begun)
            won += 1
        except Held:
            lost += 1
    results.put((won, lost))
    database.dispose()


def take(url: str, app: str, number: int, start: Barrier, results: "Queue[str]") -> None:
    database = Database(url)
    start.wait()
    with suppress(Held), database.transaction() as session:
        holds.take_exclusive(session, holds.on_app(app), f"rst-{number}", HoldReason.RESTORE, NOW)
        results.put(f"rst-{number}")
    database.dispose()


def test_three_processes_write_for_seconds_without_one_error(catalog: World) -> None:
    results: Queue[tuple[int, int]] = PROCESSES.Queue()
    processes = [
        PROCESSES.Process(target=write, args=(catalog.database.url, catalog.app, catalog.managed, number, results))
        for number in range(COUNT)
    ]
    for process in processes:
        process.start()
    counts = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * COUNT
    with catalog.transaction() as session:
        made = backups.list_all(session)
        assert len(made) == sum(won for won, _ in counts)
        assert {backup.status.value for backup in made} == {"complete"}
        assert holds.holds_on(session, holds.on_app(catalog.app)) == []
    assert all(won for won, _ in counts)


def test_of_three_processes_exactly_one_gets_the_app(catalog: World) -> None:
    results: Queue[str] = PROCESSES.Queue()
    start = PROCESSES.Barrier(COUNT)
    processes = [
        PROCESSES.Process(target=take, args=(catalog.database.url, catalog.app, number, start, results))
        for number in range(COUNT)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * COUNT
    with catalog.transaction() as session:
        (hold,) = holds.holds_on(session, holds.on_app(catalog.app))
    assert results.get(timeout=5) == hold.run_id
    assert results.empty()
