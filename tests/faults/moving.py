"""The ground of moves: the destination holds the backup's data, and another shard waits for it."""

from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.apps.driver import Edit, EditKind
from core.catalog.run_tables import Run
from core.catalog.runs import Runs
from core.content.catalogue import BY_NAME
from core.moves.moves import RUNS
from tests.faults.ground import Ground, copy_of
from tests.flows import copies

FROM, TO = "shard-1", "shard-2"
TITLE = "Written by a person"


@dataclass(frozen=True, kw_only=True)
class MovingGround(Ground):
    @property
    def table(self) -> Runs[Any]:
        return RUNS

    def run_words(self) -> tuple[str, ...]:
        return ("app", "move", self.destination.id, "--to", TO)

    def submit(self) -> Run:
        return self.world.submit_move(self.destination, TO)

    def add_item(self) -> None:
        """A person adds a page to the app, where it is."""
        self.world.driver(self.destination).edit(self.world.place(self.destination), self.adding())

    def adding(self) -> Edit:
        place = self.world.place(self.destination)
        with self.world.driver(self.destination).read(place, BY_NAME["confluence.space"]) as spaces:
            space = spaces.read_all().column("space_key")[0].as_py()
        return Edit(kind=EditKind.ADD_ITEM, container=space, title=TITLE, text="x")

    def titles(self) -> list[str]:
        found: list[str] = dict(self.world.records(self.destination))["confluence.page"].column("title").to_pylist()
        return found


def lay_moving(ground: Ground, folder: Path) -> MovingGround:
    """The ground that copies are made of."""
    laid = copy_of(ground, folder)
    world = laid.world
    world.restored(world.request(laid.backup, laid.destination))
    later = world.with_engine(now=lambda: world.engine.now() + timedelta(hours=25))
    later.engine.sweep()  # what the restore has replaced
    world.add_shard(TO)
    copies.settle(world)
    return MovingGround(**{one.name: getattr(laid, one.name) for one in fields(laid)})
