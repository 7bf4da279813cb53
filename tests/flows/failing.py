"""An installation of which a store or a driver fails where a test wants it to."""

from typing import Any

from core.errors import RestorebotError
from core.storage.store import Store
from tests.flows.world import World


class Failing:
    """Something of which some methods fail, on chosen first arguments; all else is as it was."""

    def __init__(self, real: Any, error: RestorebotError, methods: tuple[str, ...], key: str = "") -> None:
        self._real, self._error, self._methods, self._key = real, error, methods, key

    def __getattr__(self, name: str) -> Any:
        if name not in self._methods:
            return getattr(self._real, name)

        def method(*args: Any, **values: Any) -> Any:
            if self._key in str(args[0]):
                raise self._error
            return getattr(self._real, name)(*args, **values)

        return method


def failing_store(world: World, error: RestorebotError, methods: tuple[str, ...], key: str = "") -> World:
    real = world.engine.open_store

    def open_store(url: str) -> Store:
        store: Any = Failing(real(url), error, methods, key)
        return store

    return world.with_engine(open_store=open_store)


def failing_driver(world: World, error: RestorebotError, *methods: str) -> World:
    driver: Any = Failing(world.engine.drivers["embedded"], error, methods)
    return world.with_engine(drivers={"embedded": driver})
