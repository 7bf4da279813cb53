"""What the Web API refuses, in Slack's words."""

from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.bot.workspace.slack import APP_TOKEN, CONFIG, MANIFEST, Slack, modal, running, text_input

HELLO = {"channel": "C0OPS", "text": "Hello"}


def refusal(client: WebClient, method: str, **arguments: Any) -> SlackApiError:
    with pytest.raises(SlackApiError) as error:
        client.api_call(method, json=arguments)
    return error.value


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("chat.invent", {}, "unknown_method"),
        ("chat.postMessage", HELLO | {"channel": "C0NONE"}, "channel_not_found"),
        ("chat.postMessage", HELLO | {"channel": "U0NONE"}, "channel_not_found"),
        ("chat.postMessage", HELLO | {"channel": "G0SECRET"}, "channel_not_found"),
        ("chat.postMessage", HELLO | {"channel": "C0OPEN"}, "not_in_channel"),
        ("chat.postMessage", HELLO | {"channel": "C0OLD"}, "is_archived"),
        ("chat.postMessage", HELLO | {"thread_ts": "1.000001"}, "thread_not_found"),
        ("chat.postMessage", {"channel": "C0OPS"}, "no_text"),
        ("chat.postMessage", HELLO | {"blocks": [{"type": "nothing"}]}, "invalid_blocks"),
        ("chat.postMessage", HELLO | {"blocks": {"type": "divider"}}, "invalid_blocks"),
        ("chat.postMessage", HELLO | {"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
        (
            "chat.postMessage",
            HELLO | {"metadata": {"event_type": "x", "event_payload": {"x": "y" * 16_000}}},
            "metadata_too_large",
        ),
        (
            "chat.postMessage",
            HELLO | {"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 5},
            "msg_blocks_too_long",
        ),
        ("chat.update", HELLO | {"ts": "1.000001"}, "message_not_found"),
        ("chat.delete", {"channel": "C0OPS", "ts": "1.000001"}, "message_not_found"),
        ("chat.postEphemeral", HELLO | {"user": "U0GUEST"}, "user_not_in_channel"),
        ("chat.getPermalink", {"channel": "C0OPS", "message_ts": "1.000001"}, "message_not_found"),
        ("reactions.add", {"channel": "C0OPS", "timestamp": "1.000001", "name": "eyes"}, "message_not_found"),
        ("conversations.open", {"users": "U0NONE"}, "user_not_found"),
        ("conversations.open", {"users": "U0GONE"}, "user_disabled"),
        ("conversations.info", {"channel": "C0NONE"}, "channel_not_found"),
        ("conversations.history", {"channel": "C0OPEN"}, "not_in_channel"),
        ("conversations.history", {"channel": "C0OPS", "cursor": "elsewhere"}, "invalid_cursor"),
        ("conversations.history", {"channel": "C0OPS", "limit": 5000}, "invalid_limit"),
        ("conversations.history", {"channel": "C0OPS", "oldest": "yesterday"}, "invalid_ts_oldest"),
        ("conversations.history", {"channel": "C0OPS", "latest": {"x": 1}}, "invalid_ts_latest"),
        ("conversations.replies", {"channel": "C0OPS", "ts": "1.000001"}, "thread_not_found"),
        ("conversations.join", {"channel": "C0OLD"}, "is_archived"),
        ("users.info", {"user": "U0NONE"}, "user_not_found"),
        ("users.conversations", {"types": "everything"}, "invalid_types"),
        ("users.lookupByEmail", {"email": "ann@example.com"}, "missing_scope"),
        ("views.open", {"trigger_id": "1.2.3", "view": modal()}, "invalid_trigger_id"),
        ("views.open", {"trigger_id": "1.2.3", "view": modal(submit=None)}, "invalid_arguments"),
        ("views.open", {"trigger_id": "1.2.3", "view": {"type": "home", "blocks": []}}, "invalid_arguments"),
        ("views.open", {"trigger_id": "1.2.3"}, "invalid_arguments"),
        (
            "views.open",
            {
                "trigger_id": "1.2.3",
                "view": modal(*(text_input(str(number), initial_value="é" * 3000) for number in range(60))),
            },
            "view_too_large",
        ),
        ("views.update", {"view_id": "V0", "view": modal()}, "not_found"),
        ("views.update", {"view": modal()}, "invalid_arguments"),
        ("views.publish", {"user_id": "U0NONE", "view": {"type": "home", "blocks": []}}, "user_not_found"),
        ("views.publish", {"user_id": "U0ANN", "view": modal()}, "invalid_arguments"),
        ("files.getUploadURLExternal", {"filename": "x", "length": 10**9}, "file_upload_size_restricted"),
        ("files.completeUploadExternal", {"files": [{"id": "F0NONE"}], "channel_id": "C0OPS"}, "file_not_found"),
        ("apps.connections.open", {}, "not_allowed_token_type"),
    ],
)
def test_a_call_is_refused_as_slack_refuses_it(http: Slack, method: str, arguments: Any, error: str) -> None:
    assert refusal(http.client, method, **arguments).response["error"] == error


def test_what_is_wrong_with_blocks_is_told_with_its_place(http: Slack) -> None:
    header = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}
    said = refusal(http.client, "chat.postMessage", **HELLO, blocks=[header]).response
    assert said["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth"), (APP_TOKEN, "not_allowed_token_type")]
)
def test_tokens_are_looked_at(http: Slack, token: str, error: str) -> None:
    client = WebClient(token=token or None, base_url=http.workspace.api_url)
    assert refusal(client, "chat.postMessage", **HELLO).response["error"] == error


def test_only_the_app_itself_may_change_its_messages(http: Slack) -> None:
    written = http.workspace.acting.message(person="U0ANN", channel="C0OPS", text="mine")
    place = {"channel": "C0OPS", "ts": written.ts}
    assert refusal(http.client, "chat.update", **place, text="x").response["error"] == "cant_update_message"
    assert refusal(http.client, "chat.delete", **place).response["error"] == "cant_delete_message"


def test_a_long_text_is_cut_when_posted_and_refused_when_updated(http: Slack) -> None:
    posted = http.client.chat_postMessage(channel="C0OPS", text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    assert posted["warning"] == "message_truncated"
    nothing = refusal(http.client, "chat.update", channel="C0OPS", ts=posted["ts"]).response
    assert nothing["error"] == "no_text"
    long = {"channel": "C0OPS", "ts": posted["ts"], "text": "x" * 4001}
    assert refusal(http.client, "chat.update", **long).response["error"] == "msg_too_long"


def test_scopes_and_features_come_from_the_manifest() -> None:
    bare = MANIFEST | {"oauth_config": {"scopes": {"bot": ["im:history"]}}, "features": {}}
    with running(replace(CONFIG, manifest=bare)) as slack:
        said = refusal(slack.client, "chat.postMessage", **HELLO).response
        assert (said["error"], said["needed"], said["provided"]) == ("missing_scope", "chat:write", "im:history")
        said = refusal(slack.client, "conversations.history", channel="C0OPS").response
        assert (said["error"], said["needed"]) == ("missing_scope", "channels:history")
        view = {"type": "home", "blocks": []}
        assert refusal(slack.client, "views.publish", user_id="U0ANN", view=view).response["error"] == "not_enabled"
        said = slack.workspace.acting.command(person="U0ANN", channel="C0OPS", text="/restore")
        assert said.shown == "/restore is not a valid command."


def test_an_e_mail_needs_its_scope(http: Slack) -> None:
    assert "email" not in http.client.users_info(user="U0ANN")["user"]["profile"]
    wide = {"oauth_config": {"scopes": {"bot": ["users:read", "users:read.email"]}}}
    with running(replace(CONFIG, manifest=MANIFEST | wide)) as slack:
        assert slack.client.users_info(user="U0ANN")["user"]["profile"]["email"] == "ann@example.com"
        assert slack.client.users_lookupByEmail(email="Ann@example.com")["user"]["id"] == "U0ANN"


def test_guests_strangers_and_deactivated_people_are_told_apart(http: Slack) -> None:
    guest = http.client.users_info(user="U0GUEST")["user"]
    assert (guest["is_restricted"], guest["team_id"], guest["is_stranger"]) == (True, "T0OTHER", True)
    assert http.client.users_info(user="U0GONE")["user"]["deleted"] is True
    assert http.client.users_info(user="U0BOT")["user"]["is_bot"] is True


def test_the_rate_limit_says_when_to_come_back() -> None:
    now = [1_000_000.0]
    with running(replace(CONFIG, rate_limits=True, clock=lambda: now[0])) as slack:
        for _ in range(60):
            slack.client.chat_postMessage(**HELLO)
        said = refusal(slack.client, "chat.postMessage", **HELLO).response
        assert (said.status_code, said["error"], said.headers["Retry-After"]) == (429, "ratelimited", "61")
        slack.client.chat_postMessage(channel="U0ANN", text="another place")
        now[0] += 61
        slack.client.chat_postMessage(**HELLO)


def test_a_fallback_text_is_missed(http: Slack) -> None:
    posted = http.client.api_call("chat.postMessage", json={"channel": "C0OPS", "blocks": [{"type": "divider"}]})
    assert posted["warning"] == "missing_text_in_message"
    assert http.workspace.state.feed.wire()[-1].lint == (
        "no fallback text: notifications and screen readers have nothing to say",
    )


def test_a_form_is_read_like_json(http: Slack) -> None:
    said = http.client.api_call("chat.postMessage", data={**HELLO, "blocks": '[{"type": "divider"}]'})
    assert said["message"]["blocks"][0]["type"] == "divider"
    with pytest.raises(SlackApiError, match="must be valid JSON"):
        http.client.api_call("chat.postMessage", data={**HELLO, "blocks": "[{"})
