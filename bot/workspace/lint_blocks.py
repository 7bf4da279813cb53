"""Blocks and their limits (Slack's reference, blocks), and which element stands in which block."""

from collections.abc import Mapping
from typing import Any, Final

from bot.workspace.lint_elements import ELEMENTS, FEEDBACK, ICON_BUTTON, IMAGE
from bot.workspace.lint_objects import SLACK_FILE, plain, text, url
from bot.workspace.lint_shapes import (
    Check,
    Report,
    Shape,
    anything,
    at_least_one,
    boolean,
    choice,
    exactly_one,
    listing,
    one_of_types,
    string,
    whole,
)

_BLOCK_ID: Final[Mapping[str, Check]] = {"block_id": string(least=1, most=255)}

_ONLY_INPUT: Final = frozenset(
    {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
)
_NOT_INPUT: Final = frozenset({"button", "overflow"})

IN_ACTIONS: Final = {
    name: shape for name, shape in ELEMENTS.items() if name not in _ONLY_INPUT and not name.startswith("multi_")
}
IN_SECTION: Final = {
    name: shape for name, shape in ELEMENTS.items() if name not in _ONLY_INPUT and name != "datetimepicker"
} | {"image": IMAGE}
IN_INPUT: Final = {name: shape for name, shape in ELEMENTS.items() if name not in _NOT_INPUT}
_CONTEXT: Final = {
    "image": IMAGE,
    "plain_text": Shape(required={"text": string(least=1, most=3000)}, optional={"emoji": boolean}),
    "mrkdwn": Shape(required={"text": string(least=1, most=3000)}, optional={"verbatim": boolean}),
}

_CELL: Final = {
    "raw_text": Shape(required={"text": string(least=1)}),
    "rich_text": Shape(required={"elements": listing(most=1000)}),
}


def _table_size(value: Any, path: str, report: Report) -> None:
    if sum(len(cell.get("text") or "") for row in value["rows"] for cell in row) > _TABLE_TEXT:
        report.add("invalid_table_content", f"{path}/rows")


_TABLE_TEXT: Final = 10_000
_RICH: Final = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")

BLOCKS: Final[Mapping[str, Shape]] = {
    "actions": Shape(
        required={"elements": listing(one_of_types(lambda: IN_ACTIONS), least=1, most=25)}, optional=_BLOCK_ID
    ),
    "context": Shape(
        required={"elements": listing(one_of_types(lambda: _CONTEXT), least=1, most=10)}, optional=_BLOCK_ID
    ),
    "context_actions": Shape(
        required={
            "elements": listing(
                one_of_types(lambda: {"feedback_buttons": FEEDBACK, "icon_button": ICON_BUTTON}), least=1, most=5
            )
        },
        optional=_BLOCK_ID,
    ),
    "divider": Shape(optional=_BLOCK_ID),
    "file": Shape(required={"external_id": string(least=1), "source": choice("remote")}, optional=_BLOCK_ID),
    "header": Shape(required={"text": plain(150)}, optional={**_BLOCK_ID, "level": whole(least=1, most=4)}),
    "image": Shape(
        required={"alt_text": string(least=1, most=2000)},
        optional={**_BLOCK_ID, "image_url": url(), "slack_file": SLACK_FILE.check, "title": plain(2000)},
        rules=(exactly_one("image_url", "slack_file"),),
    ),
    "input": Shape(
        required={"label": plain(2000), "element": one_of_types(lambda: IN_INPUT)},
        optional={**_BLOCK_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": Shape(required={"text": string(least=1, most=12_000)}, optional=_BLOCK_ID),
    "rich_text": Shape(
        required={
            "elements": listing(
                one_of_types(
                    lambda: {
                        name: Shape(
                            required={"elements": anything},
                            optional=dict.fromkeys(("style", "indent", "offset", "border", "language"), anything),
                        )
                        for name in _RICH
                    }
                ),
                least=1,
                most=1000,
            )
        },
        optional=_BLOCK_ID,
    ),
    "section": Shape(
        optional={
            **_BLOCK_ID,
            "text": text(3000),
            "fields": listing(text(2000), least=1, most=10),
            "accessory": one_of_types(lambda: IN_SECTION),
            "expand": boolean,
        },
        rules=(at_least_one("text", "fields"),),
    ),
    "table": Shape(
        required={"rows": listing(listing(one_of_types(lambda: _CELL), least=1, most=20), least=1, most=100)},
        optional={**_BLOCK_ID, "column_settings": listing(anything, most=20)},
        rules=(_table_size,),
    ),
    "video": Shape(
        required={
            "alt_text": string(least=1),
            "title": plain(199),
            "thumbnail_url": url(),
            "video_url": url(),
        },
        optional={
            **_BLOCK_ID,
            "author_name": string(most=49),
            "description": plain(),
            "provider_icon_url": url(),
            "provider_name": string(),
            "title_url": url(),
        },
    ),
}
