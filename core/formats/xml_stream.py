"""XML of native exports, streamed into a target: what XML 1.0 forbids is filtered, what no export has is refused."""

import gc
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, NoReturn

from lxml import etree

from core.errors import ForbiddenXml, MalformedXml

CHUNK_BYTES: Final = 512 * 1024
#: Control characters which Confluence writes unescaped though XML 1.0 forbids them, as bytes of UTF-8.
_CONTROL: Final = bytes(one for one in range(0x20) if one not in (0x09, 0x0A, 0x0D))
#: The same for surrogates, U+FFFE and U+FFFF.
_NONCHARACTER: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]|\xef\xbf[\xbe\xbf]")
_OTHER_ENCODINGS: Final = (b"\xfe\xff", b"\xff\xfe", b"\x00\x00\xfe\xff", b"\x00<", b"<\x00")
_PLACE: Final = re.compile(r", line \d+, column \d+.*$")
_TARGET_METHODS: Final = ("start", "end", "data", "comment", "close")
_HINT: Final = "Make the export again in the app, or give the file as the app wrote it."


class XmlFeed(Iterator[None]):
    """Feeds a stream to an lxml parser target; each step is one chunk, so a caller can hand on what was gathered.

    The target has `start(tag, attributes)`, `end(tag)`, `data(text)`, and may have `comment(text)` and `close()`; what
    its methods raise comes through. `control_characters` counts the characters left out so far.
    """

    def __init__(self, stream: BinaryIO, target: Any, *, name: str) -> None:
        self.control_characters = 0
        self._stream = stream
        self._name = name
        self._held = b""
        # "internal": without it libxml2 hands on `&amp;` in attributes as `&#38;`; entities of a document's own cannot
        # occur, since declaring them takes the document type that is refused first.
        self._parser = etree.XMLParser(
            target=_Guarded(target, name), resolve_entities="internal", no_network=True, load_dtd=False, huge_tree=True
        )
        self._steps = self._feed()

    def __next__(self) -> None:
        return next(self._steps)

    def _feed(self) -> Iterator[None]:
        chunk = self._stream.read(CHUNK_BYTES)
        if chunk.startswith(_OTHER_ENCODINGS):
            raise MalformedXml(
                f"{self._name} is not written in UTF-8. Nothing was imported.", line=1, column=1, hint=_HINT
            )
        try:
            while chunk:
                with _without_collection():
                    self._parser.feed(self._clean(chunk))
                yield
                chunk = self._stream.read(CHUNK_BYTES)
            # lxml tells an empty document only once something was fed.
            self._parser.feed(self._held)
            self._parser.close()
            yield
        except etree.XMLSyntaxError as error:
            self._refuse(error)

    def _clean(self, chunk: bytes) -> bytes:
        """The chunk without forbidden characters; the start of a character that may be one waits for the next chunk."""
        clean = chunk.translate(None, _CONTROL)
        self.control_characters += len(chunk) - len(clean)
        if self._held:
            clean = self._held + clean
            self._held = b""
        kept = len(clean)
        if clean.endswith((b"\xed", b"\xef")):
            kept -= 1
        elif clean[-2:-1] in (b"\xed", b"\xef"):
            kept -= 2
        if kept < len(clean):
            self._held = clean[kept:]
            clean = clean[:kept]
        # One byte is looked for ten times as fast as two.
        if b"\xed" in clean or (b"\xef" in clean and b"\xef\xbf" in clean):
            clean, count = _NONCHARACTER.subn(b"", clean)
            self.control_characters += count
        return clean

    def _refuse(self, error: etree.XMLSyntaxError) -> NoReturn:
        line, column = error.position
        reason = _PLACE.sub("", error.msg or "it ends too early")
        raise MalformedXml(
            f"{self._name} is not well-formed XML: {reason} (line {line}, column {column}). Nothing was imported.",
            line=line,
            column=column,
            hint=_HINT,
        ) from error


@contextmanager
def _without_collection() -> Iterator[None]:
    """Rows are thousands of new containers without a cycle, and the collector would go through them again and again;
    between chunks it may."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Guarded:
    """The target with a `doctype` that refuses; its own bound methods, so that a call costs nothing more."""

    def __init__(self, target: Any, name: str) -> None:
        self._name = name
        for method in _TARGET_METHODS:
            if hasattr(target, method):
                setattr(self, method, getattr(target, method))
        if not hasattr(target, "close"):
            self.close = lambda: None

    def doctype(self, name: str | None, public: str | None, system: str | None) -> NoReturn:  # noqa: ARG002
        """Entities can only be declared in a document type, so refusing it refuses entity expansion and file access."""
        raise ForbiddenXml(
            f"{self._name} holds a document type, which no Jira or Confluence export has. Nothing was imported.",
            hint="Find out where the file comes from: a document type can make a reader open other files.",
        )
