"""Runs that are cancelled at chosen points, and what they leave."""

from dataclasses import dataclass, field

from core.catalog.run_tables import RunStatus
from core.catalog.tables import GenerationStatus
from core.errors import WrongState
from tests.faults.ground import Ground, assert_nothing_left, live_digest, places, told


@dataclass
class CancelAt:
    """Asks for the end of the open run when the point is reached, once."""

    ground: Ground
    point: str
    asked: list[str] = field(default_factory=list)
    refused: list[WrongState] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        if name == self.point and not self.asked:
            self.asked.append(name)
            try:
                self.ground.want_cancel()
            except WrongState as error:
                self.refused.append(error)


class Before:
    """The destination as it is now. Only where publishing had `closed` it, its file counts two transactions more."""

    def __init__(self, ground: Ground, *, closed: bool) -> None:
        self._ground = ground
        self._closed = closed
        self._digest = self._now()

    def assert_still(self) -> None:
        assert self._now() == self._digest

    def _now(self) -> str:
        return live_digest(self._ground, self._ground.destination, transactions=not self._closed)


def assert_as_before(ground: Ground, before: Before) -> None:
    run = ground.only_run()
    assert run.status is RunStatus.CANCELLED, run.failure
    before.assert_still()
    assert_nothing_left(ground)
    assert places(ground, GenerationStatus.RETIRED) == set()
    assert told(ground, run)[-2:] == ["cancel-wanted", "cancelled"]
