"""What a record type is. The types themselves stand in directory.py, jira.py and confluence.py."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Final

import pyarrow as pa

#: What a reference points to when its target is unknown or was left out. Every table that is a reference's target holds
#: one row of this key; drivers never return it from `read` and never count it.
PLACEHOLDER: Final = "~placeholder"
#: What a person's name becomes who is restored as a placeholder.
FORMER_USER: Final = "Former user"


class AppType(StrEnum):
    JIRA = "jira"
    CONFLUENCE = "confluence"


class Role(StrEnum):
    """What a column's value means to choices and checks."""

    PLAIN = "plain"
    PERSON = "person"  # a user key, or in old exports a username; refers to directory.user_key or directory.user
    GROUP = "group"  # a group's name
    MARKUP = "markup"  # text in wiki markup or storage format, which may mention persons


class Reference(StrEnum):
    """How a reference column's value stands, found once at import and kept beside it in the archive."""

    GOOD = "good"
    DANGLING = "dangling"
    PERSONAL = "personal"  # a row outside any personal space refers into one


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    type: pa.DataType
    role: Role = Role.PLAIN
    #: record types one of which holds the key this column names; empty for a plain value
    targets: tuple[str, ...] = ()


def text(name: str) -> Column:
    return Column(name=name, type=pa.string())


def number(name: str) -> Column:
    return Column(name=name, type=pa.int64())


def decimal(name: str) -> Column:
    return Column(name=name, type=pa.float64())


def flag(name: str) -> Column:
    return Column(name=name, type=pa.bool_())


def moment(name: str) -> Column:
    """A point in time as the export writes it: microseconds, without a zone."""
    return Column(name=name, type=pa.timestamp("us"))


def person(name: str) -> Column:
    return Column(name=name, type=pa.string(), role=Role.PERSON)


def group(name: str) -> Column:
    return Column(name=name, type=pa.string(), role=Role.GROUP)


def markup(name: str) -> Column:
    return Column(name=name, type=pa.string(), role=Role.MARKUP)


def reference(name: str, *targets: str) -> Column:
    return Column(name=name, type=pa.string(), targets=targets)


@dataclass(frozen=True, kw_only=True)
class RecordType:
    """One kind of row. Every record is exactly one row of the native export.

    Columns of every record: `key` (unique within the type), `native` (the export's own kind), the typed columns,
    `container` (key of the project or space it belongs to, or null), `extra` (JSON object of attributes the model does
    not name) and `people` (the same for attributes that name persons). In the archive there are further `review`
    columns, found at import, which choices need and which are not loaded (see `archive_schema`).
    """

    name: str
    title: str  # as people say it, plural: "issues"
    columns: tuple[Column, ...]
    #: record types in ascending load order; what is referred to loads first
    order: int
    #: columns by which the container is found: a reference to the container itself or to a record that has one
    container_via: tuple[str, ...] = ()
    #: this type is the container (project, space) of its app
    is_container: bool = False
    #: belongs to users and groups, which a person may leave out
    is_directory: bool = False
    #: has a file beside the row; the archive's review column `file` names it
    has_file: bool = False
    #: people read it under this column in outlines and findings
    label_column: str = "key"
    #: further archive-only columns: name → type, with their meaning in the module that declares them
    review: Mapping[str, pa.DataType] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The type's name in databases and folders: `jira.issue` → `jira_issue`."""
        return self.name.replace(".", "_")

    @cached_property
    def references(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.targets)

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns as they are loaded and compared, in this order."""
        return pa.schema(
            [
                pa.field("key", pa.string(), nullable=False),
                pa.field("native", pa.string(), nullable=False),
                *(pa.field(column.name, column.type) for column in self.columns),
                pa.field("container", pa.string()),
                pa.field("extra", pa.string()),
                pa.field("people", pa.string()),
            ]
        )

    @cached_property
    def export_schema(self) -> pa.Schema:
        """Columns as a format's reader yields them: as loaded without `container`, with `file` where there is one."""
        fields = [one for one in self.schema if one.name != "container"]
        if self.has_file:
            fields.append(pa.field("file", pa.string()))
        return pa.schema(fields)

    @cached_property
    def archive_schema(self) -> pa.Schema:
        """`schema` and the review columns.

        `personal`: the record lies in a personal space. `repeated`: its key was there before in the export, and `#2`,
        `#3` … was put behind it. `ref_<column>`: a `Reference` for each reference that is set.
        """
        fields = [
            *self.schema,
            pa.field("personal", pa.bool_(), nullable=False),
            pa.field("repeated", pa.bool_(), nullable=False),
            *(pa.field(f"ref_{column.name}", pa.string()) for column in self.references),
            *(pa.field(name, type_) for name, type_ in self.review.items()),
        ]
        return pa.schema(fields)
