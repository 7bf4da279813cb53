"""Where an S3 store lies, and its URL: `s3://bucket/prefix?endpoint=…&region=…`. Credentials are never part of it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from core.errors import UsageError
from core.storage.store import key_parts

SCHEME: Final = "s3"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_REGION: Final = re.compile(r"[a-z0-9-]+")
_HINT: Final = (
    "Write it as s3://bucket/prefix, with endpoint, region, sse and kms_key behind '?' where they are needed; "
    "credentials come from the environment or from AWS's own files."
)


class Encryption(StrEnum):
    """At rest, by the server."""

    AES256 = "AES256"
    KMS = "aws:kms"


class Creating(StrEnum):
    """What keeps an object from being overwritten."""

    CONDITIONAL = "conditional"  # the server refuses, by If-None-Match
    LOOK_FIRST = "look-first"  # for servers that do not: best effort, since another writer may come in between


@dataclass(frozen=True, kw_only=True)
class S3Place:
    """Raises UsageError for values that cannot be."""

    bucket: str
    prefix: str  # keys that are not under it are not ours
    endpoint: str = ""  # empty: AWS
    region: str = ""  # empty: as the usual chain has it
    sse: Encryption | None = None
    kms_key: str = ""
    creating: Creating = Creating.CONDITIONAL

    def __post_init__(self) -> None:
        _must(bool(_BUCKET.fullmatch(self.bucket)), f"{self.bucket!r} cannot be the name of a bucket")
        try:
            key_parts(self.prefix)
        except ValueError as error:
            raise _refused(
                f"{self.prefix!r} cannot be the prefix of a storage: it takes parts of letters, digits and ._@=- "
                "joined by '/', and at least one, so that nobody else's objects are taken for ours"
            ) from error
        if self.endpoint:
            parts = urlsplit(self.endpoint)
            _must("@" not in parts.netloc, "The endpoint has a name or a password in it")
            plain = parts.scheme in {"http", "https"} and parts.hostname and not (parts.path or parts.query)
            _must(bool(plain), f"{self.endpoint!r} cannot be an endpoint, such as https://s3.example.com")
        _must(not self.region or bool(_REGION.fullmatch(self.region)), f"{self.region!r} cannot be a region")
        _must(not self.kms_key or self.sse is Encryption.KMS, "A KMS key is for the encryption aws:kms only")

    @property
    def name(self) -> str:
        """For sentences."""
        return f"{SCHEME}://{self.bucket}/{self.prefix}"

    @property
    def url(self) -> str:
        given = {
            "endpoint": self.endpoint,
            "region": self.region,
            "sse": self.sse.value if self.sse else "",
            "kms_key": self.kms_key,
            "creating": "" if self.creating is Creating.CONDITIONAL else self.creating.value,
        }
        query = urlencode({name: value for name, value in given.items() if value}, safe=":/", quote_via=quote)
        return f"{self.name}?{query}" if query else self.name

    def overlaps(self, other: Self) -> bool:
        """They are the same place, however it is read and written, or one lies in the other."""
        mine, others = f"{self.prefix}/", f"{other.prefix}/"
        nested = mine.startswith(others) or others.startswith(mine)
        return nested and (self.endpoint, self.bucket) == (other.endpoint, other.bucket)


def parse_place(url: str) -> S3Place:
    """Raises UsageError; its message never repeats what may be a secret."""
    parts = urlsplit(url)
    _must(parts.scheme == SCHEME, "That is not the URL of a storage in S3")
    _must("@" not in parts.netloc, "The URL of a storage in S3 has a name or a password in it")
    _must(not parts.fragment, "The URL of a storage in S3 has a part behind '#'")
    try:
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _refused("What stands behind '?' in the URL of a storage in S3 cannot be read") from error
    given = dict(pairs)
    _must(len(given) == len(pairs), "The URL of a storage in S3 names something twice")
    unknown = sorted(given.keys() - {"endpoint", "region", "sse", "kms_key", "creating"})
    _must(not unknown, f"The URL of a storage in S3 names {', '.join(unknown)}, which it does not have")
    return S3Place(
        bucket=parts.netloc,
        prefix=parts.path.strip("/"),
        endpoint=given.get("endpoint", "").rstrip("/"),
        region=given.get("region", ""),
        sse=encryption(given["sse"]) if "sse" in given else None,
        kms_key=given.get("kms_key", ""),
        creating=_creating(given.get("creating", Creating.CONDITIONAL)),
    )


def encryption(word: str) -> Encryption:
    """Raises UsageError."""
    _must(word in set(Encryption), f"{word!r} is no encryption S3 has; there are {' and '.join(Encryption)}")
    return Encryption(word)


def _creating(word: str) -> Creating:
    _must(word in set(Creating), f"{word!r} is no way of creating objects; there are {' and '.join(Creating)}")
    return Creating(word)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise _refused(what)


def _refused(what: str) -> UsageError:
    return UsageError(f"{what}; nothing was changed.", hint=_HINT)
