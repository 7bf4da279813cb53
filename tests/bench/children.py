"""Starts the processes that are measured, bounds their time, and ends what they leave."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tests.bench.memory import PeakMemory

ROOT: Final = Path(__file__).resolve().parents[2]
#: What of a failed process's words is shown.
_LAST_WORDS: Final = 2_000


class BenchError(Exception):
    """A measurement that cannot be trusted: the process failed, took too long, or the data are not the same."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """One process that ended well."""

    answer: Any  # the JSON document it wrote, if it was asked for one
    seconds: float  # from start to end
    processor: float  # seconds of all cores that its tree used
    peak: int  # bytes of PSS of its tree


def run(words: Sequence[str], *, seconds: float, environment: Mapping[str, str] | None = None) -> Ran:
    """Run Python with these words, which answers with one JSON document, for at most so many seconds."""
    out, ran = _run([sys.executable, *words], seconds, environment)
    return replace(ran, answer=json.loads(out) if out.strip() else None)


def program(words: Sequence[str | Path], *, seconds: float, environment: Mapping[str, str] | None = None) -> Ran:
    """Run another program for at most so many seconds."""
    return _run([str(word) for word in words], seconds, environment)[1]


def _run(words: Sequence[str], seconds: float, environment: Mapping[str, str] | None) -> tuple[str, Ran]:
    used, started = _processor_seconds(), time.monotonic()
    with _process(words, environment) as process, PeakMemory(process.pid) as memory:
        out = _ended(process, seconds)
        ended = time.monotonic()
    processor = _processor_seconds() - used
    return out, Ran(answer=None, seconds=ended - started, processor=processor, peak=memory.peak)


def _processor_seconds() -> float:
    """Of all processes that were started here and have ended."""
    times = os.times()
    return times.children_user + times.children_system


@contextmanager
def _process(words: Sequence[str], environment: Mapping[str, str] | None) -> Iterator[subprocess.Popen[str]]:
    """The process; it is not left alive."""
    process = subprocess.Popen(
        words,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the whole tree can be ended together
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _ended(process: subprocess.Popen[str], seconds: float) -> str:
    """What it said. Raises BenchError unless it ended well and in time."""
    words = " ".join(map(str, process.args)) if isinstance(process.args, list) else str(process.args)
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise BenchError(f"{words} was ended after {seconds:.0f} s.") from None
    if process.returncode:
        raise BenchError(f"{words} ended with status {process.returncode}:\n{(err or out)[-_LAST_WORDS:]}")
    return out
