"""Messages, threads, buttons in messages and files, as slack_sdk and a Bolt app meet them."""

from typing import Any

import pytest
from slack_sdk.webhook import WebhookClient

from tests.bot.workspace.slack import Slack, actions, button, plain

SECTION = {"type": "section", "block_id": "said", "text": {"type": "mrkdwn", "text": "*Hello* <@U0ANN>"}}


def post(slack: Slack, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = slack.client.chat_postMessage(**{"channel": "C0OPS", "text": "Hello"} | arguments).data
    return found


def press(slack: Slack, ts: str, person: str = "U0ANN") -> Any:
    return slack.workspace.acting.action_in_message(
        person=person, channel="C0OPS", ts=ts, block_id="buttons", action_id="press", value="pressed", entered={}
    )


def history(slack: Slack, channel: str = "C0OPS", **arguments: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = slack.client.conversations_history(channel=channel, **arguments)["messages"]
    return found


def test_a_message_is_posted_edited_and_deleted(http: Slack) -> None:
    posted = post(http, blocks=[SECTION])
    assert posted["message"]["blocks"][0]["text"] == {**SECTION["text"], "verbatim": False}  # type: ignore[dict-item]
    assert "edited" not in posted["message"]
    http.client.chat_update(channel="C0OPS", ts=posted["ts"], text="Bye", blocks=[])
    (message,) = history(http)
    assert (message["text"], message.get("blocks"), message["edited"]["user"]) == ("Bye", None, "U0BOT")
    http.client.chat_delete(channel="C0OPS", ts=posted["ts"])
    assert history(http) == []


def test_an_update_keeps_what_it_does_not_name(http: Slack) -> None:
    """Slack: previous blocks are retained where the field is not included; an empty array removes them."""
    metadata = {"event_type": "restore", "event_payload": {"number": 4}}
    posted = post(http, blocks=[SECTION], metadata=metadata)
    http.client.chat_update(channel="C0OPS", ts=posted["ts"], text="Only text")
    (message,) = history(http, include_all_metadata=True)
    assert (message["text"], message["blocks"], message["metadata"]) == (
        "Only text",
        posted["message"]["blocks"],
        metadata,
    )
    http.client.chat_update(channel="C0OPS", ts=posted["ts"], text="Only text", blocks=[], metadata={})
    (message,) = history(http, include_all_metadata=True)
    assert "blocks" not in message
    assert "metadata" not in message


def test_metadata_is_found_again_only_where_it_is_asked_for(http: Slack) -> None:
    metadata = {"event_type": "restore", "event_payload": {"stream": "R-1", "number": 4}}
    post(http, metadata=metadata)
    assert "metadata" not in history(http)[0]
    assert history(http, include_all_metadata=True)[0]["metadata"] == metadata


def test_a_thread_counts_its_replies(http: Slack) -> None:
    parent = post(http)["ts"]
    first = post(http, thread_ts=parent, text="one")["ts"]
    last = post(http, thread_ts=parent, text="two", reply_broadcast=True)["ts"]
    nested = post(http, thread_ts=first, text="three")["ts"]
    whole = http.client.conversations_replies(channel="C0OPS", ts=parent)["messages"]
    assert [each["ts"] for each in whole] == [parent, first, last, nested]
    assert (whole[0]["reply_count"], whole[0]["latest_reply"], whole[0]["thread_ts"]) == (3, nested, parent)
    assert whole[1]["parent_user_id"] == "U0BOT"
    shown = history(http)
    assert [(each["ts"], each.get("subtype")) for each in shown] == [(last, "thread_broadcast"), (parent, None)]
    http.client.chat_delete(channel="C0OPS", ts=parent)
    assert history(http)[-1]["subtype"] == "tombstone"


def test_history_goes_on_at_its_cursor(http: Slack) -> None:
    posted = [post(http, text=str(number))["ts"] for number in range(5)]
    pages = [page["messages"] for page in http.client.conversations_history(channel="C0OPS", limit=2)]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [each["ts"] for page in pages for each in page] == list(reversed(posted))
    between = history(http, oldest=posted[1], latest=posted[3])
    assert [each["ts"] for each in between] == [posted[2]]
    between = history(http, oldest=posted[1], latest=posted[3], inclusive=True)
    assert [each["ts"] for each in between] == [posted[3], posted[2], posted[1]]


def test_lists_go_on_at_their_cursors(http: Slack) -> None:
    people = [each["id"] for page in http.client.users_list(limit=2) for each in page["members"]]
    assert people == ["U0ANN", "U0BOB", "U0GUEST", "U0GONE", "U0BOT"]
    members = [each for page in http.client.conversations_members(channel="C0OPS", limit=1) for each in page["members"]]
    assert members == ["U0ANN", "U0BOB", "U0BOT"]
    kinds = "public_channel,private_channel,im"
    channels = [
        each["id"] for page in http.client.users_conversations(types=kinds, limit=1) for each in page["channels"]
    ]
    assert channels == ["C0OLD", "C0OPS"]


def test_a_button_in_a_message_reaches_the_app_with_the_message(slack: Slack) -> None:
    @slack.app.action("press")
    def pressed(ack: Any, respond: Any) -> None:
        ack()
        respond(text="Done", replace_original=True)

    posted = post(slack, blocks=[SECTION, actions(button())])
    assert press(slack, posted["ts"], person="U0BOB").ok
    body = slack.last("block_actions")
    assert (body["user"]["id"], body["message"]["ts"]) == ("U0BOB", posted["ts"])
    assert body["container"]["message_ts"] == posted["ts"]
    assert {name: body["actions"][0][name] for name in ("type", "block_id", "action_id", "value")} == {
        "type": "button",
        "block_id": "buttons",
        "action_id": "press",
        "value": "pressed",
    }
    slack.until(lambda: slack.texts() == ["Done"])


def test_an_ephemeral_message_is_seen_by_one_person_and_stands_in_no_history(slack: Slack) -> None:
    @slack.app.action("press")
    def pressed(ack: Any, respond: Any) -> None:
        ack()
        respond(delete_original=True)

    posted = slack.client.chat_postEphemeral(channel="C0OPS", user="U0BOB", text="Psst", blocks=[actions(button())])
    assert slack.seen_only_by("U0BOB") == ["Psst"]
    assert slack.seen_only_by("U0ANN") == []
    assert history(slack) == []
    with pytest.raises(Exception, match="message_not_found"):
        press(slack, posted["message_ts"], person="U0ANN")
    press(slack, posted["message_ts"], person="U0BOB")
    body = slack.last("block_actions")
    assert body["container"]["is_ephemeral"] is True
    assert "message" not in body
    slack.until(lambda: slack.seen_only_by("U0BOB") == [])


def test_a_response_url_works_five_times(http: Slack) -> None:
    urls: list[str] = []

    @http.app.command("/restore")
    def command(ack: Any, body: Any) -> None:
        ack("At once.")
        urls.append(body["response_url"])

    http.workspace.acting.command(person="U0ANN", channel="C0OPS", text="/restore")
    assert http.seen_only_by("U0ANN") == ["At once."]
    webhook = WebhookClient(urls[0])
    assert webhook.send(text="For all.", response_type="in_channel").body == "ok"
    assert http.texts() == ["For all."]
    assert webhook.send(blocks=[{"type": "nothing"}]).body == "invalid_blocks"
    for number in range(3):
        assert webhook.send(text=str(number)).status_code == 200
    late = webhook.send(text="Too much.")
    assert (late.status_code, late.body) == (404, "used_url")
    assert http.seen_only_by("U0ANN") == ["At once.", "0", "1", "2"]


def test_a_direct_message_opens_and_goes_by_the_persons_id(http: Slack) -> None:
    channel = http.client.conversations_open(users="U0BOB")["channel"]["id"]
    by_person = post(http, channel="U0BOB", text="Hello Bob")
    assert by_person["channel"] == channel
    assert [each["text"] for each in history(http, channel)] == ["Hello Bob"]
    info = http.client.conversations_info(channel=channel)["channel"]
    assert (info["is_im"], info["user"]) == (True, "U0BOB")


def test_a_file_goes_through_the_external_upload(http: Slack) -> None:
    parent = post(http)["ts"]
    done = http.client.files_upload_v2(
        channel="C0OPS", thread_ts=parent, content="id,title\n1,x\n", filename="report.csv", initial_comment="Report"
    )
    shared = http.client.conversations_replies(channel="C0OPS", ts=parent)["messages"][1]
    assert (shared["text"], shared["files"][0]["name"]) == ("Report", "report.csv")
    assert http.workspace.state.files.find(done["file"]["id"]).content == b"id,title\n1,x\n"


def test_a_permalink_leads_to_the_thread(http: Slack) -> None:
    parent = post(http)["ts"]
    reply = post(http, thread_ts=parent)["ts"]
    link = http.client.chat_getPermalink(channel="C0OPS", message_ts=reply)["permalink"]
    assert link == f"{http.workspace.url}/archives/C0OPS/p{reply.replace('.', '')}?thread_ts={parent}&cid=C0OPS"


def test_text_is_kept_as_it_was_sent(http: Slack) -> None:
    text = "<@U0ANN> *bold* &lt;b&gt; 😀 \u202eabc\u202c <https://example.com|x>"
    assert post(http, text=text)["message"]["text"] == text
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    assert post(http, blocks=[block])["message"]["blocks"][0]["text"]["text"] == text


def test_what_people_write_reaches_the_app_as_its_manifest_asks(slack: Slack) -> None:
    heard: list[Any] = []

    @slack.app.event("message")
    def message(event: Any) -> None:
        heard.append((event["channel_type"], event["text"]))

    @slack.app.event("app_mention")
    def mention(event: Any) -> None:
        heard.append(("mention", event["text"]))

    dm = slack.workspace.state.dm("U0ANN").id
    acting = slack.workspace.acting
    acting.message(person="U0ANN", channel="C0OPS", text="nobody listens here")
    acting.message(person="U0ANN", channel=dm, text="help")
    acting.message(person="U0ANN", channel="C0OPS", text="<@U0BOT> are you there?")
    slack.until(lambda: len(heard) == 2)
    assert sorted(heard) == [("im", "help"), ("mention", "<@U0BOT> are you there?")]


def test_the_app_home_is_published_when_it_is_opened(slack: Slack) -> None:
    @slack.app.event("app_home_opened")
    def opened(event: Any, client: Any) -> None:
        view = {"type": "home", "blocks": [actions(button()), {"type": "header", "text": plain("Home")}]}
        client.views_publish(user_id=event["user"], view=view)

    pressed: list[Any] = []

    @slack.app.action("press")
    def press_home(ack: Any, body: Any) -> None:
        ack()
        pressed.append((body["view"]["type"], body["user"]["id"]))

    slack.workspace.acting.home(person="U0BOB")
    views = slack.workspace.state.views
    slack.until(lambda: views.home("U0BOB"))
    home = views.home("U0BOB")
    assert home is not None
    assert views.home("U0ANN") is None
    slack.workspace.acting.action_in_view(
        person="U0BOB", view_id=home.id, block_id="buttons", action_id="press", value=None, entered={}
    )
    assert pressed == [("home", "U0BOB")]


def test_a_shortcut_opens_without_a_channel(slack: Slack) -> None:
    @slack.app.shortcut("restore")
    def shortcut(ack: Any) -> None:
        ack()

    assert slack.workspace.acting.shortcut(person="U0ANN", callback_id="restore").ok
    assert "channel" not in slack.last("shortcut")
