"""Windows: opened before anything is looked up, and drawn again in place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk.models.views import View

from bot.blocks import lines, plain
from bot.bot import Bot
from bot.client import ViewGone, call
from bot.errors import tell
from bot.identity import Caller


@dataclass(frozen=True, kw_only=True)
class Window:
    """A view that is open, as it was seen."""

    id: str
    #: Slack refuses to draw over what has changed since; "" draws over whatever is there
    hash: str = ""

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Window":
        """The one a request was made in."""
        return cls(id=str(body["view"]["id"]), hash=str(body["view"].get("hash") or ""))


def open_window(bot: Bot, caller: Caller, title: str, fill: Callable[[Window], None]) -> None:
    """An empty window at once, since the trigger lives three seconds; then `fill` draws it. It lies on the window the
    request was made in, if any. What goes wrong from there on is told in it. Raises SlackError where none opens."""
    method = bot.client.views_push if caller.window else bot.client.views_open
    answer = call(method, trigger_id=caller.trigger, view=waiting_view(title))
    window = Window(id=str(answer["view"]["id"]), hash=str(answer["view"].get("hash") or ""))
    try:
        fill(window)
    except Exception as error:  # noqa: BLE001 - whatever it is, the person is told, and the log keeps the trace
        tell(bot, caller, error, view_id=window.id)


def redraw(bot: Bot, window: Window, view: View) -> None:
    """One that was closed, or that a later request has drawn already, is left as it is."""
    known = {"hash": window.hash} if window.hash else {}
    try:
        call(bot.client.views_update, view_id=window.id, view=view, **known)
    except ViewGone:
        return


def waiting_view(title: str) -> View:
    return View(
        type="modal",
        callback_id="waiting",
        title=plain(title),
        close=plain("Close"),
        blocks=[lines("One moment: looking it up. If this stays, close it and ask again; nothing is changed by it.")],
    )
