"""The log of decisions and actions: who did what to what, when. Append-only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base


class AuditRow(Base):
    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    person: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)


@dataclass(frozen=True, kw_only=True)
class AuditEntry:
    at: datetime
    person: str
    action: str
    subject: str
    detail: dict[str, Any]


def record(session: Session, *, person: str, action: str, subject: str, now: datetime, **detail: Any) -> None:
    """Add an entry in the transaction of the action itself. No secrets and no content in `detail`."""
    session.add(AuditRow(at=now, person=person, action=action, subject=subject, detail=detail))


def entries(session: Session, *, limit: int = 100, subject: str | None = None) -> Sequence[AuditEntry]:
    """The newest entries first."""
    query = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if subject is not None:
        query = query.where(AuditRow.subject == subject)
    return [
        AuditEntry(at=row.at, person=row.person, action=row.action, subject=row.subject, detail=row.detail)
        for row in session.scalars(query)
    ]
