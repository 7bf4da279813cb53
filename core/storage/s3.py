"""Objects in an S3 bucket. The only importer of boto3."""

import io
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, Final

import boto3
from boto3.s3.transfer import TransferConfig, create_transfer_manager
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from urllib3.exceptions import HTTPError

from core.errors import (
    AccessDenied,
    BadCredentials,
    ObjectExists,
    ObjectNotFound,
    StorageError,
    StorageUnreachable,
    WrongChecksum,
)
from core.storage.s3_errors import EmptyRange, Failure, changed_on_the_way, error_of, missing, taken
from core.storage.s3_events import listen
from core.storage.s3_object import Digests, Facts, sent_along
from core.storage.s3_place import SCHEME, Creating, S3Place, parse_place
from core.storage.s3_stream import RangedStream
from core.storage.store import KEY_PART, ObjectInfo, Store, key_parts

CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 60
#: Tries of a request, by botocore, with pauses that double; and of a body that breaks off, which it leaves to us.
TRIES: Final = 5
BODY_TRIES: Final = 3
#: Bytes that the first request for an object asks for: to read it as a whole if it is small, or in some order.
WHOLE: Final = 8 * 1024 * 1024
BEGINNING: Final = 1024 * 1024
#: Files from this size on are uploaded in parts, several at a time.
PARTS_FROM: Final = 8 * 1024 * 1024
#: Parts of a stream that are held at a time; those of a file are read as they are sent.
_IN_MEMORY: Final = 3
#: Objects from this size on, S3 copies in parts only. 5 GiB by its own rules.
COPIED_IN_PARTS_FROM: Final = 5 * 1024**3
COPIED_PART: Final = 512 * 1024 * 1024
#: Reads of all streams of a process that are under way at a time.
_READS: Final = 16


class S3Store:
    """Every object lies under the place's prefix, with the CRC32 of all its bytes, which the server compares when it is
    written and readers compare when they read it whole, and with its blake3 in its metadata.

    S3 itself makes objects durable, atomic and seen at once. Requests are repeated by botocore. A request whose answer
    was lost may have done its work: an object found in the way is known as our own by the mark of its write.
    """

    def __init__(self, place: S3Place, *, parts_from: int = PARTS_FROM) -> None:
        self.place = place
        self.url = place.url
        self._root = f"{place.prefix}/"
        self._parts_from = parts_from

    def put(self, key: str, data: bytes) -> None:
        digests = Digests.of(io.BytesIO(data))
        self._create(key, digests, lambda facts: self._client.put_object(**self._object(key), Body=data, **facts))

    def put_file(self, key: str, path: Path) -> None:
        key_parts(key)
        with path.open("rb") as file:
            digests = Digests.of(file)
        self._create(key, digests, lambda facts: self._upload(str(path), key, facts))
        path.unlink()

    def get(self, key: str) -> bytes:
        for _ in range(BODY_TRIES - 1):
            with suppress(WrongChecksum), self._open(key, WHOLE) as stream:
                return stream.read()
        with self._open(key, WHOLE) as stream:
            return stream.read()

    def open(self, key: str) -> BinaryIO:
        return self._open(key, BEGINNING)

    def copy_from(self, source: Store, source_key: str, key: str) -> None:
        """Between two places of one server the server copies, where it vouches for the source's bytes and then for the
        copy's: no byte of them comes here. Else they are read twice, first for their digests, and sent once."""
        self._must_be_free(key)
        if source.url.startswith(f"{SCHEME}:"):
            origin = S3Store(parse_place(source.url))
            if origin.place.endpoint == self.place.endpoint:
                facts = origin._facts(source_key)
                known = facts.digests
                if known is not None and self._copied(origin._object(source_key), facts, known, key):
                    return
        with source.open(source_key) as stream:
            digests = Digests.of(stream)
        with source.open(source_key) as stream:
            self._create(key, digests, lambda facts: self._upload(stream, key, facts))

    def stat(self, key: str) -> ObjectInfo:
        facts = self._facts(key)
        return ObjectInfo(key=key, size=facts.size, modified=facts.modified)

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """In memory: a few hundred bytes an object. S3 sorts by key, but not every server that speaks its language."""
        folder, _, _ = prefix.rpartition("/")
        if folder:
            key_parts(folder)
        found = []
        with self._errors("", "ListObjectsV2"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.place.bucket, Prefix=self._root + prefix
            )
            for page in pages:
                for one in page.get("Contents", ()):
                    key = one["Key"].removeprefix(self._root)
                    if all(map(KEY_PART.fullmatch, key.split("/"))):
                        found.append(ObjectInfo(key=key, size=one["Size"], modified=one["LastModified"]))
        yield from sorted(found, key=lambda one: one.key)

    def delete(self, key: str) -> None:
        """In a bucket with versions the object is gone for us, and its bytes stay as the bucket's rules have it."""
        with self._errors(key, "DeleteObject"):
            self._client.delete_object(**self._object(key))

    def free_bytes(self) -> int | None:
        return None

    def vouches(self, key: str) -> bool:
        """Whether the server keeps checksums of whole objects, looked up at this one of ours."""
        return self._facts(key).digests is not None

    def abort_uploads(self, before: datetime) -> int:
        """End uploads in parts that were begun before that moment and never completed: they cost, and are in no list.
        Returns how many."""
        with self._errors("", "ListMultipartUploads"):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.place.bucket, Prefix=self._root
            )
            stale = [one for page in pages for one in page.get("Uploads", ()) if one["Initiated"] < before]
        with self._errors("", "AbortMultipartUpload"):
            for one in stale:
                self._client.abort_multipart_upload(Bucket=self.place.bucket, Key=one["Key"], UploadId=one["UploadId"])
        return len(stale)

    @property
    def _client(self) -> Any:
        return _client(self.place.endpoint, self.place.region, self.place.creating)

    def _object(self, key: str) -> dict[str, str]:
        key_parts(key)
        return {"Bucket": self.place.bucket, "Key": self._root + key}

    def _create(self, key: str, digests: Digests, write: Callable[[dict[str, Any]], object]) -> None:
        """`write` sends the object with what every object of ours is given."""
        key_parts(key)
        if self.place.creating is Creating.LOOK_FIRST:
            self._must_be_free(key)
        mark = secrets.token_hex(16)
        facts = {**sent_along(self.place, digests, mark), "ChecksumCRC32": digests.crc32}
        try:
            with self._errors(key, "PutObject"):
                write(facts)
        except (ObjectExists, StorageUnreachable):
            if not self._written(key, mark):
                raise

    def _upload(self, source: str | BinaryIO, key: str, facts: dict[str, Any]) -> None:
        config = TransferConfig(multipart_threshold=self._parts_from, preferred_transfer_client="classic")
        config.max_in_memory_upload_chunks = _IN_MEMORY
        with create_transfer_manager(self._client, config) as transfers:
            transfers.upload(source, self.place.bucket, self._root + key, facts).result()

    def _must_be_free(self, key: str) -> None:
        try:
            self._head(key)
        except ObjectNotFound:
            return
        except AccessDenied as error:
            if isinstance(why := self._why(key, error), ObjectNotFound):
                return
            raise why from error
        raise taken(self.place, key)

    def _written(self, key: str, mark: str) -> bool:
        with suppress(StorageError):
            return self._facts(key).marked(mark)
        return False

    def _copied(self, origin: dict[str, str], source: Facts, digests: Digests, key: str) -> bool:
        """Let the server copy; False, with nothing left, if it does not vouch for the copy.

        The key was free: two copies at once are of the same source, and names are used once.
        """
        given = {
            **sent_along(self.place, digests, secrets.token_hex(16)),
            "MetadataDirective": "REPLACE",
            "TaggingDirective": "REPLACE",  # so that no right to read tags is needed
            "ChecksumAlgorithm": "CRC32",
            "CopySourceIfMatch": source.etag,
        }
        config = TransferConfig(
            multipart_threshold=COPIED_IN_PARTS_FROM,
            multipart_chunksize=COPIED_PART,
            preferred_transfer_client="classic",
        )
        with self._errors(key, "CopyObject"), create_transfer_manager(self._client, config) as transfers:
            transfers.copy(origin, self.place.bucket, self._root + key, given).result()
        copy = self._facts(key)
        if (copy.size, copy.crc32) == (source.size, source.crc32):
            return True
        self.delete(key)
        return False

    def _facts(self, key: str) -> Facts:
        try:
            return self._head(key)
        except StorageError as error:
            if error.transient:
                raise
            raise self._why(key, error) from error

    def _head(self, key: str) -> Facts:
        with self._errors(key, "HeadObject"):
            return Facts.of(self._client.head_object(**self._object(key), ChecksumMode="ENABLED"))

    def _why(self, key: str, error: StorageError) -> StorageError:
        """The reason why an object cannot be read. An answer to HEAD does not say it, and who may list some prefixes
        only is told that what is not there is denied. Asked for the list, the server tells, or this raises it."""
        sought = self._root + key
        with self._errors(key, "ListObjectsV2"):
            listed = self._client.list_objects_v2(Bucket=self.place.bucket, Prefix=sought, MaxKeys=1)
        if isinstance(error, AccessDenied) and sought not in {one["Key"] for one in listed.get("Contents", ())}:
            return missing(self.place, key)
        return error

    def _open(self, key: str, first: int) -> BinaryIO:
        """The first request finds the object, and brings `first` bytes of it if it has so many."""
        try:
            answer, begun = self._read(key, 0, first)
            facts = Facts.of(answer)
        except EmptyRange:
            facts, begun = self._facts(key), b""
        except AccessDenied as error:
            raise self._why(key, error) from error

        def read(start: int, end: int) -> bytes:
            return self._read(key, start, end, facts.etag)[1]

        def whole(crc32: int) -> None:
            """An object that somebody replaced has other bytes than we stored, and they may well have passed whole."""
            if crc32 != facts.stored_crc32 and self._facts(key).stored_crc32 not in {None, crc32}:
                raise changed_on_the_way(self.place, key)

        return io.BufferedReader(RangedStream(facts.size, read, _reads(), begun=begun, whole=whole))

    def _read(self, key: str, start: int, end: int, etag: str = "") -> tuple[dict[str, Any], bytes]:
        """The answer, and the bytes from `start` to before `end` or to the object's own end."""
        wanted = {**self._object(key), "Range": f"bytes={start}-{end - 1}"}
        if etag:
            wanted["IfMatch"] = etag
        with self._errors(key, "GetObject"):
            for _ in range(BODY_TRIES):
                answer = self._client.get_object(**wanted)
                try:
                    return answer, answer["Body"].read()
                except (HTTPClientError, IncompleteReadError, HTTPError) as error:
                    broken = error
            raise broken

    @contextmanager
    def _errors(self, key: str, operation: str) -> Iterator[None]:
        """Of boto3, as ours. `operation` is what was tried, where the error itself does not say it."""
        try:
            yield
        except (BotoCoreError, ClientError, HTTPError) as error:
            ours = error_of(_failure(error, operation), self.place, key)
            if isinstance(ours, BadCredentials):
                _client.cache_clear()  # the next one asks the usual chain again
            raise ours from error


@cache
def _client(endpoint: str, region: str, creating: Creating) -> Any:
    """One of each for a process: making one takes a tenth of a second. It may be used from several threads."""
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region or None,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
            max_pool_connections=2 * _READS,
            # Other servers know buckets by path; AWS knows them by host.
            s3={"addressing_style": "path" if endpoint else "auto"},
            # Every object is sent with its checksum by us; servers that know no trailers are left in peace.
            request_checksum_calculation="when_required",
            # Pieces are read, whose checksums S3 does not keep; who reads all of them compares by itself.
            response_checksum_validation="when_required",
        ),
    )
    listen(client.meta.events, tries=TRIES, creating=creating)
    return client


@cache
def _reads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_READS, thread_name_prefix="s3-read")


def _failure(error: Exception, operation: str) -> Failure:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        return Failure(
            names={str(told.get("Code", ""))},
            status=int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)),
            operation=error.operation_name,
            said=f"{told.get('Code', '')}: {told.get('Message', '')}".strip(": "),
        )
    return Failure(
        names={one.__name__ for one in type(error).__mro__}, status=0, operation=operation, said=str(error).rstrip(".")
    )
