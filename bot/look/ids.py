"""The names on the wire. They stand in windows people still have open: change none, add new ones."""

from enum import StrEnum
from typing import Final

CALLBACK: Final = "look"


class Action(StrEnum):
    APP = "look.app"
    CONTAINER = "look.container"
    ITEM = "look.item"
    BEFORE = "look.before"
    AFTER = "look.after"
    JUMP = "look.jump"
    BACK = "look.back"


class BlockId(StrEnum):
    """Followed by :ID where another choice must not inherit the state of the former one, or to tell rows apart."""

    APP = "app"
    ROW = "row"
    PAGES = "pages"
    STEPS = "steps"
