"""Alembic's entry: runs the revisions, or compares tables with the code, on the connection it is handed."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.schema import SchemaItem

from core.database import UtcDateTime


def _ours(_item: SchemaItem, _name: str | None, kind: str, reflected: bool, compared: SchemaItem | None) -> bool:
    """Tables in the same database that the code does not declare are others': they are left alone."""
    return not (kind == "table" and reflected and compared is None)


def _rendered(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """Revisions name the database's own types, so that they stay what they were when code changes."""
    return "sa.DateTime()" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    render_as_batch=True,
    include_object=_ours,
    render_item=_rendered,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
