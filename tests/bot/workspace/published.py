"""Payloads as Slack publishes them, with made-up ids: what the stand-in sends must have these shapes.

Sources: docs.slack.dev (slash commands, interaction payloads, Events API), the examples in slack-bolt's own tests
(tests/scenario_tests and tests/slack_bolt/request), and the types of bolt-js's reference. A value only stands for its
kind; None stands for what may be null.
"""

from typing import Any

Json = dict[str, Any]

_USER = {"id": "U1", "username": "ann", "name": "ann", "team_id": "T1"}
_TEAM = {"id": "T1", "domain": "acme"}
_NOT_GRID: Json = {"enterprise": None, "is_enterprise_install": False}
_VIEW: Json = {
    "id": "V1",
    "team_id": "T1",
    "type": "modal",
    "blocks": [],
    "private_metadata": "",
    "callback_id": "form",
    "state": {"values": {}},
    "hash": "1596530361.3wRYuk3R",
    "title": {"type": "plain_text", "text": "A form", "emoji": True},
    "clear_on_close": False,
    "notify_on_close": False,
    "close": None,
    "submit": {"type": "plain_text", "text": "Go", "emoji": True},
    "previous_view_id": None,
    "root_view_id": "V1",
    "app_id": "A1",
    "external_id": "",
    "app_installed_team_id": "T1",
    "bot_id": "B1",
}
_BUTTON = {
    "action_id": "press",
    "block_id": "buttons",
    "text": {"type": "plain_text", "text": "Press", "emoji": True},
    "value": "pressed",
    "type": "button",
    "action_ts": "1596530385.194939",
}
_MESSAGE = {
    "bot_id": "B1",
    "type": "message",
    "text": "Hello",
    "user": "U9",
    "ts": "1600857119.015400",
    "team": "T1",
    "blocks": [],
}

PUBLISHED: dict[str, Json] = {
    "slash_command": {
        "token": "x",
        "team_id": "T1",
        "team_domain": "acme",
        "channel_id": "C1",
        "channel_name": "ops",
        "user_id": "U1",
        "user_name": "ann",
        "command": "/restore",
        "text": "",
        "api_app_id": "A1",
        "is_enterprise_install": "false",
        "response_url": "https://hooks.slack.com/commands/1/2",
        "trigger_id": "1.2.x",
    },
    "shortcut": {
        "type": "shortcut",
        "token": "x",
        "action_ts": "1606983924.521157",
        "team": _TEAM,
        "user": {"id": "U1", "username": "ann", "team_id": "T1"},
        "callback_id": "restore",
        "trigger_id": "1.2.x",
        **_NOT_GRID,
    },
    "block_actions in a message": {
        "type": "block_actions",
        "user": _USER,
        "api_app_id": "A1",
        "token": "x",
        "container": {
            "type": "message",
            "message_ts": "1600857119.015400",
            "channel_id": "C1",
            "is_ephemeral": False,
        },
        "trigger_id": "1.2.x",
        "team": _TEAM,
        "channel": {"id": "C1", "name": "ops"},
        "message": _MESSAGE,
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/1/2",
        "actions": [_BUTTON],
        **_NOT_GRID,
    },
    "block_actions in an ephemeral message": {
        "type": "block_actions",
        "user": _USER,
        "api_app_id": "A1",
        "token": "x",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "C1", "is_ephemeral": True},
        "trigger_id": "1.2.x",
        "team": _TEAM,
        "channel": {"id": "C1", "name": "ops"},
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/1/2",
        "actions": [_BUTTON],
        **_NOT_GRID,
    },
    "block_actions in a view": {
        "type": "block_actions",
        "user": _USER,
        "api_app_id": "A1",
        "token": "x",
        "container": {"type": "view", "view_id": "V1"},
        "trigger_id": "1.2.x",
        "team": _TEAM,
        "view": _VIEW,
        "actions": [_BUTTON],
        **_NOT_GRID,
    },
    "view_submission": {
        "type": "view_submission",
        "team": _TEAM,
        "user": _USER,
        "api_app_id": "A1",
        "token": "x",
        "trigger_id": "1.2.x",
        "view": _VIEW,
        "response_urls": [],
        **_NOT_GRID,
    },
    "view_closed": {
        "type": "view_closed",
        "team": _TEAM,
        "user": _USER,
        "api_app_id": "A1",
        "token": "x",
        "view": _VIEW,
        "is_cleared": False,
        **_NOT_GRID,
    },
    "block_suggestion": {
        "type": "block_suggestion",
        "user": _USER,
        "container": {"type": "view", "view_id": "V1"},
        "api_app_id": "A1",
        "token": "x",
        "action_id": "backup",
        "block_id": "backup",
        "value": "jira",
        "team": _TEAM,
        "view": _VIEW,
        **_NOT_GRID,
    },
    "app_home_opened": {
        "token": "x",
        "team_id": "T1",
        "context_team_id": "T1",
        "context_enterprise_id": None,
        "api_app_id": "A1",
        "event": {"type": "app_home_opened", "user": "U1", "channel": "D1", "tab": "home", "event_ts": "1.2"},
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1606810927,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T1",
                "user_id": "U9",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "1-app_home_opened-T1-D1",
    },
    "message": {
        "token": "x",
        "team_id": "T1",
        "context_team_id": "T1",
        "context_enterprise_id": None,
        "api_app_id": "A1",
        "event": {
            "client_msg_id": "0186b75a-2ad4-4f36-8ccc-18608b0ac5d1",
            "type": "message",
            "text": "help",
            "user": "U1",
            "ts": "1606810819.000800",
            "team": "T1",
            "channel": "D1",
            "event_ts": "1606810819.000800",
            "channel_type": "im",
        },
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1606810819,
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": "T1",
                "user_id": "U9",
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": "1-message-T1-D1",
    },
}

#: What a message carries only sometimes.
SOMETIMES = {"app_id", "bot_profile", "reply_count", "edited", "thread_ts"}


def differences(published: Any, sent: Any, path: str = "") -> list[str]:
    """Where a payload is not of the published shape: a key more, a key less, another kind of value."""
    if published is None or sent is None:
        return [] if published is None else [f"{path} is null"]
    if type(published) is not type(sent):
        return [f"{path} is {type(sent).__name__}, not {type(published).__name__}"]
    if isinstance(published, list):
        pairs = zip(published, sent, strict=False)
        return [each for one, other in pairs for each in differences(one, other, f"{path}[]")]
    if not isinstance(published, dict) or not published:
        return []
    found = [f"{path}.{name} is missing" for name in published if name not in sent]
    found += [f"{path}.{name} is not Slack's" for name in sent if name not in published and name not in SOMETIMES]
    for name in published:
        if name in sent:
            found += differences(published[name], sent[name], f"{path}.{name}")
    return found
