from datetime import datetime

import pytest

from core import audit
from core.catalog import apps, backups, holds
from core.catalog.tables import AppStatus, HoldReason
from core.errors import Held, NotFound, WrongState
from core.events import log
from core.events.kinds import StreamKind
from core.retention import deactivation
from core.retention.policy import Rules
from tests.core.catalog.world import DAY, NOW, World, seal

RULES = Rules()


def deactivate(catalog: World, now: datetime) -> apps.App:
    with catalog.transaction() as session:
        return deactivation.deactivate(session, catalog.app, person="per-1", now=now, rules=RULES)


def activate(catalog: World, now: datetime) -> apps.App:
    with catalog.transaction() as session:
        return deactivation.activate(session, catalog.app, person="per-1", now=now, rules=RULES)


def add(catalog: World, **values: object) -> str:
    with catalog.transaction() as session:
        return catalog.add_sealed(session, expiry=RULES.expires_at, **values).id


def expiry(catalog: World, backup_id: str) -> datetime | None:
    with catalog.transaction() as session:
        return backups.get(session, backup_id).expires_at


def test_what_the_app_has_on_the_day_stays_25_days_be_that_more_or_less(catalog: World) -> None:
    managed = add(catalog, taken_at=NOW - 13 * DAY)
    s3 = add(catalog, storage_id=catalog.s3)
    expired = add(catalog, taken_at=NOW - 14 * DAY)
    app = deactivate(catalog, NOW)
    assert (app.status, app.deactivated_at) == (AppStatus.DEACTIVATED, NOW)
    assert expiry(catalog, managed) == NOW + 25 * DAY
    assert expiry(catalog, s3) == NOW + 25 * DAY
    assert expiry(catalog, expired) == NOW


def test_one_still_running_gets_the_same_date_when_it_is_sealed(catalog: World) -> None:
    with catalog.transaction() as session:
        running = catalog.add_running(session, now=NOW - DAY)
    deactivate(catalog, NOW)
    with catalog.transaction() as session:
        sealed = seal(session, running, now=NOW + DAY, expiry=RULES.expires_at)
    assert sealed.expires_at == NOW + 25 * DAY


def test_an_activated_apps_backups_follow_the_rule_again_with_notice(catalog: World) -> None:
    young = add(catalog, taken_at=NOW - DAY)
    old = add(catalog, taken_at=NOW - 13 * DAY)
    deactivate(catalog, NOW)
    app = activate(catalog, NOW + 5 * DAY)
    assert (app.status, app.deactivated_at) == (AppStatus.ACTIVE, None)
    assert expiry(catalog, young) == NOW + 13 * DAY
    assert expiry(catalog, old) == NOW + 8 * DAY


def test_notice_is_given_once_however_often_the_app_comes_and_goes(catalog: World) -> None:
    old = add(catalog, taken_at=NOW - 13 * DAY)
    deactivate(catalog, NOW)
    activate(catalog, NOW + 2 * DAY)
    assert expiry(catalog, old) == NOW + 5 * DAY
    deactivate(catalog, NOW + 3 * DAY)
    assert expiry(catalog, old) == NOW + 28 * DAY
    activate(catalog, NOW + 4 * DAY)
    assert expiry(catalog, old) == NOW + 5 * DAY
    deactivate(catalog, NOW + 6 * DAY)
    activate(catalog, NOW + 7 * DAY)
    assert expiry(catalog, old) == NOW + 5 * DAY


def test_what_has_expired_is_never_revived(catalog: World) -> None:
    before = add(catalog, taken_at=NOW - 14 * DAY)
    while_away = add(catalog, taken_at=NOW - 13 * DAY)
    deactivate(catalog, NOW)
    activate(catalog, NOW + 25 * DAY)
    assert expiry(catalog, before) == NOW
    assert expiry(catalog, while_away) == NOW + 25 * DAY
    deactivate(catalog, NOW + 26 * DAY)
    assert expiry(catalog, before) == NOW
    assert expiry(catalog, while_away) == NOW + 25 * DAY


def test_another_apps_backups_are_left_alone(catalog: World) -> None:
    with catalog.transaction() as session:
        other = catalog.add_app(session, "Other")
    made = add(catalog, app_id=other.id)
    deactivate(catalog, NOW)
    assert expiry(catalog, made) == NOW + 14 * DAY


@pytest.mark.parametrize("reason", [HoldReason.RESTORE, HoldReason.MOVE])
def test_a_restore_or_a_move_is_not_interrupted(catalog: World, reason: HoldReason) -> None:
    made = add(catalog)
    with catalog.transaction() as session:
        holds.take_exclusive(session, holds.on_app(catalog.app), "rst-1", reason, NOW)
    with pytest.raises(Held, match="rst-1"):
        deactivate(catalog, NOW)
    with catalog.transaction() as session:
        assert apps.get(session, catalog.app).status is AppStatus.ACTIVE
        assert audit.entries(session, subject=catalog.app)[0].action == "app.created"
        holds.release(session, "rst-1")
    assert expiry(catalog, made) == NOW + 14 * DAY
    deactivate(catalog, NOW)
    with catalog.transaction() as session:
        holds.take_exclusive(session, holds.on_app(catalog.app), "rst-1", reason, NOW)
    with pytest.raises(Held, match="rst-1"):
        activate(catalog, NOW)


def test_what_is_so_already_is_said_and_told_once(catalog: World) -> None:
    with pytest.raises(WrongState, match="is active already"):
        activate(catalog, NOW)
    deactivate(catalog, NOW)
    with pytest.raises(WrongState, match="is deactivated already"):
        deactivate(catalog, NOW + DAY)
    activate(catalog, NOW + DAY)
    with catalog.transaction() as session:
        told = [event.kind.value for event in log.read(session, stream=(StreamKind.APP, catalog.app))]
        done = [entry.action for entry in audit.entries(session, subject=catalog.app)]
        with pytest.raises(NotFound):
            deactivation.deactivate(session, "app-none", person="per-1", now=NOW, rules=RULES)
    assert told == ["deactivated", "activated"]
    assert done == ["app.activated", "app.deactivated", "app.created"]
