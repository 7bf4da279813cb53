"""The oddities of real Confluence exports, each planted once in the first space."""

from typing import Final

from core.samples.confluence_content import ContentWriter, FilePlan, PagePlace, PageText
from core.samples.confluence_shape import ConfluenceOddity

#: An id no generated object has.
NOWHERE: Final = 9_000_001
UNKNOWN_USER: Final = "ffffffffffffffffffffffffffffffff"
RIGHT_TO_LEFT: Final = "🚀 خطة الإصدار — תוכנית"


def plant(writer: ContentWriter, space: int, home: int) -> None:
    """Writes the pages of the shape's oddities below the space's home page."""
    oddities, size = writer.shape.oddities, writer.shape.body_bytes

    def page(
        title: str,
        body: str | None,
        *,
        parent: int = home,
        author: str | None = None,
        versions: tuple[int, ...] | None = None,
    ) -> PagePlace:
        place = PagePlace(key=writer.next_id(), space=space, parent=parent)
        writer.page(place, PageText(title=title, body=body), author=author, versions=versions)
        return place

    if ConfluenceOddity.CONTROL_CHARACTERS in oddities:
        place = page("Back\bspace in the title", f"{writer.text(size)}\x02")
        writer.attachment("Page", place, file_name="figures\x1c2024.csv")
    if ConfluenceOddity.CDATA_END in oddities:
        code = '<ac:structured-macro ac:name="code"><ac:plain-text-body><![CDATA[a[b[0]]>1]]></ac:plain-text-body>'
        page("Code with a CDATA end", f"{code}</ac:structured-macro>")
    if ConfluenceOddity.DANGLING_PARENT in oddities:
        page("Child of a lost page", writer.text(size), parent=NOWHERE)
    if ConfluenceOddity.MISSING_ORIGINAL in oddities:
        writer.old_version(writer.next_id(), NOWHERE, "Old version of a lost page", 1)
    if ConfluenceOddity.DUPLICATE_VERSION in oddities:
        page("Two versions of one number", writer.text(size), versions=(1, 2, 2))
    if ConfluenceOddity.REPEATED_KEY in oddities:
        first = page("First of one key", writer.text(size), versions=())
        writer.page(first, PageText(title="Second of one key", body=None), versions=())
    if ConfluenceOddity.EMPTY_BODY in oddities:
        page("Without a body", None)
    if ConfluenceOddity.UNKNOWN_AUTHOR in oddities:
        page("By somebody unknown", writer.text(size), author=UNKNOWN_USER)
    if ConfluenceOddity.EMOJI_AND_RTL in oddities:
        page(RIGHT_TO_LEFT, f"<p>{RIGHT_TO_LEFT} &mdash; café, 北京, 👩🏽‍💻</p>")


def plant_files(writer: ContentWriter, home: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Takes one file away and adds one nobody claims; returns the paths of both."""
    missing, unclaimed = [], []
    if ConfluenceOddity.MISSING_FILE in writer.shape.oddities:
        if not writer.files:
            raise ValueError("A missing file needs a shape with attachments.")
        missing.append(writer.files.pop(0).path)
    if ConfluenceOddity.UNCLAIMED_FILE in writer.shape.oddities:
        unclaimed.append(f"attachments/{home}/{NOWHERE}/1")
        writer.files.append(FilePlan(path=unclaimed[0], size=100))
    return tuple(missing), tuple(unclaimed)
