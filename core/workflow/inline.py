"""Runs driven here and now, in this process and without the journal, where nobody else works: a worker takes seconds
to begin. What a crash leaves open is a worker's, or the next call's, like any run whose worker is gone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import RestorebotError
from core.workflow.outcome import unwrap, value_outcome
from core.workflow.runs import RunKind, RunRef, StepRunner


@dataclass(frozen=True, kw_only=True)
class _Inline(StepRunner):
    """Steps and parts one after the other, with their results made JSON in between as a journal does."""

    kind: RunKind
    run: RunRef

    def step(self, name: str, function: Callable[..., Any], *args: Any) -> Any:  # noqa: ARG002 - the journal's key
        return unwrap(value_outcome(function(*args)))

    def parts(self, name: str, parts: Sequence[str]) -> list[Any]:
        return [unwrap(value_outcome(self.kind.part(self.run, name, part))) for part in parts]


def drive(kinds: Iterable[RunKind]) -> None:
    """Execute one attempt of every open run. One that fails is told so, as by a worker."""
    for kind in kinds:
        for one in kind.open_runs():
            run = kind.begin_attempt(one.id, one.attempt)
            if run is None:  # over by now, or somebody works after all
                continue
            try:
                kind.body(run, _Inline(kind=kind, run=run))
            except RestorebotError as error:
                kind.failed(run, error)
