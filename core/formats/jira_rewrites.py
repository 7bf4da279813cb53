"""What single kinds of a Jira export need before their columns are taken: rows are rewritten in place.

Names that start with `@` are made here and exist in no export.
"""

import re
from collections.abc import Callable, Collection
from typing import Final

Row = dict[str, str]
Rewrite = Callable[[Row], None]
#: Whether a rewrite leaves rows with just these attributes as they are, whatever they say.
Settled = Callable[[Collection[str]], bool]

#: Atlassian account ids, which are user names and user keys in Cloud.
_ACCOUNT_ID: Final = re.compile(r"\d+:[0-9a-f-]{36}|[0-9a-f]{24}|(qm|ug):[0-9A-Za-z:-]+", re.ASCII)


def issue(row: Row) -> None:
    if not row.get("key") and row.get("projectKey") and row.get("number"):
        row["key"] = f"{row['projectKey']}-{row['number']}"
    elif "number" not in row and (tail := row.get("key", "").rpartition("-")[2]).isdecimal():
        row["number"] = tail


def issue_is_settled(names: Collection[str]) -> bool:
    return "key" in names and "number" in names and "projectKey" not in names


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


def scheme_permission(row: Row) -> None:
    if "permissionKey" not in row and "permission" in row:
        row["permissionKey"] = row.pop("permission")
    column = {"group": "@group", "user": "@person"}.get(row.get("type", ""))
    if column and row.get("parameter"):
        row[column] = row.pop("parameter")


def global_permission(row: Row) -> None:
    if row.get("group_id"):
        row["@type"] = "group"
