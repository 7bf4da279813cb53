"""A restore's thread while Slack fails, processes die and channels break: each message once, in order."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot.client import make_client
from bot.threads import deliverer as delivering
from bot.threads.ids import Action
from bot.workspace import Fault, Kind
from core.catalog import organizations
from core.cli.demo_organization import OLD, WIKI
from core.events.deliveries import DeliveryRow, ReceiptRow
from core.restore import restores
from core.restore.assess import assess
from core.restore.restores import Restore
from core.restore.submission import Confirmed, submit
from core.restore.tables import RestoreStatus
from tests.bot.flows import walking
from tests.bot.flows.office import ADA, GENERAL, IN_BOTH_MODES, OPS, SHARED, TEAM, Office, hurry, said
from tests.bot.flows.walking import EMPTY, to_review, with_empty_app
from tests.flows.driven import at, driven

ENDED = ["The checks found", "Verified and published", "completed"]


def begun(office: Office) -> Restore:
    """Ada's, submitted as the wizard does and not yet worked on."""
    with_empty_app(office)
    world, engine = office.world, office.world.engine
    request = world.request(office.backups_of(WIKI)[0], office.catalog_app(EMPTY))
    confirmed = Confirmed.of(assess(engine.tools, request))
    return submit(engine.tools, request, confirmed, asked_in=f"slack:{TEAM}/{GENERAL}")


def replies(office: Office, channel: str = OPS) -> list[str]:
    return [said(one.blocks) for one in office.thread(channel)[1:]]


def assert_told_once(office: Office, channel: str = OPS) -> None:
    """Each message once and in order, and the status message says how it ended."""
    told = replies(office, channel)
    assert len(told) == len(ENDED), told
    for said_, expected in zip(told, ENDED, strict=True):
        assert expected in said_
    begun_ = [one for one in office.workspace.state.messages.in_channel(channel) if one.metadata]
    assert len(begun_) == 1
    assert "Completed" in begun_[0].text


def until_told(office: Office, rounds: int = 12) -> None:
    for _ in range(rounds):
        office.tell()


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "conversations.info", "conversations.history"])
@pytest.mark.parametrize("fault", [Fault.RATELIMITED, Fault.INTERNAL_ERROR, Fault.UNAVAILABLE])
def test_an_outage_delays_and_loses_nothing(office: Office, method: str, fault: Fault) -> None:
    begun(office)
    office.expects_refusals = {"ratelimited", "internal_error", "service_unavailable"}
    office.workspace.state.faults.add(method=method, answer=fault, times=2)
    office.tell(3)
    office.drive()
    until_told(office)
    assert_told_once(office)
    assert office.direct_messages() == []


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_an_answer_lost_after_it_acted_is_found_and_not_said_again(office: Office, method: str, after: int) -> None:
    begun(office)
    office.tell()
    office.workspace.state.faults.add(method=method, answer=Fault.LOST, after=after if method.endswith("e") else 0)
    office.drive()
    until_told(office)
    if method == "chat.update" and after:
        office.workspace.state.faults.clear()  # so many edits are not needed
    assert_told_once(office)


def test_the_first_message_whose_answer_is_lost_is_the_one_that_is_edited(office: Office) -> None:
    begun(office)
    office.workspace.state.faults.add(method="chat.postMessage", answer=Fault.LOST)
    office.tell()
    office.drive()
    until_told(office)
    assert_told_once(office)


def test_slack_that_never_answers_is_given_up_and_asked_again(office: Office) -> None:
    begun(office)
    config = office.workspace.config
    impatient = make_client(token=config.bot_token, base_url=office.workspace.api_url, retries=False)
    impatient.timeout = 1
    office.deliverer = replace(office.deliverer, client=impatient)
    office.workspace.state.faults.add(method="chat.postMessage", answer=Fault.NOTHING)
    office.tell(3)
    office.drive()
    until_told(office)
    assert_told_once(office)


@pytest.mark.parametrize("said_before", range(1, 5))
def test_a_process_killed_between_post_and_receipt_is_followed_by_one_that_looks(
    office: Office, said_before: int
) -> None:
    """The message stands in Slack, and nothing of it in the catalog."""
    restore = begun(office)
    office.drive()
    dying = office.another_deliverer()
    dying.client = _Dying(office, said_before)  # type: ignore[assignment]  # the last call is its end
    with pytest.raises(_Killed):
        until(dying)
    let_go(office, restore)
    until_told(office)
    assert_told_once(office)


def test_receipts_that_are_lost_are_found_by_the_messages(office: Office) -> None:
    restore = begun(office)
    office.tell()
    office.drive()
    office.tell(2)
    with office.world.engine.database.transaction() as session:
        session.execute(delete(ReceiptRow))
        session.execute(update(DeliveryRow).where(DeliveryRow.stream == stream(restore)).values(offset=0, place={}))
    let_go(office, restore)
    office.deliverer = office.another_deliverer()
    until_told(office)
    assert_told_once(office)


def test_a_restore_that_ended_while_nobody_told_has_no_gap(office: Office) -> None:
    begun(office)
    office.tell()
    restore = office.only_restore()
    office.drive()
    let_go(office, restore)
    office.deliverer = office.another_deliverer()
    until_told(office)
    assert_told_once(office)


def test_a_deliverer_that_stops_keeps_the_next_one_from_nothing(office: Office) -> None:
    begun(office)
    office.tell()
    office.deliverer.stop()
    office.drive()
    office.deliverer = office.another_deliverer()
    until_told(office, 3)
    assert_told_once(office)


def test_a_status_message_posted_by_one_that_died_is_brought_up_to_date(office: Office) -> None:
    """Posted, with its receipt, and killed before the place was written: the next one edits what is there."""
    restore = begun(office)
    office.tell()
    with office.world.engine.database.transaction() as session:
        place = {"channel": OPS, "thread": "", "number": 0, "moved_from": ""}
        session.execute(update(DeliveryRow).where(DeliveryRow.stream == stream(restore)).values(offset=0, place=place))
    office.drive()
    let_go(office, restore)
    office.deliverer = office.another_deliverer()
    until_told(office)
    assert_told_once(office)


def test_two_deliverers_at_once_say_everything_once(office: Office) -> None:
    begun(office)
    both = [office.another_deliverer(), office.another_deliverer()]
    over = threading.Event()

    def tell(deliverer: delivering.Deliverer) -> None:
        while not over.is_set():
            hurry(deliverer)
            deliverer.deliver()

    threads = [threading.Thread(target=tell, args=(one,)) for one in both]
    for one in threads:
        one.start()
    office.drive()
    office.workspace.state.lock.acquire()
    try:
        assert office.workspace.state.lock.wait_for(lambda: "Completed" in office.thread()[0].text, 30)
    finally:
        office.workspace.state.lock.release()
        over.set()
    for one in threads:
        one.join()
    assert_told_once(office)


@pytest.mark.parametrize(
    "breaks",
    [
        lambda office: office.workspace.state.change_channel(OPS, is_archived=True),
        lambda office: office.workspace.state.change_channel(OPS, members=frozenset({ADA})),
    ],
    ids=["archived", "bot removed"],
)
def test_a_channel_that_breaks_in_the_middle_goes_on_in_a_direct_message(
    office: Office, breaks: Callable[[Office], object]
) -> None:
    restore = begun(office)
    office.tell()
    office.expects_refusals = {"is_archived", "not_in_channel", "channel_not_found"}
    assert driven(office.world, "restore", restore.id, at("verify", lambda: breaks(office))) is None
    until_told(office)
    messages = office.direct_messages()
    status = [one for one in messages if one.metadata]
    assert len(status) == 1
    assert "Completed" in status[0].text
    told = [said(one.blocks) for one in office.workspace.state.messages.replies(status[0])]
    assert "so it goes on here" in told[0]
    assert "completed" in told[-1]
    assert sum("completed" in one for one in told) == 1


def test_no_other_thread_waits_for_one_that_slack_refuses(office: Office) -> None:
    begun(office)
    office.expects_refusals = {"msg_too_long"}
    office.tell()
    other = from_the_command_line(office)
    office.workspace.state.faults.add(method="chat.update", answer="msg_too_long", times=3)
    office.drive()
    until_told(office, 6)
    office.workspace.state.faults.clear()
    until_told(office, 6)
    begun_ = [one for one in office.workspace.state.messages.in_channel(OPS) if one.metadata]
    assert len(begun_) == 2
    assert ["Completed" in one.text for one in begun_] == [True, True]
    assert office.world.restore(other.id).status is RestoreStatus.COMPLETED


def test_a_status_message_that_somebody_deleted_does_not_hold_up_the_replies(office: Office) -> None:
    restore = begun(office)
    office.expects_refusals = {"message_not_found"}
    messages = office.workspace.state.messages

    def deleted() -> None:
        office.tell(2)
        messages.delete(office.thread()[0])

    assert driven(office.world, "restore", restore.id, at("verify", deleted)) is None
    until_told(office)
    (parent,) = messages.in_channel(OPS)
    assert parent.deleted
    told = [said(one.blocks) for one in messages.replies(parent)]
    assert len(told) == len(ENDED), told
    assert [expected in one for one, expected in zip(told, ENDED, strict=True)] == [True] * len(ENDED)


def test_a_restore_from_the_command_line_is_told_in_the_operations_channel(office: Office) -> None:
    with_empty_app(office)
    from_the_command_line(office)
    office.drive()
    office.tell(3)
    assert_told_once(office)


def test_where_nobody_is_in_slack_and_no_channel_is_set_nobody_is_told(office: Office) -> None:
    with_empty_app(office)
    without_operations_channel(office)
    office.workspace.state.change_person(ADA, deleted=True)
    office.expects_refusals = {"user_disabled"}
    from_the_command_line(office)
    office.drive()
    until_told(office, 3)
    assert office.thread() == []
    assert office.calls("chat.postMessage") == []


@pytest.mark.parametrize("channel", [GENERAL, SHARED])
def test_without_an_operations_channel_it_is_told_where_it_was_asked_unless_others_read_there(
    office: Office, channel: str
) -> None:
    without_operations_channel(office)
    with_empty_app(office)
    ada = office.person()
    to_review(ada, asked_in=channel)
    walking.restores(ada)
    office.drive()
    office.tell(3)
    place = channel if channel == GENERAL else office.workspace.state.dm(ADA).id
    assert_told_once(office, place)
    if channel == SHARED:
        assert office.workspace.state.messages.in_channel(SHARED) == []


@pytest.mark.parametrize(
    "change",
    [{"is_archived": True}, {"kind": Kind.PRIVATE, "members": frozenset({ADA})}, {"is_ext_shared": True}],
    ids=["archived", "private without the bot", "shared with another company"],
)
def test_an_operations_channel_that_is_not_to_be_had_is_passed_over(office: Office, change: dict[str, Any]) -> None:
    """Between the review, which names it, and the start."""
    office.expects_refusals = {"channel_not_found"}
    with_empty_app(office)
    ada = office.person()
    to_review(ada)
    office.workspace.state.change_channel(OPS, **change)
    walking.restores(ada)
    office.drive()
    office.tell(3)
    assert_told_once(office, GENERAL)
    assert office.workspace.state.messages.in_channel(OPS) == []


@IN_BOTH_MODES
def test_cancel_from_the_thread_ends_it_with_everything_as_it_was(office: Office) -> None:
    begun(office)
    office.tell()
    before = office.world.digest_of(office.catalog_app(EMPTY))
    office.person().presses_in(office.thread()[0], Action.CANCEL)
    office.drive()
    until_told(office, 3)
    assert office.only_restore().status is RestoreStatus.CANCELLED
    assert "Cancelled" in office.thread()[0].text
    assert "The restore was cancelled." in replies(office)[-1]
    assert f"<@{ADA}>" in replies(office)[-1]
    assert office.world.digest_of(office.catalog_app(EMPTY)) == before
    assert "thread.cancel" not in str(office.thread()[0].blocks)


def test_a_failure_that_was_resumed_meanwhile_is_told_as_it_was(office: Office) -> None:
    """Nobody told it until it had ended: failed, resumed, completed, and not completed twice."""
    restore = begun(office)
    with office.world.engine.database.transaction() as session:
        row = restores.RUNS.begin_attempt(session, restore.id, 0, office.world.engine.now())
        assert row is not None
        restores.RUNS.fail(
            session,
            restore.id,
            row.token,
            {"code": "storage.unreachable", "message": "The storage cannot be reached."},
            now=office.world.engine.now(),
            keep_staging=timedelta(hours=24),
        )
    with office.world.engine.database.transaction() as session:
        restores.resume(session, restore.id, restore.requested_by, office.world.engine.now())
    office.drive()
    until_told(office, 3)
    told = replies(office)
    assert "The restore failed." in told[0]
    assert "storage.unreachable" in told[0]
    assert "goes on where it stopped" in told[1]
    assert sum("is completed" in one for one in told) == 1


@IN_BOTH_MODES
def test_looking_inside_from_the_thread(office: Office) -> None:
    begun(office)
    office.drive()
    office.tell(3)
    ada = office.person()
    ada.presses_in(office.thread()[-1], Action.LOOK)
    assert "Engineering" in ada.reads or "ENG" in ada.reads, ada.reads
    chidi = office.person("U0CHIDI")
    chidi.presses_in(office.thread()[-1], Action.DETAILS)
    assert "may not do this" in chidi.reads


def from_the_command_line(office: Office) -> Restore:
    """By the account of this machine, into an app of its own."""
    world = office.world
    app = world.provision(office.catalog_app(WIKI).type, "From the terminal")
    return world.submit_restore(world.request(office.backups_of(OLD)[0], app))


def without_operations_channel(office: Office) -> None:
    world = office.world
    with world.engine.database.transaction() as session:
        organizations.set_values(
            session,
            office.catalog_app(WIKI).organization_id,
            {"operations_channel": ""},
            person=world.person.id,
            now=world.engine.now(),
        )


def stream(restore: Restore) -> str:
    return f"restore:{restore.id}"


def let_go(office: Office, restore: Restore) -> None:
    """The lease of a process that is gone has run out."""
    with office.world.engine.database.transaction() as session:
        long_ago = office.world.engine.now() - timedelta(hours=1)
        session.execute(update(DeliveryRow).where(DeliveryRow.stream == stream(restore)).values(lease_until=long_ago))


def until(deliverer: delivering.Deliverer) -> None:
    while True:
        hurry(deliverer)
        deliverer.deliver()


class _Killed(BaseException):
    """The process is gone: nothing after it is done, not even what stands in an except clause."""


class _Dying:
    """A client whose process is killed just after its n-th post has acted."""

    def __init__(self, office: Office, posts: int) -> None:
        self._client = office.deliverer.client
        self._left = posts

    def __getattr__(self, name: str) -> object:
        return getattr(self._client, name)

    def chat_postMessage(self, **arguments: object) -> object:  # noqa: N802 - Slack's name
        answer = self._client.chat_postMessage(**arguments)  # type: ignore[arg-type]  # handed on
        self._left -= 1
        if not self._left:
            raise _Killed
        return answer
