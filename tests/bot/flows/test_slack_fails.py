"""Slack fails under a wizard: busy, broken, silent, or an answer lost after it acted. A person who is patient, and does
again what had no answer, gets one restore; nobody reads a trace."""

from itertools import count

import pytest

from bot.workspace import Fault
from bot.workspace.refusal import Refused
from core.restore.tables import RestoreStatus
from tests.bot.flows.office import GENERAL, Office, Someone, said
from tests.bot.flows.walking import takes_next_step, with_empty_app

#: Calls that the wizard makes, and after how many good ones the fault comes.
CALLS = (("views.open", 0), ("views.update", 2), ("users.info", 0), ("conversations.info", 0))
FAULTS = (Fault.RATELIMITED, Fault.INTERNAL_ERROR, Fault.UNAVAILABLE, Fault.NOTHING, Fault.LOST)
#: What Slack may answer then: its own trouble, and that a trigger or a window is used up.
_REFUSED = {"ratelimited", "internal_error", "service_unavailable", "exchanged_trigger_id", "not_found"}
_STEPS = 30


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("method", "after"), CALLS)
def test_a_patient_person_gets_one_restore(office: Office, method: str, after: int, fault: Fault) -> None:
    with_empty_app(office)
    office.bot.client.timeout = 1  # a silent Slack is given up sooner than in earnest
    office.expects_refusals = _REFUSED
    faults = office.workspace.state.faults
    faults.add(method=method, answer=fault, after=after)
    faults.add(method=method, answer=fault, times=2)  # more than the client's own retries get over
    ada = office.person()
    for step in count():
        assert step < _STEPS, (ada.stack and ada.reads, ada.whispers(), faults.left())
        if office.restores:
            break
        goes_on(ada)
    assert len(faults.left()) < 2, "no call met the fault"
    faults.clear()  # where the client gave up sooner, the rest is not needed
    office.drive()
    assert office.only_restore().status is RestoreStatus.COMPLETED
    told = [*ada.whispers(), *(said(one.blocks) for one in office.direct_messages()), *(said(one) for one in ada.stack)]
    assert not any("Traceback" in one or "reference" in one for one in told), told
    assert office.workspace.state.messages.in_channel(GENERAL) == []


def goes_on(person: Someone) -> None:
    """One step; a window that did not change is closed, and asked for again."""
    before = person.view["hash"] if person.stack else ""
    try:
        takes_next_step(person)
    except (Refused, AssertionError, IndexError):  # the window is not what it should be, or a search had no answer
        person.entered.clear()
    person.office.settle()
    if person.stack and person.view["hash"] == before:
        person.closes()
