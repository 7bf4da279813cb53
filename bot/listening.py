"""How listeners hand over: acknowledge first, then do the work where an error finds its way to the person."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.bot import Bot
from bot.errors import tell
from bot.identity import Caller, caller_of
from bot.work import Task

Doing = Callable[[Caller], None]


def hand_over(bot: Bot, body: Mapping[str, Any], doing: Doing, *, view_id: str = "") -> None:
    """`doing` runs after the acknowledgement, for one person one after the other."""
    caller = caller_of(body)
    in_turn(bot, caller, lambda: doing(caller), view_id=view_id or caller.window)


def in_turn(bot: Bot, caller: Caller, task: Task, *, view_id: str) -> None:
    """After what the person asked for before, and before what they ask for next."""

    def told() -> None:
        try:
            task()
        except Exception as error:  # noqa: BLE001 - whatever it is, the person is told, and the log keeps the trace
            tell(bot, caller, error, view_id=view_id)

    bot.work.hand_over(caller.identity, told)
