"""Reads of records for a look, a few at a time."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

from core.apps.driver import Driver, Place
from core.content.catalogue import BY_NAME
from core.content.record_type import FORMER_USER, PLACEHOLDER

ROWS_AT_ONCE: Final = 2000
#: Rows of a few short columns: each read sorts all rows anew, so few reads are better.
LINES_AT_ONCE: Final = 50_000


class Records:
    """The records of one place, and the names that people know them by."""

    def __init__(self, driver: Driver, place: Place) -> None:
        self.driver = driver
        self.place = place
        self._names: dict[str, str] = {}

    def rows(
        self, record_type: str, columns: Sequence[str] | None = None, **where: str | None
    ) -> Iterator[Mapping[str, Any]]:
        """All rows that match, by label and key; only some columns are kept."""
        offset, limit = 0, ROWS_AT_ONCE if columns is None else LINES_AT_ONCE
        while True:
            found = self.driver.select(
                self.place, BY_NAME[record_type], columns=columns, where=where, limit=limit, offset=offset
            )
            yield from found.to_pylist()
            if found.num_rows < limit:
                return
            offset += limit

    def first(self, record_type: str, **where: str | None) -> Mapping[str, Any] | None:
        found = self.driver.select(self.place, BY_NAME[record_type], where=where, limit=1).to_pylist()
        return found[0] if found else None

    def count(self, record_type: str, **where: str | None) -> int:
        return self.driver.count(self.place, BY_NAME[record_type], where=where)

    def file_size(self, attachment: str) -> int | None:
        """Bytes of an attachment's file, or None where it has none."""
        found = self.driver.find_attachment(self.place, attachment)
        return None if found is None else found.size

    def label(self, record_type: str, key: str | None) -> str:
        """What people call the record of this key; the key itself where there is no such record."""
        if key is None or key == PLACEHOLDER:
            return ""
        known = self._labels[record_type]
        if key not in known:
            row = self.first(record_type, key=key)
            known[key] = (row and row[BY_NAME[record_type].label_column]) or key
        return known[key]

    def name_of(self, person: str | None) -> str:
        """A person's display name by user key, account id or username; the value itself where nobody is found."""
        if not person:
            return ""
        if person == PLACEHOLDER:
            return FORMER_USER
        if person not in self._names:
            self._names[person] = self._find_name(person)
        return self._names[person]

    @cached_property
    def _labels(self) -> dict[str, dict[str, str]]:
        return {name: {} for name in BY_NAME}

    def _find_name(self, person: str) -> str:
        known = self.first("directory.user_key", key=person) or self.first("directory.user_key", account_id=person)
        username = known["username"] if known and known["username"] else person
        for column, value in (("username", username), ("username", username.lower()), ("account_id", person)):
            user = self.first("directory.user", **{column: value})
            if user is not None and user["display_name"]:
                return str(user["display_name"])
        return str(username)
