"""A look as plain text for a terminal."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from core.look.values import Block, BlockKind, Item, ItemView

#: A terminal would obey these: the text of an issue must not move its cursor or change its title.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def safe(text: str) -> str:
    """Without characters that act on a terminal."""
    return _CONTROL.sub("", text)


def outline_as_text(items: Iterable[Item]) -> str:
    """One line per item, children indented."""
    return safe("\n".join("  " * one.depth + _line(one) for one in items))


def as_text(view: ItemView) -> str:
    """The whole item: fields, body, comments, attachments."""
    return safe("\n".join(_lines(view)))


def _line(item: Item) -> str:
    what = ", ".join(part for part in (item.kind, item.status) if part)
    return f"{item.label}" + (f"  {item.title}" if item.title != item.label else "") + (f"  ({what})" if what else "")


def _lines(view: ItemView) -> Iterator[str]:
    yield view.title if view.title == view.label else f"{view.label}  {view.title}"
    yield ""
    width = max((len(one.label) for one in view.fields), default=0)
    for one in view.fields:
        yield f"{one.label:<{width}}  {one.value}"
    if view.body:
        yield ""
        yield from _blocks(view.body, "")
    if view.comments:
        yield from ("", f"Comments ({len(view.comments)})")
    for comment in view.comments:
        indent = "  " * (comment.depth + 1)
        written = f", {comment.written:%Y-%m-%d %H:%M} UTC" if comment.written else ""
        yield from ("", f"{indent}{comment.author or 'Unknown'}{written}")
        yield from _blocks(comment.body, indent)
    if view.attachments:
        yield from ("", f"Attachments ({len(view.attachments)})")
    for attachment in view.attachments:
        size = "size unknown" if attachment.size is None else f"{attachment.size:,} bytes"
        yield f"  {attachment.name}  {size}"
    if view.history:
        yield from ("", f"Older versions or changes: {view.history}")


def _blocks(blocks: Iterable[Block], indent: str) -> Iterator[str]:
    before: Block | None = None
    for block in blocks:
        together = before is not None and before.kind is block.kind is BlockKind.LIST_ITEM
        if before is not None and not together:
            yield ""
        for line in _block(block):
            yield f"{indent}{line}".rstrip()
        before = block


def _block(block: Block) -> Iterator[str]:
    lines = block.text.split("\n")
    match block.kind:
        case BlockKind.HEADING:
            yield f"{'#' * block.level} {' '.join(lines)}"
        case BlockKind.LIST_ITEM:
            margin = "  " * (block.level - 1)
            yield f"{margin}{block.marker} {lines[0]}"
            yield from (f"{margin}{' ' * len(block.marker)} {line}" for line in lines[1:])
        case BlockKind.QUOTE:
            yield from (f"> {line}" for line in lines)
        case BlockKind.CODE:
            yield from (f"    {line}" for line in lines)
        case BlockKind.TABLE:
            yield from (f"| {' | '.join(cells)} |" for cells in block.rows)
        case BlockKind.RULE:
            yield "----"
        case BlockKind.PARAGRAPH:
            yield from ("  " * block.level + line for line in lines)
