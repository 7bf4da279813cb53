"""What a local workspace is made of: its people, channels, app and secrets."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Kind(StrEnum):
    CHANNEL = "channel"
    PRIVATE = "private"
    DM = "dm"


@dataclass(frozen=True, kw_only=True)
class Person:
    id: str
    name: str
    real_name: str
    #: what the page shows beside the name; Slack knows nothing of it
    role_label: str = ""
    email: str = ""
    tz: str = "Etc/UTC"
    #: seconds east of UTC
    tz_offset: int = 0
    is_admin: bool = False
    is_restricted: bool = False
    deleted: bool = False
    #: empty: the workspace's own
    team_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    id: str
    name: str
    members: frozenset[str] = frozenset()
    kind: Kind = Kind.CHANNEL
    is_ext_shared: bool = False
    is_archived: bool = False
    topic: str = ""

    @property
    def is_private(self) -> bool:
        return self.kind is not Kind.CHANNEL


@dataclass(frozen=True, kw_only=True)
class WorkspaceConfig:
    #: manifest.yml as it is parsed: commands, shortcuts, scopes and events come from it
    manifest: Mapping[str, Any]
    #: Slack's secrets: new ones for each start, given to the bot by whoever starts both
    bot_token: str = field(repr=False)
    app_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    people: tuple[Person, ...]
    channels: tuple[Channel, ...]
    #: signed requests go to <bot_url>/slack/events; empty: Socket Mode
    bot_url: str = ""
    team_id: str = "T0ACME"
    team_name: str = "Acme"
    team_domain: str = "acme"
    #: an install for a whole organization on Enterprise Grid, where set
    enterprise_id: str = ""
    enterprise_name: str = ""
    app_id: str = "A0RESTORE"
    app_name: str = "Restorebot"
    bot_user_id: str = "U0BOT"
    bot_id: str = "B0BOT"
    #: channels, messages and App Homes outlive a restart here; None: in memory only
    folder: Path | None = None
    #: seconds since 1970
    clock: Callable[[], float] = time.time
    #: how long Slack waits for an acknowledgement, and how long a trigger_id lives
    ack_seconds: float = 3.0
    trigger_seconds: float = 3.0
    #: Slack sends an event again after these waits; its own are at once, 1 minute and 5 minutes
    event_retry_seconds: tuple[float, ...] = (1.0, 60.0, 300.0)
    #: Slack's published rate limits, per method and minute; off where a test drives hundreds of calls
    rate_limits: bool = False
    #: a file above it, or all files above ten times it, are refused
    max_file_bytes: int = 50_000_000
