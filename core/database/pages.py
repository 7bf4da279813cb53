"""A piece of a long list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[T]):
    """`found` are those from `offset` on, of `total` that match."""

    found: Sequence[T]
    offset: int
    total: int

    @property
    def next_offset(self) -> int | None:
        """Where the next page begins; None behind the last one."""
        end = self.offset + len(self.found)
        return end if self.found and end < self.total else None


def cut(found: Sequence[T], *, limit: int, offset: int) -> Page[T]:
    """A page of what is in memory already."""
    return Page(found=found[offset : offset + limit], offset=offset, total=len(found))


def page_of(
    session: Session, query: "Select[*tuple[Any, ...]]", value: Callable[[Any], T], *, limit: int, offset: int
) -> Page[T]:
    """Cut by the database: `value` of each row of an ordered query that is on the page; only those are loaded."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = session.execute(query.limit(limit).offset(offset)) if total > offset else ()
    return Page(found=[value(row) for row in rows], offset=offset, total=total)


def contains(text: str) -> str:
    """A pattern for `LIKE … ESCAPE '/'` that finds the text anywhere, whatever it holds."""
    escaped = text.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return f"%{escaped}%"
