"""The backup's users and groups beside the organization's: for checks, and for proposing access."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from sys import intern
from typing import Any, Final

from core.access.directory import Directory, members, roles_through, same_case
from core.access.matching import BackupAccess, BackupDirectory, BackupGroup, BackupMembership, BackupUser
from core.access.tables import AppRoleName
from core.archive.reader import ArchiveReader
from core.content.catalogue import BY_NAME
from core.restore.choices import Choices, kept_rows
from core.restore.facts import GroupFacts

_AT_ONCE: Final = 4_096
_USER: Final = ("key", "display_name", "username", "email", "active", "account_id", "email_problem")
_GROUP: Final = ("key", "name")
_MEMBERSHIP: Final = ("group_key", "group_name", "member_kind", "member_key", "member_name")


def backup_directory(reader: ArchiveReader, choices: Choices) -> BackupDirectory:
    """All of it that the choices leave: as many rows as the organization has people and groups, however large the
    content is. Who is restored as a placeholder is nobody. Groups are those of the backup, by their names there: what
    becomes of them is for who asks to decide."""
    choices = replace(choices, group_names={}, groups_left_out=frozenset())
    users = tuple(
        BackupUser(
            key=intern(row["key"]),
            display_name=row["display_name"] or row["username"] or row["key"],
            username=row["username"],
            email=row["email"],
            active=row["active"] is not False,
            account_id=row["account_id"],
        )
        for row in _rows(reader, "directory.user", choices, _USER)
        if not choices.makes_former(row["email_problem"])
    )
    groups = tuple(
        BackupGroup(key=row["key"], name=row["name"])
        for row in _rows(reader, "directory.group", choices, _GROUP)
        if row["name"]
    )
    group_keys = {group.name: group.key for group in groups}
    user_keys = {user.username: user.key for user in users if user.username}
    return BackupDirectory(
        users=users,
        groups=groups,
        memberships=tuple(_memberships(reader, choices, user_keys, group_keys)),
        access=tuple(
            BackupAccess(group_key=group_keys[one.group], role=AppRoleName(one.role))
            for one in reader.manifest.access
            if one.group in group_keys
        ),
    )


def _memberships(
    reader: ArchiveReader, choices: Choices, user_keys: dict[str, str], group_keys: dict[str, str]
) -> Iterator[BackupMembership]:
    """Old exports name both sides only. They are many times more than what they name, so each key is kept once."""
    for row in _rows(reader, "directory.membership", choices, _MEMBERSHIP):
        is_group = row["member_kind"] == "group"
        group = row["group_key"] or group_keys.get(row["group_name"])
        member = row["member_key"] or (group_keys if is_group else user_keys).get(row["member_name"])
        if group and member:
            yield BackupMembership(group_key=intern(group), member_key=intern(member), is_group=is_group)


def _rows(
    reader: ArchiveReader, record_type: str, choices: Choices, columns: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """A few at a time: as Python values they take many times the memory they have in Arrow."""
    for one in reader.manifest.objects:
        if one.record_type == record_type:
            for batch in reader.batches(one):
                kept = kept_rows(BY_NAME[record_type], batch, choices).select(columns)
                for offset in range(0, kept.num_rows, _AT_ONCE):
                    yield from kept.slice(offset, _AT_ONCE).to_pylist()


def group_facts(backup: BackupDirectory, directory: Directory) -> tuple[GroupFacts, ...]:
    """Each group of the backup beside the organization's group of the same name."""
    known = {same_case(group.name): group for group in directory.groups.values()}
    people = {user.key: user for user in backup.users}
    inside: dict[str, list[BackupUser]] = defaultdict(list)
    for one in backup.memberships:
        if not one.is_group and one.member_key in people:
            inside[one.group_key].append(people[one.member_key])
    roles: dict[str, set[str]] = defaultdict(set)
    for access in backup.access:
        roles[access.group_key].add(access.role.value)
    facts = []
    for group in sorted(backup.groups, key=lambda one: one.name):
        there = known.get(same_case(group.name))
        ours = {_identity(one.account_id, one.email, one.username): one.display_name for one in inside[group.key]}
        theirs = (
            {
                _identity(user.account_id, user.email, user.username): user.display_name
                for user in (directory.users[one] for one in members(directory, (there.id,)))
            }
            if there
            else {}
        )
        facts.append(
            GroupFacts(
                name=group.name,
                exists=there is not None,
                members=len(ours),
                added=tuple(sorted(ours[one] for one in ours.keys() - theirs.keys())) if there else (),
                missing=tuple(sorted(theirs[one] for one in theirs.keys() - ours.keys())),
                roles=tuple(sorted(roles[group.key])),
                opens=tuple(sorted({role.app_id for role in roles_through(directory, there.id)})) if there else (),
            )
        )
    return tuple(facts)


def _identity(account_id: str | None, email: str | None, username: str | None) -> str:
    return account_id or same_case(email) or same_case(username) or ""
