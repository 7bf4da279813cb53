"""One page, blog post or issue as people read it, in pages that a window can hold: nothing is cut, the rest is said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from slack_sdk.models.blocks import (
    Block,
    ButtonElement,
    DividerBlock,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextListElement,
    RichTextPreformattedElement,
    RichTextQuoteElement,
    RichTextSectionElement,
)
from slack_sdk.models.views import View

from bot.blocks import HEADER, Line, Span, actions, bold, bullets, button, clip, header, italic, lines, note, pieces_of
from bot.look.facts import Opened
from bot.look.ids import Action, BlockId
from bot.look.views.lists import look_view
from bot.words import isolated, plural
from core.look.values import Attachment, BlockKind, Comment, ItemView
from core.look.values import Block as Piece
from core.restore.wording import size

#: Pieces of a page of a window, and their characters: a window holds 100 blocks and 250 kB, and a text 3000.
PIECES: Final = 50
CHARACTERS: Final = 12_000
_CHUNK: Final = 2_500
_FIELD: Final = 500
_CELL: Final = 30
_DEEPEST: Final = 8


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of the item that stands alone; list items that follow each other stand together."""

    element: RichTextElement | None  # None: a rule
    characters: int
    is_list: bool = False


def item_view(facts: Opened) -> View:
    view = facts.view
    pages = paged(list(_parts(view)))
    at = min(facts.where.page, len(pages) - 1)
    left = sum(len(one) for one in pages[at + 1 :])
    return look_view(
        facts.where,
        [
            header(clip(_title(view), HEADER)),
            *(_first(facts) if at == 0 else [note(f"Page {at + 1} of {len(pages)}")]),
            *_blocks(pages[at]),
            *([note(f"… {plural(left, 'more paragraph')}")] if left else []),
            actions(BlockId.STEPS, *_buttons(at, len(pages))),
        ],
    )


def paged(parts: Sequence[Part]) -> list[list[Part]]:
    """At least one page, which may be empty."""
    pages: list[list[Part]] = [[]]
    characters = 0
    for one in parts:
        if pages[-1] and (len(pages[-1]) == PIECES or characters + one.characters > CHARACTERS):
            pages.append([])
            characters = 0
        pages[-1].append(one)
        characters += one.characters
    return pages


def _title(view: ItemView) -> str:
    return view.title if view.label == view.title else f"{view.label}  {view.title}"


def _first(facts: Opened) -> Iterator[Block]:
    view = facts.view
    yield note(f"In {isolated(facts.app.name)}. Read-only.")
    if len(_title(view)) > HEADER:
        yield lines((bold(clip(_title(view), _CHUNK)),))
    if view.fields:
        yield bullets((bold(f"{one.label} "), isolated(clip(one.value, _FIELD))) for one in view.fields)
    yield DividerBlock()
    if not view.body:
        yield lines((italic("It has no text."),))


def _buttons(at: int, pages: int) -> list[ButtonElement]:
    turns = [button(Action.BEFORE, "Previous", value=str(at - 1))] if at else []
    if at + 1 < pages:
        turns.append(button(Action.AFTER, "Read on", value=str(at + 1), style="primary"))
    return [button(Action.BACK, "Back"), *turns]


def _blocks(parts: Sequence[Part]) -> Iterator[Block]:
    for is_list, run in groupby(parts, key=lambda one: one.is_list):
        elements = [one.element for one in run]
        for group in [elements] if is_list else [[one] for one in elements]:
            found = [one for one in group if one is not None]
            yield RichTextBlock(elements=found) if found else DividerBlock()


def _parts(view: ItemView) -> Iterator[Part]:
    for one in view.body:
        yield from _of_piece(one)
    if view.comments:
        yield from (_rule(), _line((bold(plural(len(view.comments), "comment")),)))
    for comment in view.comments:
        yield from _of_comment(comment)
    if view.attachments:
        yield from (_rule(), _line((bold(plural(len(view.attachments), "attachment")),)))
    for attachment in view.attachments:
        yield _of_attachment(attachment)
    if view.history:
        yield from (_rule(), _line((italic(f"Older versions or changes: {view.history:,}"),)))


def _of_comment(comment: Comment) -> Iterator[Part]:
    written = f", {comment.written:%Y-%m-%d %H:%M} UTC" if comment.written else ""
    answers = "↳ " * min(comment.depth, _DEEPEST)
    said = (answers, bold(isolated(comment.author or "Unknown")), written)
    yield _line([one for one in said if one])
    for one in comment.body:
        yield from _of_piece(one)


def _of_attachment(attachment: Attachment) -> Part:
    said = "size unknown" if attachment.size is None else size(attachment.size)
    name = isolated(clip(attachment.name, _FIELD))
    return _list_item((name, f"  {said}"), indent=0, style="bullet", number=1)


def _of_piece(piece: Piece) -> Iterator[Part]:
    match piece.kind:
        case BlockKind.RULE:
            yield _rule()
        case BlockKind.TABLE:
            yield from (_preformatted(one) for one in _chunks(_table(piece.rows)))
        case BlockKind.CODE:
            yield from (_preformatted(one) for one in _chunks(piece.text))
        case BlockKind.HEADING:
            yield from (_line((bold(one),)) for one in _chunks(piece.text))
        case BlockKind.QUOTE:
            yield from (_part(RichTextQuoteElement(elements=_text(one)), one) for one in _chunks(piece.text))
        case BlockKind.LIST_ITEM:
            yield from _of_list_item(piece)
        case BlockKind.PARAGRAPH:
            yield from (_line(one) for one in _chunks(piece.text))


def _of_list_item(piece: Piece) -> Iterator[Part]:
    number = piece.marker.removesuffix(".")
    first = f"{piece.marker} " if piece.marker.startswith("[") else ""
    for one in _chunks(f"{first}{piece.text}"):
        yield _list_item(
            one,
            indent=min(piece.level - 1, _DEEPEST),
            style="ordered" if number.isdecimal() else "bullet",
            number=int(number) if number.isdecimal() else 1,
        )


def _list_item(said: Line, *, indent: int, style: str, number: int) -> Part:
    section = _section(said)
    found = RichTextListElement(
        elements=[section], style=style, indent=max(0, indent), offset=number - 1 if number > 1 else None
    )
    return Part(element=found, characters=_length(said), is_list=True)


def _line(said: Line) -> Part:
    return Part(element=_section(said), characters=_length(said))


def _section(said: Line) -> RichTextSectionElement:
    return RichTextSectionElement(elements=pieces_of(said))


def _preformatted(text: str) -> Part:
    return _part(RichTextPreformattedElement(elements=_text(text)), text)


def _part(element: RichTextElement, text: str) -> Part:
    return Part(element=element, characters=len(text))


def _rule() -> Part:
    return Part(element=None, characters=0)


def _text(text: str) -> list[RichTextElement]:
    return [RichTextElementParts.Text(text=text)]


def _length(said: Line) -> int:
    pieces = [said] if isinstance(said, str | Span) else said
    return sum(len(one if isinstance(one, str) else one.text) for one in pieces)


def _chunks(text: str) -> Iterator[str]:
    """All of it, in pieces that a text may have, cut at the end of a line or a word where there is one."""
    text = text.strip("\n")
    while len(text) > _CHUNK:
        cut = max(text.rfind("\n", 0, _CHUNK), text.rfind(" ", 0, _CHUNK))
        cut = cut if cut > _CHUNK // 2 else _CHUNK
        yield text[:cut]
        text = text[cut:].lstrip("\n ")
    if text.strip():
        yield text


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Columns that stand under each other; a cell that is too wide for that stands as it is."""
    columns = max((len(one) for one in rows), default=0)
    cells = [[" ".join(cell.split()) for cell in row] + [""] * (columns - len(row)) for row in rows]
    widths = [min(_CELL, max(len(row[number]) for row in cells)) for number in range(columns)]
    return "\n".join(
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
