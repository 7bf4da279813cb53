"""How rows of one native kind of a Jira export become records, and which attributes name a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from core.content.record_type import RecordType
from core.formats.jira_rewrites import Rewrite, Settled


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How rows of one native kind become records."""

    record_type: RecordType
    #: native attribute → column
    columns: Mapping[str, str] = field(default_factory=dict)
    #: attributes that make the record's key. One: its value is the key and stands nowhere else
    key: tuple[str, ...] = ("id",)
    #: the key starts with the kind, since several kinds share the record type
    prefixed: bool = False
    #: attributes the record type itself says
    implied: tuple[str, ...] = ()
    #: column → what it says in every row of this kind
    constants: Mapping[str, str] = field(default_factory=dict)
    #: further attributes that name a person
    people: tuple[str, ...] = ()
    rewrite: Rewrite | None = None
    settled: Settled = lambda _names: False
    #: rows of this kind with one of these values in `variant_by` are of another kind
    variant_by: str = ""
    variants: Mapping[str, "Kind"] = field(default_factory=dict)


#: Attributes that name a person, whatever the kind.
PEOPLE: Final = frozenset(
    {
        "assignee", "author", "authorKey", "archivedBy", "archivedby", "caller", "createdBy", "creator",
        "executingTwoLOUser", "lastModifiedUser", "last_modified_user_aaid", "lead", "lowerUserName", "name03",
        "Name03", "reporter", "sourceName", "statusChangedByAccountId", "updateauthor", "updatedBy", "user",
        "userKey", "userName", "username", "user_key",
    }
)  # fmt: skip
#: … and those that do so only in one kind, or never in one.
PEOPLE_OF_KIND: Final[Mapping[str, frozenset[str]]] = {
    "OSCurrentStep": PEOPLE | {"owner"},
    "OSHistoryStep": PEOPLE | {"owner"},
    # The account at the mail host, not one of the app.
    "MailServer": frozenset(),
}


def people_of(native: str, kind: Kind) -> frozenset[str]:
    return PEOPLE_OF_KIND.get(native, PEOPLE).union(kind.people)
