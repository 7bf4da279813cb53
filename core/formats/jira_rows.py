"""Native rows of a Jira export → records, by the tables of jira_mapping.py and jira_secrets.py.

This is the hot path of an import: what a kind needs is worked out once, when its first row comes.
"""

from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
from blake3 import blake3
from orjson import OPT_SORT_KEYS, dumps

from core.content.record_type import Column, RecordType, Role
from core.formats import jira_rewrites, values
from core.formats.batches import Batches
from core.formats.export import Dropped
from core.formats.jira_mapping import KINDS, OTHER, PERSONAL, Kind, people_of
from core.formats.jira_rewrites import Row
from core.formats.jira_secrets import (
    DROPPED_KINDS,
    NAMED_VALUES,
    PROPERTY_ENTRY,
    PROPERTY_TEXTS,
    PROPERTY_VALUES,
    PropertyEntries,
    is_secret_attribute,
    secret_attributes,
)

Convert = Callable[[str], object]

_NOTHING: Final = (None, None)
#: Value rows that wait for their property entry: in the usual order only orphans do, in another one all of them.
_WAITING_ROWS: Final = 1_000
_WAITING_CHARACTERS: Final = 1024 * 1024


_BY_TYPE: Final[dict[pa.DataType, Convert]] = {
    pa.int64(): values.number,
    pa.float64(): values.decimal,
    pa.bool_(): values.flag,
    pa.timestamp("us"): values.moment_us,
}


def _is_named(column: Column) -> bool:
    """A reference, a person or a group: an empty text names none."""
    return bool(column.targets) or column.role in (Role.PERSON, Role.GROUP)


class _Plan:
    """What is to be done with each row of one native kind."""

    def __init__(self, native: str, kind: Kind, batches: Batches) -> None:
        self.native = native
        self.record_type: RecordType = kind.record_type
        self.add = batches.adder(kind.record_type)
        self.count = 0
        self.dropped_rows = 0
        self.dropped_values = 0
        self.rewrite = kind.rewrite
        self.implied = kind.implied
        self.people = people_of(native)
        self.is_property_value = native in PROPERTY_VALUES
        self.has_file = kind.record_type.has_file
        #: each row is judged by itself
        self.looks_closer = native in NAMED_VALUES or native in DROPPED_KINDS
        #: attributes that were looked at and are no secrets
        self.safe: set[str] = set()
        #: attributes of rows so far that name persons
        self.seen_people: list[str] = []
        self.variant_by = kind.variant_by
        self.variants = {value: _Plan(native, variant, batches) for value, variant in kind.variants.items()}
        self.key = kind.key
        self.personal_parts = tuple(place for place, column in enumerate(kind.key) if column in self.people)
        self.single_key = kind.key[0] if len(kind.key) == 1 else ""
        self.key_prefix = f"{native}:" if kind.prefixed else ""
        natives = {column: name for name, column in kind.columns.items()}
        typed = kind.record_type.columns
        #: native attributes in the order of the typed columns; no attribute has an empty name
        self.names = tuple(natives.get(column.name, "") for column in typed)
        self.absent = (None,) * len(self.names)
        places = [
            (2 + place, column, natives[column.name]) for place, column in enumerate(typed) if column.name in natives
        ]
        self.named = tuple((place, name) for place, column, name in places if _is_named(column))
        self.conversions = tuple(
            (place, _BY_TYPE[column.type], name) for place, column, name in places if column.type in _BY_TYPE
        )


class JiraRows:
    """Takes native rows, gives records to `Batches`, and counts."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._plans: dict[str, _Plan] = {}
        self._properties = PropertyEntries()
        self._waiting: list[tuple[_Plan, Row]] = []
        self._waiting_characters = 0

    @property
    def native_counts(self) -> dict[str, int]:
        return {plan.native: plan.count for plan in self._plans.values()}

    @property
    def dropped(self) -> dict[str, Dropped]:
        found = {}
        for plan in self._plans.values():
            plans = (plan, *plan.variants.values())
            rows, taken = sum(one.dropped_rows for one in plans), sum(one.dropped_values for one in plans)
            if rows or taken:
                found[plan.native] = Dropped(rows=rows, values=taken)
        return found

    def add(self, native: str, row: Row) -> None:
        """One native row; `row` is not the caller's any more."""
        plan = self._plans.get(native)
        if plan is None:
            plan = self._plans[native] = _Plan(native, _kind(native), self._batches)
        plan.count += 1
        if plan.is_property_value:
            if self._properties.known(row.get("id", "")):
                self._add_property(plan, row)
            else:
                self._waiting.append((plan, row))
                self._waiting_characters += sum(map(len, row.values()))
            return
        if plan.variants:
            if native == PROPERTY_ENTRY:
                self._properties.entry(row)
            plan = plan.variants.get(row.get(plan.variant_by, ""), plan)
        self._record(plan, row)

    @property
    def wants_property_entries(self) -> bool:
        """Too many values came before their entries: all entries are to be read first, by `property_entry`."""
        return len(self._waiting) > _WAITING_ROWS or self._waiting_characters > _WAITING_CHARACTERS

    def property_entry(self, row: Row) -> None:
        """An entry as the reading ahead of them finds it; it is no record yet."""
        self._properties.entry(row)

    def property_entries_are_complete(self) -> None:
        """Nothing that is still to come is an unknown entry: what waited can be judged."""
        self._properties.complete = True
        waiting, self._waiting, self._waiting_characters = self._waiting, [], 0
        for plan, row in waiting:
            self._add_property(plan, row)

    def _add_property(self, plan: _Plan, row: Row) -> None:
        id_ = row.get("id", "")
        if self._properties.is_personal(id_):
            plan = plan.variants[PERSONAL.record_type.name]
        # Numbers are counters and switches; a secret is a text.
        if plan.native in PROPERTY_TEXTS and "value" in row and self._properties.is_secret(id_, row["value"]):
            del row["value"]
            if not self._keep(plan, row, 1):
                return
        self._record(plan, row)

    def _keep(self, plan: _Plan, row: Row, taken: int) -> bool:
        """Counts secrets that were taken out of a row, and tells whether it is anything else."""
        if row.keys() <= {"id"}:
            plan.dropped_rows += 1
            return False
        plan.dropped_values += taken
        return True

    def _record(self, plan: _Plan, row: Row) -> None:
        if (plan.looks_closer or not plan.safe.issuperset(row)) and not self._without_secrets(plan, row):
            return
        pop = row.pop
        key = pop(plan.single_key, None) or _key(plan, row)
        if plan.key_prefix:
            key = plan.key_prefix + key
        if plan.rewrite is not None:
            plan.rewrite(row)
        for name in plan.implied:
            del row[name]
        # Row by row this takes more time than anything else but the parser, so no step is a call of Python's own.
        record: list[Any] = [key, plan.native, *map(pop, plan.names, plan.absent)]
        if "" in record:
            for place, name in plan.named:
                if record[place] == "":
                    record[place], row[name] = None, ""
        for place, convert, name in plan.conversions:
            text = record[place]
            if text is not None:
                record[place] = value = convert(text)
                if value is None:
                    row[name] = text
        people = None
        if row:
            if plan.seen_people or jira_rewrites.PEOPLE in row:
                people = _people(plan, row)
            record += (dumps(row).decode() if row else None, people)
        else:
            record += _NOTHING
        if plan.has_file:
            record.append(key)
        plan.add(record)

    def _without_secrets(self, plan: _Plan, row: Row) -> bool:
        if plan.native in DROPPED_KINDS:
            plan.dropped_rows += 1
            return False
        secrets = secret_attributes(plan.native, row)
        for name in row.keys() - plan.safe:
            if not is_secret_attribute(plan.native, name):
                plan.safe.add(name)
                if name in plan.people:
                    plan.seen_people.append(name)
        for name in secrets:
            del row[name]
        return not secrets or self._keep(plan, row, len(secrets))


def _kind(native: str) -> Kind:
    if native in PROPERTY_VALUES:
        return Kind(record_type=OTHER.record_type, prefixed=True, variants={PERSONAL.record_type.name: PERSONAL})
    return KINDS.get(native, OTHER)


def _key(plan: _Plan, row: Row) -> str:
    """The key of a row that has no key attribute of its own: several of its columns, or all that it says."""
    if not plan.single_key:
        parts = [row.get(column, "") for column in plan.key]
        if any(parts):
            # Keys stay when persons become placeholders, so none of several parts may name one.
            for place in plan.personal_parts:
                parts[place] = _digest(parts[place].encode())
            return ":".join(parts)
    digest = _digest(dumps(row, option=OPT_SORT_KEYS))
    return f"#{digest}" if plan.key_prefix else f"{plan.native}:#{digest}"


def _digest(data: bytes) -> str:
    return blake3(data).hexdigest(length=8)


def _people(plan: _Plan, row: Row) -> str | None:
    """Takes what names persons out of what is left of a row."""
    people = {name: row.pop(name) for name in plan.seen_people if name in row}
    for name in row.pop(jira_rewrites.PEOPLE, "").split():
        people[name] = row.pop(name)
    return dumps(people).decode() if people else None
