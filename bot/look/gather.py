"""An app's live data → what the windows show. Every read checks that the person may see it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.blocks import OPTIONS
from bot.bot import Bot
from bot.identity import Caller
from bot.look.facts import Containers, Items, Opened, Where
from bot.look.views.lists import ROWS
from core.access.looking import Sight, sights
from core.access.people import Person
from core.access.restoring import may_look
from core.apps.driver import Driver, Place
from core.catalog import apps, names
from core.catalog.apps import App
from core.look.item import item_by_record_key
from core.look.outline import container_page, find_container, item_page


@dataclass(frozen=True, kw_only=True)
class Gather:
    """For one person and one request."""

    bot: Bot
    person: Person

    @classmethod
    def of(cls, bot: Bot, caller: Caller) -> "Gather":
        """NotAllowed: not a member of the workspace. Raises SlackError."""
        return cls(bot=bot, person=bot.accounts.person(caller))

    def begin(self, word: str) -> Where:
        """Where a look begins: in the app of that name or id; without a word, with the choice of one."""
        with self.bot.engine.database.reading() as session:
            if not word:
                sights(session, self.person)
                return Where()
            found = names.find_app(session, word)
            may_look(session, self.person, found.organization_id, found.id)
        return Where(app=found.id)

    def apps(self, text: str) -> list[App]:
        """Those the person may look into, by name."""
        found: list[App] = []
        with self.bot.engine.database.reading() as session:
            for one in sights(session, self.person):
                found += _in_sight(session, one, text, OPTIONS - len(found))
        return found

    def containers(self, where: Where) -> Containers:
        app, driver, place = self._open(where)
        listed = container_page(driver, place, limit=ROWS, offset=where.containers_at)
        return Containers(where=where, app=app, listed=listed)

    def items(self, where: Where) -> Items:
        """NotFound: the container is gone."""
        app, driver, place = self._open(where)
        opened = find_container(driver, place, where.container)
        listed = item_page(driver, place, where.container, limit=ROWS, offset=where.items_at)
        return Items(where=where, app=app, container=opened, listed=listed)

    def item(self, where: Where) -> Opened:
        """NotFound: it is gone."""
        app, driver, place = self._open(where)
        return Opened(where=where, app=app, view=item_by_record_key(driver, place, where.item))

    def _open(self, where: Where) -> tuple[App, Driver, Place]:
        with self.bot.engine.database.reading() as session:
            app = apps.get(session, where.app)
            may_look(session, self.person, app.organization_id, app.id)
            place = apps.place(session, app)
        return app, self.bot.engine.drivers[app.driver], place


def _in_sight(session: Session, sight: Sight, text: str, limit: int) -> list[App]:
    if sight.apps is None:
        return list(apps.search_apps(session, organization_id=sight.organization_id, text=text, limit=limit).found)
    own = sorted((apps.get(session, one) for one in sight.apps), key=lambda one: one.name.casefold())
    return [one for one in own if text.strip().casefold() in one.name.casefold()][:limit]
