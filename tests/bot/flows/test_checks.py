"""Checks run beside the person: whatever is pressed, closed or begun anew meanwhile, the window shows the draft as it
stands."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import pytest

from bot.metadata import unpack
from bot.restore import validation as checking
from bot.restore import wizard
from bot.restore.ids import Action
from bot.restore.validation import metadata_of
from bot.workspace.refusal import Refused
from core.access.people import person_of
from core.findings import FindingCode
from core.restore import validation
from core.restore.draft_state import DraftStep
from core.restore.drafts import Drafts
from core.restore.request import Resolution
from core.restore.tables import RestoreStatus
from tests.bot.flows.office import ADA, GENERAL, TEAM, Office, Someone, find
from tests.bot.flows.walking import EMPTY, restores, to_checks, to_destinations, with_empty_app

#: where its resolution is chosen
DUPLICATE_EMAIL: Final = f"{Action.RESOLVE}:{FindingCode.USER_DUPLICATE_EMAIL}"


class Slow:
    """Checks that wait, once they have begun, until they are let go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, then: Exception | None = None) -> None:
        self._check, self._then = validation.validate, then
        self._begun, self._on, self._ended = threading.Event(), threading.Event(), threading.Event()
        monkeypatch.setattr(validation, "validate", self._validate)

    def begun(self) -> None:
        assert self._begun.wait(30)

    def go_on(self) -> None:
        self._on.set()

    def ended(self) -> None:
        assert self._ended.wait(30)

    def _validate(self, *args: Any, **more: Any) -> object:
        self._begun.set()
        assert self._on.wait(30)
        if self._then:
            raise self._then
        found = self._check(*args, **more)
        self._ended.set()
        return found


@contextmanager
def busy(office: Office) -> Iterator[None]:
    """The bot is: what Ada presses waits, and her window stays as it was."""
    free = threading.Event()
    office.work.hand_over(f"slack:{TEAM}/{ADA}", free.wait)
    try:
        yield
    finally:
        free.set()


def waits_for(checks: Slow, person: Someone) -> None:
    """The window says that they run."""
    to_destinations(person)
    person.chooses(Action.DESTINATION, EMPTY)
    person.submits(settle=False)
    checks.begun()


def test_a_window_that_was_closed_while_the_checks_run_is_brought_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_empty_app(office)
    office.expects_refusals = {"not_found"}
    ada = office.person()
    checks = Slow(monkeypatch)
    waits_for(checks, ada)
    assert ada.step == "Checks"
    assert "Checking backup and destination" in ada.reads
    office.workspace.acting.close(person=ADA, view_id=ada.view["id"])
    checks.go_on()
    office.settle()
    (message,) = office.direct_messages()
    assert "The checks of your restore are done: 4 warnings, 2 notes." in message.text
    ada.presses_in(message, Action.CONTINUE)
    assert ada.step == "Checks"
    ada.submits()
    restores(ada)
    assert office.only_restore().status is RestoreStatus.QUEUED


def test_checks_that_take_long_are_told_by_a_message_too(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_PATIENCE_SECONDS", 0.0)
    with_empty_app(office)
    ada = office.person()
    to_checks(ada)
    assert ada.view["submit"] is not None
    (message,) = office.direct_messages()
    assert "4 warnings" in message.text


def test_checks_that_fail_behind_a_closed_window_are_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with_empty_app(office)
    office.expects_errors, office.expects_refusals = True, {"not_found"}
    ada = office.person()
    checks = Slow(monkeypatch, then=RuntimeError("a surprise"))
    waits_for(checks, ada)
    office.workspace.acting.close(person=ADA, view_id=ada.view["id"])
    checks.go_on()
    office.settle()
    (message,) = office.direct_messages()
    assert "could not be finished" in message.text
    assert "reference" in message.text
    assert "a surprise" not in message.text


def test_another_choice_while_the_checks_run_is_not_overwritten(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_REDRAW_SECONDS", 0.0)
    with_empty_app(office)
    office.expects_refusals = {"not_found"}
    ada = office.person()
    checks = Slow(monkeypatch)
    waits_for(checks, ada)
    ada.presses(Action.BACK, settle=False)
    office.settle(left=1)
    assert ada.step == "Where to"
    drawn = len(office.calls("views.update"))
    checks.go_on()
    office.settle()
    assert ada.step == "Where to"
    assert len(office.calls("views.update")) == drawn, "how far the checks are is no news here"
    assert office.direct_messages() == []
    assert office.workspace.state.messages.in_channel(GENERAL) == []


def test_how_far_the_checks_are_is_not_told_of_the_past(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as Slack is slow, say."""
    monkeypatch.setattr(checking, "_REDRAW_SECONDS", 0.0)
    with_empty_app(office)
    ada = office.person()
    checks = Slow(monkeypatch)
    waits_for(checks, ada)
    drawn = len(office.calls("views.update"))
    with busy(office):
        checks.go_on()
        checks.ended()
    office.settle()
    assert ada.view["submit"] is not None
    assert len(office.calls("views.update")) <= drawn + 2, "one that tells how far they are, and what they found"


def test_checks_of_a_wizard_that_was_begun_anew_are_told_to_nobody(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_empty_app(office)
    ada = office.person()
    checks = Slow(monkeypatch)
    waits_for(checks, ada)
    office.workspace.acting.close(person=ADA, view_id=ada.view["id"])
    ada.types(settle=False)
    office.settle(left=1)
    ada.presses(Action.START_OVER, settle=False)
    office.settle(left=1)
    checks.go_on()
    office.settle()
    assert ada.step == "What to restore"
    assert office.direct_messages() == []


def test_checks_that_end_while_the_window_is_drawn_for_another_press_are_shown(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed before the first choice was seen: this is told, in a window which the checks of that choice fill in."""
    with_empty_app(office)
    ada = office.person()
    to_checks(ada)
    checks = Slow(monkeypatch)
    draw = wizard.validation_view

    def drawn(*args: Any) -> object:
        if wizard._CHANGED in args:
            checks.go_on()
            checks.ended()
            time.sleep(0.3)  # whoever draws out of turn has drawn by then
        return draw(*args)

    monkeypatch.setattr(wizard, "validation_view", drawn)
    with busy(office):
        for value in (Resolution.PLACEHOLDER.value, Resolution.KEEP.value):
            ada.presses(DUPLICATE_EMAIL, value, settle=False)
    office.settle()
    _, choice = find(ada.view["blocks"], DUPLICATE_EMAIL)
    assert choice["initial_option"]["value"] == Resolution.PLACEHOLDER.value
    assert ada.view["submit"] is not None, ada.reads


def test_checks_are_run_again_before_the_window_shows_the_last_choice(office: Office) -> None:
    with_empty_app(office)
    ada = office.person()
    to_checks(ada)
    with busy(office):
        ada.presses(DUPLICATE_EMAIL, Resolution.PLACEHOLDER.value, settle=False)
        for _ in range(3):
            ada.presses(Action.RUN_AGAIN, settle=False)
    office.settle()
    assert "changed meanwhile" not in str(office.calls("views.update"))
    assert ada.view["submit"] is not None, ada.reads


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_pressed_in_haste_the_window_shows_the_draft_as_it_stands(office: Office, seed: int) -> None:
    """Nothing is waited for: each press is made in whatever the window shows at that moment."""
    chance = random.Random(seed)
    with_empty_app(office)
    ada = office.person()
    to_checks(ada)
    hasty: Sequence[Callable[[], object]] = (
        lambda: ada.presses(Action.RUN_AGAIN, settle=False),
        lambda: ada.presses(Action.BACK, settle=False),
        lambda: ada.presses(DUPLICATE_EMAIL, Resolution.PLACEHOLDER.value, settle=False),
        lambda: ada.presses(DUPLICATE_EMAIL, Resolution.KEEP.value, settle=False),
        lambda: ada.submits(settle=False),
        lambda: ada.submits(settle=False),
        lambda: time.sleep(chance.random() / 10),
    )
    for _ in range(25):
        with suppress(AssertionError, Refused):  # what is not there now cannot be pressed
            chance.choice(hasty)()
    office.settle()
    shown = unpack(ada.view["private_metadata"])
    engine = office.world.engine
    with engine.database.reading() as session:
        person = person_of(session, f"slack:{TEAM}/{ADA}")
        draft = Drafts.of(engine.settings).get(session, shown.draft, person_id=person.id, now=engine.now())
    assert shown == metadata_of(draft)
    assert draft.state.step is not DraftStep.VALIDATION or ada.view["submit"] is not None, ada.reads
