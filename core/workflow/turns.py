"""Whose turn it is: which step's part a free slot gets, and why a step has to wait. Pure.

Fair between organizations, and within one between its runs: a free slot goes to who has the fewest parts in flight, and
among equals to who was served longest ago. A step that is new counts as just served, so that a stream of small runs
does not keep a long one from its turn. No shard and no storage has more parts in flight than its limit, on all workers
together.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.workflow.runs import OpenRun


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Parts in flight at once."""

    shard: int
    storage: int


@dataclass(frozen=True, kw_only=True)
class StepLoad:
    """A divided step: how many of its parts wait and are in flight, and what they use."""

    id: str
    workflow: str
    run_id: str
    organization: str
    shard: str  # "" uses none
    storage: str
    waiting: int
    running: int
    served: int


class Hindrance(StrEnum):
    """Why a step with parts that wait gets no further slot."""

    SHARD = "shard"
    STORAGE = "storage"
    #: every slot has a part, and it is not this step's turn
    SLOT = "slot"
    NO_WORKER = "no-worker"
    #: there are workers, and all of an older version
    NO_SUCH_WORKER = "no-such-worker"


def next_step(steps: Sequence[StepLoad], limits: Limits, known: Collection[str]) -> StepLoad | None:
    """The step of which a slot of a worker that knows these workflows takes a part; None: there is nothing for it."""
    running: Counter[str] = Counter()
    served: dict[str, int] = {}
    for one in steps:
        running[one.organization] += one.running
        served[one.organization] = max(served.get(one.organization, 0), one.served)
    free = [
        one for one in steps if one.waiting and one.workflow in known and _limit_reached(one, steps, limits) is None
    ]
    return min(
        free,
        key=lambda one: (running[one.organization], served[one.organization], one.running, one.served, one.id),
        default=None,
    )


def next_run(waiting: Sequence[OpenRun], driven: Mapping[str, int]) -> OpenRun | None:
    """The run a worker begins next: the oldest of an organization with the fewest that are driven; None: there is
    none. `waiting` are the oldest first, `driven` counts by organization."""
    return min(waiting, key=lambda run: driven.get(run.organization, 0), default=None)


def hindrance(step: StepLoad, steps: Sequence[StepLoad], limits: Limits, known: Collection[str]) -> Hindrance | None:
    """What the waiting parts of this step wait for; `known` are the workflows that workers which are alive know. None:
    nothing waits."""
    if not step.waiting:
        return None
    if not known:
        return Hindrance.NO_WORKER
    if step.workflow not in known:
        return Hindrance.NO_SUCH_WORKER
    return _limit_reached(step, steps, limits) or Hindrance.SLOT


def _limit_reached(step: StepLoad, steps: Sequence[StepLoad], limits: Limits) -> Hindrance | None:
    if step.shard and sum(one.running for one in steps if one.shard == step.shard) >= limits.shard:
        return Hindrance.SHARD
    if step.storage and sum(one.running for one in steps if one.storage == step.storage) >= limits.storage:
        return Hindrance.STORAGE
    return None
