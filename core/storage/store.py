"""The port to bytes under keys, and its contract."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

KEY_PART: Final = re.compile(r"[A-Za-z0-9._@=-]{1,255}")


def key_parts(key: str) -> list[str]:
    """The parts of a key. Raises ValueError for what is no key."""
    parts = key.split("/")
    if any(not KEY_PART.fullmatch(part) or part in {".", ".."} for part in parts):
        raise ValueError(f"not a storage key: {key!r}")
    return parts


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    key: str
    size: int
    modified: datetime


class Store(Protocol):
    """Objects are bytes under keys; keys are relative paths of `[A-Za-z0-9._@=-]` parts joined by `/`.

    Every implementation guarantees:

    - **create-only**: nothing overwrites; a taken key raises ObjectExists and changes nothing. (An S3 server without
      conditional writes can only be asked before; there it rests on names being random and used once.) No key lies
      under another one, as a file does under a folder: who puts `a` and `a/b` may get ObjectExists;
    - **atomic and durable**: an object is there whole, and on the disk with its folder, or not at all; a crash leaves
      no part of it under its key;
    - **read after write**: what `put` has returned from is seen by every later call;
    - errors are told apart, each a StorageError of its own class (core/errors.py); what may pass is transient.

    Stores may be used from several threads.
    """

    #: the location as a URL without credentials, for people and the catalog
    url: str

    def put(self, key: str, data: bytes) -> None: ...

    def put_file(self, key: str, path: Path) -> None:
        """Store a local file. The file may be moved into the store or copied; the caller does not use it afterwards."""
        ...

    def get(self, key: str) -> bytes:
        """The whole object. For small objects only."""
        ...

    def open(self, key: str) -> BinaryIO:
        """A seekable stream of the object's bytes, in bounded memory. Reading raises the store's errors, also when the
        object is found to be another one than when it was opened."""
        ...

    def copy_from(self, source: "Store", source_key: str, key: str) -> None:
        """Create `key` here from an object of another store.

        Where a server copies without handing out the bytes, its checksum of the whole object is the same when that was
        first stored, of the source now, and of the copy. Else nothing is said of the bytes. Who publishes what was
        copied reads it first.

        Never by a hard link: what protects must not share its bytes with what it protects.
        """
        ...

    def stat(self, key: str) -> ObjectInfo: ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object whose key starts with `prefix`, sorted by key."""
        ...

    def delete(self, key: str) -> None:
        """Deleting what is not there is no error."""
        ...

    def free_bytes(self) -> int | None:
        """Bytes that still fit, or None where there is no such limit."""
        ...
