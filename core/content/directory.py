"""Users and groups as an export holds them; they are restored as content of the app."""

import pyarrow as pa

from core.content.record_type import RecordType, flag, group, reference, text

USER = RecordType(
    name="directory.user",
    title="users",
    order=10,
    is_directory=True,
    label_column="display_name",
    columns=(
        text("username"),
        text("display_name"),
        text("email"),
        flag("active"),
        text("account_id"),
        text("directory_id"),
    ),
    #: `email_problem`: invalid, missing or duplicate (without case, within the export); null where there is none
    review={"email_problem": pa.string()},
)
USER_KEY = RecordType(
    name="directory.user_key",
    title="user keys",
    order=11,
    is_directory=True,
    label_column="username",
    columns=(text("username"), text("email"), text("account_id")),
)
GROUP = RecordType(
    name="directory.group",
    title="groups",
    order=12,
    is_directory=True,
    label_column="name",
    columns=(group("name"), text("description"), flag("active")),
)
MEMBERSHIP = RecordType(
    name="directory.membership",
    title="memberships",
    order=13,
    is_directory=True,
    columns=(
        reference("group_key", "directory.group"),
        group("group_name"),
        reference("member_key", "directory.user", "directory.group"),
        text("member_name"),
        text("member_kind"),  # "user" or "group"
    ),
)
#: Directories, attributes, preferences, history, profiles: what belongs to persons and is not typed.
OTHER = RecordType(
    name="directory.other",
    title="other user data",
    order=14,
    is_directory=True,
    columns=(),
)

DIRECTORY_TYPES = (USER, USER_KEY, GROUP, MEMBERSHIP, OTHER)
