"""The command line in a process that ends, stands still or waits at a chosen point.

    python -m tests.faults.kill_at KILL=step:publish:after -- restore run --backup B --to APP --yes
    python -m tests.faults.kill_at RECORD= -- worker

KILL ends the process as `kill -9` does; STOP stands still until SIGCONT; PAUSE waits until the sign `go` is given;
CANCEL asks for the end of the open run, and INTERRUPT presses Ctrl-C, both going on at once; EXIT-WHEN-DONE ends a
worker that has nothing left to do; SLOW=0.1 makes every part last so long. The point is a name, or `#7`: the seventh
one. Each acts the first time only; KILL-ONCE, STOP-ONCE and PAUSE-ONCE only in the first of several processes.
Signs are files in the folder RESTOREBOT_DATA_DIR/signs: `reached` lists what was acted on, and for RECORD `points` all
points.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.cli import main as command_line
from core.engine import Engine, build_engine
from core.errors import RestorebotError
from core.moves import moves
from core.restore import restores
from core.settings import load_settings
from tests.faults.points import Points, hasty, watched
from tests.services.signs import LOOK_SECONDS, Signs


@dataclass(frozen=True, kw_only=True)
class Act:
    what: str
    at: str

    @classmethod
    def parse(cls, word: str) -> "Act":
        what, _, at = word.partition("=")
        return cls(what=what, at=at)


class Acting:
    """Does what was asked for when its point is reached."""

    def __init__(self, acts: Sequence[Act], signs: Signs) -> None:
        self._acts = list(acts)
        self._signs = signs
        self._number = 0
        self._lock = threading.Lock()
        self.engine: Engine

    def __call__(self, name: str) -> None:
        with self._lock:
            self._number += 1
            mine = [one for one in self._acts if one.at in {name, f"#{self._number}"}]
            self._acts = [one for one in self._acts if one not in mine]
            if any(one.what == "RECORD" for one in self._acts):
                self._signs.add("points", name)
            slow = [float(one.at) for one in self._acts if one.what == "SLOW"]
        if slow and name.startswith("part:") and name.endswith(":before") and "/" not in name:
            time.sleep(slow[0])
        for one in mine:
            what, once, _ = one.what.partition("-ONCE")
            if not once or self._signs.first(f"first {name.replace('/', ' ')}"):
                self._signs.add("reached", f"{what}={name}")
                self._do(what)

    def _do(self, what: str) -> None:
        if what == "KILL":
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "STOP":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif what == "PAUSE":
            self._signs.wait_for("go")
        elif what == "INTERRUPT":
            os.kill(os.getpid(), signal.SIGINT)
        elif what == "CANCEL":
            person = self.engine.person()
            with self.engine.database.transaction() as session:
                for runs in (restores.RUNS, moves.RUNS):
                    for run in runs.open_runs(session):
                        runs.want_cancel(session, run.id, person.id, self.engine.now())


def main(words: Sequence[str]) -> None:
    """Run the command line of `words` behind `--`; the words before it are acts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # tests that run in the background were told to ignore it
    border = list(words).index("--")
    acts = [Act.parse(word) for word in words[:border]]
    settings = load_settings()
    acting = Acting([one for one in acts if one.what != "EXIT-WHEN-DONE"], Signs(settings.data_dir))
    points = Points(acting)
    points.enter("command")
    engine = acting.engine = watched(hasty(build_engine(settings)), points)
    if any(one.what == "EXIT-WHEN-DONE" for one in acts):
        threading.Thread(target=_leave_when_done, args=(engine,), daemon=True).start()
    command_line.run(list(words[border + 1 :]), obj=lambda: engine)


def _leave_when_done(engine: Engine) -> None:
    """Press Ctrl-C as soon as no run is open and the worker listens to it."""
    while signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        time.sleep(LOOK_SECONDS)
    while _has_runs(engine):
        time.sleep(LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGINT)


def _has_runs(engine: Engine) -> bool:
    """Also while the catalog cannot be asked."""
    try:
        return any(kind.open_runs() for kind in engine.run_kinds())
    except RestorebotError:
        return True


if __name__ == "__main__":
    main(sys.argv[1:])
