"""A person's choices applied to records: one pure function, used for loading and for comparing."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.content.record_type import FORMER_USER, PLACEHOLDER, Column, RecordType, Reference, Role
from core.findings import EMAIL_PROBLEMS, FindingCode
from core.restore.person_traces import without_persons
from core.restore.request import Part, Resolution

#: Columns of values that are persons in some rows: in old and new values of a change, a picker's value, a property.
_PERSON_VALUES = frozenset({"old_value", "old_text", "new_value", "new_text", "string_value"})
#: Properties of Confluence content whose value is a person.
_PERSON_PROPERTIES = ("status-lastmodifier",)
#: By which column a group or a membership says its group's key.
_GROUP_KEYS: Mapping[str, str] = {"directory.group": "key", "directory.membership": "group_key"}


@dataclass(frozen=True, kw_only=True)
class Choices:
    without: frozenset[Part] = frozenset()
    resolutions: Mapping[FindingCode, Resolution] = field(default_factory=dict)
    #: groups of the backup whose name the organization has already: name → new name, or None to leave the group out
    group_names: Mapping[str, str | None] = field(default_factory=dict)
    #: keys of the groups that are left out
    groups_left_out: frozenset[str] = frozenset()

    def leaves_out(self, record_type: RecordType) -> bool:
        """Every record of this type is left out."""
        return record_type.is_directory and Part.USERS_AND_GROUPS in self.without

    def makes_former(self, email_problem: str | None) -> bool:
        """Users with this problem of their address are restored as a placeholder."""
        code = EMAIL_PROBLEMS.get(email_problem or "")
        return code is not None and self.resolutions.get(code) is Resolution.PLACEHOLDER


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What is to be loaded, in `record_type.schema`; rows left out; and how many records each choice has changed."""

    batch: pa.RecordBatch
    left_out: int
    changed: Mapping[FindingCode, int]


def apply(record_type: RecordType, batch: pa.RecordBatch, choices: Choices) -> Applied:
    """Apply the choices to a batch in `record_type.archive_schema`. Keeps the order of the rows."""
    kept = kept_rows(record_type, batch, choices)
    left_out = batch.num_rows - kept.num_rows
    changed: Counter[FindingCode] = Counter()
    columns = {name: kept.column(name) for name in record_type.schema.names}
    _resolve_references(record_type, kept, columns, choices, changed)
    _resolve_users(record_type, kept, columns, choices, changed)
    _rename_groups(record_type, columns, choices, changed)
    if Part.USERS_AND_GROUPS in choices.without:
        _leave_persons_out(record_type, kept, columns, changed)
    arrays = [columns[name] for name in record_type.schema.names]
    return Applied(
        batch=pa.RecordBatch.from_arrays(arrays, schema=record_type.schema), left_out=left_out, changed=dict(changed)
    )


def kept_rows(record_type: RecordType, batch: pa.RecordBatch, choices: Choices) -> pa.RecordBatch:
    """The rows that are restored, as the archive has them."""
    if choices.leaves_out(record_type):
        return batch.slice(0, 0)
    for drop in _row_masks(record_type, choices):
        batch = batch.filter(pc.invert(drop(batch)))
    return batch


def _row_masks(record_type: RecordType, choices: Choices) -> Iterator[Any]:
    if Part.PERSONAL_SPACES in choices.without:
        yield lambda rows: rows.column("personal")
    if choices.resolutions.get(FindingCode.CONTENT_REPEATED_KEY) is Resolution.LEAVE_OUT:
        yield lambda rows: rows.column("repeated")
    if choices.groups_left_out and record_type.name in _GROUP_KEYS:
        yield lambda rows: _names_group_left_out(record_type, rows, choices)


def _names_group_left_out(record_type: RecordType, rows: pa.RecordBatch, choices: Choices) -> Any:
    """The group itself, and every membership in it or of it. Old exports name groups, newer ones refer to them."""
    keys = pa.array(sorted(choices.groups_left_out), pa.string())
    names = pa.array([name for name, new in choices.group_names.items() if new is None], pa.string())
    found = pc.is_in(rows.column(_GROUP_KEYS[record_type.name]), keys)
    if record_type.name == "directory.membership":
        is_group = pc.fill_null(pc.equal(rows.column("member_kind"), "group"), False)
        member = pc.or_(pc.is_in(rows.column("member_key"), keys), pc.is_in(rows.column("member_name"), names))
        found = pc.or_(found, pc.or_(pc.is_in(rows.column("group_name"), names), pc.and_(is_group, member)))
    return found


def _resolve_references(
    record_type: RecordType,
    kept: pa.RecordBatch,
    columns: dict[str, Any],
    choices: Choices,
    changed: Counter[FindingCode],
) -> None:
    leave_out = choices.resolutions.get(FindingCode.CONTENT_DANGLING_REFERENCE) is Resolution.LEAVE_OUT
    dangling_value = pa.scalar(None if leave_out else PLACEHOLDER, pa.string())
    for column in record_type.references:
        status = kept.column(f"ref_{column.name}")
        dangling = pc.fill_null(pc.equal(status, Reference.DANGLING.value), False)
        if count := _true(dangling):
            columns[column.name] = pc.if_else(dangling, dangling_value, columns[column.name])
            changed[FindingCode.CONTENT_DANGLING_REFERENCE] += count
        if Part.PERSONAL_SPACES in choices.without:
            personal = pc.fill_null(pc.equal(status, Reference.PERSONAL.value), False)
            if count := _true(personal):
                columns[column.name] = pc.if_else(personal, PLACEHOLDER, columns[column.name])
                changed[FindingCode.CHOICE_REFERENCE_LEFT_OUT] += count


def _resolve_users(
    record_type: RecordType,
    kept: pa.RecordBatch,
    columns: dict[str, Any],
    choices: Choices,
    changed: Counter[FindingCode],
) -> None:
    if "email_problem" not in record_type.review:
        return
    problem = kept.column("email_problem")
    for word, code in EMAIL_PROBLEMS.items():
        if not choices.makes_former(word):
            continue
        former = pc.fill_null(pc.equal(problem, word), False)
        if count := _true(former):
            changed[code] += count
            columns["display_name"] = pc.if_else(former, FORMER_USER, columns["display_name"])
            columns["active"] = pc.if_else(former, False, columns["active"])
            for name in ("email", "account_id", "extra", "people"):
                columns[name] = pc.if_else(former, pa.scalar(None, pa.string()), columns[name])


def _rename_groups(
    record_type: RecordType, columns: dict[str, Any], choices: Choices, changed: Counter[FindingCode]
) -> None:
    renamed = {old: new for old, new in choices.group_names.items() if new is not None}
    if not renamed:
        return
    old_names, new_names = pa.array(renamed.keys(), pa.string()), pa.array(renamed.values(), pa.string())
    for column in _with_role(record_type, Role.GROUP):
        place = pc.index_in(columns[column.name], old_names)
        if count := _true(pc.is_valid(place)):
            columns[column.name] = pc.coalesce(pc.take(new_names, place), columns[column.name])
            changed[FindingCode.GROUP_NAME_EXISTS] += count


def _leave_persons_out(
    record_type: RecordType, kept: pa.RecordBatch, columns: dict[str, Any], changed: Counter[FindingCode]
) -> None:
    """Whoever is named becomes the placeholder; a record that named anybody counts once."""
    touched = pc.is_valid(columns["people"])
    columns["people"] = pa.nulls(kept.num_rows, pa.string())
    for column in _with_role(record_type, Role.PERSON):
        named = pc.is_valid(columns[column.name])
        columns[column.name] = pc.if_else(named, PLACEHOLDER, columns[column.name])
        touched = pc.or_(touched, named)
    for name in ("extra", *(column.name for column in _with_role(record_type, Role.MARKUP))):
        before = columns[name]
        columns[name] = without_persons(before)
        touched = pc.or_(touched, pc.fill_null(pc.not_equal(before, columns[name]), False))
    names = _values_are_persons(record_type, kept)
    for name in _PERSON_VALUES & set(columns):
        named = pc.and_(names, pc.is_valid(columns[name]))
        columns[name] = pc.if_else(named, PLACEHOLDER, columns[name])
        touched = pc.or_(touched, named)
    if count := _true(touched):
        changed[FindingCode.CHOICE_PERSON_LEFT_OUT] += count


def _values_are_persons(record_type: RecordType, kept: pa.RecordBatch) -> Any:
    """Rows that are a name and values, where the name says that the values are persons."""
    if "names_person" in record_type.review:
        return pc.fill_null(kept.column("names_person"), False)
    if record_type.name == "confluence.content_property":
        return pc.is_in(kept.column("name"), pa.array(_PERSON_PROPERTIES, pa.string()))
    return pa.array([False] * kept.num_rows, pa.bool_())


def _with_role(record_type: RecordType, role: Role) -> Iterator[Column]:
    return (column for column in record_type.columns if column.role is role)


def _true(mask: Any) -> int:
    return int(pc.sum(mask).as_py() or 0)
