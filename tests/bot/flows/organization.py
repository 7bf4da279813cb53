"""The demo's organization, told in a channel of the workspace."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.catalog import organizations
from core.cli.demo_organization import DEMO_LIMIT_BYTES, DemoPerson, make_demo_organization
from core.engine import build_engine
from core.settings import load_settings
from tests.bot.flows.office import ADA, BORIS, CHIDI, OPS, TEAM
from tests.flows.copies import settle
from tests.flows.world import World


@contextmanager
def organization() -> Iterator[World]:
    """Settled: its folder can be copied."""
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(
            data_dir=Path(folder) / "data", database_url="", self_service_limit_bytes=DEMO_LIMIT_BYTES
        )
        engine = build_engine(settings)
        made = make_demo_organization(
            engine,
            Path(folder) / "exports",
            admin=DemoPerson(identity=f"slack:{TEAM}/{ADA}", name="Ada Admin"),
            approver=DemoPerson(identity=f"slack:{TEAM}/{BORIS}", name="Boris Approver"),
            agent=DemoPerson(identity=f"slack:{TEAM}/{CHIDI}", name="Chidi Support"),
        )
        world = World(engine=engine, person=engine.person())
        with engine.database.transaction() as session:
            organizations.set_values(
                session,
                made.organization_id,
                {"operations_channel": f"slack:{TEAM}/{OPS}"},
                person=world.person.id,
                now=engine.now(),
            )
        settle(world)
        yield world
