"""The names on the wire. They stand in windows people still have open: change none, add new ones."""

from enum import StrEnum


class Callback(StrEnum):
    TABLE = "restores.table"
    STATUS = "restores.status"
    CANCEL = "restores.cancel"


class Action(StrEnum):
    STATUS_FILTER = "restores.status-filter"
    APP_FILTER = "restores.app-filter"
    ALL_APPS = "restores.all-apps"
    NEWER = "restores.newer"
    OLDER = "restores.older"
    REFRESH = "restores.refresh"
    DETAILS = "restores.details"
    TO_TABLE = "restores.to-table"
    CHOOSE = "restores.choose"
    CANCEL = "restores.cancel-run"
    RESUME = "restores.resume"
    LOOK = "restores.look"
    JSON = "restores.json"
    CSV = "restores.csv"


class BlockId(StrEnum):
    """Followed by :ID where another choice must not inherit the state of the former one, or to tell rows apart."""

    FILTERS = "filters"
    ROW = "row"
    PAGES = "pages"
    STEPS = "steps"
    FILES = "files"
