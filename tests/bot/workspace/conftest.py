from collections.abc import Iterator

import pytest

from tests.bot.workspace.slack import Slack, running


@pytest.fixture(params=["http", "socket"])
def slack(request: pytest.FixtureRequest) -> Iterator[Slack]:
    """Each way in which Slack reaches an app."""
    with running(transport=request.param) as found:
        yield found


@pytest.fixture
def http() -> Iterator[Slack]:
    with running() as found:
        yield found
