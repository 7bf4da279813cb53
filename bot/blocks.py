"""Small builders over slack_sdk's models. Text of people never meets markup: it goes into plain_text or rich_text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    InteractiveElement,
    Option,
    PlainTextObject,
    RichTextBlock,
    RichTextElement,
    RichTextElementParts,
    RichTextListElement,
    RichTextSectionElement,
    SectionBlock,
)

OPTION_TEXT: Final = 75
OPTIONS: Final = 100
HEADER: Final = 150
PLAIN_TEXT: Final = 3000
_DATE: Final = "{date_short_pretty} at {time}"


@dataclass(frozen=True, kw_only=True)
class Span:
    """A piece of a line."""

    text: str = ""
    bold: bool = False
    italic: bool = False
    code: bool = False
    url: str = ""
    user: str = ""
    channel: str = ""
    at: datetime | None = None  # shown in the reader's own time zone


Piece = str | Span
Line = Piece | Sequence[Piece]


def bold(text: object) -> Span:
    return Span(text=str(text), bold=True)


def italic(text: object) -> Span:
    return Span(text=str(text), italic=True)


def code(text: object) -> Span:
    return Span(text=str(text), code=True)


def link(url: str, text: str) -> Span:
    return Span(text=text, url=url)


def user(user_id: str) -> Span:
    return Span(user=user_id)


def when(at: datetime) -> Span:
    return Span(at=at)


def lines(*said: Line, block_id: str | None = None) -> RichTextBlock:
    """Paragraphs, one under the other."""
    elements: list[RichTextElement] = []
    for number, line in enumerate(said):
        pieces = pieces_of(line)
        if number < len(said) - 1:
            pieces.append(RichTextElementParts.Text(text="\n"))
        elements += pieces
    return RichTextBlock(elements=[RichTextSectionElement(elements=elements)], block_id=block_id)


def bullets(items: Iterable[Line], *, block_id: str | None = None) -> RichTextBlock:
    return RichTextBlock(
        elements=[
            RichTextListElement(
                style="bullet", elements=[RichTextSectionElement(elements=pieces_of(line)) for line in items]
            )
        ],
        block_id=block_id,
    )


def header(text: str) -> HeaderBlock:
    return HeaderBlock(text=plain(clip(text, HEADER)))


def note(*said: str) -> ContextBlock:
    """Small grey lines."""
    return ContextBlock(elements=[plain(clip(one, PLAIN_TEXT)) for one in said])


def plain_section(
    text: str, *, accessory: InteractiveElement | None = None, block_id: str | None = None
) -> SectionBlock:
    return SectionBlock(text=plain(clip(text, PLAIN_TEXT)), accessory=accessory, block_id=block_id)


def actions(block_id: str, *elements: InteractiveElement) -> ActionsBlock:
    return ActionsBlock(block_id=block_id, elements=list(elements))


def button(
    action_id: str,
    text: str,
    *,
    value: str = "",
    style: str | None = None,
    confirm: ConfirmObject | None = None,
    label: str = "",
) -> ButtonElement:
    """`label` is what a screen reader says instead, where many buttons have the same text."""
    return ButtonElement(
        text=plain(clip(text, OPTION_TEXT)),
        action_id=action_id,
        value=value or None,
        style=style,
        confirm=confirm,
        accessibility_label=clip(label, OPTION_TEXT) if label else None,
    )


def link_button(action_id: str, text: str, url: str) -> ButtonElement:
    return ButtonElement(text=plain(clip(text, OPTION_TEXT)), action_id=action_id, url=url)


def confirm(*, title: str, text: str, yes: str, no: str = "Not now", danger: bool = False) -> ConfirmObject:
    return ConfirmObject(
        title=plain(title), text=plain(clip(text, 300)), confirm=yes, deny=no, style="danger" if danger else None
    )


def option(value: str, text: str, description: str = "") -> Option:
    return Option(
        value=value,
        text=plain(clip(text, OPTION_TEXT)),
        description=plain(clip(description, OPTION_TEXT)) if description else None,
    )


def plain(text: str) -> PlainTextObject:
    """Without emoji names: what a person wrote stays as it is."""
    return PlainTextObject(text=text, emoji=False)


def clip(text: str, limit: int) -> str:
    """Cut with a sign. Empty text, which Slack refuses, becomes a dash."""
    text = text.strip() or "-"
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def escape(text: str) -> str:
    """For the fallback text of a message, the one place where Slack reads & < > as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def as_json(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Checked against the limits slack_sdk knows."""
    return [block.to_dict() for block in blocks]


def pieces_of(line: Line) -> list[RichTextElement]:
    pieces = [line] if isinstance(line, str | Span) else line
    return [_element(Span(text=piece) if isinstance(piece, str) else piece) for piece in pieces]


def _element(span: Span) -> RichTextElement:
    parts = RichTextElementParts
    if span.user:
        return parts.User(user_id=span.user)
    if span.channel:
        return parts.Channel(channel_id=span.channel)
    if span.at is not None:
        fallback = f"{span.at:%Y-%m-%d %H:%M} UTC"
        return parts.Date(timestamp=int(span.at.timestamp()), format=_DATE, fallback=fallback)
    style = {name: True for name in ("bold", "italic", "code") if getattr(span, name)} or None
    if span.url:
        return parts.Link(url=span.url, text=span.text or span.url, style=style)
    return parts.Text(text=span.text or " ", style=style)
