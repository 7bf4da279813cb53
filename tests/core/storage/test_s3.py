"""S3 when the way to it is bad, and what goes over that way."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import (
    AccessDenied,
    BadCredentials,
    BucketMissing,
    ClockSkew,
    DiskFull,
    EncryptionRefused,
    NotSupported,
    ObjectExists,
    ObjectNotFound,
    StorageError,
    StorageUnreachable,
    WrongChecksum,
    WrongRegion,
)
from core.storage import s3 as s3_store
from core.storage.local import LocalStore
from core.storage.s3 import BODY_TRIES, TRIES, S3Store
from core.storage.s3_place import Creating, S3Place
from tests.services.s3 import S3Server
from tests.services.s3_proxy import Fault, Proxy, Request

MB = 1024 * 1024


def work_file(folder: Path, data: bytes) -> Path:
    path = folder / "work"
    path.write_bytes(data)
    return path


def keys(store: S3Store) -> list[str]:
    return [one.key for one in store.list("")]


class TestWriting:
    def test_every_object_goes_with_its_checksum_and_never_over_another(
        self, store: S3Store, proxy: Proxy, tmp_path: Path
    ) -> None:
        store.put("small", b"x")
        store.put_file("large", work_file(tmp_path, os.urandom(9 * MB)))
        sent = {one.operation: one.headers for one in proxy.seen}
        for operation in ("PutObject", "CompleteMultipartUpload"):
            assert sent[operation]["if-none-match"] == "*"
            assert "x-amz-checksum-crc32" in sent[operation]
        assert sent["CompleteMultipartUpload"]["x-amz-checksum-type"] == "FULL_OBJECT"
        assert "x-amz-checksum-crc32" in sent["UploadPart"]

    @pytest.mark.parametrize("size", [100, 9 * MB])
    @pytest.mark.parametrize(
        "fault",
        [
            Fault(answer=(503, "SlowDown")),
            Fault(answer=(500, "InternalError")),
            Fault(reset=True),
            Fault(reset_after=True),
            Fault(flip_sent=True),
            Fault(answer=(409, "ConditionalRequestConflict")),
        ],
        ids=lambda fault: repr(fault).partition("(")[2],
    )
    def test_what_passes_is_tried_again(
        self, store: S3Store, proxy: Proxy, tmp_path: Path, fault: Fault, size: int
    ) -> None:
        data = os.urandom(size)
        for operation in ("PutObject", "UploadPart", "CompleteMultipartUpload"):
            if not (fault.flip_sent and operation == "CompleteMultipartUpload"):
                proxy.does(fault, to=operation)
        store.put_file("a", work_file(tmp_path, data))
        assert proxy.waiting < 3
        assert store.get("a") == data

    def test_a_write_whose_answer_is_lost_is_known_as_our_own(self, store: S3Store, proxy: Proxy) -> None:
        proxy.does(Fault(reset_after=True), to="PutObject")
        store.put("a", b"mine")
        assert proxy.operations.count("PutObject") == 2
        with pytest.raises(ObjectExists):
            store.put("a", b"mine")

    def test_an_object_of_another_is_not_taken_for_our_own(self, store: S3Store, proxy: Proxy) -> None:
        store.put("a", b"theirs")
        proxy.does(Fault(reset=True), to="PutObject")
        with pytest.raises(ObjectExists):
            store.put("a", b"theirs")

    def test_a_server_that_is_gone_is_tried_several_times(self, store: S3Store, proxy: Proxy) -> None:
        proxy.does(Fault(reset=True), to="PutObject", times=99)
        with pytest.raises(StorageUnreachable, match="not changed") as caught:
            store.put("a", b"x")
        assert caught.value.transient
        assert proxy.operations.count("PutObject") == TRIES
        assert keys(store) == []

    def test_bytes_that_never_arrive_whole_are_told(self, store: S3Store, proxy: Proxy) -> None:
        proxy.does(Fault(flip_sent=True), to="PutObject", times=99)
        with pytest.raises(WrongChecksum, match="not changed"):
            store.put("a", b"x" * 100)
        assert proxy.operations.count("PutObject") == TRIES
        assert keys(store) == []

    def test_an_upload_that_fails_leaves_no_parts(self, store: S3Store, proxy: Proxy, tmp_path: Path) -> None:
        proxy.does(Fault(answer=(503, "SlowDown")), to="UploadPart", times=99)
        path = work_file(tmp_path, os.urandom(9 * MB))
        with pytest.raises(StorageUnreachable):
            store.put_file("a", path)
        assert path.exists()
        assert "AbortMultipartUpload" in proxy.operations
        assert keys(store) == []

    def test_without_conditional_writes_names_are_looked_up_first(
        self, place: S3Place, proxy: Proxy, tmp_path: Path
    ) -> None:
        store = S3Store(replace(place, creating=Creating.LOOK_FIRST))
        store.put("a", b"first")
        assert all("if-none-match" not in one.headers for one in proxy.seen)
        with pytest.raises(ObjectExists):
            store.put("a", b"second")
        with pytest.raises(ObjectExists):
            store.put_file("a", work_file(tmp_path, os.urandom(9 * MB)))
        assert proxy.operations.count("PutObject") == 1
        assert store.get("a") == b"first"


class TestReading:
    @pytest.mark.parametrize(
        "fault",
        [
            Fault(cut=True),
            Fault(flip=True),
            Fault(reset=True),
            Fault(reset_after=True),
            Fault(answer=(503, "SlowDown")),
        ],
        ids=lambda fault: repr(fault).partition("(")[2],
    )
    def test_what_passes_is_tried_again(self, store: S3Store, proxy: Proxy, fault: Fault) -> None:
        data = os.urandom(3 * MB)
        store.put("a", data)
        proxy.does(fault, to="GetObject")
        assert store.get("a") == data
        assert not proxy.waiting

    def test_a_body_that_is_always_cut_short_is_told(self, store: S3Store, proxy: Proxy) -> None:
        store.put("a", b"x" * 1000)
        proxy.does(Fault(cut=True), to="GetObject", times=99)
        with pytest.raises(StorageUnreachable, match="cut short"):
            store.get("a")
        assert proxy.operations.count("GetObject") == BODY_TRIES

    def test_bytes_that_always_change_are_told(self, store: S3Store, proxy: Proxy) -> None:
        store.put("a", b"x" * 1000)
        proxy.does(Fault(flip=True), to="GetObject", times=99)
        with pytest.raises(WrongChecksum, match="nothing was changed") as caught:
            store.get("a")
        assert caught.value.transient
        with store.open("a") as stream:
            for _ in range(2):
                with pytest.raises(WrongChecksum):
                    stream.read()

    def test_an_object_that_becomes_another_one_while_it_is_read_is_told(self, store: S3Store) -> None:
        store.put("a", os.urandom(3 * MB))
        with store.open("a") as stream:
            stream.read(10)
            store.delete("a")
            store.put("a", os.urandom(3 * MB))
            stream.seek(2_500_000)
            with pytest.raises(WrongChecksum, match="became another one"):
                stream.read(10)

    def test_an_object_that_goes_while_it_is_read_is_told(self, store: S3Store) -> None:
        store.put("a", os.urandom(3 * MB))
        with store.open("a") as stream:
            store.delete("a")
            stream.seek(2_500_000)
            with pytest.raises(ObjectNotFound):
                stream.read(10)

    def test_only_what_is_needed_passes(self, store: S3Store, proxy: Proxy) -> None:
        store.put("a", os.urandom(20 * MB))
        proxy.forget()
        with store.open("a") as stream:
            stream.seek(-8, os.SEEK_END)
            stream.read(8)
            stream.seek(5 * MB)
            stream.read(1000)
        ranges = [one.headers["range"] for one in proxy.seen if one.operation == "GetObject"]
        spans = [tuple(map(int, one.removeprefix("bytes=").split("-"))) for one in ranges]
        assert sum(end + 1 - start for start, end in spans) < 2 * MB
        assert len(spans) == 3  # the first finds the object, and brings its beginning

    def test_lists_longer_than_a_page(self, store: S3Store, proxy: Proxy, s3: S3Server) -> None:
        client = s3.client()
        for number in range(1005):
            client.put_object(Bucket=store.place.bucket, Key=f"{store.place.prefix}/many/{number:04}", Body=b"")
        client.put_object(Bucket=store.place.bucket, Key=f"{store.place.prefix}/many/not ours", Body=b"")
        assert [one.key for one in store.list("many/")] == [f"many/{number:04}" for number in range(1005)]
        assert proxy.operations.count("ListObjectsV2") == 2


class TestCopying:
    def other(self, store: S3Store) -> S3Store:
        return S3Store(replace(store.place, prefix=f"{store.place.prefix}-other"))

    def test_the_server_copies_and_no_byte_passes(self, store: S3Store, proxy: Proxy, tmp_path: Path) -> None:
        source, data = self.other(store), os.urandom(9 * MB)
        source.put_file("x", work_file(tmp_path, data))
        proxy.forget()
        store.copy_from(source, "x", "copy/x")
        assert sorted(set(proxy.operations)) == ["CopyObject", "HeadObject"]
        source.delete("x")
        assert store.get("copy/x") == data
        self.other(store).copy_from(store, "copy/x", "again")
        assert self.other(store).get("again") == data

    def test_large_objects_are_copied_in_parts(
        self, store: S3Store, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(s3_store, "COPIED_IN_PARTS_FROM", 8 * MB)
        monkeypatch.setattr(s3_store, "COPIED_PART", 5 * MB)
        source, data = self.other(store), os.urandom(12 * MB)
        source.put("x", data)
        proxy.forget()
        store.copy_from(source, "x", "x")
        assert proxy.operations.count("UploadPartCopy") == 3
        assert "GetObject" not in proxy.operations
        assert store.get("x") == data
        complete = next(one for one in proxy.seen if one.operation == "CompleteMultipartUpload")
        assert complete.headers["if-none-match"] == "*"

    @pytest.mark.parametrize("what", ["replaced", "brought back by hand"])
    def test_a_source_that_nobody_vouches_for_is_read(
        self, store: S3Store, proxy: Proxy, s3: S3Server, what: str
    ) -> None:
        source, old, new = self.other(store), os.urandom(1000), os.urandom(1000)
        source.put("x", old)
        client, there = s3.client(), {"Bucket": source.place.bucket, "Key": f"{source.place.prefix}/x"}
        metadata = client.head_object(**there)["Metadata"] if what == "replaced" else {}
        client.put_object(**there, Body=new, Metadata=metadata)
        store.copy_from(source, "x", "x")
        assert "GetObject" in proxy.operations
        assert "CopyObject" not in proxy.operations
        assert store.get("x") == new

    def test_a_copy_that_the_server_does_not_vouch_for_is_sent(
        self, store: S3Store, proxy: Proxy, s3: S3Server
    ) -> None:
        source, data = self.other(store), os.urandom(1000)
        source.put("x", data)

        def spoil(request: Request) -> bool:
            """Just before the copy is looked at."""
            there = {"Bucket": store.place.bucket, "Key": f"{store.place.prefix}/x"}
            if "CopyObject" in proxy.operations[:-1] and request.path.endswith("store/x"):
                s3.client().put_object(**there, Body=b"half")
                return True
            return False

        proxy.does(Fault(), to="HeadObject", where=spoil)
        store.copy_from(source, "x", "x")
        assert not proxy.waiting
        assert store.get("x") == data

    def test_between_a_folder_and_s3(self, store: S3Store, tmp_path: Path) -> None:
        folder = LocalStore(tmp_path / "folder")
        folder.create_root()
        data = os.urandom(9 * MB)
        folder.put("x", data)
        store.copy_from(folder, "x", "x")
        folder.copy_from(store, "x", "back")
        assert folder.get("back") == store.get("x") == data
        assert store.vouches("x")


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "code", "error", "words"),
        [
            (404, "NoSuchBucket", BucketMissing, "has no bucket"),
            (301, "PermanentRedirect", WrongRegion, "in another one"),
            (400, "AuthorizationHeaderMalformed", WrongRegion, "in another one"),
            (403, "InvalidAccessKeyId", BadCredentials, "do not hold"),
            (403, "SignatureDoesNotMatch", BadCredentials, "do not hold"),
            (400, "ExpiredToken", BadCredentials, "have expired"),
            (
                403,
                "AccessDenied",
                AccessDenied,
                "denies it (PutObject|GetObject|HeadObject|ListObjectsV2|DeleteObject)",
            ),
            (403, "RequestTimeTooSkewed", ClockSkew, "clock"),
            (400, "KMS.DisabledException", EncryptionRefused, "key for its encryption"),
            (403, "QuotaExceeded", DiskFull, "takes no more"),
            (507, "InsufficientStorage", DiskFull, "takes no more"),
            (501, "NotImplemented", NotSupported, "does not do"),
            (503, "SlowDown", StorageUnreachable, "busy or out of order"),
            (418, "Teapot", StorageError, "Teapot"),
        ],
    )
    def test_each_has_its_code_and_its_words(
        self, store: S3Store, proxy: Proxy, status: int, code: str, error: type[StorageError], words: str
    ) -> None:
        for operation in ("PutObject", "GetObject", "HeadObject", "ListObjectsV2", "DeleteObject"):
            proxy.does(Fault(answer=(status, code)), to=operation, times=99)
        for use in (
            lambda: store.put("a", b"x"),
            lambda: store.get("a"),  # a HEAD tells no code; then the list is asked
            lambda: keys(store),
            lambda: store.delete("a"),
        ):
            with pytest.raises(error, match=words) as caught:
                use()
            assert type(caught.value) is error
            assert "not" in caught.value.message
            assert caught.value.hint
            assert store.place.name in caught.value.message

    def test_what_is_not_there_is_told_where_s3_says_denied(self, store: S3Store, proxy: Proxy) -> None:
        """As AWS does where an account may list some prefixes only."""
        store.put("there", b"x")
        for operation in ("HeadObject", "GetObject"):
            proxy.does(Fault(answer=(403, "AccessDenied")), to=operation, times=99)
        for read in (store.get, store.open, store.stat):
            with pytest.raises(ObjectNotFound, match="not there"):
                read("ther")
            with pytest.raises(AccessDenied):
                read("there")
        proxy.forget()
        proxy.does(Fault(answer=(403, "AccessDenied")), to="HeadObject")
        store.copy_from(store, "there", "copy")
        assert store.get("copy") == b"x"

    def test_wrong_credentials_are_told_and_new_ones_are_taken_at_once(
        self, store: S3Store, s3: S3Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        for use in (lambda: store.put("a", b"x"), lambda: store.get("a"), lambda: keys(store)):
            with pytest.raises(BadCredentials) as caught:
                use()
            assert caught.value.transient
            assert "wrong" not in str(caught.value).replace("wrong_", "")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3.secret_key)
        store.put("a", b"x")

    def test_no_credentials(self, store: S3Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
        with pytest.raises(BadCredentials, match="no credentials"):
            store.put("a", b"x")

    def test_a_profile_that_is_not_there(self, store: S3Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(BadCredentials, match="nobody"):
            store.put("a", b"x")

    def test_nobody_listens(self, place: S3Place) -> None:
        store = S3Store(replace(place, endpoint="http://127.0.0.1:9"))
        with pytest.raises(StorageUnreachable, match="no way to"):
            store.get("a")

    def test_a_bucket_that_is_gone_is_no_empty_storage(self, place: S3Place) -> None:
        store = S3Store(replace(place, bucket="never-made"))
        for use in (lambda: store.get("a"), lambda: store.stat("a"), lambda: keys(store)):
            with pytest.raises(BucketMissing):
                use()


class TestVersions:
    def test_what_is_deleted_is_gone_for_us(self, place: S3Place, s3: S3Server) -> None:
        bucket = s3.new_bucket()
        s3.client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        store = S3Store(replace(place, bucket=bucket))
        store.put("a", b"first")
        store.delete("a")
        with pytest.raises(ObjectNotFound):
            store.get("a")
        assert keys(store) == []
        store.put("a", b"second")
        with pytest.raises(ObjectExists):
            store.put("a", b"third")
        assert store.get("a") == b"second"
