"""Can a storage do what it must? Asked when it is connected, and by doctor."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from os import urandom
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from core.errors import AccessDenied, NotSupported, ObjectExists, ObjectNotFound, StorageError, StorageUnfit
from core.storage.location import open_store
from core.storage.s3_place import SCHEME, Creating
from core.storage.store import Store

if TYPE_CHECKING:
    from core.storage.s3 import S3Store

_PREFIX: Final = "check/"
_REFUSE: Final = "refuse to overwrite"
#: No upload and no check takes this long: what is older belongs to nobody.
_ABANDONED: Final = timedelta(days=1)


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"  # it works, with less
    BAD = "bad"


@dataclass(frozen=True, kw_only=True)
class Look:
    what: str
    verdict: Verdict
    said: str
    do: str = ""
    code: str = ""  # of the error, where it is bad


def connect(url: str, now: datetime) -> str:
    """Make sure that the store at a URL can be used, and return the URL to keep.

    A folder is made if it is not there. An S3 server that does not refuse to overwrite is told so in the URL: names are
    then looked up before they are written. Raises StorageUnfit, naming everything that fails.
    """
    store = open_store(url, create=True)
    wrong = _wrong(store, now)
    if any(one.what == _REFUSE or one.code == NotSupported.code for one in wrong):
        place = replace(_s3(store).place, creating=Creating.LOOK_FIRST)
        store = open_store(place.url)
        wrong = _wrong(store, now)
    if wrong:
        raise StorageUnfit(
            f"The storage {_s3(store).place.name} cannot be used; nothing was made. "
            + " ".join(f"To {one.what}: {one.said}" for one in wrong),
            hint=" ".join(dict.fromkeys(one.do for one in wrong if one.do)),
        )
    return store.url


def _wrong(store: Store, now: datetime) -> list[Look]:
    return [one for one in look(store, now) if one.verdict is Verdict.BAD]


def look(store: Store, now: datetime) -> Iterator[Look]:
    """What a store in S3 can do, tried out on an object of its own under `check/`, which is gone afterwards. Nothing is
    to be tried of a folder."""
    if not store.url.startswith(f"{SCHEME}:"):
        return
    s3, key, data = _s3(store), f"{_PREFIX}{uuid4().hex}", urandom(64)
    written = _tried("write", lambda: s3.put(key, data))
    yield written
    if written.verdict is Verdict.BAD and written.code != AccessDenied.code:
        return  # whatever it is, it would be told again of everything else
    if written.verdict is Verdict.BAD:
        yield _tried("list", lambda: _listed(s3, None, now))
        return
    yield _tried("read", lambda: _must(s3.get(key) == data, "Other bytes are read than were written"))
    yield _tried("list", lambda: _listed(s3, key, now))
    yield _tried(_REFUSE, lambda: _refused(s3, key))
    yield _tried("keep checksums", lambda: _checksums(s3, key))
    yield _tried("end stale uploads", lambda: _uploads(s3, now))
    yield _tried("delete", lambda: _deleted(s3, key))


class _Less(Exception):
    """It works, with less."""

    def __init__(self, said: str, do: str) -> None:
        super().__init__(said)
        self.said = said
        self.do = do


def _tried(what: str, call: Callable[[], None]) -> Look:
    try:
        call()
    except _Less as less:
        return Look(what=what, verdict=Verdict.WARNING, said=less.said, do=less.do)
    except StorageError as error:
        return Look(what=what, verdict=Verdict.BAD, said=error.message, do=error.hint, code=error.code)
    return Look(what=what, verdict=Verdict.OK, said="It works.")


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise StorageError(f"{what}.", hint="Find out what lies between here and the storage: a cache, a mirror?")


def _listed(store: "S3Store", key: str | None, now: datetime) -> None:
    """Probes that a check left behind are removed."""
    found = list(store.list(_PREFIX))
    for one in found:
        if one.modified < now - _ABANDONED:
            store.delete(one.key)
    _must(key is None or key in {one.key for one in found}, "What was written is not listed")


def _refused(store: "S3Store", key: str) -> None:
    if store.place.creating is Creating.LOOK_FIRST:
        raise _Less(
            "The server does not; names are looked up before they are written, and are random and used once.",
            "Nothing has to be done; a server with conditional writes (If-None-Match) is better.",
        )
    for write in (_put, _put_in_parts):
        try:
            write(store, key)
        except ObjectExists:
            continue
        raise StorageError(
            "The server overwrites objects although it is asked not to (If-None-Match).",
            hint="Find out what changed at the server, or connect the storage anew: then names are looked up before.",
        )


def _put(store: "S3Store", key: str) -> None:
    store.put(key, b"second")


def _put_in_parts(store: "S3Store", key: str) -> None:
    from core.storage.s3 import S3Store

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe"
        path.write_bytes(b"second")
        S3Store(store.place, parts_from=1).put_file(key, path)


def _checksums(store: "S3Store", key: str) -> None:
    if not store.vouches(key):
        raise _Less(
            "The server keeps none of whole objects: bytes are compared here as they are read, and packs are not "
            "copied on the server side.",
            "Nothing has to be done; a server with checksums is better.",
        )


def _uploads(store: "S3Store", now: datetime) -> None:
    """Those that nobody ends cost, and harm nothing."""
    try:
        store.abort_uploads(now - _ABANDONED)
    except StorageError as error:
        raise _Less(error.message, error.hint) from error


def _deleted(store: "S3Store", key: str) -> None:
    store.delete(key)
    try:
        store.stat(key)
    except ObjectNotFound:
        return
    _must(False, "What was deleted is still there")


def _s3(store: Store) -> "S3Store":
    from core.storage.s3 import S3Store  # see location.py

    if not isinstance(store, S3Store):
        raise TypeError(f"{store.url} is no store in S3")
    return store
