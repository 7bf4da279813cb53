from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.apps.driver import Place, Shard
from core.apps.embedded.driver import EmbeddedDriver
from core.content.catalogue import BY_NAME
from core.content.record_type import PLACEHOLDER, AppType
from core.errors import Ambiguous, NotFound
from core.look.item import item, item_by_record_key, item_in
from core.look.outline import container_page, containers, item_page, items
from core.look.text import as_text, outline_as_text

DRIVER = EmbeddedDriver()
EARLY, LATE = datetime(2024, 1, 2, 3, 4), datetime(2024, 5, 6)  # noqa: DTZ001 - exports name no zone

PEOPLE: Mapping[str, list[dict[str, Any]]] = {
    "directory.user_key": [{"key": "u1", "username": "Ada"}],
    "directory.user": [{"key": "7", "username": "ada", "display_name": "Ada Lovelace"}],
}
JIRA: Mapping[str, list[dict[str, Any]]] = PEOPLE | {
    "jira.project": [{"key": "1", "project_key": "DS", "name": "Data Store", "type": "software"}],
    "jira.status": [{"key": "3", "name": "In Progress"}],
    "jira.issue_type": [{"key": "4", "name": "Bug"}],
    "jira.component": [{"key": "9", "name": "Backend"}],
    "jira.issue": [
        {"key": "10", "issue_key": "DS-10", "number": 10, "summary": "Ten", "container": "1", "project": "1"},
        {
            "key": "11",
            "issue_key": "DS-2",
            "number": 2,
            "summary": "Two",
            "description": "h1. Why\n[~u1] asks",
            "container": "1",
            "project": "1",
            "status": "3",
            "type": "4",
            "assignee": "u1",
            "reporter": PLACEHOLDER,
            "created": EARLY,
        },
    ],
    "jira.comment": [
        {"key": "2", "issue": "11", "author": "u1", "body": "*second*", "created": LATE},
        {"key": "1", "issue": "11", "author": "gone", "body": "first", "created": EARLY},
    ],
    "jira.label": [{"key": "1", "issue": "11", "label": "urgent"}],
    "jira.association": [
        {
            "key": "1",
            "source_kind": "Issue",
            "source_key": "11",
            "target_kind": "Component",
            "target_key": "9",
            "type": "IssueComponent",
        }
    ],
    "jira.link_type": [{"key": "5", "name": "Blocks", "outward": "blocks", "inward": "is blocked by"}],
    "jira.link": [{"key": "1", "type": "5", "source": "10", "destination": "11"}],
    "jira.attachment": [{"key": "1", "issue": "11", "title": "log.txt", "size": 1234}],
    "jira.change_group": [{"key": "1", "issue": "11"}, {"key": "2", "issue": "11"}],
}
CONFLUENCE: Mapping[str, list[dict[str, Any]]] = PEOPLE | {
    "confluence.space": [
        {"key": "1", "space_key": "DS", "name": "Docs", "type": "global"},
        {"key": "2", "space_key": "OPS", "name": "Operations", "type": "global"},
    ],
    "confluence.page": [
        {"key": "10", "title": "Home", "container": "1", "status": "current", "creator": "u1", "version": 3},
        {"key": "11", "title": "Beta", "container": "1", "parent": "10", "status": "current"},
        {"key": "12", "title": "Zeta", "container": "1", "parent": "10", "position": 1, "status": "current"},
        {"key": "13", "title": "Alpha", "container": "1", "parent": "10", "status": None},
        {"key": "14", "title": "Hidden", "container": "1", "parent": "10", "status": "draft"},
        {"key": "15", "title": "Round", "container": "1", "parent": "16", "status": "current"},
        {"key": "16", "title": "About", "container": "1", "parent": "15", "status": "current"},
        {"key": "17", "title": "Home", "container": "2", "status": "current"},
    ],
    "confluence.blog_post": [{"key": "20", "title": "News", "container": "1", "status": "current"}],
    "confluence.body": [
        {"key": "1", "owner": "12", "body_type": 2, "body": "<p>Hello <b>world</b></p>"},
        {"key": "2", "owner": "30", "body_type": 2, "body": "<p>Nice</p>"},
        {"key": "3", "owner": "11", "body_type": None, "body": "h2. Old"},
    ],
    "confluence.comment": [
        {"key": "31", "owner": "12", "parent": "30", "creator": "u1", "created": LATE, "status": "current"},
        {"key": "30", "owner": "12", "creator": "u1", "created": EARLY, "status": "current"},
        {"key": "32", "owner": "12", "original": "30", "status": "current"},
    ],
    "confluence.label": [{"key": "40", "name": "howto"}],
    "confluence.labelling": [{"key": "41", "label": "40", "content": "12"}],
    "confluence.version": [{"key": "50", "original": "12"}],
    "confluence.attachment": [{"key": "60", "owner": "12", "title": "a.pdf", "size": 5}],
}


def filled(folder: Path, app_type: AppType, content: Mapping[str, list[dict[str, Any]]]) -> Place:
    shard = Shard(name="one", region="eu", url=f"sqlite:///{folder}", attachments_url=f"file://{folder}")
    place = Place(shard=shard, generation="g", app_type=app_type)
    DRIVER.stage(place)
    tables = []
    for name, records in content.items():
        schema = BY_NAME[name].schema
        tables.append(
            (BY_NAME[name], pa.Table.from_pylist([{"native": "N"} | one for one in records], schema).to_reader())
        )
    DRIVER.load(place, "p", DRIVER.claim(place, "p"), tables)
    DRIVER.index(place)
    return place


@pytest.fixture(scope="module")
def jira(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return filled(tmp_path_factory.mktemp("jira"), AppType.JIRA, JIRA)


@pytest.fixture(scope="module")
def confluence(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return filled(tmp_path_factory.mktemp("confluence"), AppType.CONFLUENCE, CONFLUENCE)


def test_containers_are_listed_with_their_items(jira: Place, confluence: Place) -> None:
    assert [(one.key, one.name, one.kind, one.items) for one in containers(DRIVER, jira)] == [
        ("DS", "Data Store", "software", 2)
    ]
    assert [(one.key, one.items) for one in containers(DRIVER, confluence)] == [("DS", 7), ("OPS", 1)]


@pytest.mark.parametrize("name", ["DS", "ds", "1", "Data Store"])
def test_issues_stand_in_the_order_of_their_numbers(jira: Place, name: str) -> None:
    assert outline_as_text(items(DRIVER, jira, name)) == "DS-2  Two  (Bug, In Progress)\nDS-10  Ten"


def test_pages_stand_as_a_tree_and_a_circle_of_parents_ends(confluence: Place) -> None:
    outline = [(one.depth, one.title, one.kind) for one in items(DRIVER, confluence, "DS")]
    assert outline == [
        (0, "Home", "page"),
        (1, "Zeta", "page"),
        (1, "Alpha", "page"),
        (1, "Beta", "page"),
        (0, "About", "page"),
        (1, "Round", "page"),
        (0, "News", "blog post"),
    ]


def test_a_page_of_containers_and_of_items_is_cut_from_the_whole(jira: Place, confluence: Place) -> None:
    spaces = container_page(DRIVER, confluence, limit=1, offset=1)
    assert [(one.key, one.items) for one in spaces.found] == [("OPS", 1)]
    assert (spaces.total, spaces.next_offset) == (2, None)
    assert [one.key for one in container_page(DRIVER, confluence, text="oper", limit=5).found] == ["OPS"]
    page = item_page(DRIVER, confluence, "1", limit=2, offset=1)
    assert [(one.depth, one.title) for one in page.found] == [(1, "Zeta"), (1, "Alpha")]
    assert (page.total, page.next_offset) == (7, 3)
    assert [one.title for one in item_page(DRIVER, confluence, "1", text="ETA", limit=9).found] == ["Zeta", "Beta"]
    assert [one.label for one in item_page(DRIVER, jira, "1", text="ds-1", limit=9).found] == ["DS-10"]
    assert item_page(DRIVER, confluence, "none", limit=2).found == []


def test_what_an_outline_names_is_found_whatever_titles_there_are(jira: Place, confluence: Place) -> None:
    for place in (jira, confluence):
        for container in containers(DRIVER, place):
            for one in item_page(DRIVER, place, container.record_key, limit=99).found:
                assert item_by_record_key(DRIVER, place, one.record_key).title == one.title
    with pytest.raises(NotFound, match="no item here"):
        item_by_record_key(DRIVER, confluence, "Beta")
    assert item_in(DRIVER, confluence, "OPS", "home").record_key == "17"


def test_an_unknown_container_is_named(jira: Place) -> None:
    with pytest.raises(NotFound, match="'XX'"):
        items(DRIVER, jira, "XX")


def test_an_issue_is_shown_with_all_that_hangs_on_it(jira: Place) -> None:
    view = item(DRIVER, jira, "DS-2")
    fields = {one.label: one.value for one in view.fields}
    assert fields == {
        "Project": "Data Store",
        "Type": "Bug",
        "Status": "In Progress",
        "Assignee": "Ada Lovelace",
        "Reporter": "Former user",
        "Created": "2024-01-02 03:04 UTC",
        "Labels": "urgent",
        "Components": "Backend",
        "Links": "is blocked by DS-10",
    }
    assert [one.text for one in view.body] == ["Why", "@Ada Lovelace asks"]
    assert [(one.author, one.body[0].text) for one in view.comments] == [("gone", "first"), ("Ada Lovelace", "second")]
    assert [(one.name, one.size) for one in view.attachments] == [("log.txt", 1234)]
    assert view.history == 2
    assert item(DRIVER, jira, "11") == view


def test_a_page_is_shown_with_all_that_hangs_on_it(confluence: Place) -> None:
    view = item(DRIVER, confluence, "Zeta")
    assert as_text(view).split("\n") == [
        "Zeta",
        "",
        "Space   Docs",
        "Kind    page",
        "Parent  Home",
        "Status  current",
        "Labels  howto",
        "",
        "Hello world",
        "",
        "Comments (2)",
        "",
        "  Ada Lovelace, 2024-01-02 03:04 UTC",
        "  Nice",
        "",
        "    Ada Lovelace, 2024-05-06 00:00 UTC",
        "",
        "Attachments (1)",
        "  a.pdf  5 bytes",
        "",
        "Older versions or changes: 1",
    ]


def test_a_body_without_a_type_is_wiki_markup(confluence: Place) -> None:
    assert [one.text for one in item(DRIVER, confluence, "Beta").body] == ["Old"]


def test_a_title_of_two_pages_is_ambiguous_and_a_record_key_is_not(confluence: Place) -> None:
    with pytest.raises(Ambiguous, match="10 in Docs, 17 in Operations"):
        item(DRIVER, confluence, "Home")
    assert item(DRIVER, confluence, "10").label == "Home"


@pytest.mark.parametrize("key", ["nothing", "", PLACEHOLDER])
def test_what_is_not_there_is_not_found(jira: Place, confluence: Place, key: str) -> None:
    for place in (jira, confluence):
        with pytest.raises(NotFound):
            item(DRIVER, place, key)
