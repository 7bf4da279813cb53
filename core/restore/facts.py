"""Everything the checks before a restore look at, as plain values."""

from dataclasses import dataclass
from datetime import datetime

from core.archive.manifest import Manifest


@dataclass(frozen=True, kw_only=True)
class OrganizationFacts:
    id: str
    name: str
    plan: str
    beta: bool
    environment: str


@dataclass(frozen=True, kw_only=True)
class BackupFacts:
    id: str
    status: str  # the stored one: complete, incomplete …
    organization_id: str
    expires_at: datetime | None
    marked: bool
    held_by_this_run: bool
    #: when it was restored last, by any other run that completed
    restored_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class DestinationFacts:
    id: str
    name: str
    organization_id: str
    type: str
    active: bool
    shard: str
    region: str
    contains_data: bool
    only_default_personal_space: bool
    #: sentence naming who holds it, or "" (a hold of this very run does not count)
    held: str
    #: on the shard the restore will write to; and how many other apps are there, or on their way to it
    free_bytes: int | None
    other_apps: int
    #: about how long a restore across shards takes
    move_minutes: int


@dataclass(frozen=True, kw_only=True)
class GroupFacts:
    """A group of the backup beside the organization's group of the same name."""

    name: str
    exists: bool
    members: int  # in the backup
    #: members in the backup who are not in the organization's group, and the other way round
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    #: what the group opened in the source app ("user", "admin"), and apps the organization's group opens already
    roles: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The settings the checks need."""

    self_service_limit_bytes: int
    restore_interval_days: int
    apps_per_shard: int


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the checks look at."""

    now: datetime
    organization: OrganizationFacts
    backup: BackupFacts
    manifest: Manifest
    destination: DestinationFacts
    groups: tuple[GroupFacts, ...]
    limits: Limits
    #: region of the shard the backup's app was on
    backup_region: str
