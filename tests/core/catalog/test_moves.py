"""An empty app moves, or is as it was; one that is broken off at any point goes on when it is started again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core import audit
from core.apps.driver import Edit, EditKind, Place
from core.apps.embedded.driver import EmbeddedDriver
from core.catalog import apps, clearing, generations, holds, moves, organizations, shards
from core.catalog.apps import App
from core.catalog.tables import GenerationStatus, HoldReason
from core.content.record_type import AppType
from core.database import Database
from core.errors import DiskFull, Held, NotFound, WrongState
from core.migrations import upgrade
from tests.core.catalog.world import NOW


class Stopped(BaseException):
    """The process ended here."""


class StoppingDriver(EmbeddedDriver):
    """Stops before, or fails in, one of its methods, once."""

    def __init__(self) -> None:
        super().__init__()
        self.at: tuple[str, BaseException] | None = None

    def __getattribute__(self, name: str) -> Any:
        at = object.__getattribute__(self, "__dict__").get("at")
        if at is None or at[0] != name:
            return object.__getattribute__(self, name)
        self.at = None

        def stop(*_: object, **__: object) -> None:
            raise at[1]

        return stop


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Shards a and b in one region, c in another; an empty Confluence on a."""

    database: Database
    driver: StoppingDriver
    app: App
    folder: Path

    def move(self, to: str = "b", **values: Any) -> App:
        words = {"app_id": self.app.id, "shard": to, "apps_per_shard": 10, "person": "per-1", "now": lambda: NOW}
        return moves.move_empty(self.database, self.driver, **{**words, **values})

    def clear(self) -> None:
        clearing.clear_default_space(self.database, self.driver, app_id=self.app.id, person="per-1", now=lambda: NOW)

    def now(self) -> App:
        with self.database.transaction() as session:
            return apps.get(session, self.app.id)

    def place(self) -> Place:
        with self.database.transaction() as session:
            return apps.place(session, apps.get(session, self.app.id))

    def held(self) -> list[HoldReason]:
        with self.database.transaction() as session:
            return [one.reason for one in holds.holds_on(session, holds.on_app(self.app.id))]

    def statuses(self) -> set[GenerationStatus]:
        with self.database.transaction() as session:
            return {one.status for one in generations.list_of(session, self.app.id)}

    def files(self, shard: str) -> list[Path]:
        return sorted((self.folder / shard).rglob("*.sqlite"))

    def add_page(self) -> None:
        self.driver.edit(self.place(), Edit(kind=EditKind.ADD_ITEM, title="Mine", text="Hello"))


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    database = Database(f"sqlite:///{tmp_path / 'catalog.sqlite'}")
    upgrade(database)
    driver = StoppingDriver()
    with database.transaction() as session:
        organization = organizations.create(session, name="Acme", person="per-1", now=NOW)
        for name, region in (("a", "eu"), ("b", "eu"), ("c", "us")):
            store = tmp_path / name / "attachments"
            store.mkdir(parents=True)
            shards.create(
                session,
                name=name,
                region=region,
                url=f"sqlite:///{tmp_path / name}",
                attachments_url=store.as_uri(),
                person="per-1",
                now=NOW,
            )
        made = apps.create(
            session,
            organization_id=organization.id,
            name="Wiki",
            app_type=AppType.CONFLUENCE,
            shard="a",
            apps_per_shard=10,
            person="per-1",
            now=NOW,
        )
        place = apps.place(session, made)
    driver.provision(place, with_default_personal_space=False)
    with database.transaction() as session:
        app = apps.provisioned(session, made.id)
    yield Shelf(database=database, driver=driver, app=app, folder=tmp_path)
    database.dispose()


def test_it_is_on_the_other_shard_open_and_free(shelf: Shelf) -> None:
    assert shelf.move().shard == "b"
    assert shelf.driver.inspect(shelf.place()).is_open
    assert shelf.held() == []
    assert shelf.statuses() == {GenerationStatus.RETIRED, GenerationStatus.LIVE}
    with shelf.database.transaction() as session:
        (entry,) = [one for one in audit.entries(session) if one.action == "app.moved"]
    assert (entry.detail["from"], entry.detail["to"]) == ("a", "b")


def test_the_shard_it_is_on_already_changes_nothing(shelf: Shelf) -> None:
    assert shelf.move("a") == shelf.app
    assert shelf.statuses() == {GenerationStatus.LIVE}


def _with_data(shelf: Shelf) -> None:
    shelf.add_page()


def _held(shelf: Shelf) -> None:
    with shelf.database.transaction() as session:
        holds.take_exclusive(session, holds.on_app(shelf.app.id), "rst-1", HoldReason.RESTORE, NOW)


@pytest.mark.parametrize(
    ("before", "values", "error", "word"),
    [
        (_with_data, {}, WrongState, "has data"),
        (_held, {}, Held, "rst-1"),
        (None, {"to": "c"}, WrongState, "does not leave its region"),
        (None, {"to": "nowhere"}, NotFound, "no shard nowhere"),
        (None, {"apps_per_shard": 0}, WrongState, "at most 0"),
    ],
)
def test_a_refusal_says_why_and_leaves_it_as_it_was(
    shelf: Shelf, before: Callable[[Shelf], None] | None, values: dict[str, Any], error: type[Exception], word: str
) -> None:
    if before:
        before(shelf)
    held = shelf.held()
    with pytest.raises(error, match=word):
        shelf.move(**values)
    assert shelf.now() == shelf.app
    assert shelf.driver.inspect(shelf.place()).is_open
    assert shelf.held() == held
    assert shelf.files("b") == []


@pytest.mark.parametrize("method", ["provision", "close"])
def test_a_failure_leaves_it_as_it_was(shelf: Shelf, method: str) -> None:
    shelf.driver.at = (method, DiskFull("full"))
    with pytest.raises(DiskFull):
        shelf.move()
    assert shelf.now() == shelf.app
    assert shelf.driver.inspect(shelf.place()).is_open
    assert (shelf.held(), shelf.files("b")) == ([], [])
    assert shelf.statuses() == {GenerationStatus.LIVE, GenerationStatus.DROPPED}
    assert shelf.move().shard == "b"


def test_data_that_appears_while_it_moves_stays(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def provision(place: Place, **words: bool) -> None:
        shelf.add_page()
        EmbeddedDriver.provision(shelf.driver, place, **words)

    monkeypatch.setattr(shelf.driver, "provision", provision)
    with pytest.raises(WrongState, match="has data"):
        shelf.move()
    assert shelf.now() == shelf.app
    assert shelf.driver.inspect(shelf.place()).is_open
    assert (shelf.held(), shelf.files("b")) == ([], [])


@pytest.mark.parametrize("method", ["provision", "close"])
def test_what_was_broken_off_goes_on_when_it_is_started_again(shelf: Shelf, method: str) -> None:
    shelf.driver.at = (method, Stopped())
    with pytest.raises(Stopped):
        shelf.move()
    assert shelf.held() == [HoldReason.MOVE]
    assert shelf.move().shard == "b"
    assert shelf.held() == []
    assert len(shelf.files("b")) == 1


def test_what_was_broken_off_is_taken_back_by_moving_it_where_it_is(shelf: Shelf) -> None:
    def closed_and_stopped(place: Place) -> None:
        EmbeddedDriver.close(shelf.driver, place)
        raise Stopped

    shelf.driver.close = closed_and_stopped  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        shelf.move()
    assert not shelf.driver.inspect(shelf.place()).is_open
    assert shelf.move("a") == shelf.app
    assert shelf.driver.inspect(shelf.place()).is_open
    assert shelf.held() == []
    with shelf.database.transaction() as session:
        (orphan,) = generations.orphans(session, NOW + timedelta(days=1))
    assert orphan.shard == "b"


def test_of_two_processes_the_slower_one_finds_it_moved(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(place: Place) -> None:
        monkeypatch.undo()
        shelf.move()

    monkeypatch.setattr(shelf.driver, "close", close)
    assert shelf.move().shard == "b"
    assert shelf.statuses() == {GenerationStatus.RETIRED, GenerationStatus.LIVE}


def test_one_that_was_given_up_meanwhile_is_not_switched(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def close(place: Place) -> None:
        monkeypatch.undo()
        shelf.move("a")

    monkeypatch.setattr(shelf.driver, "close", close)
    with pytest.raises(WrongState, match="given up"):
        shelf.move()
    assert shelf.now() == shelf.app
    assert shelf.files("b") == []


def test_clearing_holds_the_app_and_frees_it(shelf: Shelf) -> None:
    shelf.clear()
    assert shelf.held() == []
    _held(shelf)
    with pytest.raises(Held, match="rst-1"):
        shelf.clear()


def test_clearing_that_was_broken_off_is_finished(shelf: Shelf) -> None:
    shelf.driver.at = ("edit", Stopped())
    with pytest.raises(Stopped):
        shelf.clear()
    assert shelf.held() == [HoldReason.CLEAR]
    shelf.clear()
    assert shelf.held() == []
