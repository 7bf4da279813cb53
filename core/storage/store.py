"""The port to bytes under keys, and its contract."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    key: str
    size: int
    modified: datetime


class Store(Protocol):
    """Objects are bytes under keys; keys are relative paths of `[A-Za-z0-9._@=-]` parts joined by `/`.

    Every implementation guarantees:

    - **create-only**: `put` and `put_file` never overwrite; a taken key raises ObjectExists and changes nothing;
    - **atomic and durable**: an object is there whole, and on the disk with its folder, or not at all; a crash leaves
      no part of it under its key;
    - **read after write**: what `put` has returned from is seen by every later call;
    - errors are told apart: ObjectNotFound, ObjectExists, StorageReadOnly, DiskFull, StorageUnreachable (transient).

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
        """A seekable stream of the object's bytes."""
        ...

    def copy_from(self, source: "Store", source_key: str, key: str) -> str:
        """Create `key` here from an object of another store, and return the blake3 of the bytes that were written.

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
