"""What the engine hands to a worker, and what a worker hands to a run's body. No DBOS here, no restores or backups."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from core.errors import RestorebotError, RunFailed

T = TypeVar("T")

#: Called at each edge of a step or part with its name, so that tests can stop the process exactly there.
Edge = Callable[[str], None]


def no_edge(_name: str) -> None:
    """The edge of production: nothing happens."""


@dataclass(frozen=True, kw_only=True)
class RunRef:
    """One execution of a run: which kind, which row, which attempt, and the fencing token it took when it claimed the
    run. A token only rises; who holds a lower one than the catalog has been taken over and must not write."""

    kind: str
    id: str
    attempt: int
    token: int


@dataclass(frozen=True, kw_only=True)
class OpenRun:
    """A row of the catalog that is queued or running, and what its parts use: fairness and limits go by that."""

    id: str
    attempt: int
    token: int
    status: str
    organization: str = ""
    shard: str = ""
    storage: str = ""

    @classmethod
    def of(cls, *columns: Any) -> "OpenRun":
        """From a row of a query, in the order of the fields."""
        return cls(**dict(zip(cls.__dataclass_fields__, columns, strict=True)))


class StepRunner(Protocol):
    """Handed to a run's body: the only way to do something that must not be done again after a crash.

    The body itself is run again from its beginning after every takeover, so between steps it must be deterministic:
    the same steps and parts in the same order, decided only by what steps returned."""

    def step(self, name: str, function: Callable[..., T], *args: Any) -> T:
        """Run `function(*args)` once and journal what it returns (JSON values only; None is one).

        A finished step is not run again but returns its journaled value; one that was in flight when its process
        died is. A transient error is retried a few times; the last one, and any other, is journaled and raised."""
        ...

    def parts(self, name: str, parts: Sequence[str]) -> list[Any]:
        """Run the kind's `part` function once for each part (names are unique), several at once on all workers, and
        return what they returned, in order. After the first failure no further part begins; when those in flight have
        ended, that failure is raised."""
        ...


@dataclass(frozen=True, kw_only=True)
class RunKind:
    """One kind of run, as the engine registers it under a stable name. `version` rises when the body's steps change:
    a run in flight under a lower one is then given a new attempt instead of a journal that does not fit, and one under
    a higher one is left to workers that know it.

    open_runs      rows queued or running, oldest first
    begin_attempt  (id, n): compare-and-set attempt n → n + 1, token + 1, status running. None: lost, or no longer open
    takeover       (id): raise the run's token and return it; writes of the former owner are refused from then on
    body           drives the run; its last step is the one that closes the row
    part           (run, step name, part): executes one part, and finds its effect there already if it is repeated
    failed         (run, error): the body raised; write the outcome. May be called again after a crash
    """

    name: str
    version: int
    open_runs: Callable[[], Sequence[OpenRun]]
    begin_attempt: Callable[[str, int], RunRef | None]
    takeover: Callable[[str], int]
    body: Callable[[RunRef, StepRunner], None]
    part: Callable[[RunRef, str, str], Any]
    failed: Callable[[RunRef, RestorebotError], None]

    @property
    def workflow(self) -> str:
        return f"{self.name}.v{self.version}"


def is_newer(workflow: str, known: Iterable[str]) -> bool:
    """Whether a workflow belongs to a newer release than who knows those: its steps are not known there. Of an older
    one the run is begun again."""
    name, version = _parsed(workflow)
    versions = [number for other, number in map(_parsed, known) if other == name]
    return not versions or version > max(versions)


def _parsed(workflow: str) -> tuple[str, int]:
    name, _, version = workflow.rpartition(".v")
    return name, int(version)


class TakenOverTooOften(RunFailed):
    """Workers died or stopped several times in a row in the same part or step. Transient: staging is kept, and resuming
    counts from zero."""

    code: ClassVar[str] = "run-failed.takeovers"
    transient: ClassVar[bool] = True
