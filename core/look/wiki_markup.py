"""Wiki markup (Jira's texts, Confluence before 4.0) → blocks, as plain text."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from core.look.values import Block, BlockKind

_HEADING: Final = re.compile(r"\s*h([1-6])\.\s+(.*)")
_LIST_ITEM: Final = re.compile(r"\s*([*#-]{1,9})\s+(\S.*)")
_FENCE: Final = re.compile(r"(?<!\{)\{(code|noformat)(?::([^}\n]{0,200}))?\}(?!\})")
_RULE: Final = re.compile(r"\s*-{4,}\s*")
_INLINE: Final = re.compile(
    r"\\(?P<escaped>[{}\[\]*_|!~+^-])"
    r"|\[~(?P<person>[^\]\n]{1,255})\]"
    r"|\[(?P<text>[^\]|\n]{1,500})\|(?P<target>[^\]|\n]{1,2000})(?:\|[^\]\n]{0,200})?\]"
    r"|\[(?P<link>(?:https?://|mailto:)[^\]\n]{1,2000})\]"
    r"|!(?P<image>[^!|\s][^!|\n]{0,255}\.\w{1,5})(?:\|[^!\n]{0,255})?!"
    r"|\{\{(?P<mono>[^}\n]{1,500})\}\}"
    r"|\{(?:color|quote|panel)(?::[^}\n]{0,200})?\}"
    r"|\{(?P<macro>[a-z][a-z-]{1,40})(?::[^}\n]{0,200})?\}"
    r"|(?<!\w)(?P<mark>[*_+^~])(?P<marked>[^\s*_+^~][^*_+^~\n]{0,500})(?P=mark)(?!\w)"
)


def wiki_blocks(text: str, name_of: Callable[[str], str]) -> tuple[Block, ...]:
    """The text's headings, paragraphs, lists, tables and code, in order."""
    return tuple(_blocks(text.replace("\r\n", "\n"), name_of))


def _blocks(text: str, name_of: Callable[[str], str]) -> Iterator[Block]:
    position = 0
    while fence := _FENCE.search(text, position):
        yield from _lines(text[position : fence.start()], name_of)
        closing = f"{{{fence[1]}}}"
        end = text.find(closing, fence.end())
        end = len(text) if end < 0 else end
        language = (fence[2] or "").partition("|")[0]
        marker = "" if "=" in language else language
        yield Block(kind=BlockKind.CODE, text=text[fence.end() : end].strip("\n"), marker=marker)
        position = min(end + len(closing), len(text))
    yield from _lines(text[position:], name_of)


def _lines(text: str, name_of: Callable[[str], str]) -> Iterator[Block]:
    paragraph: list[str] = []
    table: list[tuple[str, ...]] = []
    quoting = False

    def ended() -> Iterator[Block]:
        if table:
            yield Block(kind=BlockKind.TABLE, rows=tuple(table))
            table.clear()
        if said := "\n".join(paragraph).strip():
            yield Block(kind=BlockKind.QUOTE if quoting else BlockKind.PARAGRAPH, text=said)
        paragraph.clear()

    for line in text.split("\n"):
        if line.strip() == "{quote}":
            yield from ended()
            quoting = not quoting
        elif not line.strip():
            yield from ended()
        elif _RULE.fullmatch(line):
            yield from ended()
            yield Block(kind=BlockKind.RULE)
        elif found := _HEADING.match(line):
            yield from ended()
            yield Block(kind=BlockKind.HEADING, text=_inline(found[2], name_of), level=int(found[1]))
        elif found := _LIST_ITEM.match(line):
            yield from ended()
            marker = "1." if found[1].endswith("#") else "-"
            yield Block(kind=BlockKind.LIST_ITEM, text=_inline(found[2], name_of), level=len(found[1]), marker=marker)
        elif line.startswith("bq. "):
            yield from ended()
            yield Block(kind=BlockKind.QUOTE, text=_inline(line.removeprefix("bq. "), name_of))
        elif line.lstrip().startswith("|"):
            if paragraph:
                yield from ended()
            cells = _inline(line.strip(), name_of).strip("|").replace("||", "|").split("|")
            table.append(tuple(cell.strip() for cell in cells))
        else:
            if table:
                yield from ended()
            paragraph.extend(_inline(line, name_of).split("\\\\"))
    yield from ended()


def _inline(text: str, name_of: Callable[[str], str]) -> str:
    def plain(found: re.Match[str]) -> str:
        part = found.groupdict()
        if part["escaped"]:
            return part["escaped"]
        if part["person"]:
            return f"@{name_of(part['person'].removeprefix('accountid:'))}"
        if part["text"]:
            return f"{part['text']} ({part['target']})"
        if part["image"]:
            return f"[image: {part['image']}]"
        if part["macro"]:
            return f"[macro {part['macro']}]"
        return part["link"] or part["mono"] or (_inline(part["marked"], name_of) if part["marked"] else "")

    return _INLINE.sub(plain, text)
