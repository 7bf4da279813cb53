"""Generated Confluence exports of every generation of writers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.content.record_type import AppType
from core.samples.active_objects import TASKS, active_objects
from core.samples.confluence_content import ContentWriter, PagePlace, PageText
from core.samples.confluence_directory import (
    SECRETS,
    group_name,
    write_directory,
    write_settings,
    write_user_keys,
)
from core.samples.confluence_objects import Spelling
from core.samples.confluence_oddities import plant, plant_files
from core.samples.confluence_shape import ConfluenceFlavour, ConfluenceOddity, ConfluenceShape
from core.samples.expected import ExpectedExport
from core.samples.output import Archive
from core.samples.people import people
from core.samples.prose import Prose, topic

#: Pages are written in trees of this many below the home page, so that no list grows with the space.
_CHAPTER: Final = 40
_FANOUT: Final = 6
_ACTIVE_OBJECTS: Final = (
    "plugin-data/com.atlassian.activeobjects.confluence.spi/activeObjectsBackupRestoreProvider.pdata"
)
_PERMISSIONS: Final = ("VIEWSPACE", "EDITSPACE", "COMMENT", "CREATEATTACHMENT", "SETSPACEPERMISSIONS")
_DESCRIPTORS: Final = {
    ConfluenceFlavour.SERVER_3: {"buildNumber": "2031"},
    ConfluenceFlavour.SERVER_4: {"buildNumber": "3388"},
    ConfluenceFlavour.SERVER_5: {"buildNumber": "6202", "createdByBuildNumber": "6442", "source": "server"},
    ConfluenceFlavour.CLOUD: {
        "buildNumber": "4515",
        "createdByBuildNumber": "6452",
        "createdByVersionNumber": "1000.0.0-0123456789ab",
        "source": "cloud",
        "timezoneId": "Etc/UTC",
    },
    ConfluenceFlavour.DC_8: {
        "buildNumber": "8703",
        "createdByBuildNumber": "8804",
        "createdByVersionNumber": "8.0.2",
        "source": "server",
    },
}


@dataclass(frozen=True, kw_only=True)
class AuthoredSpace:
    """A space with given pages; the first is its home page, the others are below it."""

    key: str
    name: str
    pages: tuple[PageText, ...]


def write_confluence_export(
    path: Path, *, shape: ConfluenceShape, authored: Sequence[AuthoredSpace] = ()
) -> ExpectedExport:
    """Writes the zip file to `path` and returns what it holds. `authored` spaces come before the generated ones."""
    if not authored and shape.spaces + shape.personal_spaces == 0:
        raise ValueError("A Confluence export needs at least one space.")
    persons = people(shape.users, shape.oddities)
    spelling = Spelling(shape.flavour)
    secrets: tuple[str, ...] = ()
    with Archive(path, compressed=shape.compressed) as archive:
        archive.write("exportDescriptor.properties", _descriptor(shape, authored))
        with archive.xml("entities.xml") as sink:
            sink.text(
                '<?xml version="1.0" encoding="UTF-8"?>\n<hibernate-generic datetime="2024-02-01 12:00:00.000">\n'
            )
            writer = ContentWriter(sink=sink, spelling=spelling, shape=shape, persons=persons)
            write_user_keys(sink, spelling, persons)
            if shape.site:
                write_directory(sink, spelling, shape, persons, writer.next_id)
                write_settings(sink, spelling, shape, writer.next_id)
                secrets = tuple(SECRETS.values()) if ConfluenceOddity.SECRETS in shape.oddities else ()
            writer.labels()
            homes = [_write_authored(writer, one) for one in authored]
            number = shape.spaces + shape.personal_spaces
            for index in range(number):
                # each space gets its share of what is still missing
                goal = sink.bytes_written + max(0, shape.xml_bytes - sink.bytes_written) // (number - index)
                homes.append(_write_space(writer, index, goal, odd=index == 0))
            sink.text("</hibernate-generic>\n")
        missing, unclaimed = plant_files(writer, homes[0])
        contents = Prose(shape.seed + 1)
        for file in writer.files:
            archive.write(file.path, contents.bytes(file.size))
        active_objects_counts = {}
        if shape.site and ConfluenceOddity.ACTIVE_OBJECTS in shape.oddities:
            rows = [(1, "Write the minutes", None, homes[0]), (2, "Ask <Legal> & Finance", None, homes[0])]
            archive.write(_ACTIVE_OBJECTS, active_objects({TASKS: rows}))
            active_objects_counts[TASKS] = len(rows)
    personal = tuple(_space_key(shape, index) for index in range(shape.spaces, shape.spaces + shape.personal_spaces))
    return ExpectedExport(
        path=path,
        app_type=AppType.CONFLUENCE,
        native_counts=dict(sink.counts),
        active_objects_counts=active_objects_counts,
        containers=(*(one.key for one in authored), *(_space_key(shape, i) for i in range(shape.spaces)), *personal),
        personal_containers=personal,
        titles=tuple(title.replace("\b", "") for title in writer.titles),
        attachments=sink.counts["Attachment"],
        files=len(writer.files),
        file_bytes=sum(file.size for file in writer.files),
        missing_files=missing,
        unclaimed_files=unclaimed,
        oddities=tuple(sorted(shape.oddities)),
        secrets=secrets,
        xml_bytes=sink.bytes_written,
    )


def _descriptor(shape: ConfluenceShape, authored: Sequence[AuthoredSpace]) -> bytes:
    facts = {"exportType": "all" if shape.site else "space", "backupAttachments": "true"}
    if not shape.site:
        facts["spaceKey"] = authored[0].key if authored else _space_key(shape, 0)
    facts |= _DESCRIPTORS[shape.flavour]
    lines = "".join(f"{key}={value}\n" for key, value in sorted(facts.items()))
    return f"#Thu Feb 01 12:00:00 UTC 2024\n{lines}".encode("latin-1")


def _space_key(shape: ConfluenceShape, index: int) -> str:
    if index < shape.spaces:
        return f"SPACE{index + 1}"
    owner = people(shape.users, shape.oddities)[(index - shape.spaces) % shape.users]
    if shape.flavour is ConfluenceFlavour.CLOUD:
        return "~" + owner.account_id.replace(":", "").replace("-", "")
    return f"~{owner.username}"


def _write_head(writer: ContentWriter, key: str, name: str, *, personal: bool) -> tuple[int, int]:
    """The space, its description and permissions; returns the ids of space and home page."""
    spelling = writer.spelling
    space, home, description = writer.next_id(), writer.next_id(), writer.next_id()
    author = writer.user_key(space)
    permissions = [writer.next_id() for _ in _PERMISSIONS]
    old = spelling.flavour.names_people
    parts = [
        spelling.text("name", name),
        spelling.text("key", key),
        "" if old else spelling.text("lowerKey", key.lower()),
        spelling.reference("description", "SpaceDescription", description),
        spelling.reference("homePage", "Page", home),
        spelling.collection("permissions", "SpacePermission", permissions),
        spelling.written(author, writer.moment(space), writer.moment(space)),
        spelling.text("spaceType", "personal" if personal else "global"),
    ]
    if spelling.flavour is not ConfluenceFlavour.SERVER_3:
        parts.append(spelling.member("spaceStatus", "SpaceStatus", "com.atlassian.confluence.spaces", "CURRENT"))
    writer.sink.row("Space", spelling.build("Space", space, *parts))
    body = writer.body("SpaceDescription", description, "")
    parts = [
        spelling.reference("space", "Space", space),
        spelling.collection("bodyContents", "BodyContent", [body]),
    ]
    writer.content("SpaceDescription", description, *parts, title=None, version=1, author=author)
    for number, (permission, type_) in enumerate(zip(permissions, _PERMISSIONS, strict=True)):
        group = spelling.text("group", None if number == 4 else group_name(0))
        subject = spelling.subject(author) if number == 4 else ""
        parts = [
            spelling.reference("space", "Space", space),
            spelling.text("type", type_),
            group,
            subject,
            spelling.written(author, writer.moment(permission), writer.moment(permission)),
        ]
        writer.sink.row("SpacePermission", spelling.build("SpacePermission", permission, *parts))
    return space, home


def _write_authored(writer: ContentWriter, authored: AuthoredSpace) -> int:
    space, home = _write_head(writer, authored.key, authored.name, personal=False)
    below = {writer.next_id(): text for text in authored.pages[1:]}
    writer.page(PagePlace(key=home, space=space, children=tuple(below)), authored.pages[0])
    for position, (key, text) in enumerate(below.items()):
        writer.page(PagePlace(key=key, space=space, parent=home, position=position), text)
    return home


def _write_space(writer: ContentWriter, index: int, goal: int, *, odd: bool) -> int:
    """A generated space of at least the shape's pages, and as many more as entities.xml needs to reach `goal`."""
    shape, key = writer.shape, _space_key(writer.shape, index)
    space, home = _write_head(writer, key, f"Space {index + 1}", personal=index >= shape.spaces)
    chapters, left, number = [], shape.pages_per_space - 1, 0
    while left > 0 or writer.sink.bytes_written < goal:
        size = min(left, _CHAPTER) if left > 0 else _CHAPTER
        chapters.append(_write_chapter(writer, space, home, size, number))
        left, number = left - size, number + size
    for post in range(shape.blog_posts_per_space):
        writer.blog_post(space, post)
    if odd:
        plant(writer, space, home)
    place = PagePlace(key=home, space=space, children=chapters)
    writer.page(place, PageText(title=f"Welcome to {key}", body=writer.text(shape.body_bytes)))
    return home


def _write_chapter(writer: ContentWriter, space: int, home: int, size: int, number: int) -> int:
    """A tree of pages; returns the id of its root."""
    keys = [writer.next_id() for _ in range(size)]
    for index, key in enumerate(keys):
        first = index * _FANOUT + 1
        place = PagePlace(
            key=key,
            space=space,
            parent=keys[(index - 1) // _FANOUT] if index else home,
            children=keys[first : first + _FANOUT],
            position=index % _FANOUT if index else None,
        )
        title = topic(number + index)
        writer.page(place, PageText(title=title, body=writer.text(writer.shape.body_bytes)))
    return keys[0]
