"""Stores and drivers that fail at one chosen call."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from core.apps.embedded.driver import EmbeddedDriver
from core.engine import Engine
from core.errors import RestorebotError, StorageUnreachable
from core.storage.location import open_store
from core.storage.store import Store

CALLS = frozenset({"put", "put_file", "get", "open", "copy_from", "stat", "list", "delete", "free_bytes"}) | frozenset(
    {"inspect", "stage", "claim", "loaded_parts", "load", "load_attachments", "index", "read", "read_attachments"}
    | {"broken_references", "seal", "discard", "close", "reopen", "slices", "provisioned", "edits", "analyze"}
)


@dataclass
class Faults:
    """Raises at the call that `breaks` names (`driver.load#2`), and at `lasting` calls in all; counts them all."""

    breaks: str = ""
    error: RestorebotError | None = None
    lasting: int = 1
    calls: list[str] = field(default_factory=list)
    raised: int = 0
    _counts: Counter[str] = field(default_factory=Counter)

    def called(self, what: str) -> None:
        self._counts[what] += 1
        name = f"{what}#{self._counts[what]}"
        self.calls.append(name)
        due = name == self.breaks or (self.raised and what == self.breaks.partition("#")[0])
        if self.error is not None and due and self.raised < self.lasting:
            self.raised += 1
            raise self.error


class Failing:
    """A store or a driver whose calls may fail before they begin."""

    def __init__(self, inner: Any, kind: str, faults: Faults) -> None:
        self._inner = inner
        self._kind = kind
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in CALLS:
            return found

        def call(*args: Any, **named: Any) -> Any:
            self._faults.called(f"{self._kind}.{name}")
            return found(*args, **named)

        return call


def failing(engine: Engine, faults: Faults) -> Engine:
    def stores(url: str) -> Store:
        store: Any = Failing(open_store(url), "store", faults)
        return store

    drivers: Any = {name: Failing(EmbeddedDriver(stores=stores), "driver", faults) for name in engine.drivers}
    return replace(engine, drivers=drivers, open_store=stores)


def unreachable() -> StorageUnreachable:
    return StorageUnreachable("The storage cannot be reached.", hint="Bring it back.")
