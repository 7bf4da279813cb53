"""The default personal space goes while nobody else works on the app; a clearing that was broken off is finished."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from core.apps.driver import Edit, Place
from core.apps.embedded.driver import EmbeddedDriver
from core.catalog import apps, clearing, holds
from core.catalog.apps import App
from core.catalog.tables import HoldReason
from core.content.record_type import AppType
from core.database import Database
from core.errors import DiskFull, Held
from core.storage.location import open_store
from tests.core.catalog.world import NOW, World


class Stopped(BaseException):
    """The process ended here."""


class StoppingDriver(EmbeddedDriver):
    """Stops before an edit, or fails in it, once."""

    at_edit: BaseException | None = None

    def edit(self, place: Place, edit: Edit) -> None:
        stop, self.at_edit = self.at_edit, None
        if stop is not None:
            raise stop
        super().edit(place, edit)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """A new Confluence with its default personal space."""

    database: Database
    driver: StoppingDriver
    app: App

    def clear(self) -> None:
        clearing.clear_default_space(self.database, self.driver, app_id=self.app.id, person="per-1", now=lambda: NOW)

    def held(self) -> list[HoldReason]:
        with self.database.transaction() as session:
            return [one.reason for one in holds.holds_on(session, holds.on_app(self.app.id))]

    def contains_data(self) -> bool:
        with self.database.transaction() as session:
            place = apps.place(session, apps.get(session, self.app.id))
        return self.driver.inspect(place).contains_data


@pytest.fixture
def shelf(catalog: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.chdir(tmp_path)  # the catalog's shards are folders without a path
    with catalog.transaction() as session:
        app = catalog.add_app(session, "Wiki", app_type=AppType.CONFLUENCE)
        place = apps.place(session, app)
    driver = StoppingDriver(stores=lambda _: open_store((tmp_path / "files").as_uri(), create=True))
    driver.provision(place, with_default_personal_space=True)
    return Shelf(database=catalog.database, driver=driver, app=app)


def test_it_holds_the_app_and_frees_it(shelf: Shelf) -> None:
    shelf.clear()
    assert (shelf.contains_data(), shelf.held()) == (False, [])
    with shelf.database.transaction() as session:
        holds.take_exclusive(session, holds.on_app(shelf.app.id), "rst-1", HoldReason.RESTORE, NOW)
    with pytest.raises(Held, match="rst-1"):
        shelf.clear()


def test_one_that_was_broken_off_is_finished(shelf: Shelf) -> None:
    shelf.driver.at_edit = Stopped()
    with pytest.raises(Stopped):
        shelf.clear()
    assert shelf.held() == [HoldReason.CLEAR]
    shelf.clear()
    assert (shelf.contains_data(), shelf.held()) == (False, [])


def test_a_failure_frees_the_app(shelf: Shelf) -> None:
    shelf.driver.at_edit = DiskFull("full")
    with pytest.raises(DiskFull):
        shelf.clear()
    assert (shelf.contains_data(), shelf.held()) == (True, [])
