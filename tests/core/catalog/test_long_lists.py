"""Ten thousand backups and two thousand apps: a page of them is found by the database, and nothing else is loaded."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, insert, text
from sqlalchemy.orm import Session

from core.catalog import apps, backup_search, moments
from core.catalog.backups import Backup
from core.catalog.tables import AppRow, AppStatus, BackupRow, GenerationRow
from core.content.record_type import AppType
from core.database.pages import Page
from tests.core.catalog.world import DAY, NOW, World

BACKUPS, APPS = 10_000, 2_000
#: Every hundredth one can be restored no more.
GONE = 100
BERLIN = ZoneInfo("Europe/Berlin")


def add_backups(catalog: World, session: Session) -> None:
    rows = [
        {
            "id": f"bkp-{number:08}", "app_id": catalog.app,
            "storage_id": catalog.s3 if number % 2 else catalog.managed,
            "status": ("expired" if number % GONE == 1 else "incomplete" if number % GONE == 2 else "complete"),
            "requested_by": "per-1", "request": {}, "taken_at": NOW - timedelta(hours=number),
            "expires_at": NOW if number % GONE == 3 else NOW + DAY, "shard": "eu-1", "region": "eu",
        }
        for number in range(BACKUPS)
    ]  # fmt: skip
    session.execute(insert(BackupRow), rows)


def add_apps(catalog: World, session: Session) -> None:
    names = [f"Wiki {number}" for number in range(APPS - 3)] + ["ÄRGER 100% 😀", "under_score", "مرحبا"]
    for number, name in enumerate(names):
        app = {
            "id": f"app-{number:08}", "organization_id": catalog.organization, "name": name,
            "folded_name": name.casefold(), "type": "confluence", "driver": "embedded", "status": "active",
            "shard": "eu-1" if number % 2 else "eu-2", "generation": f"gen-{number}",
            "created_at": NOW + timedelta(minutes=number), "deactivated_at": None,
        }  # fmt: skip
        session.execute(insert(AppRow).values(**app))
        session.execute(
            insert(GenerationRow).values(
                id=f"gen-{number}", app_id=app["id"], shard=app["shard"], status="live", run_id="", created_at=NOW
            )
        )


@contextmanager
def loads() -> Iterator[Counter[str]]:
    """How many rows of which table become objects meanwhile."""
    counted: Counter[str] = Counter()

    def count(target: object, _context: object) -> None:
        counted[type(target).__name__] += 1

    for table in (BackupRow, AppRow):
        event.listen(table, "load", count)
    yield counted
    for table in (BackupRow, AppRow):
        event.remove(table, "load", count)


def test_a_page_of_ten_thousand_backups_costs_a_page(catalog: World) -> None:
    with catalog.transaction() as session:
        add_backups(catalog, session)
        words = {"app_id": catalog.app, "now": NOW, "limit": 25}
        with loads() as counted:
            page = backup_search.search_backups(session, **words)
            second = backup_search.search_backups(session, **words, offset=25)
            counts = backup_search.counts(session, app_id=catalog.app, now=NOW)
        assert counted == {"BackupRow": 50}
    taken = [one.taken_at for one in (*page.found, *second.found)]
    assert taken == sorted(taken, reverse=True)
    assert len(set(taken)) == 50
    assert NOW - timedelta(hours=1) not in taken  # expired, as its row says
    assert NOW - timedelta(hours=3) not in taken  # and as the clock says
    usable = BACKUPS - 2 * BACKUPS // GONE
    assert (page.total, page.next_offset) == (usable, 25)
    assert (counts.restorable, counts.incomplete, counts.expired, counts.running) == (usable, 100, 200, 0)


def test_the_page_comes_from_the_index(catalog: World) -> None:
    with catalog.transaction() as session:
        if not catalog.database.is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        explain = "EXPLAIN QUERY PLAN" if catalog.database.is_sqlite else "EXPLAIN"
        for query in (
            "SELECT * FROM backup WHERE app_id = 'a' ORDER BY taken_at DESC, id LIMIT 25",
            "SELECT * FROM backup WHERE app_id = 'a' AND taken_at >= '2026-11-22' AND taken_at < '2026-11-23'",
            "SELECT * FROM restore WHERE organization_id = 'o' ORDER BY created_at DESC, id LIMIT 10",
        ):
            plan = " ".join(str(row) for row in session.execute(text(f"{explain} {query}")))
            table = query.split()[3]
            names = {
                "backup": "ix_backup_app_id_taken_at_status_expires_at_marked_at",
                "restore": "ix_restore_organization_id_created_at",
            }
            assert names[table] in plan


def test_a_backup_is_found_by_the_persons_own_date_its_id_storage_or_completeness(catalog: World) -> None:
    """Noon in UTC is one o'clock in Berlin, where the 23rd began thirteen hours ago."""
    by_time = {
        "2026-11-23": range(14),
        "2026-11-22 23": [14],
        "22 Nov": range(14, 38),
        "22 november 2026": range(14, 38),
        "00000042": [42],
        "BKP-00000042": [42],
        "nothing like it": [],
        "50%": [],
    }
    totals = {"OUR": BACKUPS // 2, "theirs": BACKUPS // 2 - 200, "incomp": 100, "complete": BACKUPS - 300}
    with catalog.transaction() as session:
        add_backups(catalog, session)

        def found(text: str) -> Page[Backup]:
            return backup_search.search_backups(session, app_id=catalog.app, text=text, now=NOW, limit=100, zone=BERLIN)

        for typed, hours in by_time.items():
            expected = [NOW - timedelta(hours=one) for one in hours if one not in {1, 3}]
            assert (typed, [one.taken_at for one in found(typed).found]) == (typed, expected)
        for typed, total in totals.items():
            assert (typed, found(typed).total) == (typed, total)


@pytest.mark.parametrize(
    ("typed", "begin", "end"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-1", (2026, 1, 1), (2027, 1, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2026-10-25", (2026, 10, 25), (2026, 10, 26)),
        ("dec", (2025, 12, 1), (2026, 1, 1)),
        ("24 dec.", (2025, 12, 24), (2025, 12, 25)),
        ("sept 2024", (2024, 9, 1), (2024, 10, 1)),
        ("29 feb 2024", (2024, 2, 29), (2024, 3, 1)),
    ],
)
def test_what_a_date_means(typed: str, begin: tuple[int, int, int], end: tuple[int, int, int]) -> None:
    assert moments.period(typed, NOW, BERLIN) == (datetime(*begin, tzinfo=BERLIN), datetime(*end, tzinfo=BERLIN))


@pytest.mark.parametrize("typed", ["", "wiki", "2026-02-31", "31 feb", "99 nov", "mayor", "12", "k7d2", "2026-13"])
def test_what_is_no_date(typed: str) -> None:
    assert moments.period(typed, NOW, UTC) is None


def test_a_page_of_two_thousand_apps_is_found_by_name_in_any_case(catalog: World) -> None:
    with catalog.transaction() as session:
        add_apps(catalog, session)
        words = {"organization_id": catalog.organization, "limit": 10}
        with loads() as counted:
            page = apps.search_apps(session, **words, app_type=AppType.CONFLUENCE, status=AppStatus.ACTIVE)
        assert counted == {"AppRow": 10}
        assert page.total == APPS

        def names(**more: object) -> list[str]:
            return [one.name for one in apps.search_apps(session, **{**words, **more}).found]

        assert names(text="wiki 199")[:2] == ["Wiki 199", "Wiki 1990"]
        assert names(text="ärger") == names(text="0%") == ["ÄRGER 100% 😀"]
        assert names(text="r_s") == ["under_score"]
        assert names(text="حبا") == ["مرحبا"]
        assert names(text="APP-00000007") == ["Wiki 7"]
        assert names(newest_first=True)[0] == "مرحبا"
        assert names(app_type=AppType.JIRA) == ["Jira"]
        assert len(names(shard="eu-2", text="wiki 11", limit=500)) == 55
        assert names(region="us") == names(status=AppStatus.DEACTIVATED) == []
        last = apps.search_apps(session, **words, offset=APPS - 5)
        assert (len(last.found), last.next_offset) == (6, None)
