"""Pages with everything that hangs on them: versions, bodies, comments, attachments, labels, restrictions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from core.samples.confluence_directory import group_name
from core.samples.confluence_objects import Spelling
from core.samples.confluence_shape import ConfluenceFlavour, ConfluenceShape
from core.samples.expected import MOST_TITLES
from core.samples.output import Accrual, XmlSink
from core.samples.people import Person
from core.samples.prose import prose, topic

LABELS: Final = ("how-to", "decision", "meeting", "draft", "onboarding", "roadmap")
_MEDIA: Final = (("report", "pdf", "application/pdf"), ("sketch", "png", "image/png"), ("figures", "csv", "text/csv"))


@dataclass(frozen=True, kw_only=True)
class FilePlan:
    """A file to write once the XML is complete."""

    path: str
    size: int


@dataclass(frozen=True, kw_only=True)
class PageText:
    """What a page says. `None` for the body: it has no BodyContent."""

    title: str
    body: str | None
    #: instead of generated ones
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PagePlace:
    """Where a page stands."""

    key: int
    space: int
    parent: int | None = None
    children: Sequence[int] = ()
    position: int | None = None


@dataclass(kw_only=True)
class ContentWriter:
    """Writes content objects into one sink and keeps what the export will be expected to hold."""

    sink: XmlSink
    spelling: Spelling
    shape: ConfluenceShape
    persons: tuple[Person, ...]
    files: list[FilePlan] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ids = count(65_537)
        self.prose = prose(self.shape.seed, varied=self.shape.varied)
        self._versions = Accrual(self.shape.versions_per_page)
        self._comments = Accrual(self.shape.comments_per_page)
        self._attachments = Accrual(self.shape.attachments_per_page)
        self._pages = 0
        self._labels: tuple[int, ...] = ()
        flavour = self.spelling.flavour
        self._old = flavour.names_people
        self._wiki = flavour is ConfluenceFlavour.SERVER_3
        self._children = "children" if self._old else "childrens"
        self._bodyless = (
            ("", "") if self._wiki else (self.spelling.bare("bodyType", 0), self.spelling.bare("bodyType", 2))
        )

    def next_id(self) -> int:
        return next(self._ids)

    def user_key(self, number: int) -> str:
        return self.spelling.user_key(self.persons[number % len(self.persons)])

    def moment(self, number: int) -> str:
        """A date that rises with the number, starting again after some years."""
        days, minute = divmod(number, 1440)
        months, day = divmod(days % 1344, 28)
        clock = f"{minute // 60:02d}:{minute % 60:02d}:{number % 60:02d}.{number % 1000:03d}"
        return f"{2019 + months // 12}-{months % 12 + 1:02d}-{day + 1:02d} {clock}"

    def text(self, size: int) -> str:
        return self.prose.wiki(size) if self._wiki else self.prose.storage(size)

    def content(self, kind: str, key: int, *parts: str, title: str | None, version: int, author: str) -> None:
        """An object of one of the content classes."""
        spelling = self.spelling
        tail = [
            spelling.text("title", title),
            "" if self._old else spelling.text("lowerTitle", title and title.lower()),
            spelling.bare("version", version),
            spelling.written(author, self.moment(key), self.moment(key + 90)),
            spelling.text("versionComment", ""),
            spelling.text("contentStatus", "current"),
        ]
        self.sink.row(kind, spelling.build(kind, key, *parts, *tail))

    def body(self, kind: str, owner: int, body: str, key: int | None = None) -> int:
        spelling, key = self.spelling, self.next_id() if key is None else key
        parts = spelling.text("body", body) + spelling.reference("content", kind, owner) + self._bodyless[bool(body)]
        self.sink.row("BodyContent", spelling.build("BodyContent", key, parts))
        return key

    def labels(self) -> None:
        spelling = self.spelling
        self._labels = tuple(self.next_id() for _ in LABELS)
        for key, name in zip(self._labels, LABELS, strict=True):
            dates = (
                spelling.bare("creationDate", self.moment(key)),
                spelling.bare("lastModificationDate", self.moment(key)),
            )
            parts = spelling.text("name", name), spelling.text("namespace", "global"), *dates
            self.sink.row("Label", spelling.build("Label", key, *parts))

    def page(
        self, place: PagePlace, text: PageText, *, author: str | None = None, versions: Sequence[int] | None = None
    ) -> None:
        """A page and all that hangs on it. `versions`: the numbers of its old versions, else by the shape."""
        spelling, number = self.spelling, self._pages
        self._pages += 1
        if len(self.titles) < MOST_TITLES:
            self.titles.append(text.title)
        author = author or self.user_key(number)
        if versions is None:
            versions = range(1, self._versions.next() + 1)
        old = [self.next_id() for _ in versions]
        bodies = [] if text.body is None else [self.body("Page", place.key, text.body)]
        comments = self._write_comments(place.key, text.comments)
        attached = [self.attachment("Page", place) for _ in range(self._attachments.next())]
        for key, version in zip(old, versions, strict=True):
            self.old_version(key, place.key, text.title, version)
        parts = [
            spelling.bare("position", place.position),
            spelling.reference("parent", "Page", place.parent),
            spelling.reference("space", "Space", place.space),
            spelling.collection(self._children, "Page", place.children),
            spelling.collection("bodyContents", "BodyContent", bodies),
            spelling.collection("historicalVersions", "Page", old),
            spelling.collection("comments", "Comment", comments),
            spelling.collection("attachments", "Attachment", attached),
        ]
        self.content("Page", place.key, *parts, title=text.title, version=max(versions, default=0) + 1, author=author)
        self._write_around(number, place.key, author)

    def old_version(self, key: int, original: int, title: str, version: int) -> None:
        spelling = self.spelling
        body = self.body("Page", key, self.text(self.shape.body_bytes // 2))
        parts = [
            spelling.collection("bodyContents", "BodyContent", [body]),
            spelling.reference("originalVersion", "Page", original),
            "" if self._old else spelling.bare("originalVersionId", original),
        ]
        self.content("Page", key, *parts, title=title, version=version, author=self.user_key(key))

    def blog_post(self, space: int, number: int) -> None:
        key = self.next_id()
        body = self.body("BlogPost", key, self.text(self.shape.body_bytes))
        parts = [
            self.spelling.reference("space", "Space", space),
            self.spelling.collection("bodyContents", "BodyContent", [body]),
        ]
        title = f"News: {topic(number)}"
        self.content("BlogPost", key, *parts, title=title, version=1, author=self.user_key(key))

    def _write_comments(self, page: int, given: Sequence[str]) -> list[int]:
        spelling = self.spelling
        texts = given or [self.prose.sentence() for _ in range(self._comments.next())]
        keys = [self.next_id() for _ in texts]
        for index, (key, text) in enumerate(zip(keys, texts, strict=True)):
            body = self.body("Comment", key, text if self._wiki else f"<p>{text}</p>")
            parts = [
                spelling.reference("owner" if self._old else "containerContent", "Page", page),
                spelling.reference("parent", "Comment", keys[index - 1] if index % 3 == 2 else None),
                spelling.collection("bodyContents", "BodyContent", [body]),
            ]
            self.content("Comment", key, *parts, title=None, version=1, author=self.user_key(key))
        return keys

    def attachment(self, kind: str, place: PagePlace, *, file_name: str | None = None) -> int:
        """An attachment of one or two versions on a page; its files are written later."""
        key = self.next_id()
        stem, ending, media_type = _MEDIA[key % len(_MEDIA)]
        name = file_name or f"{stem}-{key}.{ending}"
        latest = 2 if key % 5 == 0 else 1
        for version in range(1, latest + 1):
            own = key if version == latest else self.next_id()
            size = self.shape.attachment_bytes // 2 + self.prose.below(self.shape.attachment_bytes)
            self.files.append(FilePlan(path=f"attachments/{place.key}/{key}/{version}", size=size))
            original = None if own == key else key
            if self._old:
                self._write_old_attachment(own, kind, place.key, original, (name, media_type, size, version))
            else:
                self._write_attachment(own, kind, place, original, (name, media_type, size, version))
        return key

    def _write_old_attachment(
        self, key: int, kind: str, owner: int, original: int | None, facts: tuple[str, str, int, int]
    ) -> None:
        spelling, (name, media_type, size, version) = self.spelling, facts
        parts = [
            spelling.text("fileName", name),
            spelling.text("contentType", media_type),
            spelling.reference("content", kind, owner),
            spelling.reference("originalVersion", "Attachment", original),
            spelling.written(self.user_key(key), self.moment(key), self.moment(key)),
            spelling.bare("fileSize", size),
            spelling.text("comment", None),
            spelling.bare("attachmentVersion", version),
        ]
        self.sink.row("Attachment", spelling.build("Attachment", key, *parts))

    def _write_attachment(
        self, key: int, kind: str, place: PagePlace, original: int | None, facts: tuple[str, str, int, int]
    ) -> None:
        spelling, (name, media_type, size, version) = self.spelling, facts
        properties = {
            "MEDIA_TYPE": spelling.text("stringValue", media_type),
            "FILESIZE": spelling.text("stringValue", None),
        }
        keys = []
        for property_name, value in properties.items():
            keys.append(self.next_id())
            long = size if property_name == "FILESIZE" else None
            parts = [
                spelling.text("name", property_name),
                value,
                spelling.bare("longValue", long),
                spelling.bare("dateValue", None),
            ]
            self.sink.row("ContentProperty", spelling.build("ContentProperty", keys[-1], *parts))
        parts = [
            spelling.reference("space", "Space", place.space if original is None else None),
            spelling.collection("contentProperties", "ContentProperty", keys),
            spelling.reference("containerContent", kind, place.key),
            spelling.reference("originalVersion", "Attachment", original),
            spelling.bare("originalVersionId", original),
        ]
        self.content("Attachment", key, *parts, title=name, version=version, author=self.user_key(key))

    def _write_around(self, number: int, page: int, author: str) -> None:
        """Labels, watches, links, likes and restrictions, each on some pages."""
        spelling = self.spelling
        dates = spelling.bare("creationDate", self.moment(page)) + spelling.bare(
            "lastModificationDate", self.moment(page)
        )
        content = spelling.reference("content", "Page", page)
        if self._labels and number % 2 == 0:
            owner = spelling.text("user", author) if self._old else spelling.person("owningUser", author)
            label = spelling.reference("label", "Label", self._labels[number // 2 % len(LABELS)])
            tail = spelling.bare("labelableId", page) + spelling.text("labelableType", "CONTENT")
            self.sink.row("Labelling", spelling.build("Labelling", self.next_id(), label, content, owner, dates, tail))
        if number % 5 == 0 and not self._old:
            receiver = spelling.person("receiver", author)
            kind = spelling.text("type", None)
            self.sink.row(
                "Notification", spelling.build("Notification", self.next_id(), content, receiver, kind, dates)
            )
            target = spelling.reference("targetContent", "Page", page), spelling.person("sourceContent", author)
            parts = *target, spelling.text("relationName", "like"), dates
            self.sink.row(
                "User2ContentRelationEntity", spelling.build("User2ContentRelationEntity", self.next_id(), *parts)
            )
        if number % 7 == 3:
            parts = (
                spelling.text("destinationPageTitle", "Release plan"),
                spelling.text("destinationSpaceKey", "SPACE1"),
                spelling.reference("sourceContent", "Page", page),
                spelling.written(author, self.moment(page), self.moment(page)),
            )
            self.sink.row("OutgoingLink", spelling.build("OutgoingLink", self.next_id(), *parts))
        if number % 11 == 4:
            key = self.next_id()
            owner = spelling.reference("owningContent", "Page", page)
            self.sink.row(
                "ContentPermissionSet",
                spelling.build("ContentPermissionSet", key, spelling.text("type", "View"), owner, dates),
            )
            parts = (
                spelling.text("type", "View"),
                spelling.text("groupName", group_name(1)),
                spelling.reference("owningSet", "ContentPermissionSet", key),
                dates,
            )
            self.sink.row("ContentPermission", spelling.build("ContentPermission", self.next_id(), *parts))
