"""Containers, and what stands in one."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from core.apps.driver import Driver, Place
from core.content.catalogue import container_type
from core.content.record_type import AppType
from core.database.pages import Page, cut
from core.errors import Ambiguous, NotFound
from core.look.records import Records
from core.look.values import Container, Item

#: A draft or what lies in the trash is no part of an outline.
HIDDEN = frozenset({"draft", "deleted", "trashed"})


def containers(driver: Driver, place: Place) -> list[Container]:
    """Projects or spaces by name, with the number of their items."""
    records = Records(driver, place)
    return [_counted(records, one) for one in _containers(records)]


def container_page(driver: Driver, place: Place, *, text: str = "", limit: int, offset: int = 0) -> Page[Container]:
    """The same for a page of those that have `text` in their key or name; only the items of these are counted."""
    records = Records(driver, place)
    word = text.strip().casefold()
    matching = [one for one in _containers(records) if word in one.key.casefold() or word in one.name.casefold()]
    page = cut(matching, limit=limit, offset=offset)
    return replace(page, found=[_counted(records, one) for one in page.found])


def find_container(driver: Driver, place: Place, name: str) -> Container:
    """By its key, record key or name. Raises NotFound, Ambiguous."""
    records = Records(driver, place)
    known = _containers(records)
    for same in (
        [one for one in known if one.key == name],
        [one for one in known if one.record_key == name],
        [one for one in known if name.casefold() in {one.key.casefold(), one.name.casefold()}],
    ):
        if len(same) == 1:
            return _counted(records, same[0])
        if same:
            raise Ambiguous(f"{name!r} is the name of {len(same)}: {', '.join(sorted(one.key for one in same))}.")
    titles = container_type(place.app_type).title
    raise NotFound(f"{name!r} is none of the {titles} here.", hint="Look without a name to list them.")


def items(driver: Driver, place: Place, container: str) -> list[Item]:
    """Issues by number, or pages as a tree and then blog posts; no drafts, no trash. Raises NotFound, Ambiguous."""
    return _items(Records(driver, place), find_container(driver, place, container).record_key)


def item_page(
    driver: Driver, place: Place, container_key: str, *, text: str = "", limit: int, offset: int = 0
) -> Page[Item]:
    """The same for a page of those that have `text` in their label or title; `container_key` is a record key. A tree
    is known only as a whole, so all are read, and only the page is handed on."""
    word = text.strip().casefold()
    found = _items(Records(driver, place), container_key)
    matching = [one for one in found if word in one.label.casefold() or word in one.title.casefold()]
    return cut(matching, limit=limit, offset=offset)


def _containers(records: Records) -> list[Container]:
    """Their items are not counted yet."""
    app_type = records.place.app_type
    key_column = "project_key" if app_type is AppType.JIRA else "space_key"
    return [
        Container(
            record_key=row["key"],
            key=row[key_column] or row["key"],
            name=row["name"] or row[key_column] or row["key"],
            kind=row["type"] or "",
            items=0,
        )
        for row in records.rows(container_type(app_type).name)
    ]


def _counted(records: Records, container: Container) -> Container:
    return replace(container, items=_count(records, container.record_key))


def _items(records: Records, key: str) -> list[Item]:
    if records.place.app_type is AppType.JIRA:
        return _issues(records, key)
    return [*_pages(records, key), *_blog(records, key)]


def _count(records: Records, container: str) -> int:
    if records.place.app_type is AppType.JIRA:
        return records.count("jira.issue", container=container)
    return sum(
        records.count(kind, container=container)
        - sum(records.count(kind, container=container, status=status) for status in HIDDEN)
        for kind in ("confluence.page", "confluence.blog_post")
    )


def _issues(records: Records, container: str) -> list[Item]:
    columns = ("key", "issue_key", "number", "summary", "type", "status")
    rows = sorted(
        records.rows("jira.issue", columns, container=container),
        key=lambda row: (_number(row), row["issue_key"] or "", row["key"]),
    )
    return [
        Item(
            record_key=row["key"],
            label=row["issue_key"] or row["key"],
            title=row["summary"] or "",
            kind=records.label("jira.issue_type", row["type"]),
            status=records.label("jira.status", row["status"]),
        )
        for row in rows
    ]


def _number(issue: Mapping[str, Any]) -> int:
    if issue["number"] is not None:
        return int(issue["number"])
    digits = (issue["issue_key"] or "").rpartition("-")[2]
    return int(digits) if digits.isdecimal() and len(digits) < 19 else 0


def _pages(records: Records, container: str) -> Iterator[Item]:
    columns = ("key", "parent", "original", "title", "position", "status")
    shown = {row["key"]: row for row in records.rows("confluence.page", columns, container=container) if _is_shown(row)}
    children: dict[str | None, list[Mapping[str, Any]]] = {}
    for row in shown.values():
        children.setdefault(row["parent"] if row["parent"] in shown else None, []).append(row)
    for siblings in children.values():
        siblings.sort(key=_among_siblings, reverse=True)
    left = dict(shown)
    waiting = [(row, 0) for row in children.get(None, [])]
    while waiting or left:
        # Pages that are their own ancestors hang on no root: each circle is shown from its first page on.
        row, depth = waiting.pop() if waiting else (min(left.values(), key=_among_siblings), 0)
        if left.pop(row["key"], None) is None:
            continue
        yield _item(row, "page", depth)
        waiting += [(child, depth + 1) for child in children.get(row["key"], [])]


def _blog(records: Records, container: str) -> Iterator[Item]:
    columns = ("key", "original", "title", "status", "created")
    rows = [row for row in records.rows("confluence.blog_post", columns, container=container) if _is_shown(row)]
    rows.sort(key=lambda row: (row["created"] is None, row["created"] and row["created"].isoformat(), row["key"]))
    for row in rows:
        yield _item(row, "blog post", 0)


def _is_shown(row: Mapping[str, Any]) -> bool:
    return row["status"] not in HIDDEN and row["original"] is None


def _among_siblings(row: Mapping[str, Any]) -> tuple[bool, int, str, str]:
    """Placed pages in their places, then the others by title."""
    return row["position"] is None, row["position"] or 0, (row["title"] or "").casefold(), row["key"]


def _item(row: Mapping[str, Any], kind: str, depth: int) -> Item:
    title = row["title"] or row["key"]
    return Item(record_key=row["key"], label=title, title=title, kind=kind, status=row["status"] or "", depth=depth)
