"""Is every attachment in a pack what it was? Each blob is read once and compared with its blake3."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import pyarrow as pa

from core.archive.blobs import BlobChecker, PackedAttachment
from core.errors import DamagedObject, ObjectNotFound
from core.storage.store import Store

#: What of a pack is read at once.
_WINDOW: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class BlobProblem:
    """An attachment whose bytes are missing or not what they were."""

    key: str  # of the pack's object
    record_key: str
    name: str
    message: str


def verify_pack(store: Store, key: str, attachments: pa.Table) -> Iterator[BlobProblem]:
    """Compare every one of these attachments, all in the pack under `key`, with its blake3; each blob is read once.
    They have, among others, the columns of a PackedAttachment."""
    rows = sorted(map(_Row._make, zip(*(attachments.column(name).to_pylist() for name in _Row._fields), strict=True)))
    try:
        stream = store.open(key)
    except ObjectNotFound:
        yield from _problems(key, rows, f"Pack {key} is missing")
        return
    checker = BlobChecker()
    with closing(stream):
        for window in _windows(next(same) for _, same in groupby(rows, _blob_of)):
            for one in checker.damaged(stream, key, window):
                try:
                    checker.verify_again(store, key, one)
                except DamagedObject as error:
                    same = (row for row in rows if _blob_of(row) == _blob_of(one))
                    yield from _problems(key, same, error.message)


class _Row(NamedTuple):
    """A PackedAttachment that sorts by its place in the pack; those that share a blob stand together."""

    offset: int
    stored_size: int
    blob: str
    size: int
    compressed: bool
    record_key: str
    name: str
    pack: str


_blob_of: Final[Callable[[tuple[Any, ...]], tuple[Any, ...]]] = itemgetter(slice(_Row._fields.index("record_key")))


def _windows(attachments: Iterable[_Row]) -> Iterator[list[_Row]]:
    """Of those that rise by offset, so many small ones together as are read at once: a call for each would cost as much
    as its bytes."""
    window: list[_Row] = []
    for one in attachments:
        if window and one.offset + one.stored_size - window[0].offset > _WINDOW:
            yield window
            window = []
        window.append(one)
    if window:
        yield window


def _problems(key: str, attachments: Iterable[PackedAttachment], message: str) -> Iterator[BlobProblem]:
    for one in attachments:
        yield BlobProblem(key=key, record_key=one.record_key, name=one.name, message=message)
