"""Where a restore will be told: the operations channel, else the channel it was asked for in, else a direct message."""

from bot.bot import Bot
from bot.client import SlackBusy, SlackError, call
from core.catalog import organizations
from core.restore.drafts import Draft


def told_in(bot: Bot, draft: Draft) -> str:
    """The channel's id; "" for a direct message."""
    operations = ""
    if draft.organization_id:
        with bot.engine.database.reading() as session:
            operations = organizations.get(session, draft.organization_id).operations_channel
    try:
        return next((one for one in (channel_of(operations), channel_of(draft.asked_in)) if one and fits(bot, one)), "")
    except SlackBusy:  # the thread waits until Slack says it
        return channel_of(operations)


def channel_of(place: str) -> str:
    """slack:T…/C… → C…"""
    return place.rpartition("/")[2]


def fits(bot: Bot, channel: str) -> bool:
    """The bot is in it, it is no direct message, nobody archived it, and no other company reads it. Raises SlackBusy:
    nobody knows now."""
    try:
        found = call(bot.client.conversations_info, channel=channel)["channel"]
    except SlackBusy:
        raise
    except SlackError:
        return False
    shared = found.get("is_ext_shared") or found.get("is_shared") or found.get("is_pending_ext_shared")
    return bool(found.get("is_member")) and not (found.get("is_archived") or found.get("is_im") or shared)
