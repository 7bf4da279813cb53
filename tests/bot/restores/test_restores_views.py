"""Each window of restores in each of its states."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.models.views import View

from bot.restores.facts import Failure, Status, Table, TableAt
from bot.restores.views.cancel import choose_view, confirm_view, nothing_view
from bot.restores.views.status import status_view
from bot.restores.views.table import table_view
from bot.workspace.lint import lint_view
from core.catalog.run_tables import RunStatus
from core.database.pages import Page
from core.findings import Finding, FindingCode, Severity
from core.restore.overview import RestoreLine
from core.restore.tables import Step
from tests.bot.golden import check_golden, golden_names

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
LONG = "Ein sehr langer Name " * 12
STRANGE = ("<!channel> *bold* `code` & 🚀", "ويكي الشركة", LONG[:250], "_a_ <https://example.com|link>")


def line(**values: Any) -> RestoreLine:
    usual: dict[str, Any] = {
        "id": "rst-k7d2m9qx",
        "organization_id": "org-acme",
        "source": "Acme Wiki",
        "destination": "Acme Wiki restored",
        "destination_id": "app-restored",
        "taken_at": NOW - timedelta(days=1),
        "status": RunStatus.RUNNING,
        "step": Step.LOAD,
        "cancel_wanted": False,
        "published": False,
        "done": 12_300_000,
        "total": 40_000_000,
        "warnings": 0,
        "pending": 0,
        "person": "Ada Ekwueme",
        "created_at": NOW - timedelta(minutes=5),
        "started_at": NOW - timedelta(minutes=4),
        "finished_at": None,
        "staging_until": None,
    }
    return RestoreLine(**{**usual, **values})


QUEUED = line(status=RunStatus.QUEUED, step=Step.PREFLIGHT, started_at=None, done=0)
RUNNING = line()
CANCELLING = line(cancel_wanted=True)
PUBLISHED = line(published=True, step=Step.PROPOSE_ACCESS)
COMPLETED = line(
    status=RunStatus.COMPLETED,
    step=Step.REPORT,
    published=True,
    finished_at=NOW,
    warnings=2,
    pending=3,
    done=40_000_000,
)
FAILED = line(status=RunStatus.FAILED, finished_at=NOW)
RESUMABLE = replace(FAILED, staging_until=NOW + timedelta(hours=20))
CANCELLED = line(status=RunStatus.CANCELLED, cancel_wanted=True, finished_at=NOW)


def finding(severity: Severity, code: FindingCode, **values: Any) -> Finding:
    usual: dict[str, Any] = {"subject": "", "message": "What is the matter.", "hint": "What to do about it."}
    return Finding(severity=severity, code=code, **{**usual, **values})


WARNING = finding(
    Severity.WARNING,
    FindingCode.USER_DUPLICATE_EMAIL,
    message="2 people share an e-mail address.",
    count=7,
    examples=("ada <!here>", "bob@example.com"),
)
ERROR = finding(Severity.ERROR, FindingCode.BACKUP_INTEGRITY, message="records/confluence.page/00001 is damaged.")
COUNTS = {
    "pages": {"in_backup": 1234, "restored": 1230, "left_out": 4, "failed": 0},
    "comments": {"in_backup": 0, "restored": 0, "left_out": 0, "failed": 0},
    "files": {"in_backup": 56, "restored": 56, "left_out": 0, "failed": 0},
}
FAILURE = Failure(code="storage.unreachable", message="The storage did not answer.", hint="Look at the network.")


def status(shown: RestoreLine, **values: Any) -> Status:
    usual: dict[str, Any] = {"findings": (), "failure": None, "counts": {}}
    return Status(line=shown, now=NOW, **{**usual, **values})


def table(*lines: RestoreLine, total: int = 0, at: TableAt | None = None, app_name: str = "") -> Table:
    at = at or TableAt()
    page = Page(found=lines, offset=at.offset, total=total or len(lines))
    return Table(at=at, app_name=app_name, page=page, now=NOW, zone=BERLIN)


def rows(number: int) -> list[RestoreLine]:
    return [replace(COMPLETED, id=f"rst-{count:08}") for count in range(number)]


def strange() -> list[RestoreLine]:
    return [
        replace(RUNNING, id=f"rst-{count:08}", source=name, destination=other, person=name)
        for count, (name, other) in enumerate(zip(STRANGE, reversed(STRANGE), strict=True))
    ]


MANY = tuple(
    finding(severity, FindingCode.USER_INVALID_EMAIL, message=f"{number}: {LONG}", examples=(LONG,) * 5, count=1000)
    for severity in Severity
    for number in range(20)
)
VIEWS: dict[str, View] = {
    "table-empty": table_view(table()),
    "table-statuses": table_view(
        table(*(replace(one, id=f"rst-{number:08}") for number, one in enumerate(
            [QUEUED, RUNNING, CANCELLING, PUBLISHED, COMPLETED, FAILED, RESUMABLE, CANCELLED]
        )))
    ),
    "table-middle": table_view(table(*rows(10), total=10_000, at=TableAt(offset=20))),
    "table-last": table_view(table(*rows(4), total=24, at=TableAt(offset=20))),
    "table-filtered": table_view(
        table(FAILED, at=TableAt(status=RunStatus.FAILED, app="app-k7d2m9qx"), app_name=STRANGE[0])
    ),
    "table-no-match": table_view(table(at=TableAt(status=RunStatus.QUEUED))),
    "table-strange": table_view(table(*strange())),
    "status-queued": status_view(status(QUEUED)),
    "status-running": status_view(status(RUNNING, findings=(WARNING,))),
    "status-from-the-table": status_view(status(RUNNING), back=TableAt(offset=10).pack()),
    "status-being-cancelled": status_view(status(CANCELLING), said="It is being cancelled. The destination stays."),
    "status-published": status_view(status(PUBLISHED)),
    "status-completed": status_view(status(COMPLETED, findings=(WARNING,), counts=COUNTS)),
    "status-blocked": status_view(
        status(replace(FAILED, step=Step.CHECK_BACKUP), findings=(ERROR, WARNING), failure=FAILURE)
    ),
    "status-resumable": status_view(status(RESUMABLE, failure=FAILURE)),
    "status-cancelled": status_view(status(CANCELLED, counts=COUNTS)),
    "status-strange": status_view(status(strange()[1], findings=(WARNING,))),
    "status-very-many": status_view(
        status(COMPLETED, findings=MANY, counts={f"kind {n}": COUNTS["pages"] for n in range(45)}, failure=FAILURE),
        said=LONG,
        back="{}",
    ),
    "cancel-confirm": confirm_view(status(RUNNING)),
    "cancel-published": confirm_view(status(COMPLETED)),
    "cancel-over": confirm_view(status(FAILED)),
    "cancel-already": confirm_view(status(CANCELLING)),
    "cancel-cancelled": confirm_view(status(CANCELLED)),
    "cancel-choose": choose_view(table(*rows(10), total=12)),
    "cancel-nothing": nothing_view(),
}  # fmt: skip


@pytest.mark.parametrize("name", VIEWS)
def test_a_window_looks_as_agreed(name: str) -> None:
    shown = VIEWS[name].to_dict()
    assert lint_view(shown) == []
    check_golden(f"restores/{name}", shown)


def test_no_golden_is_left_over() -> None:
    assert golden_names("restores") == set(VIEWS)
