"""Channels, messages and what is in them."""

from datetime import UTC, datetime
from typing import Any

from tests.browser.canned_views import CANCEL, button, home, mrkdwn, section
from tests.browser.page_fixture import Canned

Json = dict[str, Any]

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC).timestamp()
LONG = "A space with a name as long as Confluence lets one be, which nobody would choose but somebody has, " * 3
EVIL = "<img src=x onerror=alert(1)>"


def message(number: int, text: str, *, user: str = "U0BOT", **more: Any) -> Json:
    ts = f"{NOON + number * 60:.6f}"
    return {"ts": ts, "user": user, "text": text, "blocks": [], "permalink": f"http://127.0.0.1/p{ts}", **more}


def status(step: int) -> list[Json]:
    bar = "▰" * step + "▱" * (10 - step)
    return [
        section(f"*Restoring* `wiki-prod` → *wiki-test*\n{bar}  {step * 10} %", block_id="bar"),
        {
            "type": "section",
            "block_id": "facts",
            "fields": [
                mrkdwn(f"*Step*\nLoading ({step} of 10)"),
                mrkdwn("*Started*\n<!date^1772625600^{date_short_pretty} at {time}|then> by <@U0ADMIN>"),
                mrkdwn("*Loaded*\n1.2 GB of 4.8 GB"),
                mrkdwn("*Time left*\nabout 4 minutes"),
            ],
        },
        {"type": "actions", "block_id": "do", "elements": [button("look", "Look inside", style="primary"), CANCEL]},
        {"type": "context", "block_id": "small", "elements": [mrkdwn("Run R-104 · backup of 3 March · <#C0OPS>")]},
    ]


def rich() -> Json:
    bold = {"bold": True}
    return {
        "type": "rich_text",
        "block_id": "rich",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "2 errors, 3 warnings", "style": bold},
                    {"type": "text", "text": " for "},
                    {"type": "user", "user_id": "U0APPROVE"},
                    {"type": "text", "text": f"; a page is called {EVIL}"},
                ],
            },
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [{"type": "text", "text": "C-201 Users are missing: 12"}],
                    },
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "C-207 A limit is near: 1"}]},
                ],
            },
            {"type": "rich_text_quote", "elements": [{"type": "text", "text": "The destination holds a page."}]},
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "restorebot resume R-104"}]},
        ],
    }


def people_and_text() -> list[Json]:
    return [
        message(1, "Morning. The space *Space Travel* looks damaged: its home page is gone.", user="U0ADMIN"),
        message(2, "I see it too :eyes: see <https://example.com/wiki|the wiki>", user="U0APPROVE"),
        message(
            3,
            "*bold* _italic_ ~struck~ `code` snake_case_stays 2*3*4\n&gt; quoted &amp; escaped &lt;b&gt;\n"
            "• first\n• second with *bold*\n```SELECT 1;\n-- <b>not bold</b>```\n"
            "After <!here> :white_check_mark: :no_such:",
            user="U0ADMIN",
        ),
        message(4, f"My name is {EVIL} and <script>alert(1)</script>", user="U0EVIL"),
        message(
            30,
            "Restoring wiki-prod",
            blocks=status(3),
            reply_count=2,
            latest_reply=f"{NOON + 2400:.6f}",
            edited={"ts": "1"},
        ),
        message(31, "Found", blocks=[rich()]),
        message(
            33,
            "Only admins may restore. Nothing was changed. Ask <@U0ADMIN>.",
            ephemeral=True,
        ),
        message(
            34,
            "The report",
            files=[{"id": "F1", "name": "report.csv", "title": "report.csv", "size": 48213, "mimetype": "text/csv"}],
        ),
    ]


def fill(canned: Canned) -> Canned:
    canned.channels = [
        {"id": "C0OPS", "name": "restores", "kind": "channel", "unread": 0},
        {"id": "C0TEAM", "name": "wiki-team", "kind": "channel", "unread": 3},
        {"id": "G0SEC", "name": "security", "kind": "private", "unread": 0},
        {
            "id": "C0LONG",
            "name": "a-channel-whose-name-is-as-long-as-slack-lets-it-be-which-is-eighty",
            "kind": "channel",
            "unread": 120,
        },
        {"id": "D0ADMIN", "name": "Restorebot", "kind": "dm", "unread": 1},
    ]
    canned.commands = [
        {
            "command": "/restore",
            "description": "Restore a backup into an app",
            "usage_hint": "[list | status | look | cancel | help]",
        },
        {
            "command": "/backup",
            "description": "Back up now, policies, import",
            "usage_hint": "[list | policy | import]",
        },
        {
            "command": "/app-access",
            "description": "Who may open a restored app",
            "usage_hint": "[review | grant | revoke]",
        },
    ]
    canned.shortcuts = [{"callback_id": "restore", "name": "Restore a backup", "description": "Opens the wizard"}]
    canned.messages = {
        ("C0OPS", ""): people_and_text(),
        ("C0OPS", f"{NOON + 1800:.6f}"): [
            message(30, "Restoring wiki-prod", blocks=status(3)),
            message(35, ":white_check_mark: Staged: 12 400 attachments"),
            message(40, "Any news?", user="U0APPROVE"),
        ],
        ("C0TEAM", ""): [
            message(n, f"Line {n} of many, so that there is something to scroll.", user="U0ADMIN") for n in range(60)
        ],
        ("D0ADMIN", ""): [message(1, "Hello. Write /restore to begin.")],
    }
    canned.home = home()
    canned.wire = [
        {
            "number": 1,
            "at": NOON,
            "direction": "to app",
            "what": "POST /restore",
            "status": 200,
            "ms": 41,
            "request": {"command": "/restore", "text": "", "trigger_id": "1.2.abc"},
            "response": "",
            "lint": [],
        },
        {
            "number": 2,
            "at": NOON + 1,
            "direction": "from app",
            "what": "views.open",
            "status": 200,
            "ms": 12,
            "request": {"view": {"type": "modal", "title": {"type": "plain_text", "text": EVIL}}},
            "response": {"ok": False, "error": "invalid_arguments"},
            "lint": ["title: more than 24 characters (28)"],
        },
    ]
    return canned
