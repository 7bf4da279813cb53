"""Composition objects: texts, options, confirmation dialogs (Slack's reference, composition objects)."""

from typing import Any, Final

from bot.workspace.lint_shapes import (
    Check,
    Report,
    Shape,
    boolean,
    choice,
    listing,
    matching,
    one_of_types,
    string,
)

_URL: Final = r"(https?|mailto|tel|slack):\S+"


def url(most: int = 3000) -> Check:
    right_length = string(least=1, most=most)
    right_form = matching(_URL, "a valid URL")

    def check(value: Any, path: str, report: Report) -> None:
        right_length(value, path, report)
        right_form(value, path, report)

    return check


def _plain(most: int) -> Shape:
    return Shape(required={"text": string(least=1, most=most)}, optional={"emoji": boolean})


def _mrkdwn(most: int) -> Shape:
    return Shape(required={"text": string(least=1, most=most)}, optional={"verbatim": boolean})


def plain(most: int = 3000) -> Check:
    """Text of type plain_text only."""
    return one_of_types(lambda: {"plain_text": _plain(most)})


def text(most: int = 3000) -> Check:
    return one_of_types(lambda: {"plain_text": _plain(most), "mrkdwn": _mrkdwn(most)})


CONFIRM: Final = Shape(
    required={"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    optional={"style": choice("primary", "danger")},
    has_type=False,
)


def _option(label: Check, *, with_url: bool = False) -> Shape:
    extra: dict[str, Check] = {"url": url()} if with_url else {}
    return Shape(
        required={"text": label, "value": string(least=1, most=150)},
        optional={"description": text(75), **extra},
        has_type=False,
    )


#: Slack: an option in a select is plain text; in checkboxes and radio buttons it may be mrkdwn; in an overflow it may
#: have a URL.
SELECT_OPTION: Final = _option(plain(75))
BUTTON_OPTION: Final = _option(text(75))
OVERFLOW_OPTION: Final = _option(plain(75), with_url=True)

GROUP: Final = Shape(
    required={"label": plain(75), "options": listing(SELECT_OPTION.check, least=1, most=100)}, has_type=False
)

DISPATCH: Final = Shape(
    required={
        "trigger_actions_on": listing(choice("on_enter_pressed", "on_character_entered"), least=1, most=2),
    },
    has_type=False,
)

FILTER: Final = Shape(
    optional={
        "include": listing(choice("im", "mpim", "private", "public"), least=1, most=4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    has_type=False,
)

SLACK_FILE: Final = Shape(optional={"id": string(least=1), "url": url()}, has_type=False)


def _offered(value: Any) -> list[Any]:
    groups = value.get("option_groups") or []
    return [*(value.get("options") or []), *(option for group in groups for option in group["options"])]


def initial_offered(name: str) -> Check:
    """What is chosen at first must be one of the options, exactly as it stands there."""

    def check(value: Any, path: str, report: Report) -> None:
        initial = value.get(name)
        chosen = initial if isinstance(initial, list) else [] if initial is None else [initial]
        offered = _offered(value)
        if any(option not in offered for option in chosen):
            report.add(f"{name} must match an option", f"{path}/{name}")

    return check
