"""What a look shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, kw_only=True)
class Container:
    """A project or a space."""

    record_key: str
    key: str  # as people write it: DS
    name: str
    kind: str
    items: int


@dataclass(frozen=True, kw_only=True)
class Item:
    """One line of an outline."""

    record_key: str
    label: str  # issue key, or title
    title: str
    kind: str  # page, blog post, or the type
    status: str
    depth: int = 0


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LIST_ITEM = "list-item"
    QUOTE = "quote"
    CODE = "code"
    TABLE = "table"
    RULE = "rule"


@dataclass(frozen=True, kw_only=True)
class Block:
    """A piece of a body as plain text."""

    kind: BlockKind
    text: str = ""
    level: int = 0  # of a heading; depth of a list item and of what stands in it
    marker: str = ""  # of a list item: `-`, `1.`, `[x]`; of code: its language
    rows: tuple[tuple[str, ...], ...] = ()  # of a table


@dataclass(frozen=True, kw_only=True)
class Field:
    label: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Comment:
    author: str
    written: datetime | None
    body: tuple[Block, ...]
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class Attachment:
    record_key: str
    name: str
    size: int | None
    media_type: str


@dataclass(frozen=True, kw_only=True)
class ItemView:
    """One page, blog post or issue."""

    record_key: str
    label: str
    title: str
    fields: tuple[Field, ...]
    body: tuple[Block, ...]
    comments: tuple[Comment, ...]
    attachments: tuple[Attachment, ...]
    #: old versions of a page, changes of an issue
    history: int
