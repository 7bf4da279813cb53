"""Is a backup what its manifest says? Findings name every object that is not."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import pyarrow as pa
from blake3 import blake3

from core.archive.attachments import INDEX_SCHEMA
from core.archive.layout import backup_prefix, manifest_key, pack_key, read_attempt_key
from core.archive.manifest import Manifest, PackObject, RecordObject
from core.archive.reader import HINT, ArchiveReader
from core.archive.signing import Keyring
from core.archive.verify import verify_pack
from core.errors import BadSignature, DamagedObject, ObjectNotFound, RestorebotError, StorageError, UnknownFormat
from core.findings import Finding, FindingCode, Severity
from core.storage.store import Store

_CHUNK: Final = 4 * 1024 * 1024
#: Rows of the index that are in memory while the packs they lie in are checked; some 10 MB.
_ROWS: Final = 50_000
_EXAMPLES: Final = 5


class Depth(StrEnum):
    """How closely a backup is looked at; each includes the ones before."""

    STRUCTURE = "structure"  # signature, presence and size of every object, no object too many
    HASHES = "hashes"  # blake3 of every object
    CONTENTS = "contents"  # rows, keys and counts of all records, blake3 of every attachment


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`key` was looked at; `done` of `total` bytes have been."""

    key: str
    done: int
    total: int


def check_backup(
    store: Store,
    backup_id: str,
    keyring: Keyring,
    digest: str | None,
    depth: Depth,
    on_object: Callable[[Progress], None] = lambda _: None,
) -> Iterator[Finding]:
    """Open a sealed backup and check it: whatever is the matter becomes a finding."""
    try:
        reader = ArchiveReader(store, backup_id, keyring, digest)
    except UnknownFormat as error:
        yield _finding(FindingCode.BACKUP_FORMAT_VERSION, manifest_key(backup_id), error)
    except (BadSignature, DamagedObject) as error:
        yield _finding(FindingCode.BACKUP_INTEGRITY, manifest_key(backup_id), error)
    except StorageError as error:
        yield _finding(FindingCode.CHECK_NOT_POSSIBLE, manifest_key(backup_id), error)
    else:
        yield from check(reader, depth, on_object)


def check(
    reader: ArchiveReader, depth: Depth, on_object: Callable[[Progress], None] = lambda _: None
) -> Iterator[Finding]:
    """Check the objects of a backup whose manifest holds.

    Every difference is an error `backup.integrity` whose subject is the object's key. When the storage fails, one
    `check.not-possible` says at which object, and the check ends there.
    """
    key = backup_prefix(reader.backup_id)
    total, done = sum(one.size for one in _named_objects(reader.manifest)), 0
    wrong: set[str] = set()
    try:
        for finding in _structure(reader):
            wrong.add(finding.subject)
            yield finding
        if depth is Depth.STRUCTURE:
            return
        for key, size, look in _looks(reader, depth):
            if key not in wrong:  # an object that is missing or too short is named once
                yield from look
            done += size
            on_object(Progress(key=key, done=done, total=total))
    except StorageError as error:
        yield _finding(FindingCode.CHECK_NOT_POSSIBLE, key, error)


@dataclass(frozen=True, kw_only=True)
class _NamedObject:
    key: str
    size: int
    blake3: str


def _named_objects(manifest: Manifest) -> tuple[_NamedObject, ...]:
    index = manifest.attachments_index
    return (
        *(_NamedObject(key=one.key, size=one.size, blake3=one.blake3) for one in manifest.objects),
        *([] if index is None else [_NamedObject(key=index.key, size=index.size, blake3=index.blake3)]),
        *(_NamedObject(key=pack_key(one.id), size=one.size, blake3=one.blake3) for one in manifest.packs),
    )


def _structure(reader: ArchiveReader) -> Iterator[Finding]:
    manifest = reader.manifest
    yield from _totals(manifest)
    named = _named_objects(manifest)
    for one in named:
        try:
            size = reader.store.stat(one.key).size
        except ObjectNotFound:
            yield _damage(one.key, f"{one.key} is missing")
            continue
        if size != one.size:
            yield _damage(one.key, f"{one.key} has {size} bytes instead of {one.size}")
    keys = {one.key for one in named} | {manifest_key(reader.backup_id)}
    leftovers = _Leftovers(manifest)
    for found in reader.store.list(backup_prefix(reader.backup_id)):
        if found.key not in keys and found.key not in leftovers:
            yield _damage(found.key, f"{found.key} is not in the manifest: it was added to the backup")


def _totals(manifest: Manifest) -> Iterator[Finding]:
    """The manifest agrees with itself: what its objects hold adds up to its counts."""
    key = manifest_key(manifest.backup_id)
    rows: Counter[str] = Counter()
    for one in manifest.objects:
        rows[one.record_type] += one.rows
    for record_type in sorted(rows.keys() | manifest.records.keys()):
        stated = manifest.records.get(record_type, 0)
        if rows[record_type] != stated:
            yield _damage(
                key, f"{key} counts {stated} records of {record_type}, and its objects hold {rows[record_type]}"
            )
    index = manifest.attachments_index
    indexed = index.rows if index is not None else 0
    if indexed != manifest.attachments:
        yield _damage(key, f"{key} counts {manifest.attachments} attachments, and its index lists {indexed}")


class _Leftovers:
    """Objects of an attempt that was given up. Attempts rise and the last one is sealed, so such an object's attempt
    is lower than the highest one the manifest counts for its record type (for a type it counts nothing of: for any)."""

    def __init__(self, manifest: Manifest) -> None:
        self._backup_id = manifest.backup_id
        self._highest: dict[str, int] = {}
        keys = [one.key for one in manifest.objects]
        keys += [manifest.attachments_index.key] if manifest.attachments_index else []
        for key in keys:
            if (counted := read_attempt_key(self._backup_id, key)) is not None:
                self._highest[counted.record_type] = max(self._highest.get(counted.record_type, 0), counted.attempt)

    def __contains__(self, key: str) -> bool:
        found = read_attempt_key(self._backup_id, key)
        if found is None:
            return False
        return found.attempt < self._highest.get(found.record_type, max(self._highest.values(), default=0))


def _looks(reader: ArchiveReader, depth: Depth) -> Iterator[tuple[str, int, Iterator[Finding]]]:
    """Key and size of each object, and a look at it."""
    manifest = reader.manifest
    if depth is Depth.HASHES:
        for one in _named_objects(manifest):
            yield one.key, one.size, _hash(reader.store, one.key, one.blake3)
        return
    before: RecordObject | None = None
    for part in manifest.objects:
        yield part.key, part.size, _records(reader, part, before)
        before = part
    index = manifest.attachments_index
    if index is not None:
        yield index.key, index.size, _index(reader)
    for pack, rows in _packs(reader):
        yield pack_key(pack.id), pack.size, check_pack(reader.store, pack, rows)


def _hash(store: Store, key: str, digest: str) -> Iterator[Finding]:
    hasher = blake3()
    with store.open(key) as stream:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
    if hasher.hexdigest() != digest:
        yield _damage(key, f"{key} has other bytes than its manifest says")


def _records(reader: ArchiveReader, part: RecordObject, before: RecordObject | None) -> Iterator[Finding]:
    if before is not None and before.record_type == part.record_type and before.last_key >= part.first_key:
        yield _damage(part.key, f"{part.key} begins at {part.first_key!r}, not behind {before.key}")
    try:
        for _ in reader.batches(part):
            pass
    except DamagedObject as error:
        yield _finding(FindingCode.BACKUP_INTEGRITY, error.key, error)


def _index(reader: ArchiveReader) -> Iterator[Finding]:
    packs = {one.id for one in reader.manifest.packs}
    size = 0
    elsewhere: Counter[str] = Counter()
    try:
        for row in reader.attachments():
            size += row.size
            if row.pack not in packs:
                elsewhere[row.pack] += 1
    except DamagedObject as error:
        yield _finding(FindingCode.BACKUP_INTEGRITY, error.key, error)
        return
    stated = reader.manifest.attachment_bytes
    if size != stated:
        key = manifest_key(reader.backup_id)
        yield _damage(key, f"{key} counts attachments of {stated} bytes, and its index lists {size}")
    for pack, count in sorted(elsewhere.items()):
        yield _damage(pack_key(pack), f"{pack_key(pack)} holds {count} attachments, and is not in the manifest")


def _packs(reader: ArchiveReader) -> Iterator[tuple[PackObject, pa.Table]]:
    """Each pack with the rows of the index that lie in it; so many packs at a time that the rows fit into memory."""
    packs, index = reader.manifest.packs, reader.manifest.attachments_index
    rows = index.rows if index is not None else 0
    step = max(1, len(packs) * _ROWS // max(rows, 1))
    for start in range(0, len(packs), step):
        some = packs[start : start + step]
        try:
            inside = reader.attachments_of([one.id for one in some])
        except DamagedObject:
            # the index is named already; the packs' own hashes still tell
            inside = {one.id: INDEX_SCHEMA.empty_table() for one in some}
        for one in some:
            yield one, inside[one.id]


def check_pack(store: Store, pack: PackObject, rows: pa.Table) -> Iterator[Finding]:
    """Is a pack of a backup what it was, and every attachment in it? `rows` are those of the index that lie in it."""
    key = pack_key(pack.id)
    problems = list(verify_pack(store, key, rows))
    if not problems:
        yield from _hash(store, key, pack.blake3)
        return
    yield _damage(
        key,
        f"{key} is damaged: {len(problems)} of the {rows.num_rows} attachments of this backup in it are not what they"
        " were",
        count=len(problems),
        examples=tuple(one.name for one in problems[:_EXAMPLES]),
    )


def _damage(key: str, what: str, *, count: int = 1, examples: tuple[str, ...] = ()) -> Finding:
    return Finding(
        code=FindingCode.BACKUP_INTEGRITY,
        severity=Severity.ERROR,
        subject=key,
        message=f"{what}; nothing was changed.",
        hint=HINT,
        count=count,
        examples=examples,
    )


def _finding(code: FindingCode, key: str, error: RestorebotError) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, subject=key, message=error.message, hint=error.hint)
