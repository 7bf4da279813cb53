"""The names on the wire. They stand in windows and messages people still have open: change none, add new ones."""

from enum import StrEnum


class Callback(StrEnum):
    START = "restore.start"
    WIZARD = "restore.wizard"
    WAITING = "restore.waiting"
    PROVISION = "restore.provision"
    STARTED = "restore.started"


class Shortcut(StrEnum):
    RESTORE = "restore"


class Action(StrEnum):
    CONTINUE = "restore.continue"
    START_OVER = "restore.start-over"
    BACK = "restore.back"
    ORGANIZATION = "restore.organization"
    APP = "restore.app"
    BACKUP = "restore.backup"
    CONTENTS = "restore.contents"
    CONTAINS_DATA = "restore.contains-data"
    ONLY_SHARD = "restore.only-shard"
    DESTINATION = "restore.destination"
    ALL_SHARDS = "restore.all-shards"
    ANY_DATA = "restore.any-data"
    PROVISION = "restore.provision"
    NAME = "restore.name"
    RESOLVE = "restore.resolve"  # followed by :CODE
    CLEAR_SPACE = "restore.clear-space"
    RUN_AGAIN = "restore.run-again"
    ACKNOWLEDGE = "restore.acknowledge"


class BlockId(StrEnum):
    """Followed by :ID where another choice must not inherit the state of the former one."""

    ORGANIZATION = "organization"
    APP = "app"
    BACKUP = "backup"
    CONTENTS = "contents"
    FILTERS = "filters"
    DESTINATION = "destination"
    WAYS_OUT = "ways-out"
    NAME = "name"
    RESOLVE = "resolve"
    FIX = "fix"
    ACKNOWLEDGE = "acknowledge"
    STEPS = "steps"
