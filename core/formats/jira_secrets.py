"""Secrets of Jira exports: what is never taken in, and how it is recognised while streaming.

Three ways, each by itself enough: a table of kinds and attributes; the name of an attribute or of a named value
(a property, a directory's attribute …); and a text that is a private key or a licence by its own look.
"""

from collections.abc import Mapping
from typing import Final

from core.errors import ExportError
from core.formats.jira_mapping import PERSONAL_ENTITIES
from core.formats.secret_names import looks_secret, names_secret

#: Kinds of which nothing is taken in.
DROPPED_KINDS: Final = frozenset({"RememberMeToken"})
#: Secret attributes whose names alone do not say so.
SECRET_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "OAuthServiceProviderToken": frozenset({"verifier", "sessionHandle"}),
    "OAuthConsumerToken": frozenset({"tokenKey"}),
    # Whoever holds the other half acts as any user.
    "TrustedApplication": frozenset({"publicKey"}),
}
#: Kinds whose rows are a name and values: attribute of the name → attributes of the values.
NAMED_VALUES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "ApplicationAttribute": ("name", ("value",)),
    "AuditChangedValue": ("name", ("deltaFrom", "deltaTo")),
    "DirectoryAttribute": ("name", ("value",)),
    "EntityProperty": ("propertyKey", ("value",)),
    "GadgetUserPreference": ("userprefkey", ("userprefvalue",)),
    "GenericConfiguration": ("datakey", ("xmlvalue",)),
    "GroupAttribute": ("name", ("value", "lowerValue")),
    "UserAttribute": ("name", ("value", "lowerValue")),
}
#: Values of properties: they have the id of their OSPropertyEntry, which holds the name.
PROPERTY_ENTRY: Final = "OSPropertyEntry"
PROPERTY_TEXTS: Final = frozenset({"OSPropertyString", "OSPropertyText"})
PROPERTY_VALUES: Final = PROPERTY_TEXTS | {"OSPropertyDate", "OSPropertyNumber"}


def is_secret_attribute(native: str, attribute: str) -> bool:
    return attribute in SECRET_ATTRIBUTES.get(native, ()) or names_secret(attribute)


def secret_attributes(native: str, row: Mapping[str, str]) -> list[str]:
    """Names of the attributes of a row whose values are secrets. An empty value is none."""
    found = [name for name, value in row.items() if value and is_secret_attribute(native, name)]
    if native in NAMED_VALUES:
        name, values = NAMED_VALUES[native]
        named = names_secret(row.get(name, ""))
        for one in values:
            value = row.get(one)
            if value and one not in found and (named or looks_secret(value)):
                found.append(one)
    return found


class _Ids:
    """A set of ids; numbers take about a bit each, since property entries may be millions and are numbered densely."""

    def __init__(self) -> None:
        self._blocks: dict[int, int] = {}
        self._texts: set[str] = set()

    def add(self, id_: str) -> None:
        if _is_plain(id_):
            block, bit = divmod(int(id_), 4096)
            self._blocks[block] = self._blocks.get(block, 0) | 1 << bit
        else:
            self._texts.add(id_)

    def __contains__(self, id_: str) -> bool:
        if _is_plain(id_):
            block, bit = divmod(int(id_), 4096)
            return bool(self._blocks.get(block, 0) >> bit & 1)
        return id_ in self._texts


def _is_plain(id_: str) -> bool:
    return len(id_) < 19 and id_.isdecimal() and id_.isascii() and (id_ == "0" or id_[0] != "0")


class PropertyEntries:
    """What is known of the OSPropertyEntry rows, by which their values are judged.

    Jira writes entries before strings and texts (kinds stand in alphabetical order). A value whose entry was not seen
    must wait until `complete`.
    """

    def __init__(self) -> None:
        self.complete = False
        self._seen = _Ids()
        self._secret = _Ids()
        self._personal = _Ids()
        self._released = _Ids()

    def entry(self, row: Mapping[str, str]) -> None:
        id_ = row.get("id", "")
        self._seen.add(id_)
        if names_secret(row.get("propertyKey", "")):
            if id_ in self._released:
                raise ExportError(
                    f"The property entry {id_} is in the export twice, and one of the two holds a secret. Nothing was"
                    " imported.",
                    hint="Make the export again in Jira; if it stays so, remove the property entry from Jira first.",
                )
            self._secret.add(id_)
        if row.get("entityName") in PERSONAL_ENTITIES:
            self._personal.add(id_)

    def known(self, id_: str) -> bool:
        return self.complete or id_ in self._seen

    def is_secret(self, id_: str, value: str) -> bool:
        """To be asked once `known`; what was found to be no secret must stay none."""
        if id_ in self._secret or looks_secret(value):
            return True
        if not self.complete:
            self._released.add(id_)
        return False

    def is_personal(self, id_: str) -> bool:
        return id_ in self._personal
