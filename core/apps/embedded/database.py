"""What differs between the databases in which generations live, besides their words."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

import pyarrow as pa

from core.apps.driver import Place, Shard, ShardState
from core.apps.embedded.session import Select, Session


class ShardDatabase(Protocol):
    """Where the generations of a shard live. Raises what the Driver raises."""

    def prepare(self, shard: Shard) -> ShardState: ...

    def look_at(self, shard: Shard) -> ShardState: ...

    def free_bytes(self, shard: Shard) -> int | None: ...

    def end_sessions(self, shard: Shard, owner: str) -> int: ...

    def make(self, place: Place, *, durable: bool) -> AbstractContextManager[Session]:
        """A transaction in a place that is made if it does not stand. Of two that make it at once, one waits."""
        ...

    def open(self, place: Place, *, durable: bool = False) -> AbstractContextManager[Session]:
        """A place that stands; else ObjectNotFound.

        With `durable` each transaction is on the disk when it ends. Without, it is enough that it survives as long as
        the machine of our process does, until `seal`: staging.
        """
        ...

    def read(self, place: Place, select: Select) -> Iterator[pa.RecordBatch]:
        """The rows in `select.schema`, in bounded memory; ObjectNotFound where the place does not stand."""
        ...

    def index(self, place: Place) -> tuple[str, ...]: ...

    def analyze(self, place: Place) -> None: ...

    def seal(self, place: Place) -> None:
        """What a durable transaction does not put on the disk by itself."""
        ...

    def remove(self, place: Place) -> None:
        """Nothing there is no error."""
        ...
