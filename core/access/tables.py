"""Persons and roles; an organization's directory; grants."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class RoleName(StrEnum):
    ORGANIZATION_ADMIN = "organization-admin"
    APP_ADMIN = "app-admin"
    ACCESS_APPROVER = "access-approver"
    SUPPORT_AGENT = "support-agent"


class AppRoleName(StrEnum):
    USER = "user"  # billable: opens the app
    ADMIN = "admin"  # administers it; adds nothing to the bill


class GrantKind(StrEnum):
    GROUP_ACCESS = "group-access"  # a group is to open an app
    MEMBER = "member"  # a user or a group is to join a group that opens apps


class GrantStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    APPLIED = "applied"
    DENIED = "denied"
    REVOKED = "revoked"


class PersonRow(Base):
    __tablename__ = "person"
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    directory_user_id: Mapped[str | None]
    #: the person this one turned out to be, never itself merged; the row stays, so that what names it means someone
    merged_into: Mapped[str | None] = mapped_column(ForeignKey("person.id"), index=True)
    created_at: Mapped[datetime]


class IdentityRow(Base):
    """`os:NAME` or `slack:T…/U…`."""

    __tablename__ = "identity"
    value: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"), index=True)


class RoleRow(Base):
    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("person_id", "organization_id", "role", "app_id"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id"))
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    role: Mapped[str]
    app_id: Mapped[str] = mapped_column(default="")  # for app admins; "" is every app


class DirectoryUserRow(Base):
    __tablename__ = "directory_user"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    account_id: Mapped[str | None] = mapped_column(index=True)
    email: Mapped[str | None]
    lower_email: Mapped[str | None] = mapped_column(index=True)
    username: Mapped[str | None]
    display_name: Mapped[str]
    active: Mapped[bool]


class DirectoryGroupRow(Base):
    __tablename__ = "directory_group"
    __table_args__ = (UniqueConstraint("organization_id", "lower_name"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"))
    name: Mapped[str]
    lower_name: Mapped[str]


class DirectoryMembershipRow(Base):
    """A user or a group (nested) in a group; exactly one of the two members is set."""

    __tablename__ = "directory_membership"
    __table_args__ = (UniqueConstraint("group_id", "member_id"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("directory_group.id"), index=True)
    member_id: Mapped[str]  # a directory user's or group's id
    is_group: Mapped[bool]


class DirectoryAppRoleRow(Base):
    """Which group opens which app, with which app role."""

    __tablename__ = "directory_app_role"
    __table_args__ = (UniqueConstraint("group_id", "app_id", "role"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    group_id: Mapped[str] = mapped_column(ForeignKey("directory_group.id"), index=True)
    app_id: Mapped[str] = mapped_column(index=True)
    role: Mapped[str]


class GrantRow(Base):
    __tablename__ = "access_grant"
    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    #: unique: what is proposed twice by a repeated step is proposed once
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    status: Mapped[str]
    restore_id: Mapped[str] = mapped_column(index=True)  # "" for one made by hand
    proposed_by: Mapped[str]  # the person who restored
    #: in an assisted restore: agent, requester and confirmer count as who restored
    also_restored_by: Mapped[list[str]] = mapped_column(JSON, default=list)
    app_id: Mapped[str]  # the destination; "" for a membership given by hand
    group_id: Mapped[str] = mapped_column(ForeignKey("directory_group.id"))
    member_id: Mapped[str | None]  # for MEMBER: a directory user's or group's id
    member_is_group: Mapped[bool] = mapped_column(default=False)
    role: Mapped[str]  # for MEMBER: the highest the group had when it was proposed
    created_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    #: decided by the person who restored, where the organization allows it
    own_decision: Mapped[bool] = mapped_column(default=False)
    #: what it gives came from a grant, and was not there before any: only then revoking takes it back
    gave: Mapped[bool] = mapped_column(default=False)
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]
    #: what was shown when it was decided
    impact: Mapped[dict[str, Any] | None] = mapped_column(JSON)
