"""`make bench`: figures and bars of PERFORMANCE.md on generated exports; ends with status 1 when a bar is missed.

Each export is generated once into a temporary folder, which is removed at the end. In each round every size of every
kind is imported, restored and held against its peers in turns; the largest size runs once.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from core.content.record_type import AppType
from core.samples.expected import ExpectedExport
from tests.bench import memory
from tests.bench.children import BenchError, run
from tests.bench.exports import Sample
from tests.bench.figures import Bar, Measured, bars
from tests.bench.installation import LEAST_SECONDS, SECONDS_A_MEGABYTE, Installation
from tests.bench.loading import GENERATION
from tests.bench.report import report

#: Sizes in MB: one, four times as much (both in every round), and the one that runs once.
FULL: Final = (250, 1000, 3000)
QUICK: Final = (10, 40, 120)
#: So many of them are in every round.
REPEATED: Final = 2
#: On the disk at a time: the exports, and for one of them its copies, its scratch, the backup and the restored data.
_DISK_FACTOR: Final = 4


@dataclass(frozen=True, kw_only=True)
class Bench:
    folder: Path
    rounds: int

    def kind(self, app_type: AppType, sizes: Sequence[int]) -> list[Measured]:
        """Every size of one kind of export, the smallest first."""
        exports = []
        for place, size in enumerate(sizes):
            measured = Measured(
                sample=Sample(app_type=app_type, megabytes=size), repeated=place < REPEATED, loads=place == 0
            )
            self._say(f"{measured.sample.name}: generating")
            exports.append((measured, measured.sample.write(self.folder)))
        rounds = [exports[:REPEATED]] * self.rounds + [[one] for one in exports[REPEATED:]]
        for number, turn in enumerate(rounds, start=1):
            for measured, export in turn:
                self._say(f"{measured.sample.name}: turn {number} of {len(rounds)}")
                self._once(measured, export, number)
        for _, export in exports:
            export.path.unlink()
        return [measured for measured, _ in exports]

    def _once(self, measured: Measured, export: ExpectedExport, number: int) -> None:
        limit = LEAST_SECONDS + SECONDS_A_MEGABYTE * measured.sample.megabytes
        parsed = run(("-m", "tests.bench.bare_parse", str(export.path)), seconds=limit).answer
        if parsed["bytes"] != export.xml_bytes:
            raise BenchError(f"The peer read {parsed['bytes']} bytes of XML, not {export.xml_bytes}.")
        measured.bare.append(parsed["seconds"])
        with Installation(self.folder / "installation", measured.sample.app_type) as installation:
            journey = installation.journey(export)
            measured.journeys.append(journey)
            if measured.loads:
                self._load(measured, installation, journey.backup, check=number == 1)

    def _load(self, measured: Measured, installation: Installation, backup: str, *, check: bool) -> None:
        """Both sides of bar 3 on the backup just made; in the first round both files are compared."""
        limit = LEAST_SECONDS + SECONDS_A_MEGABYTE * measured.sample.megabytes
        places = {"ours": installation.folder / "ours", "executemany": installation.folder / "executemany"}
        for side, seconds in (("ours", measured.ours), ("executemany", measured.executemany)):
            words = ("-m", "tests.bench.loading", side, str(installation.folder), backup, str(places[side]))
            loaded = run(words, seconds=limit).answer
            if loaded["rows"] != measured.journeys[-1].records:
                raise BenchError(f"{side} loaded {loaded['rows']} rows, not {measured.journeys[-1].records}.")
            seconds.append(loaded["seconds"])
        if check:
            files = (
                places["ours"] / "generations" / f"{GENERATION}.sqlite",
                places["executemany"] / f"{GENERATION}.sqlite",
            )
            kind = measured.sample.app_type.value
            compared = run(("-m", "tests.bench.loading", "compare", *map(str, files), kind), seconds=limit).answer
            if compared["differing"]:
                raise BenchError(f"Both sides of bar 3 hold other data: {compared['differing']}")

    def _say(self, words: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def options(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Speed and memory.")
    parser.add_argument("--quick", action="store_true", help=f"sizes {QUICK} MB instead of {FULL}; about 3 minutes")
    parser.add_argument("--sizes", help="MB of XML, separated by commas: one, four times it, one that runs once")
    parser.add_argument("--rounds", type=int, default=3, help="default 3")
    parser.add_argument("--app", choices=[one.value for one in AppType], action="append", help="default both")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--write", type=Path, help="write the result to this file as well")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    chosen = options(words)
    sizes = tuple(map(int, chosen.sizes.split(","))) if chosen.sizes else QUICK if chosen.quick else FULL
    if len(sizes) not in (REPEATED, REPEATED + 1) or chosen.rounds < 1 or min(sizes) < 1:
        raise BenchError("Give two or three sizes of at least 1 MB, and at least one round.")
    if not memory.supported():
        raise BenchError("PSS of a tree of processes is told by Linux only; there is no /proc/PID/smaps_rollup here.")
    signal.signal(signal.SIGTERM, _terminated)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="restorebot-bench-", dir=chosen.folder)))
        _must_fit(folder, sizes)
        bench = Bench(folder=folder, rounds=chosen.rounds)
        kinds: list[tuple[list[Measured], list[Bar]]] = []
        for app_type in [AppType(one) for one in chosen.app] if chosen.app else list(AppType):
            measured = bench.kind(app_type, sizes)
            kinds.append((measured, bars(measured)))
    text = report(" ".join(("python -m tests.bench", *words)), chosen.rounds, kinds)
    print(text)
    if chosen.write:
        chosen.write.write_text(text, encoding="utf-8")
    return 0 if all(bar.good for _, found in kinds for bar in found) else 1


def _must_fit(folder: Path, sizes: Sequence[int]) -> None:
    needed, free = _DISK_FACTOR * sum(sizes) * 1_000_000, shutil.disk_usage(folder).free
    if free < needed:
        raise BenchError(f"{folder} has {free / 1e9:.1f} GB free; {needed / 1e9:.1f} GB are needed. Choose a --folder.")


def _terminated(*_: object) -> NoReturn:
    """As Ctrl-C does: processes are ended and the folder is removed on the way out."""
    raise SystemExit(143)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        sys.exit(2)
