"""A small activeobjects.xml: rows of plugins' own tables, in Jira and as Confluence's .pdata."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final
from xml.sax.saxutils import escape

BOARDS: Final = "AO_60DB71_RAPIDVIEW"
SPRINTS: Final = "AO_60DB71_SPRINT"
TASKS: Final = "AO_BAF3AA_AOINLINE_TASK"

_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        BOARDS: ("ID", "NAME", "OWNER_USER_NAME", "SHOW_DAYS_IN_COLUMN"),
        SPRINTS: ("ID", "NAME", "CLOSED", "RAPID_VIEW_ID"),
        TASKS: ("ID", "BODY", "DUE_DATE", "CONTENT_ID"),
    }
)
_HEAD: Final = """<?xml version='1.0' encoding='UTF-8'?>
<backup xmlns="http://www.atlassian.com/ao" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <database>
    <meta key="database.name" value="PostgreSQL"/>
  </database>
"""


def _cell(value: object) -> str:
    match value:
        case None:
            return '<string xsi:nil="true"/>'
        case bool():
            return f"<boolean>{str(value).lower()}</boolean>"
        case int():
            return f"<integer>{value}</integer>"
        case _:
            return f"<string>{escape(str(value))}</string>"


def active_objects(tables: Mapping[str, Iterable[tuple[object, ...]]]) -> bytes:
    """The file's bytes; cells follow the table's columns, and their types give the tags."""
    parts = [_HEAD]
    for name in tables:
        columns = "".join(
            f'    <column name="{column}" primaryKey="{str(column == "ID").lower()}" autoIncrement="false" sqlType="12"'
            ' precision="255"/>\n'
            for column in _COLUMNS[name]
        )
        parts.append(f'  <table name="{name}">\n{columns}  </table>\n')
    for name, rows in tables.items():
        parts.append(f'  <data tableName="{name}">\n')
        parts.extend(f'    <column name="{column}"/>\n' for column in _COLUMNS[name])
        parts.extend(f"    <row>\n      {''.join(map(_cell, row))}\n    </row>\n" for row in rows)
        parts.append("  </data>\n")
    parts.append("</backup>\n")
    return "".join(parts).encode()
