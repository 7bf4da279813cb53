"""The names on the wire: change none, add new ones."""

from enum import StrEnum
from typing import Final

BLOCK: Final = "restore"
#: The type of the metadata by which a message is found again.
METADATA: Final = "restorebot_event"


class Action(StrEnum):
    CANCEL = "thread.cancel"
    DETAILS = "thread.details"
    LOOK = "thread.look"
