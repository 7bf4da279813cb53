"""Interactive elements and their limits (Slack's reference, block elements)."""

from collections.abc import Mapping
from typing import Any, Final

from bot.workspace.lint_objects import (
    BUTTON_OPTION,
    CONFIRM,
    DISPATCH,
    FILTER,
    GROUP,
    OVERFLOW_OPTION,
    SELECT_OPTION,
    SLACK_FILE,
    initial_offered,
    plain,
    url,
)
from bot.workspace.lint_shapes import (
    Check,
    Report,
    Shape,
    anything,
    boolean,
    choice,
    exactly_one,
    listing,
    matching,
    string,
    whole,
)

_ACTION: Final[Mapping[str, Check]] = {"action_id": string(least=1, most=255)}
_CONFIRM: Final[Mapping[str, Check]] = {"confirm": CONFIRM.check}
_PLACEHOLDER: Final[Mapping[str, Check]] = {"placeholder": plain(150)}
_FOCUS: Final[Mapping[str, Check]] = {"focus_on_load": boolean}
_SELECT: Final = {**_ACTION, **_CONFIRM, **_PLACEHOLDER, **_FOCUS}
_MULTI: Final = {**_SELECT, "max_selected_items": whole(least=1, most=1000)}
_OPTIONS: Final[Mapping[str, Check]] = {
    "options": listing(SELECT_OPTION.check, least=1, most=100),
    "option_groups": listing(GROUP.check, least=1, most=100),
}
_ID: Final = string(least=1)
_IDS: Final = listing(_ID, most=1000)
_RESPONSE_URL: Final[Mapping[str, Check]] = {"response_url_enabled": boolean}
_CONVERSATIONS: Final[Mapping[str, Check]] = {"default_to_current_conversation": boolean, "filter": FILTER.check}
_DATE: Final = matching(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date like 2026-01-31")
_TIME: Final = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time like 23:59")
_MIN_QUERY: Final[Mapping[str, Check]] = {"min_query_length": whole(least=0, most=1000)}


def _lengths(value: Any, path: str, report: Report) -> None:
    least, most = value.get("min_length", 0), value.get("max_length", 3000)
    if least > most:
        report.add("min_length must not be greater than max_length", path)
    initial = value.get("initial_value")
    if initial is not None and not least <= len(initial) <= most:
        report.add("initial_value must fit min_length and max_length", f"{path}/initial_value")


def _within_selected(value: Any, path: str, report: Report) -> None:
    most = value.get("max_selected_items")
    for name, chosen in value.items():
        if most and name.startswith("initial_") and isinstance(chosen, list) and len(chosen) > most:
            report.add(f"no more than {most} items allowed", f"{path}/{name}")


def _number_range(value: Any, path: str, report: Report) -> None:
    least, most = value.get("min_value"), value.get("max_value")
    if least is not None and most is not None and float(least) > float(most):
        report.add("min_value must not be greater than max_value", path)


_NUMBER: Final = matching(r"-?\d+(\.\d+)?", "a number in a string")
_TEXT_INPUT: Final = {**_ACTION, **_PLACEHOLDER, **_FOCUS, "dispatch_action_config": DISPATCH.check}

BUTTON: Final = Shape(
    required={"text": plain(75)},
    optional={
        **_ACTION,
        **_CONFIRM,
        "url": url(),
        "value": string(most=2000),
        "style": choice("primary", "danger"),
        "accessibility_label": string(most=75),
    },
)

ELEMENTS: Final[Mapping[str, Shape]] = {
    "button": BUTTON,
    "checkboxes": Shape(
        required={"options": listing(BUTTON_OPTION.check, least=1, most=10)},
        optional={
            **_ACTION,
            **_CONFIRM,
            **_FOCUS,
            "initial_options": listing(BUTTON_OPTION.check, least=1, most=10),
        },
        rules=(initial_offered("initial_options"),),
    ),
    "radio_buttons": Shape(
        required={"options": listing(BUTTON_OPTION.check, least=1, most=10)},
        optional={**_ACTION, **_CONFIRM, **_FOCUS, "initial_option": BUTTON_OPTION.check},
        rules=(initial_offered("initial_option"),),
    ),
    "overflow": Shape(
        required={"options": listing(OVERFLOW_OPTION.check, least=1, most=5)}, optional={**_ACTION, **_CONFIRM}
    ),
    "datepicker": Shape(optional={**_SELECT, "initial_date": _DATE}),
    "timepicker": Shape(optional={**_SELECT, "initial_time": _TIME, "timezone": string(least=1)}),
    "datetimepicker": Shape(
        optional={
            **_ACTION,
            **_CONFIRM,
            **_FOCUS,
            "initial_date_time": whole(least=1_000_000_000, most=9_999_999_999),
        }
    ),
    "static_select": Shape(
        optional={**_SELECT, **_OPTIONS, "initial_option": SELECT_OPTION.check},
        rules=(exactly_one("options", "option_groups"), initial_offered("initial_option")),
    ),
    "external_select": Shape(optional={**_SELECT, **_MIN_QUERY, "initial_option": SELECT_OPTION.check}),
    "users_select": Shape(optional={**_SELECT, "initial_user": _ID}),
    "conversations_select": Shape(optional={**_SELECT, **_RESPONSE_URL, **_CONVERSATIONS, "initial_conversation": _ID}),
    "channels_select": Shape(optional={**_SELECT, **_RESPONSE_URL, "initial_channel": _ID}),
    "multi_static_select": Shape(
        optional={**_MULTI, **_OPTIONS, "initial_options": listing(SELECT_OPTION.check, least=1, most=100)},
        rules=(exactly_one("options", "option_groups"), initial_offered("initial_options"), _within_selected),
    ),
    "multi_external_select": Shape(
        optional={**_MULTI, **_MIN_QUERY, "initial_options": listing(SELECT_OPTION.check, least=1, most=100)},
        rules=(_within_selected,),
    ),
    "multi_users_select": Shape(optional={**_MULTI, "initial_users": _IDS}, rules=(_within_selected,)),
    "multi_conversations_select": Shape(
        optional={**_MULTI, **_CONVERSATIONS, "initial_conversations": _IDS}, rules=(_within_selected,)
    ),
    "multi_channels_select": Shape(optional={**_MULTI, "initial_channels": _IDS}, rules=(_within_selected,)),
    "plain_text_input": Shape(
        optional={
            **_TEXT_INPUT,
            "initial_value": string(most=3000),
            "multiline": boolean,
            "min_length": whole(least=0, most=3000),
            "max_length": whole(least=1, most=3000),
        },
        rules=(_lengths,),
    ),
    "email_text_input": Shape(optional={**_TEXT_INPUT, "initial_value": string(least=1)}),
    "url_text_input": Shape(optional={**_TEXT_INPUT, "initial_value": url()}),
    "number_input": Shape(
        required={"is_decimal_allowed": boolean},
        optional={**_TEXT_INPUT, "initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
        rules=(_number_range,),
    ),
    "rich_text_input": Shape(optional={**_TEXT_INPUT, "initial_value": anything}),
    "file_input": Shape(
        optional={**_ACTION, "filetypes": listing(string(least=1), most=100), "max_files": whole(least=1, most=10)}
    ),
}

IMAGE: Final = Shape(
    required={"alt_text": string(least=1, most=2000)},
    optional={"image_url": url(), "slack_file": SLACK_FILE.check},
    rules=(exactly_one("image_url", "slack_file"),),
)

FEEDBACK: Final = Shape(
    required={
        name: Shape(
            required={"text": plain(75), "value": string(least=1, most=2000)},
            optional={"accessibility_label": string(most=75)},
            has_type=False,
        ).check
        for name in ("positive_button", "negative_button")
    },
    optional=_ACTION,
)

ICON_BUTTON: Final = Shape(
    required={"icon": choice("trash"), "text": plain(75)},
    optional={
        **_ACTION,
        **_CONFIRM,
        "value": string(most=2000),
        "accessibility_label": string(most=75),
        "visible_to_user_ids": _IDS,
    },
)
