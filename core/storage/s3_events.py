"""What requests to S3 get beside what their callers say. The transfer manager makes requests of its own, and passes on
neither conditions nor the type of a checksum; so these are added where every request comes by."""

from functools import partial
from typing import Any, Final

from core.storage.s3_place import Creating

_CHANGED: Final = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody"})
_CONFLICT: Final = frozenset({"ConditionalRequestConflict", "OperationAborted"})


def listen(events: Any, *, tries: int, creating: Creating) -> None:
    """To the events of a client."""
    events.register("needs-retry.s3", partial(_sent_again, tries=tries))
    events.register("before-parameter-build.s3.CreateMultipartUpload", _whole_checksum)
    if creating is Creating.CONDITIONAL:
        for operation in ("PutObject", "CompleteMultipartUpload"):
            events.register(f"before-parameter-build.s3.{operation}", _create_only)


def _create_only(params: dict[str, Any], **_: Any) -> None:
    params["IfNoneMatch"] = "*"


def _whole_checksum(params: dict[str, Any], **_: Any) -> None:
    """Not one of the parts' checksums, which is what copies in parts would get."""
    if "ChecksumAlgorithm" in params:
        params["ChecksumType"] = "FULL_OBJECT"


def _sent_again(response: Any, operation: Any, attempts: int, *, tries: int, **_: Any) -> float | None:
    """Bytes that were changed or lost on their way up, and a conflict with another writer, are worth another try, which
    botocore does not make by itself. Returns the pause in seconds."""
    code = response[1].get("Error", {}).get("Code") if response is not None else None
    lost = operation.name in {"PutObject", "UploadPart"} and code in _CHANGED
    return 0.1 * 2**attempts if (lost or code in _CONFLICT) and attempts < tries else None
