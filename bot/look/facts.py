"""What the windows show: values without a database behind them."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.metadata import Metadata, foreign
from core.catalog.apps import App
from core.database.pages import Page
from core.look.values import Container, Item, ItemView


@dataclass(frozen=True, kw_only=True)
class Where:
    """What a window shows, and what led there."""

    app: str = ""
    #: the first of the containers shown; record key of the one that was opened
    containers_at: int = 0
    container: str = ""
    #: the first of the items shown; record key of the one that was opened; which page of it
    items_at: int = 0
    item: str = ""
    page: int = 0

    def pack(self) -> str:
        found = {name: value for name, value in asdict(self).items() if value and name != "app"}
        return Metadata(step="look", subject=self.app, detail=json.dumps(found, separators=(",", ":"))).pack()

    @classmethod
    def of(cls, metadata: Metadata) -> "Where":
        """WrongState: not ours."""
        try:
            value: Any = json.loads(metadata.detail or "{}")
            found = cls(app=metadata.subject, **value)
        except (ValueError, TypeError) as error:
            raise foreign() from error
        places, keys = (found.containers_at, found.items_at, found.page), (found.container, found.item)
        if not all(isinstance(one, int) and one >= 0 for one in places) or not all(
            isinstance(one, str) for one in keys
        ):
            raise foreign()
        return found

    def back(self) -> "Where":
        if self.item:
            return replace(self, item="", page=0)
        return replace(self, container="", items_at=0) if self.container else Where()

    def turned(self, to: int) -> "Where":
        """Another page of what is shown."""
        if self.item:
            return replace(self, page=to)
        return replace(self, items_at=to) if self.container else replace(self, containers_at=to)


@dataclass(frozen=True, kw_only=True)
class Containers:
    where: Where
    app: App
    listed: Page[Container]


@dataclass(frozen=True, kw_only=True)
class Items:
    where: Where
    app: App
    container: Container
    listed: Page[Item]


@dataclass(frozen=True, kw_only=True)
class Opened:
    where: Where
    app: App
    view: ItemView
