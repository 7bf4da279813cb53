"""All record types by app and by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.content.confluence import CONFLUENCE_TYPES
from core.content.directory import DIRECTORY_TYPES
from core.content.jira import JIRA_TYPES
from core.content.record_type import AppType, RecordType

RECORD_TYPES: Final[Mapping[AppType, tuple[RecordType, ...]]] = MappingProxyType(
    {
        AppType.JIRA: tuple(sorted(DIRECTORY_TYPES + JIRA_TYPES, key=lambda one: one.order)),
        AppType.CONFLUENCE: tuple(sorted(DIRECTORY_TYPES + CONFLUENCE_TYPES, key=lambda one: one.order)),
    }
)
BY_NAME: Final[Mapping[str, RecordType]] = MappingProxyType(
    {one.name: one for types in RECORD_TYPES.values() for one in types}
)


def container_type(app_type: AppType) -> RecordType:
    """The type of which every other record's `container` is a key."""
    return next(one for one in RECORD_TYPES[app_type] if one.is_container)


def file_type(app_type: AppType) -> RecordType:
    """The type whose records have a file beside the row."""
    return next(one for one in RECORD_TYPES[app_type] if one.has_file)
