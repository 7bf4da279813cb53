"""Block Kit's rules: what Slack refuses in a message, a modal or an App Home, in the words of its own answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from bot.workspace.blocks import elements
from bot.workspace.lint_blocks import BLOCKS
from bot.workspace.lint_objects import GROUP, SELECT_OPTION, plain
from bot.workspace.lint_shapes import Report, Shape, boolean, exactly_one, listing, string, typed


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


#: Slack's reference: blocks of these types appear in messages only, or not in messages
_ONLY_IN_MESSAGES = frozenset({"markdown", "file", "table", "context_actions"})
_MOST_BLOCKS = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
_MARKDOWN_TEXT = 12_000

_MODAL = Shape(
    required={"title": plain(24), "blocks": listing(most=100)},
    optional={
        "submit": plain(24),
        "close": plain(24),
        "private_metadata": string(most=3000),
        "callback_id": string(most=255),
        "external_id": string(most=255),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = Shape(
    required={"blocks": listing(most=100)},
    optional={
        "private_metadata": string(most=3000),
        "callback_id": string(most=255),
        "external_id": string(most=255),
    },
)
_VIEWS = {"modal": _MODAL, "home": _HOME}
_SUGGESTED = Shape(
    optional={
        "options": listing(SELECT_OPTION.check, most=100),
        "option_groups": listing(GROUP.check, most=100),
    },
    rules=(exactly_one("options", "option_groups"),),
    has_type=False,
)


def lint_message(blocks: Any) -> list[str]:
    """Everything wrong with the blocks of a message, each with its place; nothing: Slack takes them."""
    report = Report()
    _blocks(blocks, "/blocks", Surface.MESSAGE, report)
    return report.findings


def lint_view(view: Any) -> list[str]:
    """The same for a modal or an App Home."""
    report = Report()
    if typed(view, "/view", _VIEWS, report):
        _blocks(view.get("blocks"), "/view/blocks", Surface(view["type"]), report)
        if view["type"] == "modal" and isinstance(view.get("blocks"), list):
            _submit(view, report)
    return report.findings


def lint_options(answer: Any) -> list[str]:
    """The answer to a block_suggestion: options or option groups, at most 100 of each."""
    report = Report()
    _SUGGESTED.check(answer, "", report)
    return report.findings


def _blocks(blocks: Any, path: str, surface: Surface, report: Report) -> None:
    if not isinstance(blocks, list):
        report.add("must provide an array", path)
        return
    if len(blocks) > _MOST_BLOCKS[surface]:
        report.add(f"no more than {_MOST_BLOCKS[surface]} items allowed", path)
    for number, block in enumerate(blocks):
        if typed(block, f"{path}/{number}", BLOCKS, report):
            _fits(block, f"{path}/{number}", surface, report)
    if not report.findings:
        _together(blocks, path, report)


def _fits(block: Mapping[str, Any], path: str, surface: Surface, report: Report) -> None:
    if surface is not Surface.MESSAGE and block["type"] in _ONLY_IN_MESSAGES:
        report.add(f"unsupported type: {block['type']} in a {surface}", f"{path}/type")
    for _, element in elements([block]):
        if element.get("response_url_enabled") and (surface is not Surface.MODAL or block["type"] != "input"):
            report.add("response_url_enabled is only for inputs of a modal", path)
        if element.get("type") == "file_input" and (surface is not Surface.MODAL or block["type"] != "input"):
            report.add("unsupported type: file_input", path)


def _together(blocks: list[Mapping[str, Any]], path: str, report: Report) -> None:
    """What is right in each block and wrong in all of them."""
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id and block_id in seen:
            report.add(f"block_id {block_id!r} already exists", f"{path}/{number}/block_id")
        seen.add(str(block_id))
        _action_ids(block, f"{path}/{number}", report)
    focused = [element for _, element in elements(blocks) if element.get("focus_on_load")]
    if len(focused) > 1:
        report.add("only one element can have focus_on_load", path)
    if sum(1 for block in blocks if block["type"] == "table") > 1:
        report.add("only_one_table_allowed", path)
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > _MARKDOWN_TEXT:
        report.add(f"markdown text must be less than {_MARKDOWN_TEXT + 1} characters in all", path)


def _action_ids(block: Mapping[str, Any], path: str, report: Report) -> None:
    seen: set[str] = set()
    for _, element in elements([block]):
        if element["action_id"] in seen:
            report.add(f"action_id {element['action_id']!r} already exists", path)
        seen.add(element["action_id"])


def _submit(view: Mapping[str, Any], report: Report) -> None:
    has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in view["blocks"])
    if has_input and not view.get("submit"):
        report.add("missing required field: submit", "/view")
