"""Where a restore is told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.bot import Bot
from bot.client import call
from bot.restore.places import channel_of, fits
from bot.threads.gather import slack_user
from core.access.people import person_by_id
from core.catalog import organizations
from core.events.kinds import Event
from core.restore import restores


@dataclass(frozen=True, kw_only=True)
class Place:
    """`channel` is empty where there is nobody in Slack to tell. `thread` is the status message, once it is posted."""

    channel: str = ""
    thread: str = ""
    #: the event the status message was posted for
    number: int = 0
    #: the channel that broke in the middle
    moved_from: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Place":
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def choose(bot: Bot, restore_id: str, submitted: Event) -> Place:
    """The operations channel, else where it was asked for, else the requester's direct messages. Raises SlackError."""
    with bot.engine.database.reading() as session:
        restore = restores.get(session, restore_id)
        operations = organizations.get(session, restore.organization_id).operations_channel
    for channel in (channel_of(operations), channel_of(str(submitted.data.get("asked_in") or ""))):
        if channel and fits(bot, channel):
            return Place(channel=channel)
    return direct(bot, restore_id)


def direct(bot: Bot, restore_id: str, *, moved_from: str = "") -> Place:
    """The requester's direct messages, if they are in Slack."""
    with bot.engine.database.reading() as session:
        user = slack_user(person_by_id(session, restores.get(session, restore_id).requested_by))
    if not user:
        return Place(moved_from=moved_from)
    opened = call(bot.client.conversations_open, users=user)
    return Place(channel=str(opened["channel"]["id"]), moved_from=moved_from)
