"""What a restore's thread looks like, in every state. Channels hold codes and counts, and nobody's names."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.threads import views
from bot.threads.facts import FindingCount, Standing
from bot.threads.views import Message
from core.restore.tables import RestoreStatus, Step
from tests.bot.golden import check_golden

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUNNING = Standing(
    id="rst-1",
    status=RestoreStatus.RUNNING,
    step=Step.LOAD,
    source="Acme Wiki",
    taken_at=NOW - timedelta(days=1),
    destination="Wiki restored",
    user="U1",
    person="Ada",
    done=420_000_000,
    total=1_000_000_000,
    seconds_left=185,
    moves_to="",
    about_minutes=0,
    created_at=NOW,
    cancel_wanted=False,
    published=False,
    resumable_until=None,
    findings=(),
    failure="",
    counts={},
    pending_grants=0,
)
QUEUED = replace(RUNNING, status=RestoreStatus.QUEUED, step=Step.PREFLIGHT, done=0, seconds_left=None)
WARNED = (
    FindingCount(code="user.duplicate-email", severity="warning", findings=2, count=7),
    FindingCount(code="group.name-exists", severity="warning", findings=1, count=1),
)
COUNTS = {
    "pages": {"in_backup": 120, "restored": 118, "left_out": 2, "failed": 0},
    "files": {"in_backup": 30, "restored": 30, "left_out": 0, "failed": 0},
}
COMPLETED = replace(
    RUNNING, status=RestoreStatus.COMPLETED, step=Step.REPORT, done=1_000_000_000, published=True, counts=COUNTS
)
FAILED = replace(RUNNING, status=RestoreStatus.FAILED, failure="storage.unreachable", seconds_left=None)

MESSAGES: dict[str, Callable[[], Message]] = {
    "status-queued": lambda: views.status_message(QUEUED),
    "status-running": lambda: views.status_message(RUNNING),
    "status-moving": lambda: views.status_message(replace(RUNNING, moves_to="shard-2", about_minutes=30)),
    "status-being-cancelled": lambda: views.status_message(replace(RUNNING, cancel_wanted=True)),
    "status-published": lambda: views.status_message(replace(RUNNING, step=Step.PROPOSE_ACCESS, published=True)),
    "status-completed": lambda: views.status_message(COMPLETED),
    "status-failed": lambda: views.status_message(FAILED),
    "status-cancelled": lambda: views.status_message(replace(RUNNING, status=RestoreStatus.CANCELLED)),
    "status-from-the-command-line": lambda: views.status_message(replace(RUNNING, user="", person="os:ada")),
    "status-strange-names": lambda: views.status_message(
        replace(RUNNING, source="<!channel> *x* 🚀", destination="مرحبا " + "y" * 250)
    ),
    "findings": lambda: views.findings_message(replace(RUNNING, findings=WARNED)),
    "findings-very-many": lambda: views.findings_message(replace(RUNNING, findings=WARNED * 40)),
    "published": lambda: views.published_message(replace(RUNNING, published=True)),
    "resumed": lambda: views.resumed_message(RUNNING),
    "completed": lambda: views.ended_message(COMPLETED),
    "completed-with-warnings-and-access": lambda: views.ended_message(
        replace(COMPLETED, findings=WARNED, pending_grants=4)
    ),
    "failed": lambda: views.ended_message(FAILED),
    "failed-resumable": lambda: views.ended_message(replace(FAILED, resumable_until=NOW + timedelta(hours=24))),
    "failed-by-findings": lambda: views.ended_message(replace(FAILED, failure="run-failed")),
    "cancelled": lambda: views.ended_message(replace(RUNNING, status=RestoreStatus.CANCELLED)),
    "moved": lambda: views.moved_message(RUNNING, "C1"),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_what_it_looks_like(name: str) -> None:
    message = MESSAGES[name]()
    check_golden(f"threads/{name}", {"text": message.text, "blocks": list(message.blocks)})


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_within_slacks_limits_and_says_the_same_without_blocks(name: str) -> None:
    message = MESSAGES[name]()
    assert 0 < len(message.blocks) <= 50
    assert message.text
    assert "<!channel>" not in message.text


def test_who_ended_a_restore_is_not_asked_for_buttons_that_do_nothing() -> None:
    shown = {name: str(MESSAGES[name]().blocks) for name in MESSAGES}
    assert "thread.cancel" in shown["status-running"]
    for name in ("status-being-cancelled", "status-published", "status-completed", "status-failed", "status-cancelled"):
        assert "thread.cancel" not in shown[name]
