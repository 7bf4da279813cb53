"""The check on connecting, which doctor makes again."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import StorageUnfit
from core.storage.check import Verdict, connect, look
from core.storage.local import LocalStore
from core.storage.s3 import S3Store
from core.storage.s3_place import Creating, parse_place
from tests.services.s3 import S3Server
from tests.services.s3_proxy import Fault, Proxy, Request

NOW = datetime.now(UTC)


def verdicts(store: S3Store) -> dict[str, Verdict]:
    return {one.what: one.verdict for one in look(store, NOW)}


def test_a_good_storage_leaves_nothing_behind(store: S3Store) -> None:
    assert set(verdicts(store).values()) == {Verdict.OK}
    assert connect(store.url, NOW) == store.url
    assert list(store.list("")) == []


def test_a_folder_is_made(tmp_path: Path) -> None:
    url = (tmp_path / "new").as_uri()
    assert connect(url, NOW) == url
    assert (tmp_path / "new").is_dir()
    assert list(look(LocalStore(tmp_path / "new"), NOW)) == []


@pytest.mark.parametrize(
    ("operation", "right", "wrong"),
    [
        ("PutObject", "s3:PutObject", {"write"}),
        ("GetObject", "s3:GetObject", {"read"}),
        ("ListObjectsV2", "s3:ListBucket", {"list"}),
        ("DeleteObject", "s3:DeleteObject", {"delete"}),
    ],
)
def test_each_right_that_lacks_is_named(
    store: S3Store, proxy: Proxy, operation: str, right: str, wrong: set[str]
) -> None:
    proxy.does(Fault(answer=(403, "AccessDenied")), to=operation, times=99)
    assert {what for what, verdict in verdicts(store).items() if verdict is Verdict.BAD} >= wrong
    with pytest.raises(StorageUnfit, match="nothing was made") as caught:
        connect(store.url, NOW)
    assert all(f"To {what}: " in caught.value.message for what in wrong)
    assert right in caught.value.hint


def test_stale_uploads_that_may_not_be_ended_are_a_warning(store: S3Store, proxy: Proxy) -> None:
    proxy.does(Fault(answer=(403, "AccessDenied")), to="ListMultipartUploads", times=99)
    assert verdicts(store)["end stale uploads"] is Verdict.WARNING
    assert connect(store.url, NOW) == store.url


def test_stale_uploads_of_ours_are_ended_and_no_others(store: S3Store, s3: S3Server) -> None:
    client, place = s3.client(), store.place
    mine, other = f"{place.prefix}/packs/x", f"{place.prefix}x/packs/x"
    for key in (mine, other):
        client.create_multipart_upload(Bucket=place.bucket, Key=key)

    def uploads() -> list[str]:
        found = client.list_multipart_uploads(Bucket=place.bucket, Prefix=place.prefix)
        return sorted(one["Key"] for one in found.get("Uploads", []))

    list(look(store, NOW))
    assert uploads() == [mine, other]
    list(look(store, NOW + timedelta(days=2)))
    assert uploads() == [other]


def test_a_probe_that_a_check_left_behind_is_removed(store: S3Store) -> None:
    store.put("check/old", b"x")
    list(look(store, NOW))
    assert [one.key for one in store.list("")] == ["check/old"]
    list(look(store, NOW + timedelta(days=2)))
    assert list(store.list("")) == []


def conditional(request: Request) -> bool:
    return "if-none-match" in request.headers


def test_a_server_that_does_not_know_conditions_is_told_so_in_its_url(
    store: S3Store, proxy: Proxy, tmp_path: Path
) -> None:
    for operation in ("PutObject", "CompleteMultipartUpload"):
        proxy.does(Fault(answer=(501, "NotImplemented")), to=operation, times=99, where=conditional)
    kept = connect(store.url, NOW)
    assert parse_place(kept) == replace(store.place, creating=Creating.LOOK_FIRST)
    second = S3Store(parse_place(kept))
    assert verdicts(second) == {**dict.fromkeys(verdicts(second), Verdict.OK), "refuse to overwrite": Verdict.WARNING}
    path = tmp_path / "large"
    path.write_bytes(os.urandom(9 * 1024 * 1024))
    second.put_file("a", path)


@pytest.mark.parametrize("operation", ["PutObject", "CompleteMultipartUpload"])
def test_a_server_that_overwrites_all_the_same_is_found_out(store: S3Store, proxy: Proxy, operation: str) -> None:
    """In one go or in parts: either is enough to harm."""
    done = {"PutObject": "PutObjectOutput", "CompleteMultipartUpload": "CompleteMultipartUploadResult"}[operation]

    def over_another(request: Request) -> bool:
        return conditional(request) and "GetObject" in proxy.operations  # which comes after the probe was written

    proxy.does(Fault(answer=(200, done)), to=operation, times=99, where=over_another)
    assert verdicts(store)["refuse to overwrite"] is Verdict.BAD
    proxy.seen.clear()
    assert parse_place(connect(store.url, NOW)).creating is Creating.LOOK_FIRST


def test_a_server_without_checksums_is_a_warning(store: S3Store, proxy: Proxy) -> None:
    proxy.does(Fault(hide="x-amz-checksum-crc32"), to="HeadObject", times=99)
    assert verdicts(store)["keep checksums"] is Verdict.WARNING
    assert connect(store.url, NOW) == store.url


def test_what_is_out_of_reach_is_tried_once(store: S3Store, proxy: Proxy) -> None:
    for operation in ("PutObject", "HeadObject", "ListObjectsV2"):
        proxy.does(Fault(answer=(503, "SlowDown")), to=operation, times=99)
    with pytest.raises(StorageUnfit, match="busy or out of order"):
        connect(store.url, NOW)
    assert "ListObjectsV2" not in proxy.operations
