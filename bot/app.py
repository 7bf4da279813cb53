"""The Bolt app: which request goes to which journey."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import App, BoltResponse
from slack_sdk import WebClient

from bot import usage
from bot.bot import Bot
from bot.client import make_client
from bot.commands import COMMANDS, Command
from bot.errors import problem_of, problem_view, tell
from bot.home import listeners as home_listeners
from bot.identity import Accounts, caller_of
from bot.listening import hand_over
from bot.look import listeners as look_listeners
from bot.restore import listeners as restore_listeners
from bot.restores import listeners as restores_listeners
from bot.settings import SlackSettings
from bot.threads import listeners as thread_listeners
from bot.work import Work
from core.engine import Engine
from core.errors import UsageError, WrongState

log = logging.getLogger(__name__)

Body = Mapping[str, Any]
_ANYTHING = re.compile(r"[\s\S]*")


def build_bot(engine: Engine, settings: SlackSettings, client: WebClient | None = None) -> Bot:
    client = client or make_client(token=settings.bot_token.get_secret_value(), base_url=settings.base_url)
    return Bot(engine=engine, client=client, accounts=Accounts(engine, client), work=Work(), settings=settings)


def build_app(bot: Bot) -> App:
    """Listeners run before the response and only hand over: so nothing races with the acknowledgement."""
    app = App(
        client=bot.client,
        signing_secret=bot.settings.signing_secret.get_secret_value() or None,
        process_before_response=True,
        token_verification_enabled=False,
        ignoring_self_events_enabled=True,
    )
    for journey in JOURNEYS:
        journey(app, bot)
    for command in COMMANDS:
        _listen(app, bot, command)
    _refuse_unknown(app, bot)
    app.error(_on_error(bot))
    return app


#: Each registers its listeners and its routes.
JOURNEYS: tuple[Callable[[App, Bot], None], ...] = (
    usage.register,
    restore_listeners.register,
    restores_listeners.register,
    thread_listeners.register,
    home_listeners.register,
    look_listeners.register,
)


def _listen(app: App, bot: Bot, command: Command) -> None:
    name = f"/{bot.settings.command_prefix}{command.name}"

    def listener(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        ack()
        found = command.find(body.get("text") or "")

        def doing(caller: Any) -> None:
            if found is None:
                raise UsageError(
                    f"{name} knows no “{(body.get('text') or '').strip()}”. Nothing was changed.",
                    hint=f"{name} help lists what it knows.",
                )
            subcommand, rest = found
            bot.open(subcommand.route, caller, rest)

        hand_over(bot, body, doing)

    app.command(name)(listener)


def _refuse_unknown(app: App, bot: Bot) -> None:
    """What comes from a window or a message of another version is answered with a sentence; it must come last."""

    def refuse(ack: Callable[..., Any], body: dict[str, Any]) -> None:
        ack()

        def doing(_caller: Any) -> None:
            raise WrongState(
                "This button or window is from another version of Restorebot. Nothing was changed.",
                hint="Begin again with /restore: what you had chosen is still there.",
            )

        hand_over(bot, body, doing)

    app.action(_ANYTHING)(refuse)
    app.view_submission(_ANYTHING)(refuse)
    app.shortcut(_ANYTHING)(refuse)
    app.command(_ANYTHING)(refuse)
    app.view_closed(_ANYTHING)(lambda ack: ack())
    app.options(_ANYTHING)(lambda ack: ack(options=[]))


def _on_error(bot: Bot) -> Callable[..., BoltResponse]:
    """What a listener itself raises: Slack is answered all the same, and the person is told where they look. A window
    that was submitted shows it in the answer; an empty one would close it."""

    def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        if body.get("type") == "view_submission":
            answer = {"response_action": "update", "view": problem_view(problem_of(error)).to_dict()}
            return BoltResponse(status=200, body=json.dumps(answer), headers={"Content-Type": "application/json"})
        caller = caller_of(body)
        bot.work.hand_over(caller.identity, lambda: tell(bot, caller, error, view_id=caller.window))
        return BoltResponse(status=200, body="")

    return on_error
