"""When a backup expires, and what is to become of it: pure, with the reason in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from core.catalog.tables import OnExpiry, StorageKind
from core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Days as settings have them; a day is 24 hours."""

    managed_days: int = 14
    s3_days: int = 30
    deactivated_app_days: int = 25
    notice_days: int = 3

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            managed_days=settings.retention_managed_days,
            s3_days=settings.retention_s3_days,
            deactivated_app_days=settings.deactivated_app_days,
            notice_days=settings.expiry_notice_days,
        )

    @property
    def notice(self) -> timedelta:
        return timedelta(days=self.notice_days)

    def expires_at(self, taken_at: datetime, storage: StorageKind, deactivated_at: datetime | None) -> datetime:
        """See `expires`; this is what `backups.seal` is given."""
        return expires(taken_at=taken_at, storage=storage, deactivated_at=deactivated_at, rules=self).at


@dataclass(frozen=True, kw_only=True)
class Expiry:
    at: datetime
    reason: str


def expires(*, taken_at: datetime, storage: StorageKind, deactivated_at: datetime | None, rules: Rules) -> Expiry:
    """A number of days after it was taken, by its storage. A backup that was taken before its app was deactivated, and
    had not expired by then, has a number of days after that instead, be they fewer or more."""
    days = rules.managed_days if storage is StorageKind.MANAGED else rules.s3_days
    usual = taken_at + timedelta(days=days)
    if deactivated_at is not None and taken_at <= deactivated_at < usual:
        return Expiry(
            at=deactivated_at + timedelta(days=rules.deactivated_app_days),
            reason=f"{rules.deactivated_app_days} days after its app was deactivated",
        )
    where = "managed storage" if storage is StorageKind.MANAGED else "the customer's S3"
    return Expiry(at=usual, reason=f"{days} days after it was taken, the rule for {where}")


class Action(StrEnum):
    KEEP = "keep"
    EXPIRE = "expire"  # no longer restorable; its objects stay where they are
    DELETE = "delete"  # no longer restorable, and its objects go


@dataclass(frozen=True, kw_only=True)
class Decision:
    action: Action
    reason: str


def decide(*, expires_at: datetime, held_by: Sequence[str], on_expiry: OnExpiry, now: datetime) -> Decision:
    """What is to become of a sealed backup. A held one is kept, whatever its date."""
    if now < expires_at:
        return Decision(action=Action.KEEP, reason=f"it can be restored until {_moment(expires_at)}")
    if held_by:
        return Decision(action=Action.KEEP, reason=f"it expired at {_moment(expires_at)}, but {held_by[0]} holds it")
    if on_expiry is OnExpiry.KEEP:
        return Decision(
            action=Action.EXPIRE, reason=f"it expired at {_moment(expires_at)}; its storage keeps the objects"
        )
    return Decision(action=Action.DELETE, reason=f"it expired at {_moment(expires_at)}")


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
