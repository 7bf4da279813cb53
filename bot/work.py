"""What is done after a request was acknowledged: a few threads, with the tasks of one key in their order."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)

Task = Callable[[], None]


class Work:
    """Listeners hand their work over here, so that Slack is answered at once. A task takes care of its own errors;
    what is lost when the process ends lies in rows, and is taken up again from there."""

    def __init__(self, threads: int = 8, long: int = 4) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="work")
        #: a trigger lives three seconds: what opens windows must find a thread, whatever takes long meanwhile
        self._long = ThreadPoolExecutor(long, thread_name_prefix="long")
        self._waiting: dict[str, deque[Task]] = {}
        self._running = 0  # side by side
        self._changed = threading.Condition()

    def hand_over(self, key: str, task: Task) -> None:
        """Tasks of one key (a draft, a person) never run at the same time, and run in the order they came in."""
        with self._changed:
            queue = self._waiting.get(key)
            if queue is not None:
                queue.append(task)
                return
            self._waiting[key] = deque([task])
        self._pool.submit(self._run, key)

    def side_by_side(self, task: Task) -> None:
        """A task that takes long, such as a validation, and keeps none of its key waiting."""
        with self._changed:
            self._running += 1
        self._long.submit(self._run_long, task)

    def stop(self) -> None:
        """Finish what was handed over, and what that hands over in turn."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._running)
        self._pool.shutdown(wait=True)
        self._long.shutdown(wait=True)

    def _run(self, key: str) -> None:
        while True:
            with self._changed:
                queue = self._waiting[key]
                if not queue:
                    del self._waiting[key]
                    self._changed.notify_all()
                    return
                task = queue.popleft()
            _guarded(task)

    def _run_long(self, task: Task) -> None:
        _guarded(task)
        with self._changed:
            self._running -= 1
            self._changed.notify_all()


def _guarded(task: Task) -> None:
    """The last resort: a task that fails in telling of its failure must not stop those behind it."""
    try:
        task()
    except Exception:
        log.exception("a task failed and could not tell the person")
