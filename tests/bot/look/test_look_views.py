"""Each window of a look in each of its states."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_sdk.models.views import View

from bot.look.facts import Containers, Items, Opened, Where
from bot.look.views.item import item_view
from bot.look.views.lists import ROWS, choice_view, containers_view, items_view
from bot.workspace.lint import lint_view
from core.catalog.apps import App
from core.catalog.tables import AppStatus
from core.content.record_type import AppType
from core.database.pages import Page
from core.look.values import Attachment, Block, BlockKind, Comment, Container, Field, Item, ItemView
from tests.bot.golden import check_golden, golden_names

AT = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)
LONG = "Ein sehr langer Name " * 15
STRANGE = ("<!channel> *bold* `code` & 🚀", "ويكي الشركة", LONG, "[link|https://example.com]")
WIKI = App(
    id="app-wiki", organization_id="org-acme", name="Acme Wiki", type=AppType.CONFLUENCE, driver="embedded",
    status=AppStatus.ACTIVE, shard="shard-1", region="local", generation="gen-1", provisioned=True, created_at=AT,
    deactivated_at=None,
)  # fmt: skip
TRACKER = replace(WIKI, id="app-tracker", name="Tracker", type=AppType.JIRA)
INSIDE = Where(app="app-wiki", container="65537", containers_at=25)
OPENED = replace(INSIDE, item="98305", items_at=50)


def containers(*names: str, total: int = 0, app: App = WIKI, at: int = 0) -> View:
    found = tuple(
        Container(record_key=str(65536 + number), key=f"K{number}", name=name, kind="global", items=number * 1000)
        for number, name in enumerate(names)
    )
    where = Where(app=app.id, containers_at=at)
    return containers_view(
        Containers(where=where, app=app, listed=Page(found=found, offset=at, total=total or len(found)))
    )


def items(*found: Item, total: int = 0, at: int = 0, app: App = WIKI) -> View:
    where = replace(INSIDE, app=app.id, items_at=at)
    container = Container(record_key="65537", key="ENG", name="Engineering", kind="global", items=total)
    listed = Page(found=found, offset=at, total=total or len(found))
    return items_view(Items(where=where, app=app, container=container, listed=listed))


def page(number: int, title: str = "", **values: Any) -> Item:
    title = title or f"Page {number}"
    usual: dict[str, Any] = {"label": title, "title": title, "kind": "page", "status": "", "depth": number % 4}
    return Item(record_key=str(98304 + number), **{**usual, **values})


def opened(*body: Block, at: int = 0, **values: Any) -> View:
    usual: dict[str, Any] = {
        "record_key": "98305", "label": "On-call checklist", "title": "On-call checklist", "fields": (),
        "comments": (), "attachments": (), "history": 0,
    }  # fmt: skip
    shown = ItemView(body=body, **{**usual, **values})
    return item_view(Opened(where=replace(OPENED, page=at), app=WIKI, view=shown))


def paragraph(text: str) -> Block:
    return Block(kind=BlockKind.PARAGRAPH, text=text)


EVERY_KIND = (
    Block(kind=BlockKind.HEADING, text="Before you begin", level=1),
    paragraph("Look at the dashboard, then at the last release.\nThen at the queue."),
    Block(kind=BlockKind.LIST_ITEM, text="dashboard", level=1, marker="-"),
    Block(kind=BlockKind.LIST_ITEM, text="of the shop", level=2, marker="-"),
    Block(kind=BlockKind.LIST_ITEM, text="release", level=1, marker="1."),
    Block(kind=BlockKind.LIST_ITEM, text="queue", level=1, marker="2."),
    Block(kind=BlockKind.LIST_ITEM, text="told everybody", level=1, marker="[x]"),
    Block(kind=BlockKind.QUOTE, text="Nobody is alone at night."),
    Block(kind=BlockKind.CODE, text="systemctl status shop\njournalctl -u shop", marker="bash"),
    Block(kind=BlockKind.TABLE, rows=(("who", "when"), ("Ada", "Monday"), ("Bob <!here>", "Tuesday", "and later"))),
    Block(kind=BlockKind.RULE),
    paragraph("<!channel> *not bold* 🚀 ويكي"),
)
COMMENTS = (
    Comment(author="Ada", written=AT, body=(paragraph("Can the report go to the channel?"),)),
    Comment(author="ويكي", written=None, body=(paragraph("It does."),), depth=1),
)
ATTACHMENTS = (
    Attachment(record_key="1", name="diagram <3.png", size=8000, media_type="image/png"),
    Attachment(record_key="2", name=LONG, size=None, media_type=""),
)
FIELDS = (Field(label="Space", value="Engineering"), Field(label="Created by", value=STRANGE[0]))
LONG_PAGE = tuple(paragraph(f"{number}. {'word ' * 80}") for number in range(100))
VIEWS: dict[str, View] = {
    "choice": choice_view(),
    "containers": containers("Engineering", "Sales"),
    "containers-empty": containers(),
    "containers-of-jira": containers("Web shop", app=TRACKER),
    "containers-strange": containers(*STRANGE),
    "containers-many": containers(*(f"Space {n}" for n in range(ROWS)), total=9000, at=ROWS),
    "items": items(*(page(number) for number in range(6))),
    "items-of-jira": items(
        page(1, label="SHOP-1", title="Checkout shows the total twice", kind="Bug", status="Open", depth=0), app=TRACKER
    ),
    "items-none": items(),
    "items-strange": items(*(page(number, name) for number, name in enumerate(STRANGE))),
    "items-long-key": items(Item(record_key="k" * 300, label="odd", title="odd", kind="page", status="")),
    "items-many": items(*(page(number) for number in range(ROWS)), total=120_000, at=4000 * ROWS),
    "item": opened(*EVERY_KIND, fields=FIELDS, comments=COMMENTS, attachments=ATTACHMENTS, history=12),
    "item-empty": opened(),
    "item-long-title": opened(title=LONG, label=LONG),
    "item-long": opened(*LONG_PAGE),
    "item-long-end": opened(*LONG_PAGE, at=99),
    "item-one-paragraph": opened(paragraph("word " * 4000)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_window_looks_as_agreed(name: str) -> None:
    shown = VIEWS[name].to_dict()
    assert lint_view(shown) == []
    check_golden(f"look/{name}", shown)


def test_no_golden_is_left_over() -> None:
    assert golden_names("look") == set(VIEWS)


def test_every_word_of_a_long_page_can_be_read() -> None:
    text = " ".join(f"word{number}" for number in range(9000))
    body = (paragraph(text), Block(kind=BlockKind.CODE, text="x" * 9000), *LONG_PAGE)
    read, at = "", 0
    while True:
        shown = opened(*body, at=at).to_dict()
        assert lint_view(shown) == []
        read += " ".join(_texts(shown["blocks"]))
        if not any(
            one.get("action_id") == "look.after" for block in shown["blocks"] for one in block.get("elements", [])
        ):
            break
        at += 1
    assert set(text.split()) <= set(read.split())
    assert sum(map(len, re.findall("x{100,}", read))) == 9000
    assert at > 2


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for one in value.values() for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []
