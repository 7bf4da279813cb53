"""What a person enters: its value in `state`, the action it makes, and what Slack refuses before the app sees it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.workspace.blocks import Json, elements, options_of
from bot.workspace.refusal import Refused

State = dict[str, dict[str, Json]]

#: Per type of element: where its value stands in `state`, and where the app puts what stands there at first.
VALUES: Final[Mapping[str, tuple[str, str]]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_users_select": ("selected_users", "initial_users"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", ""),
}
_MANY: Final = frozenset({"selected_options", "selected_users", "selected_conversations", "selected_channels", "files"})
_KINDS: Final[Mapping[str, type]] = {"selected_date_time": int, "rich_text_value": dict}
_OFFERED: Final = frozenset({"static_select", "multi_static_select", "radio_buttons", "checkboxes", "overflow"})
#: An action carries these of its element beside what was chosen.
_TOLD: Final = ("text", "value", "style", "placeholder", "initial_option", "initial_options", "initial_date")

REQUIRED: Final = "Please complete this required field."


def initial_state(blocks: Sequence[Mapping[str, Any]]) -> State:
    """What an untouched view or message holds."""
    state: State = {}
    for block, element in elements(blocks):
        if element["type"] in VALUES:
            name, initial = VALUES[element["type"]]
            value = element.get(initial, [] if name in _MANY else None)
            state.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], name: value}
    return state


def kept_state(old: State, blocks: Sequence[Mapping[str, Any]]) -> State:
    """After an update: what a person entered stays where block_id, action_id and type are the same, and it is still
    offered."""
    state = initial_state(blocks)
    for block, element in elements(blocks):
        before = old.get(block["block_id"], {}).get(element["action_id"])
        if before and before["type"] == element["type"]:
            state[block["block_id"]][element["action_id"]] = _still_offered(element, before)
    return state


def _still_offered(element: Mapping[str, Any], before: Json) -> Json:
    if element["type"] not in _OFFERED:
        return before
    name, _ = VALUES[element["type"]]
    offered = [option.get("value") for option in options_of(element)]
    if name == "selected_option":
        chosen = before[name]
        return before if chosen is None or chosen["value"] in offered else {**before, name: None}
    return {**before, name: [option for option in before[name] if option["value"] in offered]}


def entered_state(old: State, blocks: Sequence[Mapping[str, Any]], entered: Mapping[str, Any]) -> State:
    """With what the page says was entered; only what the blocks hold is taken."""
    state = kept_state(old, blocks)
    for block, element in elements(blocks):
        of_block = entered.get(block["block_id"])
        found = of_block.get(element["action_id"]) if isinstance(of_block, Mapping) else None
        if element["type"] not in VALUES or not isinstance(found, Mapping):
            continue
        name, _ = VALUES[element["type"]]
        if name in found:
            state[block["block_id"]][element["action_id"]] = _value(element, found[name])
    return state


def action_of(block_id: str, element: Mapping[str, Any], value: Any, action_ts: str) -> Json:
    """One entry of a block_actions payload's `actions`. Raises Refused for an option that is not offered."""
    kind = element["type"]
    action: Json = {"type": kind, "action_id": element["action_id"], "block_id": block_id}
    action |= {name: element[name] for name in _TOLD if name in element}
    if kind == "overflow":
        action["selected_option"] = _option(element, value)
    elif kind in VALUES:
        action |= {name: found for name, found in _value(element, value).items() if name != "type"}
    return {**action, "action_ts": action_ts}


def refusals(blocks: Sequence[Mapping[str, Any]], state: State) -> dict[str, str]:
    """What Slack says beside the fields before it sends a submission: {block_id: sentence}."""
    found: dict[str, str] = {}
    for block, element in elements(blocks):
        if block["type"] != "input" or element["type"] not in VALUES:
            continue
        name, _ = VALUES[element["type"]]
        value = state[block["block_id"]][element["action_id"]].get(name)
        sentence = _empty(block, value) or _wrong(element, value)
        if sentence:
            found[block["block_id"]] = sentence
    return found


def _empty(block: Mapping[str, Any], value: Any) -> str:
    return REQUIRED if not block.get("optional") and value in (None, "", []) else ""


def _wrong(element: Mapping[str, Any], value: Any) -> str:
    if value in (None, "", []):
        return ""
    match element["type"]:
        case "plain_text_input":
            least, most = element.get("min_length", 0), element.get("max_length", 3000)
            if len(value) < least:
                return f"Please use at least {least} characters."
            return f"Please use at most {most} characters." if len(value) > most else ""
        case "email_text_input":
            return "" if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value) else "Please enter a valid email address."
        case "url_text_input":
            return "" if re.fullmatch(r"https?://\S+", value) else "Please enter a valid URL."
        case "number_input":
            return _wrong_number(element, value)
        case _:
            most = element.get("max_selected_items")
            return f"Please choose at most {most}." if most and isinstance(value, list) and len(value) > most else ""


def _wrong_number(element: Mapping[str, Any], value: str) -> str:
    pattern = r"-?\d+(\.\d+)?" if element.get("is_decimal_allowed") else r"-?\d+"
    if not re.fullmatch(pattern, value):
        return "Please enter a valid number."
    least, most = element.get("min_value"), element.get("max_value")
    if least is not None and float(value) < float(least):
        return f"Please enter a number of at least {least}."
    if most is not None and float(value) > float(most):
        return f"Please enter a number of at most {most}."
    return ""


def _value(element: Mapping[str, Any], value: Any) -> Json:
    name, _ = VALUES[element["type"]]
    if name == "selected_option":
        value = None if value is None else _option(element, value)
    elif name in _MANY:
        value = [] if value is None else value
        if not isinstance(value, list):
            raise _not_taken(element, value)
        value = [_option(element, option) for option in value] if name == "selected_options" else value
    elif value == "":
        value = None
    elif value is not None and not isinstance(value, _KINDS.get(name, str)):
        raise _not_taken(element, value)
    return {"type": element["type"], name: value}


def _not_taken(element: Mapping[str, Any], value: Any) -> Refused:
    return Refused("invalid_value", messages=[f"{element['action_id']} does not take {value!r}"])


def _option(element: Mapping[str, Any], value: Any) -> Json:
    """The option of the app, whether the page names it or gives it whole."""
    wanted = value.get("value") if isinstance(value, Mapping) else value
    for option in options_of(element):
        if option.get("value") == wanted:
            return option
    if element["type"] in _OFFERED or not isinstance(value, Mapping):
        raise _not_taken(element, wanted)
    return dict(value)
