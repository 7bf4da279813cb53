"""S3 behind a proxy that breaks what it is told to."""

from collections.abc import Callable, Iterator

import pytest
from botocore.retries.standard import ExponentialBackoff

from core.storage import s3 as s3_store
from core.storage.s3 import S3Store
from core.storage.s3_place import S3Place, parse_place
from tests.services.s3 import S3Server
from tests.services.s3_proxy import Proxy, s3_proxy


@pytest.fixture(autouse=True)
def fresh_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Clients of a test's own, which do not pause between tries."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    s3_store._client.cache_clear()
    yield
    s3_store._client.cache_clear()


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Proxy]:
    with s3_proxy(s3.endpoint) as proxy:
        yield proxy


@pytest.fixture
def place(proxy: Proxy, s3_url: Callable[[str], str]) -> S3Place:
    """Empty, through the proxy."""
    there = parse_place(s3_url("store"))
    return S3Place(bucket=there.bucket, prefix=there.prefix, region=there.region, endpoint=proxy.url)


@pytest.fixture
def store(place: S3Place) -> S3Store:
    return S3Store(place)
