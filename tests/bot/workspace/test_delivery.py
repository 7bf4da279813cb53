"""How Slack delivers: signatures, three seconds, what is sent again, faults by script."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.workspace import Fault
from tests.bot.workspace.slack import APP_TOKEN, CONFIG, SECONDS, SECRET, Slack, modal, running

HELLO = {"channel": "C0OPS", "text": "Hello"}


def command(slack: Slack) -> Any:
    return slack.workspace.acting.command(person="U0ANN", channel="C0OPS", text="/restore")


def once(slack: Slack) -> WebClient:
    """Without the retries of slack_sdk, which would hide a fault."""
    return WebClient(token=slack.client.token, base_url=slack.workspace.api_url, timeout=1, retry_handlers=[])


def test_a_request_with_another_secret_is_refused_by_the_app() -> None:
    with running(secret="another secret") as slack:
        said = command(slack)
        assert said.shown == "/restore failed with the error “http_service_error” (status 401)"
        assert slack.bodies == []


@pytest.mark.parametrize("transport", ["http", "socket"])
def test_a_command_that_is_not_acknowledged_in_time_fails_as_slack_says_it(transport: str) -> None:
    release = threading.Event()
    with running(replace(CONFIG, ack_seconds=0.3), transport=transport) as slack:

        @slack.app.command("/restore")
        def slow(ack: Any) -> None:
            release.wait(SECONDS)
            ack()

        said = command(slack)
        release.set()
        assert (said.ok, said.error) == (False, "http_timeout")
        assert said.shown == "/restore failed with the error “operation_timeout”"


def test_an_app_that_is_not_there_did_not_respond() -> None:
    with running(replace(CONFIG, bot_url="http://127.0.0.1:9"), transport="none") as slack:
        assert command(slack).shown == "/restore failed because the app did not respond"


def test_an_action_nobody_knows_is_told(slack: Slack) -> None:
    view = slack.client.views_open(trigger_id=slack.trigger(), view=modal())["view"]
    said = slack.workspace.acting.submit(
        person="U0ANN", view_id=view["id"], entered={"name": {"name": {"type": "plain_text_input", "value": "x"}}}
    )
    assert (said.ok, said.shown) == (False, "We had some trouble connecting. Try again?")
    assert len(slack.stack()) == 1


def test_an_event_is_sent_again_three_times_until_it_is_acknowledged() -> None:
    with running(replace(CONFIG, event_retry_seconds=(0.0, 0.0, 0.0))) as slack:
        # no listener: Bolt answers 404, which is no acknowledgement
        slack.workspace.acting.home(person="U0ANN")
        slack.until(lambda: len(slack.bodies) == 4)
        slack.workspace.delivery.stop()
        assert len(slack.bodies) == 4
        assert len({body["event_id"] for body in slack.bodies}) == 1
        numbers = [(each.get("x-slack-retry-num"), each.get("x-slack-retry-reason")) for each in slack.headers]
        assert numbers == [(None, None), *((number, "http_error") for number in "123")]


def test_an_event_that_is_acknowledged_is_sent_once(slack: Slack) -> None:
    @slack.app.event("app_home_opened")
    def opened() -> None:
        pass

    slack.workspace.acting.home(person="U0ANN")
    slack.until(lambda: [wire for wire in slack.workspace.state.feed.wire() if wire.what == "event_callback"])
    slack.workspace.delivery.stop()
    assert len(slack.bodies) == 1


def test_a_delivery_can_come_twice(slack: Slack) -> None:
    @slack.app.command("/restore")
    def twice(ack: Any) -> None:
        ack()

    slack.workspace.state.faults.add(method="slash_command", answer=Fault.TWICE)
    assert command(slack).ok
    assert len(slack.bodies) == 2
    assert slack.bodies[0]["trigger_id"] == slack.bodies[1]["trigger_id"]
    assert command(slack).ok
    assert len(slack.bodies) == 3


@pytest.mark.parametrize("fault", ["internal_error", "channel_not_found", "fatal_error"])
def test_a_scripted_error_is_answered_and_nothing_is_done(http: Slack, fault: str) -> None:
    http.workspace.state.faults.add(method="chat.postMessage", answer=fault, after=1)
    once(http).chat_postMessage(**HELLO)
    with pytest.raises(SlackApiError, match=fault):
        once(http).chat_postMessage(**HELLO)
    assert len(http.texts()) == 1
    assert http.workspace.state.faults.left() == []
    once(http).chat_postMessage(**HELLO)


def test_a_scripted_rate_limit_is_retried_by_slack_sdk(http: Slack) -> None:
    http.client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    http.workspace.state.faults.add(method="chat.postMessage", answer=Fault.RATELIMITED)
    http.client.chat_postMessage(**HELLO)
    assert [wire.status for wire in http.workspace.state.feed.wire() if wire.what == "chat.postMessage"] == [429, 200]


def test_a_fault_that_cannot_be_is_refused_when_it_is_planned(http: Slack) -> None:
    with pytest.raises(ValueError, match=r"no fault of chat\.update"):
        http.workspace.state.faults.add(method="chat.update", answer=Fault.TWICE)
    with pytest.raises(ValueError, match="no fault of view_submission"):
        http.workspace.state.faults.add(method="view_submission", answer=Fault.LOST)


def test_a_lost_answer_has_acted(http: Slack) -> None:
    http.workspace.state.faults.add(method="chat.postMessage", answer=Fault.LOST)
    with pytest.raises((OSError, SlackClientError)):
        once(http).chat_postMessage(**HELLO)
    assert http.texts() == ["Hello"]


def test_no_answer_at_all_has_not_acted(http: Slack) -> None:
    http.workspace.state.faults.add(method="chat.postMessage", answer=Fault.NOTHING)
    with pytest.raises((OSError, SlackClientError)):
        once(http).chat_postMessage(**HELLO)
    assert http.texts() == []


def test_slack_that_is_down_answers_503(http: Slack) -> None:
    http.workspace.state.faults.add(method="chat.postMessage", answer=Fault.UNAVAILABLE)
    with pytest.raises(SlackApiError) as error:
        once(http).chat_postMessage(**HELLO)
    assert error.value.response.status_code == 503


def test_an_envelope_whose_connection_is_cut_goes_over_another_one() -> None:
    with running(transport="socket") as slack:
        got, release = threading.Event(), threading.Event()

        @slack.app.command("/restore")
        def first_never_answers(ack: Any) -> None:
            if not got.is_set():
                got.set()
                release.wait(SECONDS)
            else:
                ack("Second connection.")

        second_app = App(client=slack.client, signing_secret=SECRET)

        @second_app.command("/restore")
        def second(ack: Any) -> None:
            ack("Second connection.")

        said: list[Any] = []
        asking = threading.Thread(target=lambda: said.append(command(slack)))
        asking.start()
        assert got.wait(SECONDS)
        slack.workspace.socket_mode.drop()
        handler = SocketModeHandler(second_app, APP_TOKEN)
        handler.connect()
        asking.join(SECONDS)
        release.set()
        handler.close()
        assert said[0].ok
        assert slack.seen_only_by("U0ANN") == ["Second connection."]


def test_a_refresh_makes_the_app_connect_anew() -> None:
    with running(transport="socket") as slack:

        @slack.app.command("/restore")
        def answered(ack: Any) -> None:
            ack("Still here.")

        slack.workspace.socket_mode.disconnect("refresh_requested")
        slack.until(lambda: slack.workspace.socket_mode.connections == 1 and command(slack).ok)
        assert slack.seen_only_by("U0ANN")[-1] == "Still here."


def test_a_ticket_opens_one_connection() -> None:
    with running(transport="socket") as slack:
        assert not slack.workspace.state.short_lived.use_ticket("guessed")
        ticket = slack.workspace.state.short_lived.ticket()
        assert slack.workspace.state.short_lived.use_ticket(ticket)
        assert not slack.workspace.state.short_lived.use_ticket(ticket)
