"""The worker beside the bot: started again when it dies, and ended by its parent alone."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from bot.child import Child

_READS_ITS_INPUT = [sys.executable, "-c", "import sys; sys.stdin.read()"]
_SECONDS = 30


@pytest.fixture
def child() -> Iterator[Child]:
    child = Child(_READS_ITS_INPUT)
    child.start()
    yield child
    child.stop(wait_seconds=_SECONDS)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + _SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_terminals_ctrl_c_does_not_reach_it(child: Child) -> None:
    """Both would begin to end, and the parent would start the child again on the way out."""
    until(lambda: child.pid)
    assert child.pid is not None
    assert os.getpgid(child.pid) != os.getpgrp()


def test_one_that_dies_is_followed_by_another_and_the_last_one_ends_with_its_input(child: Child) -> None:
    until(lambda: child.pid)
    first = child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until(lambda: child.pid not in (None, first))
    child.stop(wait_seconds=_SECONDS)
    assert child.pid is None
