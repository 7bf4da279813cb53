"""Encryption at rest: what is asked of the server. The server of the other tests has no keys, so AWS is played here."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from core.errors import ObjectNotFound
from core.storage.s3 import S3Store
from core.storage.s3_place import Encryption, S3Place
from tests.services.s3_proxy import Fault, Proxy

KEY = "arn:aws:kms:eu-central-1:123456789012:key/mine"
KINDS = [(Encryption.AES256, ""), (Encryption.KMS, KEY), (Encryption.KMS, ""), (None, "")]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-central-1")
        client.create_bucket(Bucket="acme", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        yield client


@pytest.mark.parametrize(("sse", "kms_key"), KINDS)
def test_every_object_is_kept_so(aws: Any, tmp_path: Path, sse: Encryption | None, kms_key: str) -> None:
    store = S3Store(S3Place(bucket="acme", prefix="p", region="eu-central-1", sse=sse, kms_key=kms_key))
    large = tmp_path / "large"
    large.write_bytes(os.urandom(9 * 1024 * 1024))
    store.put("small", b"x")
    store.put_file("large", large)
    for key in ("small", "large"):
        head = aws.head_object(Bucket="acme", Key=f"p/{key}")
        assert head.get("ServerSideEncryption") == (sse.value if sse else None)
        assert not kms_key or head["SSEKMSKeyId"] == kms_key
    assert store.get("small") == b"x"


@pytest.mark.parametrize(("sse", "kms_key"), KINDS)
def test_copies_on_the_server_ask_for_it(store: S3Store, proxy: Proxy, sse: Encryption | None, kms_key: str) -> None:
    store.put("x", b"x")
    target = S3Store(replace(store.place, prefix=f"{store.place.prefix}-other", sse=sse, kms_key=kms_key))
    proxy.does(Fault(answer=(200, "CopyObjectResult")), to="CopyObject")
    with pytest.raises(ObjectNotFound):  # nothing was copied
        target.copy_from(store, "x", "x")
    sent = next(one.headers for one in proxy.seen if one.operation == "CopyObject")
    assert sent.get("x-amz-server-side-encryption") == (sse.value if sse else None)
    assert sent.get("x-amz-server-side-encryption-aws-kms-key-id", "") == kms_key
