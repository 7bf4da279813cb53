"""The names on the wire: change none, add new ones."""

from enum import StrEnum


class Action(StrEnum):
    RESTORE = "home.restore"
    ALL = "home.all"
    STATUS = "home.status"
    REFRESH = "home.refresh"
