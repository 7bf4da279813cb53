"""Restores as lists show them, on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from core.access.people import ensure_person
from core.catalog.run_tables import RunStatus
from core.errors import Ambiguous, NotFound
from core.findings import Finding, FindingCode, Severity
from core.restore import overview
from core.restore.tables import FindingRow, RestoreRow, Step
from tests.core.catalog.world import NOW, World, world


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[World]:
    with world(catalog_url) as found:
        yield found


def test_a_page_counts_warnings_and_names_everything(catalog: World) -> None:
    with catalog.transaction() as session:
        ada = ensure_person(session, "os:ada", "Ada", NOW)
        other = catalog.add_app(session, "Another")
        for number in range(25):
            add(session, catalog, f"rst-{number:08}", ada.id, number=number, app_id=other.id)
        for number, severity in enumerate([Severity.WARNING, Severity.WARNING, Severity.INFO]):
            session.add(
                FindingRow(
                    run_id="rst-00000010", found_by="preflight", number=number, finding=found(severity).to_json()
                )
            )
        session.flush()
        page = overview.page(session, organizations=[catalog.organization], limit=10, offset=10)
    assert (page.total, page.next_offset) == (25, 20)
    assert [one.id for one in page.found] == [f"rst-{number:08}" for number in range(10, 20)]
    first = page.found[0]
    assert (first.warnings, first.pending, page.found[1].warnings) == (2, 0, 0)
    assert (first.source, first.destination, first.person) == ("Jira", "Another", "Ada")


def test_filters_and_organizations(catalog: World) -> None:
    with catalog.transaction() as session:
        other = catalog.add_app(session, "Another")
        add(session, catalog, "rst-aaaaaaaa", "per-1", app_id=other.id)
        add(session, catalog, "rst-bbbbbbbb", "per-1", status=RunStatus.FAILED, number=1)

        def ids(**filters: Any) -> list[str]:
            words = {"organizations": [catalog.organization], "limit": 10, **filters}
            return [one.id for one in overview.page(session, **words).found]

        assert ids() == ["rst-aaaaaaaa", "rst-bbbbbbbb"]
        assert ids(status=RunStatus.FAILED) == ["rst-bbbbbbbb"]
        assert ids(app_id=other.id) == ["rst-aaaaaaaa"]
        assert ids(app_id=catalog.app) == ["rst-aaaaaaaa", "rst-bbbbbbbb"]
        assert ids(organizations=["org-other"]) == []


def test_what_a_person_can_still_cancel(catalog: World) -> None:
    with catalog.transaction() as session:
        add(session, catalog, "rst-queued22", "per-1")
        add(session, catalog, "rst-kept2222", "per-1", number=1, status=RunStatus.FAILED, staging_until=NOW + HOUR)
        add(session, catalog, "rst-over2222", "per-1", number=2, status=RunStatus.FAILED, staging_until=NOW - HOUR)
        add(session, catalog, "rst-public22", "per-1", number=3, status=RunStatus.RUNNING, published_at=NOW)
        add(session, catalog, "rst-wanted22", "per-1", number=4, status=RunStatus.RUNNING, cancel_wanted_at=NOW)
        add(session, catalog, "rst-others22", "per-2", number=5)
        session.flush()
        person = ensure_person(session, "os:ada", "Ada", NOW)
        for one in session.query(RestoreRow).filter(RestoreRow.requested_by == "per-1"):
            one.requested_by = person.id
        session.flush()
        found = overview.open_of(session, person.id, now=NOW, limit=10).found
        assert [one.id for one in found] == ["rst-queued22", "rst-kept2222"]
        assert all(one.can_be_cancelled(NOW) for one in found)
        others = ("rst-over2222", "rst-public22", "rst-wanted22")
        assert not any(overview.one(session, one).can_be_cancelled(NOW) for one in others)
        latest = overview.latest_of(session, person.id)
        assert latest is not None
        assert latest.id == "rst-queued22"


def test_a_restore_is_found_by_a_part_of_its_id(catalog: World) -> None:
    with catalog.transaction() as session:
        add(session, catalog, "rst-aaaaaaaa", "per-1")
        add(session, catalog, "rst-aaaabbbb", "per-1")
        session.flush()
        assert overview.find(session, "bbbb").id == "rst-aaaabbbb"
        with pytest.raises(Ambiguous):
            overview.find(session, "aaaa")
        with pytest.raises(NotFound):
            overview.find(session, "zzzz")


HOUR = timedelta(hours=1)


def found(severity: Severity) -> Finding:
    return Finding(code=FindingCode.USER_MISSING_EMAIL, severity=severity, subject="", message="m", hint="h")


def add(session: Session, catalog: World, restore_id: str, person: str, *, number: int = 0, **values: Any) -> None:
    """The higher the number, the older."""
    backup = catalog.add_sealed(session)
    usual: dict[str, Any] = {
        "app_id": catalog.app, "status": RunStatus.QUEUED, "step": Step.PREFLIGHT.value, "request": {}, "plan": {},
        "digest": "", "shown": [],
    }  # fmt: skip
    words = {**usual, **values}
    session.add(
        RestoreRow(
            id=restore_id, organization_id=catalog.organization, backup_id=backup.id, requested_by=person,
            created_at=NOW - timedelta(minutes=number), **{**words, "status": words["status"].value},
        )
    )  # fmt: skip
    session.flush()
