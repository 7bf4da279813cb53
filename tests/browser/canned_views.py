"""Blocks, and views that hold every block and element the page draws."""

from typing import Any

Json = dict[str, Any]


def plain(text: str, *, emoji: bool = True) -> Json:
    return {"type": "plain_text", "text": text, "emoji": emoji}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str, text: str, description: str = "") -> Json:
    found: Json = {"value": value, "text": plain(text)}
    return {**found, "description": plain(description)} if description else found


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "block_id": more.pop("block_id", text[:40]), "text": mrkdwn(text), **more}


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    element = {"action_id": block_id, **element}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


def button(action_id: str, text: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": action_id, **more}


CANCEL = button(
    "cancel",
    "Cancel restore",
    style="danger",
    confirm={
        "title": plain("Cancel this restore?"),
        "text": mrkdwn("*Space Travel* stays as it was before. What was staged is thrown away."),
        "confirm": plain("Cancel restore"),
        "deny": plain("Keep going"),
        "style": "danger",
    },
)


def every_element() -> Json:
    """A modal with one of each."""
    backups = [
        option("b1", "Today 03:00 · 4.8 GB", "13 days left · proven yesterday"),
        option("b2", "Yesterday 03:00 · 4.7 GB", "12 days left"),
        option("b3", "2 March 03:00 · incomplete", "11 days left · 3 attachments are missing"),
    ]
    ticks = [
        option("attachments", "Attachments", "3.9 GB in 12 400 files"),
        option("users", "Users and groups", "Left out, authors become a placeholder"),
        option("personal", "Personal spaces"),
    ]
    region = {
        "type": "static_select",
        "placeholder": plain("Choose an app"),
        "option_groups": [
            {"label": plain("This shard"), "options": [option("a1", "wiki-test"), option("a2", "wiki-spare")]},
            {
                "label": plain("Another shard of the region"),
                "options": [option("a3", "wiki-archive", "Moves: about 30 minutes")],
            },
        ],
    }
    return {
        "id": "V1",
        "type": "modal",
        "callback_id": "every",
        "title": plain("Restore a backup"),
        "submit": plain("Next"),
        "close": plain("Not now"),
        "blocks": [
            {"type": "header", "block_id": "h", "text": plain("What to restore :package:")},
            section("Into an app *without data*. <https://example.com|Why?>", block_id="intro"),
            {"type": "divider", "block_id": "d"},
            field(
                "backup",
                "Backup",
                {"type": "static_select", "placeholder": plain("Choose a backup"), "options": backups},
                hint=plain("Newest first. 4 expired backups are not offered."),
            ),
            field("destination", "Destination", region),
            field(
                "app", "App", {"type": "external_select", "min_query_length": 2, "placeholder": plain("Search apps")}
            ),
            field(
                "include",
                "Include",
                {"type": "checkboxes", "options": ticks, "initial_options": ticks[:1]},
                optional=True,
            ),
            field(
                "data",
                "Contains data",
                {
                    "type": "radio_buttons",
                    "options": [option("no", "No"), option("any", "Any", "Full apps cannot be chosen")],
                    "initial_option": option("no", "No"),
                },
            ),
            field(
                "tags",
                "Tags",
                {
                    "type": "multi_static_select",
                    "placeholder": plain("Choose tags"),
                    "options": [option("t1", "Quarterly"), option("t2", "Before the migration"), option("t3", "Test")],
                    "max_selected_items": 2,
                },
                optional=True,
            ),
            field("who", "Who decides", {"type": "users_select", "placeholder": plain("Choose a person")}),
            field("others", "Tell these people", {"type": "multi_users_select"}, optional=True),
            field("where", "Tell it in", {"type": "conversations_select"}, optional=True),
            field("channel", "Channel", {"type": "channels_select"}, optional=True),
            field(
                "name",
                "Name",
                {"type": "plain_text_input", "min_length": 3, "max_length": 20, "placeholder": plain("wiki-restored")},
            ),
            field(
                "why",
                "Reason",
                {"type": "plain_text_input", "multiline": True},
                optional=True,
                hint=plain("Stands in the audit log."),
            ),
            field(
                "count",
                "Keep for days",
                {"type": "number_input", "is_decimal_allowed": False, "min_value": "1", "max_value": "30"},
                optional=True,
            ),
            field("mail", "E-mail", {"type": "email_text_input"}, optional=True),
            field("day", "Day", {"type": "datepicker", "initial_date": "2026-03-04"}, optional=True),
            field("time", "Time", {"type": "timepicker", "initial_time": "13:30"}, optional=True),
            field("moment", "Moment", {"type": "datetimepicker", "initial_date_time": 1772625600}, optional=True),
            section(
                "*wiki-spare*\nActive, 2 users",
                block_id="row",
                accessory={
                    "type": "overflow",
                    "action_id": "more",
                    "options": [
                        option("o1", "Look inside"),
                        option("o2", "Delete its personal space", "With a question first"),
                    ],
                },
            ),
            section(
                "The default personal space counts as data.",
                block_id="fix",
                accessory=button("fix", "Delete it", style="danger", confirm=CANCEL["confirm"]),
            ),
            section(
                "Filter",
                block_id="filter",
                accessory={
                    "type": "static_select",
                    "action_id": "filter",
                    "placeholder": plain("Status"),
                    "options": [option("all", "All"), option("running", "Running")],
                },
            ),
            {
                "type": "actions",
                "block_id": "acts",
                "elements": [
                    button("again", "Check again", style="primary"),
                    button("docs", "Read more", url="https://example.com/docs"),
                    button("plain", "Plain"),
                ],
            },
            {
                "type": "image",
                "block_id": "img",
                "image_url": "/static/icon.svg",
                "alt_text": "The sign of Restorebot",
                "title": plain("A picture"),
            },
            {
                "type": "markdown",
                "block_id": "md",
                "text": "## Findings\n\n1. **Missing** users\n2. `code`\n\n| Code | Count |\n|---|---|\n| C-201 | 12 |",
            },
            {
                "type": "context",
                "block_id": "c",
                "elements": [
                    mrkdwn("Checked <!date^1772625600^{date_short} at {time}|then>"),
                    {"type": "image", "image_url": "/static/icon.svg", "alt_text": "sign"},
                ],
            },
            {"type": "video", "block_id": "v"},
        ],
    }


def small_modal(view_id: str, title: str, *blocks: Json, submit: str = "Next", **more: Any) -> Json:
    return {
        "id": view_id,
        "type": "modal",
        "title": plain(title),
        "submit": plain(submit),
        "blocks": list(blocks),
        **more,
    }


def home() -> Json:
    rows = [
        section(
            "*wiki-prod → wiki-test*\nRunning · loading 3 of 10 · 2 warnings",
            block_id="r1",
            accessory=button("open1", "Open"),
        ),
        section(
            "*jira-prod → jira-copy*\nCompleted yesterday · access pending for 3 people",
            block_id="r2",
            accessory=button("open2", "Review", style="primary"),
        ),
    ]
    return {
        "id": "VHOME",
        "type": "home",
        "blocks": [
            {"type": "header", "block_id": "h1", "text": plain("Restores")},
            {
                "type": "actions",
                "block_id": "new",
                "elements": [button("restore", "Restore", style="primary"), button("all", "All restores")],
            },
            *rows,
            {"type": "divider", "block_id": "d1"},
            {"type": "header", "block_id": "h2", "text": plain("Backups")},
            section(
                "*wiki-prod*\nDaily at 03:00 · kept 14 days · newest <!date^1772625600^{date_short_pretty}|then>",
                block_id="b1",
            ),
            {
                "type": "context",
                "block_id": "c1",
                "elements": [mrkdwn("The last good backup of *jira-old* expires in 3 days.")],
            },
        ],
    }
