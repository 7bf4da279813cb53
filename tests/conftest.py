"""The real servers that tests share, started when the first test asks for them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from botocore.retries.standard import ExponentialBackoff
from hypothesis import HealthCheck, settings
from sqlalchemy.engine import make_url

from core.storage import s3 as s3_store
from core.storage.s3_place import S3Place, parse_place
from tests.services.postgres import PostgresServer, conninfo, postgres_server
from tests.services.s3 import REGION, S3Server, s3_server
from tests.services.s3_proxy import Proxy, s3_proxy

# That a machine is busy, or makes Hypothesis's table of characters for the first time, says nothing about our code.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A new, empty database on PostgreSQL."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def postgres_shard_url(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same as a shard's URL, which holds no password."""
    url = make_url(postgres_url)
    monkeypatch.setenv("PGPASSWORD", str(url.password or ""))
    return conninfo(url._replace(password=None))


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A catalog that is empty, on each database there is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.sqlite'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.fixture(scope="session")
def s3_bucket(s3: S3Server) -> str:
    """One for all tests, each under prefixes of its own: the server takes room for each bucket."""
    return s3.new_bucket()


@pytest.fixture
def s3_url(s3: S3Server, s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """The URL of a new, empty place of a name, with credentials in the environment."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    test = uuid4().hex[:12]

    def make(name: str) -> str:
        return S3Place(bucket=s3_bucket, prefix=f"{test}/{name}", endpoint=s3.endpoint, region=REGION).url

    return make


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Proxy]:
    """Before the S3 server: notes requests, and breaks those it is told to."""
    with s3_proxy(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def proxied_s3_url(proxy: Proxy, s3_url: Callable[[str], str]) -> Callable[[str], str]:
    """As s3_url, through the proxy."""
    return lambda name: replace(parse_place(s3_url(name)), endpoint=proxy.url).url


@pytest.fixture
def hasty_s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients of a test's own, which do not pause between tries."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    s3_store._client.cache_clear()
    yield
    s3_store._client.cache_clear()
