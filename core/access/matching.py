"""A backup's users and groups against an organization's directory. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from core.access.directory import Directory, DirectoryUser, new_user_id, same_case
from core.access.tables import AppRoleName

#: Groups that administer the site itself. They are never carried; the people in them are.
ADMIN_GROUPS = frozenset(
    {
        "administrators",
        "atlassian-addons",
        "atlassian-addons-admin",
        "confluence-administrators",
        "jira-administrators",
        "org-admins",
        "site-admins",
        "system-administrators",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupUser:
    key: str
    display_name: str
    username: str | None = None
    email: str | None = None
    active: bool = True
    account_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupGroup:
    key: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BackupMembership:
    """A user, or a nested group, in a group; by their keys in the backup."""

    group_key: str
    member_key: str
    is_group: bool = False


@dataclass(frozen=True, kw_only=True)
class BackupAccess:
    """A group opened (user) or administered (admin) the app the backup was taken of."""

    group_key: str
    role: AppRoleName


@dataclass(frozen=True, kw_only=True)
class BackupDirectory:
    """What a backup holds of users and groups. Keys that lead nowhere are passed over: validation has told of them."""

    users: tuple[BackupUser, ...] = ()
    groups: tuple[BackupGroup, ...] = ()
    memberships: tuple[BackupMembership, ...] = ()
    access: tuple[BackupAccess, ...] = ()


def is_admin_group(name: str) -> bool:
    return same_case(name) in ADMIN_GROUPS


def match_users(directory: Directory, users: Iterable[BackupUser]) -> Mapping[str, str]:
    """Backup user's key → id of the directory user who is the same person, where there is one.

    By account id, then e-mail, then — only for one that has neither — username. Where several users share an e-mail,
    each directory user is taken for one of them: the one of the same username first, then in the order of keys. The
    others are people of their own, so nobody gets in by sharing an address.
    """
    by_account = _by(directory, lambda one: one.account_id)
    by_email = _by(directory, lambda one: same_case(one.email))
    by_username = _by(directory, lambda one: same_case(one.username))
    found: dict[str, str] = {}
    taken: dict[str, tuple[str | None, ...]] = {}  # directory user → for whom
    by_address: list[BackupUser] = []
    for user in sorted(users, key=lambda one: one.key):
        candidates = by_account.get(user.account_id or "", [])
        if not candidates and same_case(user.email):
            by_address.append(user)
        elif not candidates and not user.account_id:
            candidates = by_username.get(same_case(username_of(user)) or "", [])
        if candidates:
            found[user.key] = candidates[0].id
            taken.setdefault(candidates[0].id, _who(user))
    for same_username in (True, False):
        for user in by_address:
            for one in by_email.get(same_case(user.email) or "", ()):
                named = same_case(one.username) == same_case(username_of(user))
                free = taken.get(one.id, _who(user)) == _who(user)
                if user.key not in found and free and (named or not same_username):
                    found[user.key] = one.id
                    taken[one.id] = _who(user)
    return found


def to_add(users: Iterable[BackupUser], matched: Mapping[str, str]) -> tuple[dict[str, str], list[DirectoryUser]]:
    """Who has no match: backup user's key → id of a new directory user, and these users."""
    keys: dict[str, str] = {}
    added: dict[tuple[str | None, ...], DirectoryUser] = {}
    for user in users:
        if user.key in matched:
            continue
        who = (*_who(user), same_case(user.email))
        if who not in added:
            added[who] = DirectoryUser(
                id=new_user_id(),
                display_name=user.display_name,
                account_id=user.account_id,
                email=user.email,
                username=username_of(user),
                active=user.active,
            )
        keys[user.key] = added[who].id
    return keys, list(added.values())


def username_of(user: BackupUser) -> str | None:
    """The username to know a user by: the key for one with neither username nor account id, to be found again."""
    return user.username or (None if user.account_id else user.key)


def _who(user: BackupUser) -> tuple[str | None, ...]:
    """What tells two users of one backup apart who share an e-mail."""
    return (user.account_id, same_case(username_of(user)))


def _by(directory: Directory, value: Callable[[DirectoryUser], str | None]) -> Mapping[str, list[DirectoryUser]]:
    """Users by a value; those who are known by nothing but a username come before those who happen to have it too."""
    index: dict[str, list[DirectoryUser]] = defaultdict(list)
    for user in sorted(directory.users.values(), key=lambda one: (bool(one.account_id or one.email), one.id)):
        key = value(user)
        if key:
            index[key].append(user)
    return index
