"""The ground of these tests, copies of it, and what undisturbed runs on it leave."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.ground import Ground, Reference, content_of, copy_of, lay, report_of, told
from tests.faults.moving import MovingGround, lay_moving
from tests.faults.servers import Servers, reference_on
from tests.services.postgres import OTHER_SERVER, postgres_cluster
from tests.services.s3 import S3Server

#: Makes a copy of the ground; settings may be given.
Fresh = Callable[..., Ground]


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return lay(tmp_path_factory.mktemp("ground") / "data")


@pytest.fixture(scope="session")
def moving_ground(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> MovingGround:
    return lay_moving(ground, tmp_path_factory.mktemp("moving") / "data")


@pytest.fixture
def fresh(ground: Ground, tmp_path: Path) -> Iterator[Fresh]:
    with copies_of(ground, tmp_path) as make:
        yield make


@pytest.fixture
def fresh_moving(moving_ground: MovingGround, tmp_path: Path) -> Iterator[Fresh]:
    with copies_of(moving_ground, tmp_path / "moving") as make:
        yield make


@contextmanager
def copies_of(ground: Ground, folder: Path) -> Iterator[Fresh]:
    made: list[Ground] = []

    def make(**settings: Any) -> Ground:
        made.append(copy_of(ground, folder / f"copy-{len(made)}", **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def reference(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return undisturbed(copy_of(ground, tmp_path_factory.mktemp("reference") / "data"))


@pytest.fixture(scope="session")
def moving_reference(moving_ground: MovingGround, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return undisturbed(copy_of(moving_ground, tmp_path_factory.mktemp("reference") / "data"))


def undisturbed(copy: Ground) -> Reference:
    """A run by the command line, with all its points."""
    starter = copy.starter()
    try:
        ended = starter(*copy.run_words(), acts=["RECORD="])
        assert ended.ended() == 0, ended.said()
        run = copy.only_run()
        return Reference(
            content=content_of(copy, copy.destination),
            report=report_of(run),
            told=told(copy, run),
            points=sorted(set(starter.signs.lines("points"))),
        )
    finally:
        starter.end()
        copy.close()


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest, s3: S3Server, s3_bucket: str) -> Iterator[Servers]:
    """With a PostgreSQL of their own, which may crash, unless another one is named."""
    if os.environ.get(OTHER_SERVER):
        yield Servers(postgres=request.getfixturevalue("postgres"), s3=s3, bucket=s3_bucket)
        return
    with postgres_cluster() as cluster:
        yield Servers(postgres=cluster, s3=s3, bucket=s3_bucket)


@pytest.fixture
def let_in(servers: Servers) -> Iterator[None]:
    """This process may use the servers."""
    with servers.let_in():
        yield


@pytest.fixture(scope="session")
def server_ground(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """The ground on PostgreSQL and S3."""
    with servers.let_in():
        return servers.lay(tmp_path_factory.mktemp("servers") / "data")


@pytest.fixture(scope="session")
def server_reference(servers: Servers, server_ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    with servers.let_in():
        return reference_on(servers, server_ground, tmp_path_factory.mktemp("servers-reference") / "data")
