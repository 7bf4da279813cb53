"""Blocks as Slack keeps them: with the ids and defaults that the app left out."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Json = dict[str, Any]

_NO_ACTION_ID: Final = frozenset({"image", "plain_text", "mrkdwn"})


def settled(blocks: Sequence[Mapping[str, Any]]) -> list[Json]:
    """A copy with the ids, emoji on plain text and verbatim on mrkdwn, as Slack gives them back."""
    found: list[Json] = json.loads(json.dumps(list(blocks)))
    for block in found:
        block.setdefault("block_id", secrets.token_urlsafe(4)[:5])
        if block["type"] == "input":
            block.setdefault("optional", False)
            block.setdefault("dispatch_action", False)
        for element in _elements_of(block):
            if element.get("type") not in _NO_ACTION_ID:
                element.setdefault("action_id", secrets.token_urlsafe(4)[:5])
        _default_texts(block)
    return found


def elements(blocks: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Json, Json]]:
    """Every element a person can use, with its block."""
    for block in blocks:
        for element in _elements_of(block):
            if "action_id" in element:
                yield dict(block), element


def element_of(blocks: Sequence[Mapping[str, Any]], block_id: str, action_id: str) -> Json | None:
    for block, element in elements(blocks):
        if block["block_id"] == block_id and element["action_id"] == action_id:
            return element
    return None


def options_of(element: Mapping[str, Any]) -> list[Json]:
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group.get("options") or [])]


def _elements_of(block: Mapping[str, Any]) -> list[Json]:
    match block["type"]:
        case "actions" | "context_actions":
            return list(block.get("elements") or [])
        case "section":
            return [block["accessory"]] if block.get("accessory") else []
        case "input":
            return [block["element"]]
        case _:
            return []


def _default_texts(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _default_texts(item)
    elif isinstance(node, dict):
        if node.get("type") == "plain_text":
            node.setdefault("emoji", True)
        elif node.get("type") == "mrkdwn":
            node.setdefault("verbatim", False)
        for value in node.values():
            _default_texts(value)
