"""An organization with a restored app, and people in Slack: an admin, a colleague without a role, a guest."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.access.people import Person, ensure_person
from core.access.roles import grant_role
from core.access.tables import RoleName
from core.catalog import organizations
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.content.record_type import AppType
from core.restore.restores import Restore
from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import ConfluenceOddity, ConfluenceShape
from tests.bot.slack import ADA, TEAM, Slack, slack_with
from tests.flows.world import World, new_world

_SHAPE = ConfluenceShape(
    spaces=2, pages_per_space=3, users=6, oddities=frozenset({ConfluenceOddity.DUPLICATE_EMAIL}), attachments_per_page=1
)


@dataclass(frozen=True, kw_only=True)
class Acme:
    """Ada is organization admin; Bob is nobody."""

    world: World
    slack: Slack
    ada: Person
    source: App
    destination: App
    backup: Backup

    def submitted(self, app: App | None = None) -> Restore:
        """Ada's, and still waiting for a worker."""
        asking = World(engine=self.world.engine, person=self.ada)
        return asking.submit_restore(asking.request(self.backup, app or self.destination))

    def restored(self) -> Restore:
        found = self.submitted()
        self.world.drive()
        return self.world.restore(found.id)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    world = new_world(tmp_path / "data")
    source = world.provision(AppType.CONFLUENCE, "Acme Wiki")
    destination = world.provision(AppType.CONFLUENCE, "Acme Wiki restored")
    write_confluence_export(tmp_path / "export.zip", shape=_SHAPE)
    backup = world.import_export(tmp_path / "export.zip", source)
    engine = world.engine
    with engine.database.transaction() as session:
        ada = ensure_person(session, f"slack:{TEAM}/{ADA}", "Ada Ekwueme", engine.now())
        (organization,) = organizations.list_all(session)
        grant_role(
            session, person=ada, organization_id=organization.id, role=RoleName.ORGANIZATION_ADMIN, by=world.person,
            now=engine.now(),
        )  # fmt: skip
    with slack_with(engine) as slack:
        yield Acme(world=world, slack=slack, ada=ada, source=source, destination=destination, backup=backup)
    engine.close()
