"""The choice of an app, its projects or spaces, and what is in one of them."""

from collections.abc import Sequence
from typing import Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ExternalDataSelectElement,
    InteractiveElement,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.blocks import OPTIONS, actions, bold, button, clip, lines, note, option, plain, plain_section
from bot.look.facts import Containers, Items, Where
from bot.look.ids import CALLBACK, Action, BlockId
from bot.words import isolated, plural
from core.content.record_type import AppType
from core.look.values import Item

TITLE: Final = "Look inside"
#: A window holds 100 blocks.
ROWS: Final = 25
_NAME: Final = 300
#: Longer keys do not fit into what a window may carry.
_LONGEST_KEY: Final = 150
_CONTAINERS: Final = {AppType.JIRA: "project", AppType.CONFLUENCE: "space"}
_ITEMS: Final = {AppType.JIRA: "issue", AppType.CONFLUENCE: "page"}


def choice_view() -> View:
    select = ExternalDataSelectElement(action_id=Action.APP, placeholder=plain("Search apps"), min_query_length=0)
    asked = lines("Which app do you want to look into? Nothing in it is changed.")
    return look_view(Where(), [asked, ActionsBlock(block_id=BlockId.APP, elements=[select])])


def containers_view(facts: Containers) -> View:
    word = _CONTAINERS[facts.app.type]
    rows = [
        _row(
            f"{isolated(clip(one.name, _NAME))} ({isolated(clip(one.key, _NAME))})\n"
            + ", ".join(filter(None, (one.kind, plural(one.items, _ITEMS[facts.app.type])))),
            one.name,
            Action.CONTAINER,
            one.record_key,
        )
        for one in facts.listed.found
    ]
    at, total = facts.where.containers_at, facts.listed.total
    empty = lines((bold(isolated(facts.app.name)), f" has no {word} at all."), "A new app is empty until it is used.")
    return look_view(
        facts.where,
        [
            lines((bold(isolated(facts.app.name)),)),
            note(which(at, len(rows), total, word)),
            *(rows or [empty]),
            *_pages(at, total),
            *back("Another app"),
        ],
    )


def items_view(facts: Items) -> View:
    word = _ITEMS[facts.app.type]
    rows = [_item(one) for one in facts.listed.found]
    at, total = facts.where.items_at, facts.listed.total
    return look_view(
        facts.where,
        [
            lines((isolated(facts.app.name), " → ", bold(isolated(facts.container.name)))),
            note(which(at, len(rows), total, word)),
            *(rows or [lines(f"There is no {word} in it.")]),
            *_pages(at, total),
            *back("Back"),
        ],
    )


def look_view(where: Where, blocks: Sequence[Block]) -> View:
    return View(
        type="modal",
        callback_id=CALLBACK,
        title=plain(TITLE),
        close=plain("Close"),
        private_metadata=where.pack(),
        blocks=list(blocks),
    )


def back(text: str) -> list[Block]:
    return [actions(BlockId.STEPS, button(Action.BACK, text))]


def which(at: int, shown: int, total: int, word: str) -> str:
    counted = plural(total, word)
    return f"{at + 1:,} to {at + shown:,} of {counted}" if shown < total else counted


def _item(one: Item) -> Block:
    named = one.label if one.label == one.title else f"{one.label}  {isolated(one.title)}"
    # Blanks at the beginning of a text are cut off.
    depth = min(one.depth, 12)
    branch, margin = f"└{'─' * depth} " if depth else "", "\u2003" * depth
    about = ", ".join(filter(None, (one.kind, one.status)))
    text = f"{branch}{isolated(clip(named, _NAME))}\n{margin}{about}".rstrip()
    return _row(text, one.label, Action.ITEM, one.record_key)


def _row(text: str, name: str, action: Action, key: str) -> Block:
    if len(key) > _LONGEST_KEY:
        return plain_section(f"{text}\nIts key is too long to be opened here: restorebot app look shows it.")
    return plain_section(
        text, accessory=button(action, "Open", value=key, label=f"Open {name}"), block_id=f"{BlockId.ROW}:{key}"
    )


def _pages(at: int, total: int) -> list[Block]:
    """Before and after; and, where there are many pages, a choice of some of them."""
    elements: list[InteractiveElement] = []
    if at:
        elements.append(button(Action.BEFORE, "Previous", value=str(max(0, at - ROWS))))
    if at + ROWS < total:
        elements.append(button(Action.AFTER, "Next", value=str(at + ROWS)))
    if total > 2 * ROWS:
        elements.append(_jump(at, total))
    return [ActionsBlock(block_id=f"{BlockId.PAGES}:{at}", elements=elements)] if elements else []


def _jump(at: int, total: int) -> StaticSelectElement:
    pages = range(0, total, ROWS)
    step = -(-len(pages) // OPTIONS)
    options = [option(str(one), f"From {one + 1:,}") for one in pages[::step]]
    return StaticSelectElement(
        action_id=Action.JUMP,
        placeholder=plain("Go to"),
        options=options,
        initial_option=next((one for one in options if one.value == str(at)), None),
    )
