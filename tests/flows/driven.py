"""A run driven step by step in this process, with something done just before one of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import RestorebotError
from core.workflow.runs import RunKind, RunRef
from tests.flows.world import World


@dataclass(kw_only=True)
class Driven:
    """A run whose steps are done one by one; `before` is called before each."""

    kind: RunKind
    run: RunRef
    before: Callable[[str], None]

    def step(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        self.before(name)
        return function(*args)

    def parts(self, name: str, parts: Sequence[str]) -> list[Any]:
        self.before(name)
        return [self.kind.part(self.run, name, part) for part in parts]


def kind_of(world: World, name: str) -> RunKind:
    return next(one for one in world.engine.run_kinds() if one.name == name)


def driven(world: World, name: str, run_id: str, before: Callable[[str], None]) -> RestorebotError | None:
    """Execute the run's next attempt; what it raised, if it did."""
    kind = kind_of(world, name)
    (attempt,) = (one.attempt for one in kind.open_runs() if one.id == run_id)
    run = kind.begin_attempt(run_id, attempt)
    assert run is not None
    try:
        kind.body(run, Driven(kind=kind, run=run, before=before))
    except RestorebotError as error:
        kind.failed(run, error)
        return error
    return None


def at(step: str, action: Callable[[], Any]) -> Callable[[str], None]:
    def before(name: str) -> None:
        if name == step:
            action()

    return before
