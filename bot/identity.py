"""Who acts: a request of Slack → a person of ours. Guests and deactivated accounts are nobody's."""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk import WebClient

from bot.client import call
from core.access.people import Person, ensure_person, person_of
from core.engine import Engine
from core.errors import NotAllowed, NotFound

#: How long what Slack said of a user is believed.
_BELIEVED_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The account behind a request, and where it was made."""

    identity: str  # slack:T…/U…, on Grid slack:E…/U…
    user: str
    team: str
    channel: str = ""
    trigger: str = ""
    window: str = ""  # the modal it was made in, if in one

    @property
    def asked_in(self) -> str:
        """Where the request was made, if in a channel."""
        return f"slack:{self.team}/{self.channel}" if self.channel else ""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What Slack says of a user."""

    name: str
    timezone: str
    refused: str = ""  # why it may do nothing here; "" for a member

    @property
    def zone(self) -> ZoneInfo:
        """The person's own; UTC where Slack names one that this machine does not know."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")


def caller_of(body: Mapping[str, Any]) -> Caller:
    """From a command, an interaction, an options request or an event."""
    event = body.get("event") if isinstance(body.get("event"), Mapping) else {}
    user = body.get("user")
    own = user if isinstance(user, Mapping) else {}
    user_id = str(own.get("id") or body.get("user_id") or (event or {}).get("user") or "")
    team = body.get("team")
    team_id = str((team.get("id") if isinstance(team, Mapping) else None) or body.get("team_id") or "")
    enterprise = body.get("enterprise")
    enterprise_id = (enterprise.get("id") if isinstance(enterprise, Mapping) else None) or body.get("enterprise_id")
    home = str(own.get("team_id") or team_id)  # in a channel shared with another company, the user's own workspace
    channel = body.get("channel")
    channel_id = channel.get("id") if isinstance(channel, Mapping) else body.get("channel_id")
    return Caller(
        identity=f"slack:{enterprise_id or home}/{user_id}",
        user=user_id,
        team=team_id or home,
        channel=str(channel_id or ""),
        trigger=str(body.get("trigger_id") or ""),
        window=_window_of(body),
    )


def _window_of(body: Mapping[str, Any]) -> str:
    view = body.get("view")
    return str(view.get("id") or "") if isinstance(view, Mapping) and view.get("type") == "modal" else ""


class Accounts:
    """Looks users up, and remembers them for a minute."""

    def __init__(self, engine: Engine, client: WebClient) -> None:
        self._engine = engine
        self._client = client
        self._known: dict[str, tuple[float, Account]] = {}
        self._lock = threading.Lock()

    def account(self, user: str) -> Account:
        """Raises SlackError."""
        with self._lock:
            found = self._known.get(user)
        if found is not None and time.monotonic() - found[0] < _BELIEVED_SECONDS:
            return found[1]
        answer = call(self._client.users_info, user=user)
        account = _account(answer["user"])
        with self._lock:
            self._known[user] = (time.monotonic(), account)
        return account

    def person(self, caller: Caller) -> Person:
        """The person behind an account, known from now on. NotAllowed: a guest, a bot or a deactivated account."""
        account = self.account(caller.user)
        if account.refused:
            raise NotAllowed(
                f"{account.refused} Nothing was changed.",
                hint="Ask an organization admin, who can do this for you: `restorebot role list` shows them.",
            )
        database = self._engine.database
        with database.reading() as session, suppress(NotFound):  # most requests: a search must wait for no writer
            return person_of(session, caller.identity)
        with database.transaction() as session:
            return ensure_person(session, caller.identity, account.name, self._engine.now())


def _account(user: Mapping[str, Any]) -> Account:
    profile = user.get("profile") or {}
    name = (
        profile.get("display_name")
        or profile.get("real_name")
        or user.get("real_name")
        or user.get("name")
        or user["id"]
    )
    refused = ""
    if user.get("deleted"):
        refused = "This Slack account is deactivated and has no role here."
    elif user.get("is_restricted") or user.get("is_ultra_restricted"):
        refused = "Guests of a workspace have no role here."
    elif user.get("is_stranger") or user.get("is_bot"):
        refused = "Accounts of other companies and bots have no role here."
    return Account(name=str(name), timezone=str(user.get("tz") or "UTC"), refused=refused)
