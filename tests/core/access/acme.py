"""An organization with two apps and a few people, in a catalog of its own."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from core.access.directory import (
    AppRole,
    Directory,
    DirectoryGroup,
    DirectoryUser,
    Membership,
    group_named,
    snapshot,
    user_called,
)
from core.access.directory_change import add_app_roles, add_groups, add_memberships, add_users, raise_version
from core.access.impact import admins, seats
from core.access.matching import BackupAccess, BackupDirectory, BackupGroup, BackupMembership, BackupUser
from core.access.people import Person, ensure_person
from core.access.proposals import ProposalSummary, propose
from core.access.roles import grant_role
from core.access.tables import AppRoleName, RoleName
from core.catalog.tables import AppRow, OrganizationRow, SecondPerson, ShardRow
from core.database import Base, Database

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
USER, ADMIN = AppRoleName.USER, AppRoleName.ADMIN
_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Acme:
    """Olga is organization admin, Ann and Ben are approvers, Rob restores into `jira`."""

    database: Database
    id: str
    jira: str
    wiki: str
    olga: Person
    ann: Person
    ben: Person
    rob: Person

    def seats(self, app_id: str | None = None) -> set[str]:
        """Names of who can open the app (`jira`)."""
        directory = self.directory()
        return {directory.users[one].display_name for one in seats(directory, app_id or self.jira)}

    def admins(self) -> set[str]:
        directory = self.directory()
        return {directory.users[one].display_name for one in admins(directory, self.jira)}

    def directory(self) -> Directory:
        with self.database.transaction() as session:
            return snapshot(session, self.id)

    def user(self, name: str) -> str:
        return user_called(self.directory(), f"{name}@acme.test").id

    def group(self, name: str) -> str:
        return group_named(self.directory(), name).id

    def add(self, groups: Mapping[str, str], opens: Mapping[str, AppRoleName] | None = None) -> None:
        """Groups with members as words; a member with a capital is a nested group. `opens`: group → role on `jira`."""
        with self.database.transaction() as session:
            change = raise_version(session, self.id)
            known = snapshot(session, self.id)
            group_ids = {one.name: one.id for one in known.groups.values()}
            user_ids = {one.display_name: one.id for one in known.users.values()}
            new_groups = [DirectoryGroup(id=f"{self.id}-{name}", name=name) for name in groups if name not in group_ids]
            names = {name for members in groups.values() for name in members.split() if not name[0].isupper()}
            new_users = [
                DirectoryUser(
                    id=f"{self.id}-{name}",
                    display_name=name,
                    email=f"{name}@acme.test",
                    active=not name.startswith("inactive"),
                )
                for name in sorted(names - set(user_ids))
            ]
            add_groups(change, new_groups)
            add_users(change, new_users)
            group_ids |= {one.name: one.id for one in new_groups}
            user_ids |= {one.display_name: one.id for one in new_users}
            wanted = {
                Membership(
                    group_id=group_ids[group], member_id={**user_ids, **group_ids}[name], is_group=name[0].isupper()
                )
                for group, members in groups.items()
                for name in members.split()
            }
            add_memberships(change, wanted - known.memberships)
            add_app_roles(
                change,
                [
                    AppRole(group_id=group_ids[name], app_id=self.jira, role=role)
                    for name, role in (opens or {}).items()
                ],
            )

    def propose(self, backup: BackupDirectory, **values: object) -> ProposalSummary:
        words = {
            "organization_id": self.id, "restore_id": f"rst-{self.id}", "app_id": self.jira, "group_names": {},
            "proposed_by": self.rob.id, "now": NOW,
        }  # fmt: skip
        with self.database.transaction() as session:
            return propose(session, backup=backup, **{**words, **values})  # type: ignore[arg-type]

    def rule(self, second_person: SecondPerson) -> None:
        with self.database.transaction() as session:
            session.execute(
                update(OrganizationRow).where(OrganizationRow.id == self.id).values(second_person=second_person.value)
            )


def backup_of(groups: Mapping[str, str], access: Mapping[str, AppRoleName] | None = None) -> BackupDirectory:
    """Groups with members as words; a member with a capital is a nested group."""
    names = sorted({name for members in groups.values() for name in members.split() if not name[0].isupper()})
    return BackupDirectory(
        users=tuple(BackupUser(key=one, display_name=one, username=one, email=f"{one}@acme.test") for one in names),
        groups=tuple(BackupGroup(key=f"g:{one}", name=one) for one in groups),
        memberships=tuple(
            BackupMembership(
                group_key=f"g:{group}", member_key=f"g:{one}" if one[0].isupper() else one, is_group=one[0].isupper()
            )
            for group, members in groups.items()
            for one in members.split()
        ),
        access=tuple(BackupAccess(group_key=f"g:{name}", role=role) for name, role in (access or {}).items()),
    )


def add_organization(session: Session) -> tuple[str, str, str]:
    """A new organization with two apps: its id and theirs."""
    number = next(_numbers)
    organization_id, jira, wiki = (f"{kind}-{number}" for kind in ("org", "jira", "wiki"))
    session.execute(
        insert(OrganizationRow).values(
            id=organization_id,
            name=f"Acme {number}",
            plan="enterprise",
            beta=True,
            environment="commercial",
            second_person=SecondPerson.ALWAYS.value,
            created_at=NOW,
        )
    )
    for app_id in (jira, wiki):
        session.execute(
            insert(AppRow).values(
                id=app_id,
                organization_id=organization_id,
                name=app_id.title(),
                type=app_id[:4],
                driver="embedded",
                status="active",
                shard="eu-1",
                generation="gen-1",
                created_at=NOW,
            )
        )
    return organization_id, jira, wiki


@contextmanager
def acme(url: str) -> Iterator[Acme]:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        session.execute(
            insert(ShardRow).values(
                name="eu-1", region="eu", url="sqlite:///s", attachments_url="file:///a", created_at=NOW
            )
        )
        organization_id, jira, wiki = add_organization(session)
        olga, ann, ben, rob = (
            ensure_person(session, f"os:{name.lower()}", name, NOW) for name in ("Olga", "Ann", "Ben", "Rob")
        )
        for person, role in (
            (olga, RoleName.ORGANIZATION_ADMIN),
            (ann, RoleName.ACCESS_APPROVER),
            (ben, RoleName.ACCESS_APPROVER),
        ):
            grant_role(session, person=person, organization_id=organization_id, role=role, by=olga, now=NOW)
    yield Acme(database=database, id=organization_id, jira=jira, wiki=wiki, olga=olga, ann=ann, ben=ben, rob=rob)
    database.dispose()


def another(first: Acme) -> Acme:
    """A new organization in the same catalog; its people hold no roles yet."""
    with first.database.transaction() as session:
        organization_id, jira, wiki = add_organization(session)
    return replace(first, id=organization_id, jira=jira, wiki=wiki)
