"""Confluence's storage format (XHTML with `ac:` and `ri:` elements) → blocks.

Hostile or broken input loses its form, and nothing in it is fetched or run.
"""

import re
from collections.abc import Callable, Iterator
from html.entities import html5
from typing import Any, Final

from lxml import etree

from core.look.values import Block, BlockKind

#: From a person's key, account id or name to the name people read.
NameOf = Callable[[str], str]

MAX_DEPTH: Final = 100
_ROOT: Final = "restorebot-body"
_AC: Final = "{ac}"
_RI: Final = "{ri}"
#: Once the parser has met an error it drops named entities, so they are all written as numbers before.
_ENTITY: Final = re.compile(r"<!\[CDATA\[.*?\]\]>|<(?![A-Za-z/!?])|&(?!#)(?:([A-Za-z][A-Za-z0-9]{1,31};))?", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_SPACE: Final = re.compile(r"[ \t\r\n\u00a0]+")
_SKIPPED: Final = frozenset(
    {"script", "style", f"{_AC}parameter", f"{_AC}placeholder", f"{_AC}task-id", f"{_AC}task-uuid"}
)
_CODE_MACROS: Final = frozenset({"code", "noformat"})
#: Macros that only frame what stands in them.
_FRAMES: Final = frozenset(
    {"info", "note", "warning", "tip", "panel", "expand", "section", "column", "excerpt", "details", "div"}
)


def storage_blocks(body: str, name_of: NameOf) -> tuple[Block, ...]:
    """The body's headings, paragraphs, lists, tables and code, in order."""
    text = _ENTITY.sub(_entity, _CONTROL.sub("", body))
    document = f'<{_ROOT} xmlns:ac="ac" xmlns:ri="ri">{text}</{_ROOT}>'.encode("utf-8", "replace")
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(document, parser)
    if root is None:
        return (Block(kind=BlockKind.PARAGRAPH, text=body.strip()),) if body.strip() else ()
    reader = _Reader(name_of)
    reader.flow(root, 0)
    reader.end_block()
    return tuple(reader.blocks)


def _entity(found: re.Match[str]) -> str:
    whole, name = found[0], found[1]
    if whole.startswith("<!"):  # in CDATA an entity is only text
        return whole
    text = html5.get(name, whole) if name else whole
    return "".join(f"&#{ord(letter)};" for letter in text)


def _parameter(macro: Any, *names: str) -> str:
    for one in macro.iterchildren(f"{_AC}parameter", f"{_AC}default-parameter"):
        if one.get(f"{_AC}name", "") in names:
            return "".join(one.itertext()).strip()
    return ""


class _Reader:
    """Collects text until a block ends, then gives it the kind that was current."""

    def __init__(self, name_of: NameOf) -> None:
        self.blocks: list[Block] = []
        self._name_of = name_of
        self._pieces: list[str] = []
        self._kind = BlockKind.PARAGRAPH
        self._level = 0
        self._marker = ""
        self._lists = 0

    def flow(self, element: Any, depth: int) -> None:
        """An element's text and children, in the block that is current."""
        if depth > MAX_DEPTH:
            self._pieces.append(_SPACE.sub(" ", "".join(element.itertext())))
            return
        self._say(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child, depth + 1)
            self._say(child.tail)

    def end_block(self) -> None:
        lines = (line.strip() for line in "".join(self._pieces).split("\n"))
        self._pieces.clear()
        if text := "\n".join(lines).strip():
            self.blocks.append(Block(kind=self._kind, text=text, level=self._level, marker=self._marker))
            if self._kind is BlockKind.LIST_ITEM:  # a second paragraph of the item is no item of its own
                self._kind, self._marker = BlockKind.PARAGRAPH, ""

    def _say(self, text: str | None) -> None:
        if text:
            self._pieces.append(_SPACE.sub(" ", text))

    def _element(self, element: Any, depth: int) -> None:
        tag = element.tag if element.tag.startswith("{") else element.tag.lower()
        if tag in _SKIPPED:
            return
        match tag:
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                self._block(element, depth, BlockKind.HEADING, level=int(tag[1]))
            case "p" | "div":
                self.end_block()
                self.flow(element, depth)
                self.end_block()
            case "blockquote":
                self._block(element, depth, BlockKind.QUOTE)
            case "ul" | "ol" | "{ac}task-list":
                self._list(element, depth, numbered=tag == "ol")
            case "table":
                self._add(Block(kind=BlockKind.TABLE, rows=tuple(self._rows(element, depth)), level=self._lists))
            case "pre":
                self._code("".join(element.itertext()), "")
            case "hr":
                self._add(Block(kind=BlockKind.RULE))
            case "br":
                self._pieces.append("\n")
            case "a":
                self._anchor(element, depth)
            case "img":
                self._pieces.append(f"[image: {element.get('alt') or element.get('src') or '?'}]")
            case "time":
                self._pieces.append(element.get("datetime", ""))
                self.flow(element, depth)
            case "{ac}structured-macro" | "{ac}macro":
                self._macro(element, depth)
            case "{ac}link":
                self._link(element, depth)
            case "{ac}image":
                self._pieces.append(f"[image: {self._resource(element) or '?'}]")
            case "{ac}emoticon":
                self._pieces.append(element.get(f"{_AC}emoji-fallback") or f":{element.get(f'{_AC}name', '')}:")
            case "{ri}user":
                self._pieces.append(self._resource_name(element))
            case _:
                self.flow(element, depth)

    def _add(self, block: Block) -> None:
        self.end_block()
        self.blocks.append(block)

    def _code(self, text: str, language: str) -> None:
        self._add(Block(kind=BlockKind.CODE, text=text.strip("\n"), marker=language, level=self._lists))

    def _block(self, element: Any, depth: int, kind: BlockKind, *, level: int = 0, marker: str = "") -> None:
        self.end_block()
        before = self._kind, self._level, self._marker
        self._kind, self._level, self._marker = kind, level, marker
        self.flow(element, depth)
        self.end_block()
        self._kind, self._level, self._marker = before

    def _list(self, element: Any, depth: int, *, numbered: bool) -> None:
        self.end_block()
        self._lists += 1
        number = 0
        for child in element:
            if not isinstance(child.tag, str):
                continue
            number += 1
            marker = f"{number}." if numbered else "-"
            if child.tag == f"{_AC}task":
                marker = "[x]" if child.findtext(f"{_AC}task-status", "").strip() == "complete" else "[ ]"
                for status in child.findall(f"{_AC}task-status"):
                    status.text = ""
            if child.tag in {"ul", "ol"}:
                self._element(child, depth + 1)
            else:
                self._block(child, depth + 1, BlockKind.LIST_ITEM, level=self._lists, marker=marker)
        self._lists -= 1

    def _rows(self, table: Any, depth: int) -> Iterator[tuple[str, ...]]:
        parts = [table, *table.iterchildren("thead", "tbody", "tfoot")]
        for row in (row for part in parts for row in part.iterchildren("tr")):
            cells = []
            for cell in row.iterchildren("td", "th"):
                inside = _Reader(self._name_of)
                inside.flow(cell, depth + 3)
                inside.end_block()
                texts = (one.text or "; ".join(" | ".join(cells) for cells in one.rows) for one in inside.blocks)
                cells.append(" ".join(text.replace("\n", " ") for text in texts))
            yield tuple(cells)

    def _anchor(self, element: Any, depth: int) -> None:
        start = len(self._pieces)
        self.flow(element, depth)
        target = element.get("href", "")
        if target.startswith(("http://", "https://", "mailto:")) and target != "".join(self._pieces[start:]).strip():
            self._pieces.append(f" ({target})")

    def _link(self, element: Any, depth: int) -> None:
        start = len(self._pieces)
        for body in element.iterchildren(f"{_AC}plain-text-link-body", f"{_AC}link-body"):
            self.flow(body, depth)
        if not "".join(self._pieces[start:]).strip():
            anchor = element.get(f"{_AC}anchor", "")
            self._pieces.append(self._resource(element) or (f"#{anchor}" if anchor else "[link]"))

    def _resource(self, element: Any) -> str:
        return next(
            (self._resource_name(one) for one in element if isinstance(one.tag, str) and one.tag.startswith(_RI)), ""
        )

    def _resource_name(self, resource: Any) -> str:
        if resource.tag == f"{_RI}user":
            who = next(
                (
                    resource.get(f"{_RI}{name}")
                    for name in ("account-id", "userkey", "username")
                    if resource.get(f"{_RI}{name}")
                ),
                "",
            )
            return f"@{self._name_of(who) if who else '?'}"
        names = ("content-title", "filename", "value", "space-key", "content-id", "shortcut")
        return next((resource.get(f"{_RI}{name}") for name in names if resource.get(f"{_RI}{name}")), "")

    def _macro(self, macro: Any, depth: int) -> None:
        name = macro.get(f"{_AC}name", "?")
        if name in _CODE_MACROS:
            text = "".join("".join(one.itertext()) for one in macro.iterchildren(f"{_AC}plain-text-body"))
            self._code(text, _parameter(macro, "language", ""))
            return
        if name == "status":
            self._pieces.append(f"[{_parameter(macro, 'title') or 'status'}]")
            return
        title = _parameter(macro, "title")
        if name in _FRAMES:
            if title:
                self._add(Block(kind=BlockKind.PARAGRAPH, text=title, level=self._lists))
        else:
            about = _parameter(macro, "key", "jqlQuery", "name") or title
            self._pieces.append(f"[macro {name}{': ' + about if about else ''}]")
        for body in macro.iterchildren(f"{_AC}rich-text-body", f"{_AC}plain-text-body"):
            self.end_block()
            self.flow(body, depth)
            self.end_block()
