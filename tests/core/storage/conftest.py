"""S3 behind a proxy that breaks what it is told to."""

from collections.abc import Callable

import pytest

from core.storage.s3 import S3Store
from core.storage.s3_place import S3Place, parse_place


@pytest.fixture(autouse=True)
def no_pauses(hasty_s3: None) -> None:
    """Between tries."""


@pytest.fixture
def place(proxied_s3_url: Callable[[str], str]) -> S3Place:
    """Empty, through the proxy."""
    return parse_place(proxied_s3_url("store"))


@pytest.fixture
def store(place: S3Place) -> S3Store:
    return S3Store(place)
