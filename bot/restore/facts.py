"""What each step of the wizard shows: values without a database behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from core.content.record_type import AppType
from core.findings import Finding, FindingCode
from core.restore.assess import Phase
from core.restore.draft_state import ContainsData
from core.restore.request import Part, Resolution


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One option of a list that is searched."""

    id: str
    text: str
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class OrganizationChoice:
    id: str
    name: str
    refused: str = ""  # why it may not restore, and what to do


@dataclass(frozen=True, kw_only=True)
class AppChoice:
    id: str
    name: str
    type: AppType
    shard: str
    region: str
    #: of a deactivated app: how long its backups can be restored
    days_left: int | None = None


@dataclass(frozen=True, kw_only=True)
class BackupChoice:
    id: str
    taken_at: datetime
    expires_at: datetime | None
    size_bytes: int
    storage: str
    lacks: tuple[str, ...]  # of an incomplete one
    complete: bool
    holds: frozenset[Part]
    shard: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Source:
    organizations: tuple[OrganizationChoice, ...]
    organization: OrganizationChoice | None
    app: AppChoice | None
    apps: int  # how many there are to choose from


@dataclass(frozen=True, kw_only=True)
class Backups:
    app: AppChoice
    chosen: BackupChoice | None
    restorable: int
    expired: int
    #: above which support restores
    limit_bytes: int
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True, kw_only=True)
class Contents:
    app: AppChoice
    backup: BackupChoice
    without: frozenset[Part]


@dataclass(frozen=True, kw_only=True)
class Destinations:
    source: AppChoice
    backup: BackupChoice
    contains_data: ContainsData
    only_shard: bool
    chosen: AppChoice | None
    #: active apps of the type on the shards that are shown; not all of them are looked into
    candidates: int
    #: why none can be chosen, and what to do; "" where one can
    empty: str
    move_minutes: int


@dataclass(frozen=True, kw_only=True)
class Checks:
    """A validation that runs, has ended, or could not be done."""

    at: Phase | None = None
    findings: tuple[Finding, ...] | None = None
    resolutions: Mapping[FindingCode, Resolution]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Review:
    source: AppChoice
    backup: BackupChoice
    destination: AppChoice
    without: frozenset[Part]
    resolutions: Mapping[FindingCode, Resolution]
    warnings: tuple[Finding, ...]
    size_bytes: int
    #: the shard it is moved to, and about how long that takes
    moves_to: str = ""
    move_minutes: int | None = None
    told_in: str  # a channel's id, "" for a direct message
    nobody_approves: bool
    zone: ZoneInfo
