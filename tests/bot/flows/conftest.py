"""The demo's organization, made once and copied for each test; what holds after every flow."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.settings import Mode
from core.cli.demo_organization import DEMO_LIMIT_BYTES
from tests.bot.flows.office import Office, office_at_work
from tests.bot.flows.organization import organization
from tests.flows.copies import copy_of
from tests.flows.world import World


@pytest.fixture(scope="session")
def original() -> Iterator[World]:
    with organization() as made:
        yield made


@pytest.fixture
def world(original: World, tmp_path: Path) -> Iterator[World]:
    found = copy_of(original, tmp_path / "data", self_service_limit_bytes=DEMO_LIMIT_BYTES)
    yield found
    found.engine.close()


@pytest.fixture
def office(request: pytest.FixtureRequest, world: World, caplog: pytest.LogCaptureFixture) -> Iterator[Office]:
    """Over HTTP, unless the test says otherwise."""
    with checked(caplog), office_at_work(world, mode=getattr(request, "param", Mode.HTTP)) as found:
        yield found
        assert_clean(found, caplog)


@contextmanager
def checked(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.WARNING):
        yield


def assert_clean(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing Slack would refuse was sent, every fault that was planned was met, and nothing unknown happened."""
    office.settle()
    wire = office.workspace.state.feed.wire()
    assert [(one.what, one.lint) for one in wire if one.lint] == []
    refused = {
        str(one.response.get("error"))
        for one in wire
        if one.direction == "from app" and isinstance(one.response, dict) and not one.response.get("ok", True)
    }
    assert refused <= office.expects_refusals
    assert office.workspace.state.faults.left() == []
    assert office.work.raised == []
    if not office.expects_errors:
        assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
