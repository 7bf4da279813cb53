"""What a view carries: ids only. Everything else lies in the draft's row."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from core.errors import WrongState

#: Raised whenever the meaning changes: a view from before an upgrade is told to be opened again.
VERSION: Final = 1


@dataclass(frozen=True, kw_only=True)
class Metadata:
    draft: str = ""
    #: the draft's version when the view was drawn
    version: int = 0
    #: the wizard's step, or what a list shows
    step: str = ""
    #: a restore or an app
    subject: str = ""
    #: a page of a list, a container, a filter
    detail: str = ""

    def pack(self) -> str:
        fields = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({"v": VERSION, **fields}, separators=(",", ":"))


def unpack(text: Any) -> Metadata:
    """WrongState: from another version of the program, or not ours."""
    try:
        value = json.loads(text)
        version = value.pop("v", None)
        found = Metadata(**value)
    except (ValueError, TypeError, AttributeError) as error:
        raise foreign() from error
    words = (found.draft, found.step, found.subject, found.detail)
    if version != VERSION or not isinstance(found.version, int) or not all(isinstance(one, str) for one in words):
        raise foreign()
    return found


def foreign() -> WrongState:
    """What a window carries is not what this program put there."""
    return WrongState(
        "This window is from another version of Restorebot. Nothing was changed.",
        hint="Close it and begin again with /restore: what you had chosen is still there.",
    )
