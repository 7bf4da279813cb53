"""One page, blog post or issue as people read it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, Final

from core.apps.driver import Driver, Place
from core.content.record_type import PLACEHOLDER, AppType
from core.errors import Ambiguous, NotFound
from core.look.outline import HIDDEN, find_container, items
from core.look.records import Records
from core.look.storage_format import storage_blocks
from core.look.values import Attachment, Block, BlockKind, Comment, Field, Item, ItemView
from core.look.wiki_markup import wiki_blocks

Row = Mapping[str, Any]
_KINDS: Final[Mapping[str, str]] = {"confluence.page": "page", "confluence.blog_post": "blog post"}


class BodyType(IntEnum):
    """Confluence's own numbers; 0 and null are wiki markup."""

    RAW = 1
    STORAGE = 2


def item(driver: Driver, place: Place, key: str) -> ItemView:
    """By issue key, title or record key. Raises NotFound, Ambiguous."""
    records = Records(driver, place)
    if place.app_type is AppType.JIRA:
        issue = records.first("jira.issue", issue_key=key) or _by_record_key(records, key, "jira.issue")
        if issue is not None:
            return _issue(records, issue)
    elif found := _content(records, key):
        return _page(records, *found)
    raise _no_item(key)


def item_by_record_key(driver: Driver, place: Place, record_key: str) -> ItemView:
    """As an outline names it, whatever titles there are. Raises NotFound, also for what has gone meanwhile."""
    records = Records(driver, place)
    if place.app_type is AppType.JIRA:
        if issue := _by_record_key(records, record_key, "jira.issue"):
            return _issue(records, issue)
    else:
        for name, kind in _KINDS.items():
            if row := _by_record_key(records, record_key, name):
                return _page(records, row, kind)
    raise _no_item(record_key)


def item_in(driver: Driver, place: Place, container: str, name: str) -> ItemView:
    """The item of that name in the container, whatever others are called the same elsewhere. Raises NotFound,
    Ambiguous."""
    inside = items(driver, place, container)
    same = _named(inside, name)
    title = find_container(driver, place, container).name
    if not same:
        raise NotFound(
            f"There is no {name!r} in {title}.", hint="Leave the item out to see what is in there: restorebot app look."
        )
    if len(same) > 1:
        listed = ", ".join(one.label if one.label != one.title else one.record_key for one in same[:5])
        raise Ambiguous(f"{name!r} may be {len(same)} in {title}: {listed}.", hint="Name it by one of these.")
    return item_by_record_key(driver, place, same[0].record_key)


def _named(inside: Sequence[Item], name: str) -> list[Item]:
    """The items of this key or title; in any case of letters where nothing fits exactly."""
    exact = [one for one in inside if name in (one.label, one.title, one.record_key)]
    return exact or [one for one in inside if name.casefold() in (one.label.casefold(), one.title.casefold())]


def _no_item(key: str) -> NotFound:
    return NotFound(f"{key!r} is no item here.", hint="List the items of a project or space to see their names.")


def _by_record_key(records: Records, key: str, record_type: str) -> Row | None:
    return None if key == PLACEHOLDER else records.first(record_type, key=key)


def _content(records: Records, key: str) -> tuple[Row, str] | None:
    titled = [(row, kind) for name, kind in _KINDS.items() for row in records.rows(name, title=key)]
    current = [(row, kind) for row, kind in titled if row["status"] not in HIDDEN and row["original"] is None]
    same = current or titled
    if len(same) > 1:
        listed = ", ".join(f"{row['key']} in {records.label('confluence.space', row['container'])}" for row, _ in same)
        raise Ambiguous(f"{key!r} is the title of {len(same)} items: {listed}.", hint="Name it by its record key.")
    if same:
        return same[0]
    for name, kind in _KINDS.items():
        if row := _by_record_key(records, key, name):
            return row, kind
    return None


def _fields(*pairs: tuple[str, object]) -> tuple[Field, ...]:
    def shown(value: object) -> str:
        return value.strftime("%Y-%m-%d %H:%M UTC") if isinstance(value, datetime) else str(value)

    return tuple(Field(label=label, value=shown(value)) for label, value in pairs if value not in (None, ""))


def _wiki(records: Records, text: str | None) -> tuple[Block, ...]:
    return wiki_blocks(text or "", records.name_of)


def _threaded(
    rows: Iterable[Row], body_of: Callable[[Row], tuple[Block, ...]], author_of: Callable[[Row], str]
) -> Iterator[Comment]:
    """Comments by time, replies under what they answer."""
    by_key = {row["key"]: row for row in sorted(rows, key=lambda row: (str(row["created"] or ""), row["key"]))}
    replies: dict[str | None, list[Row]] = {}
    for row in by_key.values():
        parent = row.get("parent")
        replies.setdefault(parent if parent in by_key else None, []).append(row)
    left = dict(by_key)
    waiting = [(row, 0) for row in reversed(replies.get(None, []))]
    while waiting or left:
        row, depth = waiting.pop() if waiting else (next(iter(left.values())), 0)
        if left.pop(row["key"], None) is None:
            continue
        yield Comment(author=author_of(row), written=row["created"], body=body_of(row), depth=depth)
        waiting += [(reply, depth + 1) for reply in reversed(replies.get(row["key"], []))]


def _attachment(records: Records, row: Row) -> Attachment:
    """Its size is the file's own; what the record says of it counts only where there is no file."""
    size = records.file_size(row["key"])
    return Attachment(
        record_key=row["key"],
        name=row["title"] or "",
        size=row["size"] if size is None else size,
        media_type=row["media_type"] or "",
    )


def _issue(records: Records, issue: Row) -> ItemView:
    key = issue["key"]
    comments = _threaded(
        records.rows("jira.comment", issue=key),
        lambda row: _wiki(records, row["body"]),
        lambda row: records.name_of(row["author"]),
    )
    attachments = [_attachment(records, row) for row in records.rows("jira.attachment", issue=key)]
    return ItemView(
        record_key=key,
        label=issue["issue_key"] or key,
        title=issue["summary"] or "",
        fields=tuple(_issue_fields(records, issue)),
        body=_wiki(records, issue["description"]),
        comments=tuple(comments),
        attachments=tuple(attachments),
        history=records.count("jira.change_group", issue=key),
    )


def _issue_fields(records: Records, issue: Row) -> Iterator[Field]:
    key = issue["key"]
    yield from _fields(
        ("Project", records.label("jira.project", issue["project"])),
        ("Type", records.label("jira.issue_type", issue["type"])),
        ("Status", records.label("jira.status", issue["status"])),
        ("Priority", records.label("jira.priority", issue["priority"])),
        ("Resolution", records.label("jira.resolution", issue["resolution"])),
        ("Assignee", records.name_of(issue["assignee"])),
        ("Reporter", records.name_of(issue["reporter"])),
        ("Created", issue["created"]),
        ("Updated", issue["updated"]),
        ("Due", issue["due"]),
        ("Resolved", issue["resolved"]),
        ("Labels", ", ".join(row["label"] or "" for row in records.rows("jira.label", issue=key))),
        ("Environment", issue["environment"]),
    )
    linked: dict[str, list[str]] = {}
    kinds = {"Component": "jira.component", "Version": "jira.version"}
    for row in records.rows("jira.association", source_kind="Issue", source_key=key):
        if row["target_kind"] in kinds and row["target_key"]:
            name = {"IssueComponent": "Components", "IssueFixVersion": "Fix versions"}.get(row["type"], "Versions")
            linked.setdefault(name, []).append(records.label(kinds[row["target_kind"]], row["target_key"]))
    for row in records.rows("jira.custom_field_value", issue=key):
        values = (row[name] for name in ("text_value", "string_value", "number_value", "date_value"))
        value = next((one for one in values if one is not None), None)
        if value is not None:
            option = records.first("jira.custom_field_option", key=str(value), custom_field=row["custom_field"])
            said = option["value"] if option else value.rstrip() if isinstance(value, str) else value
            linked.setdefault(records.label("jira.custom_field", row["custom_field"]) or "Field", []).append(str(said))
    for column, other, wording in (("source", "destination", "outward"), ("destination", "source", "inward")):
        for row in records.rows("jira.link", **{column: key}):
            kind = _by_record_key(records, row["type"] or "", "jira.link_type")
            said = (kind and (kind[wording] or kind["name"])) or "is linked with"
            linked.setdefault("Links", []).append(f"{said} {records.label('jira.issue', row[other])}".strip())
    for row in records.rows("jira.remote_link", issue=key):
        linked.setdefault("Web links", []).append(f"{row['title'] or ''} {row['url'] or ''}".strip())
    yield from _fields(*((label, ", ".join(values)) for label, values in linked.items()))


def _page(records: Records, page: Row, kind: str) -> ItemView:
    key = page["key"]
    comments = _threaded(
        (row for row in records.rows("confluence.comment", owner=key) if _is_current(row)),
        lambda row: _body(records, row["key"]),
        lambda row: records.name_of(row["creator"]),
    )
    labels = (
        records.label("confluence.label", row["label"]) for row in records.rows("confluence.labelling", content=key)
    )
    attachments = [
        _attachment(records, row) for row in records.rows("confluence.attachment", owner=key) if _is_current(row)
    ]
    title = page["title"] or key
    return ItemView(
        record_key=key,
        label=title,
        title=title,
        fields=_fields(
            ("Space", records.label("confluence.space", page["container"])),
            ("Kind", kind),
            ("Parent", records.label("confluence.page", page.get("parent"))),
            ("Status", page["status"]),
            ("Version", page["version"]),
            ("Created by", records.name_of(page["creator"])),
            ("Created", page["created"]),
            ("Changed by", records.name_of(page["modifier"])),
            ("Changed", page["modified"]),
            ("Labels", ", ".join(sorted(labels))),
        ),
        body=_body(records, key),
        comments=tuple(comments),
        attachments=tuple(attachments),
        history=records.count("confluence.version", original=key),
    )


def _is_current(row: Row) -> bool:
    return row["status"] not in HIDDEN and row["original"] is None


def _body(records: Records, owner: str) -> tuple[Block, ...]:
    found = records.first("confluence.body", owner=owner)
    text = (found and found["body"]) or ""
    if found is None or not text:
        return ()
    match found["body_type"]:
        case BodyType.STORAGE:
            return storage_blocks(text, records.name_of)
        case BodyType.RAW:
            return (Block(kind=BlockKind.PARAGRAPH, text=text),)
    return _wiki(records, text)
