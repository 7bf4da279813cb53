"""URLs of storages in S3: there and back, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.storage.location import open_store, overlap
from core.storage.s3_place import Creating, Encryption, S3Place, parse_place

PLACES = st.builds(
    S3Place,
    bucket=st.from_regex(r"[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]", fullmatch=True),
    prefix=st.from_regex(r"[A-Za-z0-9_@=-]{1,9}(/[A-Za-z0-9._@=-]{3,9}){0,2}", fullmatch=True).filter(
        lambda prefix: ".." not in prefix.split("/")
    ),
    endpoint=st.sampled_from(["", "https://s3.example.com", "http://127.0.0.1:8333"]),
    region=st.sampled_from(["", "eu-central-1"]),
    sse=st.just(Encryption.KMS),
    kms_key=st.text(max_size=30),
    creating=st.sampled_from(Creating),
)


@given(PLACES)
def test_a_url_says_all_of_a_place(place: S3Place) -> None:
    assert parse_place(place.url) == place
    assert open_store(place.url).url == place.url


def test_urls_read_well() -> None:
    assert S3Place(bucket="acme", prefix="backups", region="eu-west-1", endpoint="https://s3.example.com").url == (
        "s3://acme/backups?endpoint=https://s3.example.com&region=eu-west-1"
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://bucket", "prefix"),
        ("s3:///prefix", "bucket"),
        ("s3://Bucket/prefix", "bucket"),
        ("s3://bucket/pre fix", "prefix"),
        ("s3://bucket/../other", "prefix"),
        ("s3://bucket/prefix#part", "'#'"),
        ("s3://bucket/prefix?region", "cannot be read"),
        ("s3://bucket/prefix?region=a&region=b", "twice"),
        ("s3://bucket/prefix?region=a.b/c", "region"),
        ("s3://bucket/prefix?endpoint=ftp://host", "endpoint"),
        ("s3://bucket/prefix?endpoint=https://host/path", "endpoint"),
        ("s3://bucket/prefix?sse=AES512", "AES512"),
        ("s3://bucket/prefix?kms_key=k", "KMS key"),
        ("s3://bucket/prefix?sse=AES256&kms_key=k", "KMS key"),
        ("s3://bucket/prefix?creating=overwrite", "overwrite"),
    ],
)
def test_what_cannot_be_is_named(url: str, words: str) -> None:
    with pytest.raises(UsageError, match="nothing was changed") as caught:
        open_store(url)
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "s3://AKIAEXAMPLE:hunter2@bucket/prefix",
        "s3://hunter2@bucket/prefix",
        "s3://bucket/prefix?endpoint=https://me:hunter2@host",
        "s3://bucket/prefix?secret_key=hunter2",
        "s3://bucket/prefix?aws_secret_access_key=hunter2&access_key=x",
    ],
)
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(url)
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_places_that_share_their_bytes_are_known() -> None:
    base = "s3://bucket/a/b?endpoint=https://host"
    assert overlap(base, "s3://bucket/a/b?endpoint=https://host&region=eu")
    assert overlap(base, "s3://bucket/a?endpoint=https://host")
    assert overlap(base, "s3://bucket/a/b/c?endpoint=https://host")
    for other in ("s3://bucket/a/bc?endpoint=https://host", "s3://bucket/a/b", "s3://other/a/b?endpoint=https://host"):
        assert not overlap(base, other)
    assert overlap("file:///x", "file:///x")
    assert not overlap("file:///x", base)
