"""What each step of the wizard looks like, in every state."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.models.views import View

from bot.metadata import Metadata
from bot.restore.facts import (
    AppChoice,
    BackupChoice,
    Backups,
    Checks,
    Contents,
    Destinations,
    OrganizationChoice,
    Review,
    Source,
)
from bot.restore.views.backup import backup_view
from bot.restore.views.contents import contents_view
from bot.restore.views.destination import destination_view, provision_view
from bot.restore.views.frame import start_view, waiting_view
from bot.restore.views.review import review_view, started_view
from bot.restore.views.source import source_view
from bot.restore.views.validation import validation_view
from core.content.record_type import AppType
from core.findings import Finding, FindingCode, Severity
from core.restore.assess import Phase
from core.restore.draft_state import ContainsData, DraftStep
from core.restore.request import RESOLUTIONS, Part, Resolution
from tests.bot.golden import check_golden

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Berlin")
METADATA = Metadata(draft="dft-1", version=3, step="x")
#: What a person may call an app: it is shown as it is, and nothing of it is read as markup.
STRANGE = "<!channel> *wiki* 🚀 ‮مرحبا‬ " + "x" * 250

ACME = OrganizationChoice(id="org-1", name="Acme")
WIKI = AppChoice(id="app-1", name="Acme Wiki", type=AppType.CONFLUENCE, shard="shard-1", region="eu")
GONE = replace(WIKI, id="app-2", name="Old Wiki", days_left=12)
EMPTY = replace(WIKI, id="app-3", name="Wiki restored")
ELSEWHERE = replace(EMPTY, shard="shard-2")
ABROAD = replace(EMPTY, shard="us-1", region="us")
BACKUP = BackupChoice(
    id="bkp-1",
    taken_at=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=13),
    size_bytes=1_234_000_000,
    storage="managed",
    lacks=(),
    complete=True,
    holds=frozenset(Part),
    shard="shard-1",
    region="eu",
)
LACKING = replace(BACKUP, complete=False, lacks=("3 attachments have no file in the export",), holds=frozenset())

SOURCE = Source(organizations=(ACME,), organization=ACME, app=None, apps=12)
BACKUPS = Backups(app=WIKI, chosen=None, restorable=14, expired=3, limit_bytes=60_000_000_000, now=NOW, zone=ZONE)
DESTINATIONS = Destinations(
    source=WIKI,
    backup=BACKUP,
    contains_data=ContainsData.NO,
    only_shard=True,
    chosen=None,
    candidates=5,
    empty="",
    move_minutes=30,
)
EMPTY_BECAUSE = "Every active Confluence app here contains data. Provision a new app."
DEFAULTS = {code: choices[0] for code, choices in RESOLUTIONS.items()}


def found(code: FindingCode, severity: Severity, message: str, **more: object) -> Finding:
    return Finding(code=code, severity=severity, subject="", message=message, hint="This is how to fix it.", **more)  # type: ignore[arg-type]  # what each case needs


DUPLICATE = found(
    FindingCode.USER_DUPLICATE_EMAIL,
    Severity.WARNING,
    "Users who share an e-mail: 7.",
    count=7,
    examples=("ada@example.org: ada, ada2",),
)
HAS_SPACE = found(
    FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE, Severity.ERROR, "Wiki restored has its default personal space."
)
EXPIRED = found(FindingCode.BACKUP_EXPIRED, Severity.ERROR, "The backup expired at 2026-11-25 11:00 UTC.")
CHECKED = Checks(findings=(), resolutions=DEFAULTS)
REVIEW = Review(
    source=WIKI,
    backup=BACKUP,
    destination=EMPTY,
    without=frozenset(),
    resolutions=DEFAULTS,
    warnings=(),
    size_bytes=1_234_000_000,
    told_in="C1",
    nobody_approves=False,
    zone=ZONE,
)

VIEWS: dict[str, Callable[[], View]] = {
    "start": lambda: start_view(METADATA, "Acme Wiki", DraftStep.BACKUP, NOW),
    "waiting": lambda: waiting_view("One moment…"),
    "source": lambda: source_view(SOURCE, METADATA),
    "source-chosen": lambda: source_view(replace(SOURCE, app=GONE), METADATA),
    "source-changed-elsewhere": lambda: source_view(SOURCE, METADATA, "Something changed meanwhile."),
    "source-organizations": lambda: source_view(
        replace(
            SOURCE,
            organization=None,
            organizations=(
                ACME,
                OrganizationChoice(id="org-2", name="Umbrella"),
                OrganizationChoice(id="org-3", name="Gov", refused="It is in the government environment."),
            ),
        ),
        METADATA,
    ),
    "source-refused": lambda: source_view(
        replace(SOURCE, organization=None, organizations=(replace(ACME, refused="Its plan is standard."),)), METADATA
    ),
    "source-no-apps": lambda: source_view(replace(SOURCE, apps=0), METADATA),
    "source-strange": lambda: source_view(replace(SOURCE, app=replace(WIKI, name=STRANGE)), METADATA),
    "backup": lambda: backup_view(BACKUPS, METADATA),
    "backup-chosen": lambda: backup_view(replace(BACKUPS, chosen=BACKUP), METADATA),
    "backup-incomplete": lambda: backup_view(replace(BACKUPS, chosen=LACKING), METADATA),
    "backup-too-large": lambda: backup_view(
        replace(BACKUPS, chosen=replace(BACKUP, size_bytes=61_000_000_000)), METADATA
    ),
    "backup-none": lambda: backup_view(replace(BACKUPS, restorable=0), METADATA),
    "contents": lambda: contents_view(Contents(app=WIKI, backup=BACKUP, without=frozenset()), METADATA),
    "contents-left-out": lambda: contents_view(
        Contents(app=WIKI, backup=BACKUP, without=frozenset({Part.ATTACHMENTS})), METADATA
    ),
    "contents-nothing-left-in": lambda: contents_view(
        Contents(app=WIKI, backup=BACKUP, without=frozenset(Part)), METADATA
    ),
    "contents-only-content": lambda: contents_view(Contents(app=WIKI, backup=LACKING, without=frozenset()), METADATA),
    "destination": lambda: destination_view(DESTINATIONS, METADATA),
    "destination-chosen": lambda: destination_view(replace(DESTINATIONS, chosen=EMPTY), METADATA),
    "destination-moves": lambda: destination_view(replace(DESTINATIONS, chosen=ELSEWHERE, only_shard=False), METADATA),
    "destination-other-region": lambda: destination_view(
        replace(DESTINATIONS, chosen=ABROAD, only_shard=False), METADATA
    ),
    "destination-none-matches": lambda: destination_view(replace(DESTINATIONS, empty=EMPTY_BECAUSE), METADATA),
    "destination-none": lambda: destination_view(
        replace(DESTINATIONS, only_shard=False, candidates=0, empty=EMPTY_BECAUSE), METADATA
    ),
    "provision": lambda: provision_view(METADATA, "shard-1", "Acme Wiki restored 2026-11-25"),
    "validation-begins": lambda: validation_view(Checks(resolutions=DEFAULTS), METADATA),
    "validation-runs": lambda: validation_view(Checks(at=Phase.PEOPLE, resolutions=DEFAULTS), METADATA),
    "validation-good": lambda: validation_view(CHECKED, METADATA),
    "validation-errors": lambda: validation_view(replace(CHECKED, findings=(EXPIRED, HAS_SPACE, DUPLICATE)), METADATA),
    "validation-warnings": lambda: validation_view(
        replace(
            CHECKED,
            findings=(DUPLICATE,),
            resolutions={**DEFAULTS, FindingCode.USER_DUPLICATE_EMAIL: Resolution.PLACEHOLDER},
        ),
        METADATA,
    ),
    "validation-very-many": lambda: validation_view(
        replace(CHECKED, findings=tuple(replace(DUPLICATE, message=f"{n}. {STRANGE}") for n in range(60))), METADATA
    ),
    "validation-not-finished": lambda: validation_view(
        Checks(resolutions=DEFAULTS, problem="The storage cannot be reached."), METADATA
    ),
    "review": lambda: review_view(REVIEW, METADATA),
    "review-everything": lambda: review_view(
        replace(
            REVIEW,
            without=frozenset({Part.ATTACHMENTS, Part.PERSONAL_SPACES}),
            resolutions={**DEFAULTS, FindingCode.GROUP_NAME_EXISTS: Resolution.NEW_NAME},
            warnings=(DUPLICATE,),
            moves_to="shard-1",
            move_minutes=30,
            told_in="",
            nobody_approves=True,
        ),
        METADATA,
    ),
    "started": lambda: started_view("rst-1", "C1"),
    "started-direct": lambda: started_view("rst-1", ""),
}


@pytest.mark.parametrize("name", VIEWS)
def test_what_it_looks_like(name: str) -> None:
    check_golden(f"restore/{name}", VIEWS[name]().to_dict())


def test_a_window_of_very_many_findings_is_within_slacks_limits_and_says_what_it_leaves_out() -> None:
    view = VIEWS["validation-very-many"]().to_dict()
    assert len(view["blocks"]) <= 100
    assert "40 more are in" in str(view)


def test_a_name_is_never_read_as_markup() -> None:
    blocks = VIEWS["source-strange"]().to_dict()["blocks"]
    assert "mrkdwn" not in str(blocks)
    assert "<!channel> *wiki* 🚀" in str(blocks)
