"""Native rows of a Jira export → records, by the tables of jira_mapping.py and jira_secrets.py.

This is the hot path of an import: what a kind needs is worked out once, when its first row comes.
"""

from collections.abc import Callable
from typing import Final

from core.content.record_type import RecordType
from core.formats.batches import Batches
from core.formats.export import Dropped
from core.formats.jira_columns import Columns, Naming
from core.formats.jira_keys import KEY, KeyRule
from core.formats.jira_kind import Kind, people_of
from core.formats.jira_mapping import KINDS, OTHER, PERSONAL
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

#: Value rows that wait for their property entry: in the usual order only orphans do, in another one all of them.
_WAITING_ROWS: Final = 1_000
_WAITING_CHARACTERS: Final = 1024 * 1024


class _Plan:
    """What is to be done with each row of one native kind."""

    def __init__(self, native: str, kind: Kind, columns_of: Callable[[RecordType], Columns]) -> None:
        self.native = native
        self.count = 0
        self.dropped_rows = 0
        self.dropped_values = 0
        self.rewrite = kind.rewrite
        self.settled = kind.settled
        self.is_property_value = native in PROPERTY_VALUES
        #: each row is judged by itself
        self.looks_closer = native in NAMED_VALUES or native in DROPPED_KINDS
        #: attributes that were looked at and are no secrets
        self.safe: set[str] = set()
        self.variant_by = kind.variant_by
        self.variants = {value: _Plan(native, variant, columns_of) for value, variant in kind.variants.items()}
        people = people_of(native, kind)
        self.key = KeyRule(native=native, attributes=kind.key, prefixed=kind.prefixed, people=people)
        #: no row is plain where it is empty
        self.first_key = kind.key[0]
        natives = {column: name for name, column in kind.columns.items()}
        typed = [column.name for column in kind.record_type.columns]
        self.naming = Naming(
            native=native,
            key=self.key,
            attributes=tuple(natives.get(column, "") for column in typed),
            constants=tuple(kind.constants.get(column, "") for column in typed),
            people=people,
            implied=kind.implied,
        )
        self.columns = columns_of(kind.record_type)
        #: shapes of rows that have a key and no secret: there is nothing to be done with them
        self.plain = self.columns.shapes()
        #: … of rows that were made ready
        self.ready = self.columns.shapes()

    def is_plain(self, row: Row) -> bool:
        """Whether nothing is to be done with rows that have the same attributes and a key."""
        settled = self.rewrite is None or self.settled(row)
        return settled and not self.looks_closer and self.safe.issuperset(row) and self.key.is_in(row)


class JiraRows:
    """Takes native rows, gives records to `Batches`, and counts."""

    def __init__(self, batches: Batches) -> None:
        self._batches = batches
        self._columns: dict[str, Columns] = {}
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
            plan = self._plans[native] = _Plan(native, _kind(native), self._columns_of)
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
        # After the parser this takes most of the time, so there are steps for a row, and none for a value.
        shape = plan.plain.get(tuple(row))
        if shape is not None and row[plan.first_key]:
            shape.add(row.values())
            plan.columns.add(shape.number)
        else:
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
        """A row of which more is to be done than to take its values, or the first of its shape."""
        if (plan.looks_closer or not plan.safe.issuperset(row)) and not self._without_secrets(plan, row):
            return
        shapes = plan.plain
        if not plan.is_plain(row):
            key = plan.key.take(row)
            if plan.rewrite is not None:
                plan.rewrite(row)
            row[KEY] = key
            shapes = plan.ready
        names = tuple(row)
        shape = shapes.get(names)
        if shape is None:
            shape = shapes[names] = plan.columns.new_shape(plan.naming, names)
        shape.add(row.values())
        plan.columns.add(shape.number)

    def _columns_of(self, record_type: RecordType) -> Columns:
        columns = self._columns.get(record_type.name)
        if columns is None:
            columns = self._columns[record_type.name] = Columns(record_type)
            self._batches.gather(columns)
        return columns

    def _without_secrets(self, plan: _Plan, row: Row) -> bool:
        if plan.native in DROPPED_KINDS:
            plan.dropped_rows += 1
            return False
        secrets = secret_attributes(plan.native, row)
        plan.safe.update(name for name in row.keys() - plan.safe if not is_secret_attribute(plan.native, name))
        for name in secrets:
            del row[name]
        return not secrets or self._keep(plan, row, len(secrets))


def _kind(native: str) -> Kind:
    if native in PROPERTY_VALUES:
        return Kind(record_type=OTHER.record_type, prefixed=True, variants={PERSONAL.record_type.name: PERSONAL})
    return KINDS.get(native, OTHER)
