"""What doctor looks at in Slack: tokens, scopes, and the channels restores are told in."""

from collections.abc import Iterator
from typing import Any, Final

import yaml
from slack_sdk import WebClient

from bot.client import SlackError, call, make_client
from bot.manifest import manifest_text
from bot.settings import Mode, SlackSettings, load_slack_settings
from core.catalog import organizations
from core.cli.checkup import Line, bad, failed, ok, warning
from core.cli.context import EngineFactory, default_engine
from core.errors import RestorebotError

_SLACK: Final = "slack"


def slack_lines(factory: EngineFactory | None) -> Iterator[Line]:
    try:
        settings = load_slack_settings()
    except RestorebotError as error:
        yield failed(_SLACK, error)
        return
    if not settings.is_connected:
        yield ok(_SLACK, "No tokens are set: everything works from the command line, and Slack is not connected.")
        return
    client = make_client(token=settings.bot_token.get_secret_value(), base_url=settings.base_url)
    try:
        answer = call(client.auth_test)
    except SlackError as error:
        yield failed(_SLACK, error)
        return
    yield ok(_SLACK, f"Connected to {answer['team']} as {answer['user']}.")
    yield _scopes(str(answer.headers.get("x-oauth-scopes") or answer.headers.get("X-OAuth-Scopes") or ""))
    if settings.mode is Mode.SOCKET:
        yield _socket(settings, client)
    yield from _channels(client, factory)


def _scopes(granted: str) -> Line:
    needed = set(yaml.safe_load(manifest_text())["oauth_config"]["scopes"]["bot"])
    missing = sorted(needed - {one.strip() for one in granted.split(",")})
    if missing:
        return bad(
            _SLACK,
            f"Scopes are missing: {', '.join(missing)}.",
            "Update the app from restorebot manifest, and install it again.",
        )
    return ok(_SLACK, f"All {len(needed)} scopes are granted.")


def _socket(settings: SlackSettings, client: WebClient) -> Line:
    try:
        call(client.apps_connections_open, app_token=settings.app_token.get_secret_value())
    except SlackError as error:
        return failed(_SLACK, error)
    return ok(_SLACK, "Socket Mode can be opened.")


def _channels(client: WebClient, factory: EngineFactory | None) -> Iterator[Line]:
    try:
        engine = (factory or default_engine)()
    except RestorebotError:
        return  # the catalog's own line says it
    try:
        with engine.database.reading() as session:
            known = [one for one in organizations.list_all(session) if one.operations_channel]
    finally:
        engine.close()
    for organization in known:
        yield _channel(client, organization.name, organization.operations_channel.rpartition("/")[2])


def _channel(client: WebClient, organization: str, channel: str) -> Line:
    what = f"The operations channel of {organization}, {channel},"
    try:
        found: dict[str, Any] = call(client.conversations_info, channel=channel)["channel"]
    except SlackError as error:
        return bad(
            _SLACK,
            f"{what} cannot be looked at: {error.reason}.",
            "Invite the bot to it, or choose another: restorebot org set.",
        )
    if found.get("is_archived"):
        return bad(_SLACK, f"{what} is archived.", "Choose another: restorebot org set.")
    if found.get("is_ext_shared") or found.get("is_shared"):
        return warning(
            _SLACK,
            f"{what} is shared with another company, so nothing is told there.",
            "Choose another: restorebot org set.",
        )
    if not found.get("is_member"):
        return bad(_SLACK, f"{what} does not have the bot in it.", "Invite the bot to it.")
    return ok(_SLACK, f"{what} is where its restores are told.")
