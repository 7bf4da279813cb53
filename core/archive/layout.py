"""Spells every key of the archive, and reads them back."""

import re
from base64 import b32encode
from dataclasses import dataclass
from os import urandom
from typing import Final

INBOX_PREFIX: Final = "inbox/"
PACKS_PREFIX: Final = "packs/"
BACKUPS_PREFIX: Final = "backups/"


def backup_prefix(backup_id: str) -> str:
    """All objects of one backup but its packs."""
    return f"{BACKUPS_PREFIX}{backup_id}/"


def manifest_key(backup_id: str) -> str:
    return f"{backup_prefix(backup_id)}manifest.json"


def record_key(backup_id: str, record_type: str, number: int, attempt: int) -> str:
    return f"{backup_prefix(backup_id)}records/{record_type}/{number:05}-{attempt}.parquet"


def attachments_key(backup_id: str, attempt: int) -> str:
    return f"{backup_prefix(backup_id)}attachments-{attempt}.parquet"


def pack_key(pack_id: str) -> str:
    return f"{PACKS_PREFIX}{pack_id}"


def generation_pack_key(generation: str, pack_id: str) -> str:
    """A pack in a shard's attachment store."""
    return f"{generation}/{pack_id}"


def inbox_key(run_id: str, name: str) -> str:
    """Where an import's files wait, so that a worker on any machine can read them."""
    return f"{INBOX_PREFIX}{run_id}/{name}"


def new_pack_id() -> str:
    """Fresh and random: 130 bits, 26 characters of base32 in lower case. A pack id is never written twice."""
    return b32encode(urandom(17)).decode("ascii").lower()[:26]


@dataclass(frozen=True, kw_only=True)
class AttemptKey:
    """What a key that ends in an attempt says of itself."""

    record_type: str  # "" for the index of attachments
    number: int  # 0 for the index of attachments
    attempt: int


_ATTEMPT_KEY: Final = re.compile(
    r"(?:records/(?P<record_type>[A-Za-z0-9._@=-]+)/(?P<number>[0-9]{5,})|attachments)-(?P<attempt>[0-9]+)\.parquet"
)


def read_attempt_key(backup_id: str, key: str) -> AttemptKey | None:
    """None for a key that is not of this backup, or names neither records nor an index."""
    prefix = backup_prefix(backup_id)
    match = _ATTEMPT_KEY.fullmatch(key.removeprefix(prefix)) if key.startswith(prefix) else None
    if match is None:
        return None
    return AttemptKey(
        record_type=match["record_type"] or "", number=int(match["number"] or 0), attempt=int(match["attempt"])
    )
