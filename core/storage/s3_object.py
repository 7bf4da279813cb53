"""What is known of an object in S3: what we computed of its bytes and sent along, and what the server says of it."""

import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, Self

from blake3 import blake3

from core.storage.s3_place import S3Place

_CHUNK: Final = 4 * 1024 * 1024
#: Metadata of every object of ours; the last says which call wrote it.
_BLAKE3, _CRC32, _MARK = "restorebot-blake3", "restorebot-crc32", "restorebot-write"


@dataclass(frozen=True, kw_only=True)
class Digests:
    """Of all bytes of an object."""

    blake3: str  # hexadecimal
    crc32: str  # as S3 writes it: base64

    @classmethod
    def of(cls, stream: BinaryIO) -> Self:
        hasher, crc32 = blake3(), 0
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
            crc32 = zlib.crc32(chunk, crc32)
        return cls(blake3=hasher.hexdigest(), crc32=base64.b64encode(crc32.to_bytes(4)).decode())


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the server knows of an object."""

    size: int
    modified: datetime
    etag: str
    crc32: str | None  # of the whole object, as the server has it
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Self:
        """From the answer to HeadObject or to GetObject; the latter has no checksum if it is of a range. A checksum of
        the parts' checksums says nothing of the bytes in a row."""
        whole = answer.get("ChecksumType", "FULL_OBJECT") == "FULL_OBJECT"
        _, _, size = answer.get("ContentRange", "").rpartition("/")  # of the whole object
        return cls(
            size=int(size or answer["ContentLength"]),
            modified=answer["LastModified"],
            etag=answer["ETag"],
            crc32=answer.get("ChecksumCRC32") if whole else None,
            metadata=answer["Metadata"],
        )

    @property
    def digests(self) -> Digests | None:
        """Those computed when the object was stored, if the server still vouches for the bytes they belong to."""
        known = self.metadata.get(_BLAKE3)
        if known is None or self.crc32 is None or self.metadata.get(_CRC32) != self.crc32:
            return None
        return Digests(blake3=known, crc32=self.crc32)

    @property
    def stored_crc32(self) -> int | None:
        """Of the bytes as they were when they were stored, as far as it is known."""
        known = self.crc32 or self.metadata.get(_CRC32)
        return None if known is None else int.from_bytes(base64.b64decode(known))

    def marked(self, mark: str) -> bool:
        """This very call of ours wrote it."""
        return self.metadata.get(_MARK) == mark


def sent_along(place: S3Place, digests: Digests, mark: str) -> dict[str, Any]:
    """What every new object is given, whoever sends its bytes."""
    given: dict[str, Any] = {"Metadata": {_BLAKE3: digests.blake3, _CRC32: digests.crc32, _MARK: mark}}
    if place.sse is not None:
        given["ServerSideEncryption"] = place.sse.value
    if place.kms_key:
        given["SSEKMSKeyId"] = place.kms_key
    return given
