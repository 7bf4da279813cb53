"""What an S3 server, or the way to it, answered → an error of ours, in words."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Final

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
from core.storage.s3_place import S3Place


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What was tried and what came of it."""

    #: the server's error code; where none answered, the names of what was raised, the most special one included
    names: Set[str]
    status: int  # of HTTP; 0 where no server answered
    operation: str  # as S3 names it, such as PutObject
    said: str  # by the server or the library

    @property
    def writing(self) -> bool:
        return self.operation not in _READING


_READING: Final = frozenset({"GetObject", "HeadObject", "ListObjectsV2", "ListMultipartUploads"})

#: Operations that are sent with If-None-Match; all others with a condition are sent with If-Match.
_CREATING: Final = frozenset({"PutObject", "CompleteMultipartUpload"})

#: What a bucket's policy or an account's must allow for an operation.
PERMISSIONS: Final = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "DeleteObject": "s3:DeleteObject",
    "CopyObject": "s3:GetObject on the source and s3:PutObject",
    "UploadPartCopy": "s3:GetObject on the source and s3:PutObject",
}

_BETWEEN: Final = "Start again or resume. If it happens again, look for what lies between here and the server."
_NO_CREDENTIALS: Final = frozenset({"NoCredentialsError", "PartialCredentialsError", "NoAuthTokenError"})
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
_BAD_CREDENTIALS: Final = frozenset(
    {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AuthFailure", "InvalidSecurity", "NotSignedUp"}
    | {"CredentialRetrievalError", "TokenRetrievalError", "SSOError", "LoginError", "ProfileNotFound"}
    | {"UnknownCredentialError", "MetadataRetrievalError", "ConfigParseError", "UnknownTokenProviderError"}
)
_OTHER_REGION: Final = frozenset(
    {"PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
    | {"NoRegionError", "InvalidRegionError"}
)
_SKEWED: Final = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
_CHANGED_BYTES: Final = frozenset(
    {"BadDigest", "XAmzContentSHA256Mismatch", "InvalidDigest", "IncompleteBody", "FlexibleChecksumError"}
)
_CUT_SHORT: Final = frozenset({"IncompleteReadError", "ResponseStreamingError"})
_FULL: Final = frozenset({"QuotaExceeded", "StorageFull", "InsufficientStorage", "XMinioStorageFull", "EntityTooLarge"})
_BROKEN: Final = frozenset({"HTTPClientError", "ConnectionError", "SSLError"}) | _CUT_SHORT
#: Passing states of one object.
_CONFLICTS: Final = frozenset({"ConditionalRequestConflict", "OperationAborted", "NoSuchUpload"})
_NO_WAY: Final = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})


class EmptyRange(StorageError):
    """What was asked for lies behind the object's last byte. Never shown: an empty object has no bytes to ask for."""


def taken(place: S3Place, key: str) -> ObjectExists:
    return ObjectExists(
        f"{_named(place, key)} is there already; it was not changed.",
        hint="Nothing is ever overwritten in a storage: use another key.",
    )


def missing(place: S3Place, key: str) -> ObjectNotFound:
    return ObjectNotFound(
        f"{_named(place, key)} is not there; nothing was changed.",
        hint="It was deleted or never written: bring it back, or choose another backup.",
    )


def changed_on_the_way(place: S3Place, key: str) -> WrongChecksum:
    return WrongChecksum(
        f"{_named(place, key)} did not pass whole: its checksum is not that of the bytes; nothing was changed.",
        hint=_BETWEEN,
    )


def error_of(failure: Failure, place: S3Place, key: str) -> StorageError:
    """`key` is empty for what concerns the whole storage."""
    what = _named(place, key)
    unchanged = "it was not changed" if failure.writing else "nothing was changed"
    server = place.endpoint or "S3"
    names = failure.names
    if names & (_NO_CREDENTIALS | _EXPIRED | _BAD_CREDENTIALS):
        return _credentials(failure, what, unchanged)
    if names & _SKEWED:
        return ClockSkew(
            f"{what} was refused by {server}: this machine's clock is too far from the server's; {unchanged}.",
            hint="Set the clock right (timedatectl shows it), then start again or resume.",
        )
    if "NoSuchBucket" in names:
        return BucketMissing(
            f"{what} cannot be used: {server} has no bucket {place.bucket}; {unchanged}.",
            hint="Bring the bucket back, or see whether endpoint and name are right: restorebot storage list.",
        )
    if names & _OTHER_REGION or failure.status in {301, 307}:
        return WrongRegion(
            f"{what} cannot be used with the region {place.region or 'of this account'}: its bucket is in another one "
            f"({failure.said}); {unchanged}.",
            hint="Give the bucket's own region: --region of storage create, or region= in the URL.",
        )
    if names & _CHANGED_BYTES:
        return WrongChecksum(
            f"{what} did not pass whole: its checksum is not that of the bytes ({failure.said}); {unchanged}.",
            hint=_BETWEEN,
        )
    if any(name.startswith("KMS.") for name in names) or "kms:" in failure.said:
        return EncryptionRefused(
            f"{what} was refused by {server}: the key for its encryption cannot be used ({failure.said}); {unchanged}.",
            hint="Enable the key, and let this account use it: kms:GenerateDataKey and kms:Decrypt.",
        )
    if names & _FULL or failure.status == 507:
        return DiskFull(
            f"{what} was not written: the server takes no more ({failure.said}).",
            hint="Free some space or raise the quota, then start again.",
        )
    if names & _CONFLICTS:
        return StorageUnreachable(
            f"{what} was not written: somebody else worked on it at the same moment ({failure.said}).",
            hint="Start again or resume.",
        )
    return _by_status(failure, place, key, unchanged)


def _by_status(failure: Failure, place: S3Place, key: str, unchanged: str) -> StorageError:
    what, server = _named(place, key), place.endpoint or "S3"
    names = failure.names
    match failure.status:
        case 403 | 401:
            permission = PERMISSIONS.get(failure.operation, "s3:PutObject")
            return AccessDenied(
                f"{what} is out of this account's reach: {server} denies it {failure.operation} ({failure.said}); "
                f"{unchanged}.",
                hint=f"Allow it {permission}; README.md, section S3, has all it takes.",
            )
        case 404:
            return missing(place, key)
        case 412 if failure.operation in _CREATING:
            return taken(place, key)
        case 412:
            return WrongChecksum(
                f"{what} became another one while it was read; {unchanged}.",
                hint="Find out who writes there: nothing but Restorebot may. Then start again.",
            )
        case 416:
            return EmptyRange(f"{what} has no such bytes; nothing was changed.")
        case 405 | 501:
            return NotSupported(
                f"{what} cannot be used: {server} does not do {failure.operation} as it was asked ({failure.said}); "
                f"{unchanged}.",
                hint="restorebot doctor says what the server can do and what it cannot.",
            )
        case 429 | 500 | 502 | 503 | 504:
            return _unreachable(failure, what, unchanged, server)
        case 0 if names & _BROKEN:
            return _unreachable(failure, what, unchanged, server)
    return StorageError(
        f"{what} could not be used: {failure.operation} ended with {failure.said} ({failure.status}); {unchanged}.",
        hint="restorebot doctor looks at the storage again.",
    )


def _named(place: S3Place, key: str) -> str:
    return f"Object {key!r} in the storage {place.name}" if key else f"The storage {place.name}"


def _credentials(failure: Failure, what: str, unchanged: str) -> BadCredentials:
    if failure.names & _NO_CREDENTIALS:
        why = "there are no credentials for S3 here"
    elif failure.names & _EXPIRED:
        why = "the credentials have expired"
    else:
        why = f"the credentials do not hold ({failure.said})"
    return BadCredentials(
        f"{what} cannot be used: {why}; {unchanged}.",
        hint="Give credentials as AWS's own tools take them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or "
        "the machine's role), then start again or resume.",
    )


def _unreachable(failure: Failure, what: str, unchanged: str, server: str) -> StorageUnreachable:
    if "SSLError" in failure.names:
        return StorageUnreachable(
            f"{what} cannot be reached: the certificate of {server} does not hold ({failure.said}); {unchanged}.",
            hint="Set the server's certificate right, or name its authority in AWS_CA_BUNDLE.",
        )
    if failure.names & _CUT_SHORT:
        why = f"the answers of {server} were cut short"
    elif "ReadTimeoutError" in failure.names:
        why = f"{server} did not answer in time"
    elif failure.names & _NO_WAY:
        why = f"there is no way to {server}"
    elif failure.status:
        why = f"{server} is busy or out of order ({failure.said})"
    else:
        why = f"the connection to {server} broke"
    return StorageUnreachable(
        f"{what} cannot be reached: {why}, several times in a row; {unchanged}.",
        hint="See whether the server and the way to it are up, then start again or resume.",
    )
