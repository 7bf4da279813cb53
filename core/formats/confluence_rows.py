"""Properties of one Confluence object → one row of its record type."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa

from core.content import confluence, directory
from core.content.record_type import Column, Role
from core.formats.confluence_mapping import PERSON_CLASSES, PERSON_PROPERTIES, Native, key_of
from core.formats.values import flag, moment_us, number

#: A property's value: text, None where it stands as null, a reference or a component, a collection.
Value = Any
FromText = Callable[[str], object]

_MEMBERS: Final = {"userMember": "user", "groupMember": "group"}
_DIRECTORY_ID: Final = next(one for one in directory.USER.columns if one.name == "directory_id")
_USER_ACCOUNT_ID: Final = next(one for one in directory.USER.columns if one.name == "account_id")
_ACCOUNT_ID: Final = re.compile(r"[0-9a-f]{24}|\d{3,}:[0-9a-f-]{36}|(qm|ug):\S+", re.ASCII)


class RowBuilder:
    """Makes rows of one mapping; what it costs per property decides how fast an export is read."""

    def __init__(self, mapping: Native) -> None:
        self.record_type = mapping.record_type
        names = self.record_type.export_schema.names
        columns = {one.name: one for one in self.record_type.columns}
        self.owner = names.index("owner") if "owner" in names else -1
        #: property → place in the row, how its text becomes the column's value, whether it may be a reference
        self._places: dict[str, tuple[int, FromText | None, bool]] = {
            source: (names.index(column), _from_text(columns[column]), _refers(columns[column]))
            for source, column in mapping.columns.items()
        }
        self._empty: list[object] = [None] * len(names)
        for column, constant in mapping.constants.items():
            self._empty[names.index(column)] = constant
        self._extra = names.index("extra")
        self._people = names.index("people")
        self._file = names.index("file") if self.record_type.has_file else -1
        self._prefixed = self.record_type in (confluence.OTHER, directory.OTHER)
        # Everything of a directory's rows belongs to persons.
        self._tells_people = not self.record_type.is_directory
        self._persons = PERSON_PROPERTIES if self._tells_people else frozenset()
        self._member_kind = names.index("member_kind") if "member_kind" in names else -1

    def row(self, native: str, identity: str, values: dict[str, Value]) -> Sequence[object]:
        row = self._empty.copy()
        row[0] = f"{native}:{identity}" if self._prefixed else identity
        row[1] = native
        places, persons = self._places, self._persons
        extra: dict[str, Value] = {}
        people: dict[str, Value] = {}
        for name, value in values.items():
            place = places.get(name)
            if place is None:
                if value is None or type(value) is str:
                    (people if name in persons else extra)[name] = value
                else:
                    self._keep_aside(name, value, people, extra)
                continue
            if value is None:
                continue
            index, from_text, refers = place
            if type(value) is str:
                converted = value if from_text is None else from_text(value)
            else:
                converted = _reference(value) if refers else None
            if converted is None:
                if value != "":
                    self._keep_aside(name, value, people, extra)
            elif row[index] is None:
                row[index] = converted
            elif row[index] != converted:
                self._keep_aside(name, value, people, extra)
        if extra:
            row[self._extra] = orjson.dumps(extra).decode()
        if people:
            row[self._people] = orjson.dumps(people).decode()
        if self._file >= 0:
            row[self._file] = _file_of(identity, values)
        if self._member_kind >= 0:
            row[self._member_kind] = next((kind for name, kind in _MEMBERS.items() if values.get(name)), None)
        return row

    def _keep_aside(self, name: str, value: Value, people: dict[str, Value], extra: dict[str, Value]) -> None:
        """What no column takes: unnamed, unreadable as the column's type, or a second value of one column."""
        if self._tells_people and _names_person(name, value):
            people[name] = value
        else:
            extra[name] = value


def _names_person(name: str, value: Value) -> bool:
    if name in PERSON_PROPERTIES:
        return True
    if type(value) is dict:
        return value.get("class") in PERSON_CLASSES
    return type(value) is list and bool(value) and type(value[0]) is list and value[0][0] in PERSON_CLASSES


def _refers(column: Column) -> bool:
    return bool(column.targets) or column.role in (Role.PERSON, Role.GROUP) or column is _DIRECTORY_ID


def _from_text(column: Column) -> FromText | None:
    """How a text becomes the column's value, or nothing where it cannot; None where it is the value."""
    if _refers(column):
        return _named
    if column is _USER_ACCOUNT_ID:
        return _account_id
    return _BY_TYPE.get(column.type)


def _reference(value: Value) -> str | None:
    identity = value.get("id") if type(value) is dict else None
    return key_of(value["class"], identity) if identity else None


def _named(text: str) -> str | None:
    """Old writers named persons by text; an empty name is none."""
    return text.strip() or None


def _account_id(text: str) -> str | None:
    """Cloud's account id; a server writes the id of its LDAP or Crowd in the same place."""
    return text if _ACCOUNT_ID.fullmatch(text) else None


def _number(text: str) -> int | None:
    return number(text.strip())


def _flag(text: str) -> bool | None:
    return flag(text.strip())


def _moment(text: str) -> int | None:
    moment = moment_us(text)
    return moment_us(text.strip()) if moment is None else moment


_BY_TYPE: Final[Mapping[pa.DataType, FromText]] = {
    pa.int64(): _number,
    pa.bool_(): _flag,
    pa.timestamp("us"): _moment,
}


def _file_of(identity: str, values: Mapping[str, Value]) -> str | None:
    """Where an export keeps an attachment's bytes: every version lies in the folder of the current one."""
    owner = values.get("containerContent") or values.get("content")
    version = values.get("version") or values.get("attachmentVersion")
    original = values.get("originalVersion") or values.get("originalVersionId")
    if type(original) is dict:
        original = original.get("id")
    if type(owner) is not dict or type(version) is not str or not owner.get("id"):
        return None
    return f"attachments/{owner['id']}/{original or identity}/{version.strip()}"
