"""What single kinds of a Jira export need before their columns are taken: rows are rewritten in place.

Names that start with `@` are made here and exist in no export.
"""

import re
from collections.abc import Callable
from typing import Final

Row = dict[str, str]
Rewrite = Callable[[Row], None]

#: Names the attributes of this one row that name a person, with spaces between.
PEOPLE: Final = "@people"
#: Atlassian account ids, which are user names and user keys in Cloud.
_ACCOUNT_ID: Final = re.compile(r"\d+:[0-9a-f-]{36}|[0-9a-f]{24}|(qm|ug):[0-9A-Za-z:-]+", re.ASCII)


def issue(row: Row) -> None:
    if not row.get("key") and row.get("projectKey") and row.get("number"):
        row["key"] = f"{row['projectKey']}-{row['number']}"
    elif "number" not in row and (tail := row.get("key", "").rpartition("-")[2]).isdecimal():
        row["number"] = tail


def user(row: Row) -> None:
    if "userName" not in row:
        for other in ("Name03", "lowerUserName"):
            if other in row:
                row["userName"] = row.pop(other)
                break
    external = row.get("externalId")
    if external and (external == row.get("userName") or _ACCOUNT_ID.fullmatch(external)):
        row["@account_id"] = row.pop("externalId")


def application_user(row: Row) -> None:
    # The key was taken as the record's key before, so only the name is left to look at.
    if _ACCOUNT_ID.fullmatch(row.get("lowerUserName", "")):
        row["@account_id"] = row["lowerUserName"]


def membership(row: Row) -> None:
    kind = {"GROUP_USER": "user", "GROUP_GROUP": "group"}.get(row.get("membershipType", ""))
    if kind:
        row["@kind"] = kind
        del row["membershipType"]


def old_membership(row: Row) -> None:
    row["@kind"] = "user"


def role_actor(row: Row) -> None:
    column = {"atlassian-user-role-actor": "@person", "atlassian-group-role-actor": "@group"}.get(
        row.get("roletype", "")
    )
    if column and row.get("roletypeparameter"):
        row[column] = row.pop("roletypeparameter")


def scheme_permission(row: Row) -> None:
    if "permissionKey" not in row and "permission" in row:
        row["permissionKey"] = row.pop("permission")
    column = {"group": "@group", "user": "@person"}.get(row.get("type", ""))
    if column and row.get("parameter"):
        row[column] = row.pop("parameter")


def global_permission(row: Row) -> None:
    if row.get("group_id"):
        row["@type"] = "group"


def user_association(row: Row) -> None:
    if row.get("sinkNodeEntity") == "Issue" and row.get("sinkNodeId"):
        row["@issue"] = row.pop("sinkNodeId")
        del row["sinkNodeEntity"]


def shared(row: Row) -> None:
    if row.get("type") == "user":
        _into_people(row, "param1")


def notified(row: Row) -> None:
    if row.get("type") == "Single_User":
        _into_people(row, "parameter")


def avatar(row: Row) -> None:
    if row.get("avatarType") == "user":
        _into_people(row, "owner")


def _into_people(row: Row, *names: str) -> None:
    present = [name for name in names if name in row]
    if present:
        row[PEOPLE] = " ".join(present)


def association(source: str, target: str, type_: str) -> Rewrite:
    def rewrite(row: Row) -> None:
        row["@source"], row["@target"], row["@type"] = source, target, type_

    return rewrite
