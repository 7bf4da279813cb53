"""Block Kit's documented limits: at each one Slack takes it, one more and it is refused.

The numbers are written here a second time, from Slack's reference, so that a limit typed wrongly in one place shows.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.models import blocks as models
from slack_sdk.models.views import View

from bot.workspace.lint import lint_message, lint_options, lint_view
from tests.bot.workspace.slack import actions, button, modal, option, plain, text_input

Json = dict[str, Any]


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> list[Json]:
    return [{"type": "section", "text": mrkdwn("Text"), **more}]


def in_actions(element: Json) -> list[Json]:
    return [actions(element)]


def in_input(element: Json, **more: Any) -> list[Json]:
    return [{"type": "input", "label": plain("Label"), "element": element, **more}]


def select(kind: str = "static_select", **more: Any) -> Json:
    return {"type": kind, "action_id": "select", **({"options": [option("one")]} if "static" in kind else {}), **more}


def choice(kind: str, **more: Any) -> Json:
    return {"type": kind, "action_id": "choice", "options": [option("one")], **more}


def options(count: int) -> list[Json]:
    return [option(f"value-{number}") for number in range(count)]


def confirm(**more: Any) -> Json:
    words = {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No")}
    return button(confirm=words | more)


def image(**more: Any) -> Json:
    return {"type": "image", "image_url": "https://example.com/x.png", "alt_text": "x", **more}


def url(length: int) -> str:
    return "https://example.com/".ljust(length, "x")


#: What makes blocks with so much of something, and how much of it Slack takes.
LIMITS: dict[str, tuple[Callable[[int], list[Json]], int]] = {
    "blocks of a message": (lambda n: [{"type": "divider"}] * n, 50),
    "block_id": (lambda n: section(block_id="x" * n), 255),
    "section text": (lambda n: [{"type": "section", "text": mrkdwn("x" * n)}], 3000),
    "section fields": (lambda n: section(fields=[mrkdwn("x")] * n), 10),
    "section field text": (lambda n: section(fields=[mrkdwn("x" * n)]), 2000),
    "header": (lambda n: [{"type": "header", "text": plain("x" * n)}], 150),
    "context elements": (lambda n: [{"type": "context", "elements": [mrkdwn("x")] * n}], 10),
    "context text": (lambda n: [{"type": "context", "elements": [mrkdwn("x" * n)]}], 3000),
    "actions elements": (lambda n: [actions(*(button(f"b{i}") for i in range(n)))], 25),
    "action_id": (lambda n: in_actions(button("x" * n)), 255),
    "button text": (lambda n: in_actions(button(text=plain("x" * n))), 75),
    "button value": (lambda n: in_actions(button(value="x" * n)), 2000),
    "button url": (lambda n: in_actions(button(url=url(n))), 3000),
    "button accessibility_label": (lambda n: in_actions(button(accessibility_label="x" * n)), 75),
    "confirm title": (lambda n: in_actions(confirm(title=plain("x" * n))), 100),
    "confirm text": (lambda n: in_actions(confirm(text=mrkdwn("x" * n))), 300),
    "confirm confirm": (lambda n: in_actions(confirm(confirm=plain("x" * n))), 30),
    "confirm deny": (lambda n: in_actions(confirm(deny=plain("x" * n))), 30),
    "image alt_text": (lambda n: [image(alt_text="x" * n)], 2000),
    "image title": (lambda n: [image(title=plain("x" * n))], 2000),
    "image url": (lambda n: [image(image_url=url(n))], 3000),
    "image element alt_text": (lambda n: [{"type": "context", "elements": [image(alt_text="x" * n)]}], 2000),
    "input label": (lambda n: [text_input() | {"label": plain("x" * n)}], 2000),
    "input hint": (lambda n: [text_input() | {"hint": plain("x" * n)}], 2000),
    "markdown": (lambda n: [{"type": "markdown", "text": "x" * n}], 12_000),
    "markdown in all": (
        lambda n: [{"type": "markdown", "text": "x" * (n // 2)}, {"type": "markdown", "text": "x" * (n - n // 2)}],
        12_000,
    ),
    "table rows": (lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * n}], 100),
    "table columns": (lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * n]}], 20),
    "table text": (lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x" * n}]]}], 10_000),
    "tables": (lambda n: [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * n, 1),
    "option text": (lambda n: in_actions(select(options=[{"text": plain("x" * n), "value": "x"}])), 75),
    "option value": (lambda n: in_actions(select(options=[{"text": plain("x"), "value": "x" * n}])), 150),
    "option description": (
        lambda n: in_actions(select(options=[{"text": plain("x"), "value": "x", "description": plain("x" * n)}])),
        75,
    ),
    "option url": (
        lambda n: in_actions(choice("overflow", options=[{"text": plain("x"), "value": "x", "url": url(n)}])),
        3000,
    ),
    "select options": (lambda n: in_actions(select(options=options(n))), 100),
    "select groups": (
        lambda n: in_actions(
            {"type": "static_select", "option_groups": [{"label": plain("x"), "options": options(1)}] * n}
        ),
        100,
    ),
    "group label": (
        lambda n: in_actions(
            {"type": "static_select", "option_groups": [{"label": plain("x" * n), "options": options(1)}]}
        ),
        75,
    ),
    "group options": (
        lambda n: in_actions(
            {"type": "static_select", "option_groups": [{"label": plain("x"), "options": options(n)}]}
        ),
        100,
    ),
    "select placeholder": (lambda n: in_actions(select(placeholder=plain("x" * n))), 150),
    "multi select options": (lambda n: section(accessory=select("multi_static_select", options=options(n))), 100),
    "multi select chosen": (
        lambda n: section(
            accessory=select(
                "multi_static_select", options=options(100), initial_options=options(n), max_selected_items=5
            )
        ),
        5,
    ),
    "checkboxes": (lambda n: in_actions(choice("checkboxes", options=options(n))), 10),
    "checkbox text": (
        lambda n: in_actions(choice("checkboxes", options=[{"text": mrkdwn("x" * n), "value": "x"}])),
        75,
    ),
    "radio buttons": (lambda n: in_actions(choice("radio_buttons", options=options(n))), 10),
    "overflow": (lambda n: in_actions(choice("overflow", options=options(n))), 5),
    "input placeholder": (lambda n: [text_input(placeholder=plain("x" * n))], 150),
    "input initial_value": (lambda n: [text_input(initial_value="x" * n)], 3000),
    "input initial_value within max_length": (lambda n: [text_input(initial_value="x" * n, max_length=9)], 9),
    "input min_length": (lambda n: [text_input(min_length=n)], 3000),
    "input max_length": (lambda n: [text_input(max_length=n)], 3000),
    "feedback buttons": (
        lambda n: [
            {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain("x")}] * n}
        ],
        5,
    ),
    "video title": (
        lambda n: [
            {
                "type": "video",
                "alt_text": "x",
                "title": plain("x" * n),
                "thumbnail_url": url(30),
                "video_url": url(30),
                "author_name": "x" * 49,
            }
        ],
        199,
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_each_limit_of_a_message_is_taken_and_one_more_refused(name: str) -> None:
    make, limit = LIMITS[name]
    assert lint_message(make(limit)) == []
    assert lint_message(make(limit + 1)) != []


VIEW_LIMITS: dict[str, tuple[Callable[[int], Json], int]] = {
    "blocks of a modal": (lambda n: modal(*[{"type": "divider"}] * n), 100),
    "blocks of a home": (lambda n: {"type": "home", "blocks": [{"type": "divider"}] * n}, 100),
    "title": (lambda n: modal(title=plain("x" * n)), 24),
    "submit": (lambda n: modal(submit=plain("x" * n)), 24),
    "close": (lambda n: modal(close=plain("x" * n)), 24),
    "private_metadata": (lambda n: modal(private_metadata="x" * n), 3000),
    "private_metadata of a home": (lambda n: {"type": "home", "blocks": [], "private_metadata": "x" * n}, 3000),
    "callback_id": (lambda n: modal(callback_id="x" * n), 255),
    "external_id": (lambda n: modal(external_id="x" * n), 255),
    "file_input max_files": (lambda n: modal(*in_input({"type": "file_input", "max_files": n})), 10),
    "focus_on_load": (lambda n: modal(*(text_input(str(i), focus_on_load=True) for i in range(n))), 1),
}


@pytest.mark.parametrize("name", VIEW_LIMITS)
def test_each_limit_of_a_view_is_taken_and_one_more_refused(name: str) -> None:
    make, limit = VIEW_LIMITS[name]
    assert lint_view(make(limit)) == []
    assert lint_view(make(limit + 1)) != []


@pytest.mark.parametrize(
    ("blocks", "finding"),
    [
        ({}, "must provide an array [json-pointer:/blocks]"),
        (["text"], "must provide an object [json-pointer:/blocks/0]"),
        ([{"type": "nothing"}], "unsupported type: nothing [json-pointer:/blocks/0/type]"),
        ([{}], "unsupported type: None [json-pointer:/blocks/0/type]"),
        ([{"type": "divider", "text": "x"}], "invalid additional property: text [json-pointer:/blocks/0]"),
        ([{"type": "section"}], "must provide at least one of text, fields [json-pointer:/blocks/0]"),
        ([{"type": "section", "text": "x"}], "must provide an object [json-pointer:/blocks/0/text]"),
        (
            [{"type": "section", "text": mrkdwn("")}],
            "must be more than 0 characters [json-pointer:/blocks/0/text/text]",
        ),
        (
            [{"type": "section", "text": mrkdwn("x") | {"emoji": True}}],
            "invalid additional property: emoji [json-pointer:/blocks/0/text]",
        ),
        (
            [{"type": "section", "text": plain("x") | {"verbatim": True}}],
            "invalid additional property: verbatim [json-pointer:/blocks/0/text]",
        ),
        ([{"type": "header", "text": mrkdwn("x")}], "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]"),
        ([actions()], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
        (
            in_actions(button(text=mrkdwn("x"))),
            "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
        ),
        (
            in_actions(button(style="green")),
            "must be one of primary, danger [json-pointer:/blocks/0/elements/0/style]",
        ),
        (in_actions(button(url="nowhere")), "must be a valid URL [json-pointer:/blocks/0/elements/0/url]"),
        (
            in_actions({"type": "plain_text_input"}),
            "unsupported type: plain_text_input [json-pointer:/blocks/0/elements/0/type]",
        ),
        (
            in_actions(select("multi_static_select")),
            "unsupported type: multi_static_select [json-pointer:/blocks/0/elements/0/type]",
        ),
        (in_input(button()), "unsupported type: button [json-pointer:/blocks/0/element/type]"),
        (in_input(choice("overflow")), "unsupported type: overflow [json-pointer:/blocks/0/element/type]"),
        (
            section(accessory={"type": "plain_text_input"}),
            "unsupported type: plain_text_input [json-pointer:/blocks/0/accessory/type]",
        ),
        (
            [{"type": "context", "elements": [button()]}],
            "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
        ),
        ([text_input() | {"label": mrkdwn("x")}], "unsupported type: mrkdwn [json-pointer:/blocks/0/label/type]"),
        ([text_input() | {"element": None}], "missing required field: element [json-pointer:/blocks/0]"),
        (
            in_actions({"type": "static_select"}),
            "must provide exactly one of options, option_groups [json-pointer:/blocks/0/elements/0]",
        ),
        (
            in_actions(select(option_groups=[{"label": plain("x"), "options": options(1)}])),
            "must provide exactly one of options, option_groups [json-pointer:/blocks/0/elements/0]",
        ),
        (
            in_actions(select(options=[])),
            "no fewer than 1 items allowed [json-pointer:/blocks/0/elements/0/options]",
        ),
        (
            in_actions(select(initial_option=option("two"))),
            "initial_option must match an option [json-pointer:/blocks/0/elements/0/initial_option]",
        ),
        (
            in_actions(choice("checkboxes", initial_options=[option("two")])),
            "initial_options must match an option [json-pointer:/blocks/0/elements/0/initial_options]",
        ),
        (
            in_actions(select(options=[{"text": mrkdwn("x"), "value": "x"}])),
            "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/options/0/text/type]",
        ),
        (
            in_actions(select(options=[{"text": plain("x"), "value": ""}])),
            "must be more than 0 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
        ),
        (
            in_actions(select(options=[option("one") | {"url": url(30)}])),
            "invalid additional property: url [json-pointer:/blocks/0/elements/0/options/0]",
        ),
        (
            in_actions(button(confirm={"title": plain("x"), "text": plain("x"), "confirm": plain("x")})),
            "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
        ),
        (
            in_actions({"type": "datepicker", "initial_date": "31.1.2026"}),
            "must be a date like 2026-01-31 [json-pointer:/blocks/0/elements/0/initial_date]",
        ),
        (
            in_actions({"type": "timepicker", "initial_time": "24:00"}),
            "must be a time like 23:59 [json-pointer:/blocks/0/elements/0/initial_time]",
        ),
        (
            in_actions({"type": "datetimepicker", "initial_date_time": 12}),
            "must be between 1000000000 and 9999999999 [json-pointer:/blocks/0/elements/0/initial_date_time]",
        ),
        (
            section(accessory={"type": "datetimepicker"}),
            "unsupported type: datetimepicker [json-pointer:/blocks/0/accessory/type]",
        ),
        (
            section(accessory=select("multi_users_select", max_selected_items=0)),
            "must be between 1 and 1000 [json-pointer:/blocks/0/accessory/max_selected_items]",
        ),
        (
            in_input({"type": "number_input"}),
            "missing required field: is_decimal_allowed [json-pointer:/blocks/0/element]",
        ),
        (
            in_input({"type": "number_input", "is_decimal_allowed": False, "min_value": "2", "max_value": "1"}),
            "min_value must not be greater than max_value [json-pointer:/blocks/0/element]",
        ),
        (
            in_input({"type": "plain_text_input", "min_length": 5, "max_length": 4}),
            "min_length must not be greater than max_length [json-pointer:/blocks/0/element]",
        ),
        (
            in_input({"type": "plain_text_input", "max_length": 0}),
            "must be between 1 and 3000 [json-pointer:/blocks/0/element/max_length]",
        ),
        (
            in_input({"type": "plain_text_input", "multiline": "yes"}),
            "must be a boolean [json-pointer:/blocks/0/element/multiline]",
        ),
        (
            in_input({"type": "plain_text_input", "dispatch_action_config": {"trigger_actions_on": ["on_blur"]}}),
            "must be one of on_enter_pressed, on_character_entered "
            "[json-pointer:/blocks/0/element/dispatch_action_config/trigger_actions_on/0]",
        ),
        (
            [{"type": "image", "alt_text": "x"}],
            "must provide exactly one of image_url, slack_file [json-pointer:/blocks/0]",
        ),
        ([image(alt_text=None)], "missing required field: alt_text [json-pointer:/blocks/0]"),
        (
            [{"type": "divider", "block_id": "same"}, {"type": "divider", "block_id": "same"}],
            "block_id 'same' already exists [json-pointer:/blocks/1/block_id]",
        ),
        ([actions(button(), button())], "action_id 'press' already exists [json-pointer:/blocks/0]"),
        (in_input({"type": "file_input", "action_id": "f"}), "unsupported type: file_input [json-pointer:/blocks/0]"),
        (
            in_actions(select("conversations_select", response_url_enabled=True)),
            "response_url_enabled is only for inputs of a modal [json-pointer:/blocks/0]",
        ),
        (
            in_actions(select("conversations_select", filter={"include": ["everybody"]})),
            "must be one of im, mpim, private, public [json-pointer:/blocks/0/elements/0/filter/include/0]",
        ),
    ],
)
def test_a_wrong_block_is_refused_with_what_and_where(blocks: Any, finding: str) -> None:
    assert lint_message(blocks) == [finding]


@pytest.mark.parametrize(
    ("view", "finding"),
    [
        ([], "must provide an object [json-pointer:/view]"),
        ({"type": "dialog"}, "unsupported type: dialog [json-pointer:/view/type]"),
        (modal(title=None), "missing required field: title [json-pointer:/view]"),
        (modal(title=mrkdwn("x")), "unsupported type: mrkdwn [json-pointer:/view/title/type]"),
        (modal(submit=None), "missing required field: submit [json-pointer:/view]"),
        (modal(state={}), "invalid additional property: state [json-pointer:/view]"),
        (modal(hash="1.2"), "invalid additional property: hash [json-pointer:/view]"),
        (modal(notify_on_close="yes"), "must be a boolean [json-pointer:/view/notify_on_close]"),
        (
            modal({"type": "markdown", "text": "x"}),
            "unsupported type: markdown in a modal [json-pointer:/view/blocks/0/type]",
        ),
        (
            {"type": "home", "blocks": [], "title": plain("x")},
            "invalid additional property: title [json-pointer:/view]",
        ),
        (
            {"type": "home", "blocks": [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}]},
            "unsupported type: table in a home [json-pointer:/view/blocks/0/type]",
        ),
    ],
)
def test_a_wrong_view_is_refused_with_what_and_where(view: Any, finding: str) -> None:
    assert lint_view(view) == [finding]


_WORDS = st.sampled_from(["type", "text", "blocks", "elements", "options", "accessory", "title", "block_id", "value"])
_TYPES = st.sampled_from(["modal", "home", "section", "actions", "input", "static_select", "button", "plain_text"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | _TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_comes_is_answered_with_findings(given_: Any) -> None:
    for lint in (lint_message, lint_view, lint_options):
        assert all("[json-pointer:" in finding for finding in lint(given_))


def test_a_search_is_answered_with_options_or_groups() -> None:
    group = {"label": plain("x"), "options": options(100)}
    assert lint_options({"options": []}) == []
    assert lint_options({"options": options(100)}) == []
    assert lint_options({"option_groups": [group]}) == []
    assert lint_options({"options": options(101)}) == ["no more than 100 items allowed [json-pointer:/options]"]
    assert lint_options({}) == ["must provide exactly one of options, option_groups [json-pointer:]"]
    assert lint_options(None) == ["must provide an object [json-pointer:]"]


def test_what_slack_sdk_builds_is_taken() -> None:
    """Slack's own models, as a second opinion on what is right."""
    words = models.ConfirmObject(title="Sure?", text="Really?", confirm="Yes", deny="No", style="danger")
    made: list[models.Block] = [
        models.HeaderBlock(text="Header"),
        models.SectionBlock(
            text="*Text*", accessory=models.OverflowMenuElement(options=[models.Option.from_single_value("x")] * 2)
        ),
        models.SectionBlock(fields=["one", "two"]),
        models.DividerBlock(),
        models.ContextBlock(
            elements=[models.MarkdownTextObject(text="x"), models.ImageElement(image_url=url(30), alt_text="x")]
        ),
        models.ActionsBlock(
            elements=[
                models.ButtonElement(text="Press", action_id="a", value="v", style="primary", confirm=words),
                models.StaticSelectElement(
                    action_id="b", placeholder="x", options=[models.Option(value="x", text="X")]
                ),
                models.ExternalDataSelectElement(action_id="c", placeholder="x", min_query_length=0),
                models.CheckboxesElement(action_id="d", options=[models.Option(value="x", text="X")]),
                models.RadioButtonsElement(
                    action_id="e", options=[models.Option(value="x", text="X", description="y")]
                ),
                models.DatePickerElement(action_id="f", initial_date="2026-01-31"),
                models.UserSelectElement(action_id="g", placeholder="x"),
                models.ConversationSelectElement(
                    action_id="h", placeholder="x", filter=models.ConversationFilter(include=["public"])
                ),
            ]
        ),
        models.InputBlock(
            label="Label",
            hint="Hint",
            optional=True,
            element=models.PlainTextInputElement(action_id="i", multiline=True, max_length=3000),
        ),
        models.InputBlock(label="Number", element=models.NumberInputElement(is_decimal_allowed=False)),
        models.ImageBlock(image_url=url(30), alt_text="x", title="Title"),
    ]
    as_json = [block.to_dict() for block in made]
    assert lint_message(as_json) == []
    view = View(type="modal", title="Title", submit="Go", close="Back", blocks=made, private_metadata="x")
    assert lint_view(view.to_dict()) == []
    assert lint_view(View(type="home", blocks=made).to_dict()) == []
