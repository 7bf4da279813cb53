"""`make bench`: figures and bars of PERFORMANCE.md on generated data; ends with status 1 when a bar is missed.

Everything lies in temporary folders, which are removed at the end.
"""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Final, NoReturn

from bot import allocators
from tests.bench.attachments import Attachments
from tests.bench.children import BenchError
from tests.bench.journeys import Journeys
from tests.bench.postgres import Postgres
from tests.bench.report import Measured, report
from tests.bench.s3 import S3
from tests.bench.slack import Slack
from tests.bench.subject import FULL, SMOKE, USUAL, Ground, Sizes, Subject
from tests.bench.workers import Workers

SUBJECTS: Final[tuple[Subject, ...]] = (Journeys(), Attachments(), Postgres(), S3(), Workers(), Slack())


def options(words: Sequence[str]) -> argparse.Namespace:
    known = ", ".join(bar for one in SUBJECTS for bar in one.bars)
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed and memory against peers.")
    parser.add_argument("--bars", default="", help=f"of {known}; separated by commas, default all")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help=f"{_words(FULL)}, instead of {_words(USUAL)}")
    size.add_argument("--smoke", action="store_true", help="so little that only its coming to an end means anything")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()), help="on a disk; default %(default)s")
    parser.add_argument("--memory", type=Path, default=Path("/dev/shm"), help="in memory; default %(default)s")
    parser.add_argument("--write", type=Path, help="write the result to this file as well")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    chosen = options(words)
    bars = _chosen_bars(chosen.bars)
    if chosen.rounds < 1:
        raise BenchError("At least one round is needed.")
    sizes = FULL if chosen.full else SMOKE if chosen.smoke else USUAL
    subjects = [one for one in SUBJECTS if not bars.isdisjoint(one.bars)]
    for one in subjects:  # before the first is measured: what cannot be finished is not begun
        for peer in one.peers:
            peer.require(", ".join(one.bars))
    signal.signal(signal.SIGTERM, _terminated)
    allocators.choose()  # for what is timed without the command line, too
    with ExitStack() as stack:
        disk, memory = (
            Path(stack.enter_context(TemporaryDirectory(prefix="restorebot-bench-", dir=root)))
            for root in (chosen.folder, chosen.memory)
        )
        ground = Ground(folder=disk, memory=memory, rounds=chosen.rounds, sizes=sizes, bars=bars)
        measured = [_measured(one, ground) for one in subjects]
    text = report(" ".join(("python -m tests.bench", *words)), chosen.rounds, measured)
    print(text)
    if chosen.write:
        chosen.write.write_text(text, encoding="utf-8")
    return 0 if all(bar.good for one in measured for bar in one.result.bars) else 1


def _chosen_bars(words: str) -> frozenset[str]:
    known = {bar for one in SUBJECTS for bar in one.bars}
    chosen = {word.strip() for word in words.split(",") if word.strip()} or known
    if unknown := sorted(chosen - known):
        raise BenchError(f"There is no bar {', '.join(unknown)}; there are {', '.join(sorted(known))}.")
    return frozenset(chosen)


def _measured(subject: Subject, ground: Ground) -> Measured:
    """The subject's result; a chosen bar without a figure is an error."""
    started = time.monotonic()
    result = subject.measure(ground)
    if missing := (ground.bars & set(subject.bars)) - {bar.number for bar in result.bars}:
        raise BenchError(f"Bars {', '.join(sorted(missing))} were not measured.")
    return Measured(name=subject.name, result=result, seconds=time.monotonic() - started)


def _words(sizes: Sizes) -> str:
    exports = ", ".join(map(str, sizes.exports))
    return f"exports of {exports} MB, {sizes.attachments} attachments, {sizes.transfer} MB to S3"


def _terminated(*_: object) -> NoReturn:
    """As Ctrl-C does: processes are ended and the folders are removed on the way out."""
    raise SystemExit(143)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
