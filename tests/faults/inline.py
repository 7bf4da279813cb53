"""Runs driven in this process, as a worker drives them but without a journal: tenths of a second instead of seconds.

Every step is run again in the next attempt, where a journal would answer for those that have ended; so each of them
must find its effect there already.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.engine import Engine
from core.errors import Fenced, RestorebotError
from core.workflow.outcome import unwrap, value_outcome
from core.workflow.runs import Edge, RunKind, RunRef, StepRunner
from core.workflow.steps import TRIES


class Killed(BaseException):
    """The process ends here. No Exception, so that nothing takes it for a failure of the run."""


@dataclass(frozen=True, kw_only=True)
class _Runner(StepRunner):
    kind: RunKind
    run: RunRef
    edge: Edge

    def step(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        return _once(self.edge, f"step:{name}", lambda: function(*args))

    def parts(self, name: str, parts: Sequence[str]) -> list[Any]:
        self.edge(f"parts:{name}:divided")
        return [self._part(name, part) for part in parts]

    def _part(self, step: str, part: str) -> Any:
        name = f"part:{step}:{part}"
        self.edge(f"{name}:claimed")
        value = _once(self.edge, name, lambda: self.kind.part(self.run, step, part))
        self.edge(f"{name}:finished")
        return value


def drive(engine: Engine) -> None:
    """Execute one attempt of every open run. One that fails is told so, as a worker does."""
    for kind in engine.run_kinds():
        for one in kind.open_runs():
            run = kind.begin_attempt(one.id, one.attempt)
            assert run is not None
            execute(engine, kind, run)


def execute(engine: Engine, kind: RunKind, run: RunRef) -> None:
    try:
        kind.body(run, _Runner(kind=kind, run=run, edge=engine.edge))
    except Fenced:
        return
    except RestorebotError as error:
        failure = error
        _once(engine.edge, "step:failed", lambda: kind.failed(run, failure))


def drive_to_end(engine: Engine, attempts: int = 4) -> None:
    """As the dispatcher does: a run that is still open when its attempt is over gets the next one. An error that a
    failing run cannot even tell ends its attempt only."""
    for _ in range(attempts):
        if not any(kind.open_runs() for kind in engine.run_kinds()):
            return
        try:
            drive(engine)
        except RestorebotError:
            continue
    assert not any(kind.open_runs() for kind in engine.run_kinds()), "a run does not come to its end"


def _once(edge: Edge, name: str, call: Callable[[], Any]) -> Any:
    for tries in range(1, TRIES + 1):
        edge(f"{name}:before")
        try:
            value = unwrap(value_outcome(call()))
        except RestorebotError as error:
            if error.transient and tries < TRIES:
                continue
            edge(f"{name}:after")
            raise
        edge(f"{name}:after")
        edge(f"{name}:recorded")
        return value
    raise AssertionError
