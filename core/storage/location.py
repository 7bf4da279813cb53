"""A storage's URL → its store."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import UsageError
from core.storage.local import LocalStore
from core.storage.s3_place import SCHEME, parse_place
from core.storage.store import Store


def overlap(one: str, other: str) -> bool:
    """Whether two storages' URLs mean the same place, or one in the other."""
    if one.startswith(f"{SCHEME}:") and other.startswith(f"{SCHEME}:"):
        return parse_place(one).overlaps(parse_place(other))
    return one == other


def open_store(url: str, *, create: bool = False) -> Store:
    """The store at `file:///folder` or `s3://bucket/prefix?…`; with `create` a folder is made if it is not there.

    Without `create` nothing is touched: a place that is not there is told by the store's first use.
    """
    parts = urlsplit(url)
    if parts.scheme == SCHEME:
        from core.storage.s3 import S3Store  # boto3 takes a third of a second, and many installations have no S3

        return S3Store(parse_place(url))
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise UsageError(
            f"{url!r} is not the URL of a storage; nothing was changed.",
            hint="Write a folder's whole path, as in file:///path/to/folder, or s3://bucket/prefix.",
        )
    if parts.query or parts.fragment:
        raise UsageError(
            f"{url!r} has a part behind '?' or '#', which a folder's URL does not have; nothing was changed.",
            hint="Write '?' as %3F and '#' as %23 if they belong to the folder's name.",
        )
    store = LocalStore(Path(unquote(parts.path)))
    if create:
        store.create_root()
    return store
