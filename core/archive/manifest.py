"""What a backup's manifest says. It is written last; an archive without one does not exist."""

import json
import types
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Final, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from blake3 import blake3

from core.archive.signing import ALGORITHM, Keyring, Signature
from core.content.record_type import AppType
from core.errors import BadSignature, UnknownFormat

FORMAT_VERSION = 1
#: Features this version can read; none so far.
FEATURES: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class RecordObject:
    """One Parquet file of records, sorted by key."""

    key: str  # storage key
    record_type: str
    rows: int
    size: int  # bytes of the object
    arrow_bytes: int  # bytes of its columns as Arrow, uncompressed
    first_key: str
    last_key: str
    blake3: str


@dataclass(frozen=True, kw_only=True)
class PackObject:
    """One pack of attachments. `id` names the object `packs/<id>`."""

    id: str
    size: int
    blake3: str


@dataclass(frozen=True, kw_only=True)
class AttachmentsIndex:
    """`attachments.parquet`: attachment → blob, pack, offset."""

    key: str
    rows: int
    size: int
    blake3: str


@dataclass(frozen=True, kw_only=True)
class Contains:
    attachments: bool
    users_and_groups: bool
    personal_spaces: bool


@dataclass(frozen=True, kw_only=True)
class NativeCount:
    """Rows of one native kind: `rows` = `records` + `dropped_rows`."""

    rows: int
    records: int
    dropped_rows: int = 0
    dropped_values: int = 0


@dataclass(frozen=True, kw_only=True)
class SourceFact:
    """Something about the backup's own content, found at import, that a finding is made of: the same code, count and
    examples as the finding's."""

    code: str
    subject: str = ""
    count: int = 0
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccessFact:
    """A group and what it opens in the source app: `user` (billable) or `admin`."""

    group: str
    role: str


@dataclass(frozen=True, kw_only=True)
class PersonalSpaces:
    """How much of the backup lies in personal spaces, for the choice to leave them out."""

    containers: int = 0
    records: Mapping[str, int] = field(default_factory=dict)  # per record type
    attachments: int = 0
    attachment_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Manifest:
    format_version: int
    #: features a reader must know to read this archive; an unknown one is refused
    features: tuple[str, ...] = ()
    backup_id: str
    organization: str
    app_id: str
    app_name: str
    app_type: AppType
    shard: str
    region: str
    taken_at: datetime
    exported_at: datetime | None
    complete: bool
    #: what the source lacked, in words; empty when complete
    lacks: tuple[str, ...] = ()
    source: Mapping[str, str] = field(default_factory=dict)
    contains: Contains
    records: Mapping[str, int]  # per record type, every type of the app with at least one
    native: Mapping[str, NativeCount]
    active_objects: Mapping[str, int] = field(default_factory=dict)
    #: uncompressed records (Arrow) and attachments, once per attachment row
    size_bytes: int
    attachments: int  # attachment rows
    attachment_bytes: int  # once per attachment row
    objects: tuple[RecordObject, ...]
    attachments_index: AttachmentsIndex | None
    packs: tuple[PackObject, ...]
    personal: PersonalSpaces = PersonalSpaces()
    facts: tuple[SourceFact, ...] = ()
    access: tuple[AccessFact, ...] = ()


def to_json(manifest: Manifest) -> dict[str, Any]:
    """The manifest as plain JSON values; `from_json` is its inverse. Raises ValueError for a time without a zone."""
    return cast("dict[str, Any]", _plain(manifest))


def from_json(value: Mapping[str, Any]) -> Manifest:
    """Raises UnknownFormat (version and features are looked at first) and ValueError for anything else wrong: a field
    that is missing, is not known, or has a value of another type."""
    _must_be_readable(value)
    return cast("Manifest", _typed(value, Manifest, "manifest"))


def seal(manifest: Manifest, keyring: Keyring) -> bytes:
    """The bytes of `manifest.json`: the manifest and a signature over its canonical JSON."""
    payload = to_json(manifest)
    signature = keyring.sign(canonical(payload))
    stated = {"algorithm": ALGORITHM, "key_id": signature.key_id, "value": signature.value.hex()}
    return canonical({"payload": payload, "signature": stated})


def open_sealed(data: bytes, keyring: Keyring, *, digest: str | None) -> Manifest:
    """Read and verify a manifest's bytes.

    `digest` is the blake3 of the whole file as the catalog keeps it; None where there is no catalog to ask. Raises
    BadSignature when digest or signature does not hold, and UnknownFormat for a newer version or an unknown feature.
    """
    other = digest is not None and blake3(data).hexdigest() != digest
    try:
        document = _parse(data)
        payload, signature = document["payload"], _signature(document)
        if not other:
            _must_be_readable(payload)
        signed = canonical(payload)
        keyring.verify(signed, signature)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadSignature(
            f"The manifest is damaged: it is not what a seal writes ({error}).",
            hint="Choose another backup, or bring the manifest back from a copy of the storage.",
        ) from error
    if other:
        raise BadSignature(
            "An older or other manifest lies there: its signature holds, but it did not seal this backup.",
            hint="Find out who put it there; bring the right one back from a copy of the storage, or choose another "
            "backup.",
        )
    try:
        return _read(signed)
    except ValueError as error:
        raise UnknownFormat(
            f"The manifest's signature holds, but its format is not the one this version reads ({error}).",
            hint="Use the version of Restorebot that made the backup.",
        ) from error


@lru_cache(maxsize=1)
def _read(signed: bytes) -> Manifest:
    """Every part of a restore opens its backup and verifies the signature; the same bytes are the same manifest."""
    return from_json(json.loads(signed))


def canonical(value: Any) -> bytes:
    """One spelling of a JSON value: keys sorted by code point, no space between tokens, UTF-8 without escapes that
    JSON does not demand. Raises ValueError for what has no such spelling."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _parse(data: bytes) -> dict[str, Any]:
    """Refuses every byte that the signature does not cover: repeated keys, spaces, other spellings, further fields."""
    document = json.loads(data, object_pairs_hook=_no_repeated_keys)
    if not isinstance(document, dict) or set(document) != {"payload", "signature"}:
        raise ValueError("it does not consist of payload and signature")
    if canonical(document) != data:
        raise ValueError("it is not spelled canonically")
    return document


def _signature(document: Mapping[str, Any]) -> Signature:
    stated = document["signature"]
    if set(stated) != {"algorithm", "key_id", "value"} or stated["algorithm"] != ALGORITHM:
        raise ValueError(f"its signature is not an {ALGORITHM} one")
    key_id, value = stated["key_id"], stated["value"]
    raw = bytes.fromhex(value)
    if not isinstance(key_id, str) or raw.hex() != value:
        raise ValueError("its signature is not spelled in lower-case hexadecimal digits")
    return Signature(key_id=key_id, value=raw)


def _no_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key stands in it twice")
    return value


def _must_be_readable(payload: Any) -> None:
    stated = payload if isinstance(payload, Mapping) else {}
    version, features = stated.get("format_version"), stated.get("features")
    if type(version) is not int or not isinstance(features, list):
        raise ValueError("it does not say its format version and features")
    hint = "Update Restorebot to the version that made the backup, or a newer one; the backup is not harmed."
    if version > FORMAT_VERSION:
        raise UnknownFormat(
            f"The backup has format version {version}, and this version reads up to {FORMAT_VERSION}.", hint=hint
        )
    if version < 1:
        raise ValueError(f"there is no format version {version}")
    unknown = sorted(str(one) for one in features if one not in FEATURES)
    if unknown:
        raise UnknownFormat(f"The backup uses features this version does not know: {', '.join(unknown)}.", hint=hint)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value}")
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value


def _typed(value: Any, wanted: Any, where: str) -> Any:
    origin, arguments = get_origin(wanted), get_args(wanted)
    if origin in {Union, types.UnionType}:  # only `X | None` occurs
        return None if value is None else _typed(value, arguments[0], where)
    if origin is tuple:
        items = value if isinstance(value, list) else _wrong(where, "a list")
        return tuple(_typed(one, arguments[0], f"{where}[{number}]") for number, one in enumerate(items))
    if origin is Mapping:
        entries = value if isinstance(value, Mapping) else _wrong(where, "an object")
        return {key: _typed(one, arguments[1], f"{where}.{key}") for key, one in entries.items()}
    if is_dataclass(wanted):
        return _record(value, cast("type[Any]", wanted), where)
    if wanted is datetime:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
        return time if time is not None and time.tzinfo is not None else _wrong(where, "a time with its zone")
    if issubclass(wanted, Enum):
        return wanted(value)
    return value if type(value) is wanted else _wrong(where, wanted.__name__)


def _record(value: Any, wanted: type[Any], where: str) -> Any:
    if not isinstance(value, Mapping):
        _wrong(where, "an object")
    hints = _hints(cast("Hashable", wanted))
    names = hints.keys()
    if set(value) != names:
        missing, unknown = sorted(names - set(value)), sorted(set(value) - names)
        raise ValueError(f"{where}: missing fields {missing}, unknown fields {unknown}")
    return wanted(**{name: _typed(value[name], hints[name], f"{where}.{name}") for name in names})


@cache
def _hints(wanted: Any) -> Mapping[str, Any]:
    """Field → its type, which Python evaluates from text anew each time it is asked."""
    hints = get_type_hints(wanted)
    return {one.name: hints[one.name] for one in fields(wanted)}


def _wrong(where: str, wanted: str) -> NoReturn:
    raise ValueError(f"{where} is not {wanted}")
