"""Statements on a generation's tables that take long, by several sessions at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import Final

from core.apps.embedded.session import Session

#: As many statements at once. More would only take turns on a small server; on a large one the big tables, which are
#: what there is to wait for, take workers of the server besides.
SESSIONS: Final = 2
#: Below it there is nothing to gain from more than one session.
SMALL_BYTES: Final = 8 * 1024 * 1024
SETTINGS: Final = {
    "maintenance_work_mem": "256MB",
    # To start workers for a smaller table takes longer than they save beside the other session.
    "min_parallel_table_scan_size": "256MB",
    "default_statistics_target": "20",
}

Job = Callable[[Session], None]
Connect = Callable[[], AbstractContextManager[Session]]


def in_parallel(connect: Connect, jobs: Iterable[tuple[int, Job]]) -> None:
    """Jobs with the bytes that they read. Each session takes the next one when it has done one, the largest first, so
    that no long one is left at the end. The first that fails ends all."""
    largest_first = sorted(jobs, key=itemgetter(0), reverse=True)
    if not largest_first:
        return
    waiting = deque(job for _, job in largest_first)
    sessions = SESSIONS if largest_first[0][0] > SMALL_BYTES else 1

    def work() -> None:
        with connect() as session:
            for job in _until_empty(waiting):
                try:
                    job(session)
                except BaseException:
                    waiting.clear()
                    raise

    with ThreadPoolExecutor(sessions, thread_name_prefix="index") as pool:
        for done in [pool.submit(work) for _ in range(sessions)]:
            done.result()


def _until_empty(waiting: deque[Job]) -> Iterator[Job]:
    while True:
        try:
            yield waiting.popleft()
        except IndexError:
            return


def table_sizes(opened: Session) -> dict[str, int]:
    """Table → bytes of its rows, without long texts that are kept apart: indexes do not read those."""
    return dict(
        opened.run(
            "SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = current_schema() AND c.relkind = 'r'"
        )
    )
