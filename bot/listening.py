"""How listeners hand over: acknowledge first, then do the work where an error finds its way to the person."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.bot import Bot
from bot.errors import tell
from bot.identity import Caller, caller_of

Doing = Callable[[Caller], None]


def hand_over(bot: Bot, body: Mapping[str, Any], doing: Doing, *, view_id: str = "", long: bool = False) -> None:
    """`doing` runs after the acknowledgement, for one person one after the other; a long one beside the others."""
    caller = caller_of(body)
    view_id = view_id or caller.window

    def task() -> None:
        try:
            doing(caller)
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told, and the log keeps the trace
            tell(bot, caller, error, view_id=view_id)

    if long:
        bot.work.side_by_side(task)
    else:
        bot.work.hand_over(caller.identity, task)
