from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.catalog.tables import OnExpiry, StorageKind
from core.retention.policy import Action, Rules, decide, expires
from core.settings import Settings

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RULES = Rules()

moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - given below
days = st.integers(min_value=1, max_value=400)
rules = st.builds(Rules, managed_days=days, s3_days=days, deactivated_app_days=days, notice_days=days)
kinds = st.sampled_from(StorageKind)


def usual(taken_at: datetime, storage: StorageKind, found: Rules) -> datetime:
    return taken_at + (found.managed_days if storage is StorageKind.MANAGED else found.s3_days) * DAY


def test_the_published_numbers() -> None:
    assert Rules.of(Settings()) == RULES
    assert RULES.expires_at(NOW, StorageKind.MANAGED, None) == NOW + 14 * DAY
    assert RULES.expires_at(NOW, StorageKind.S3, None) == NOW + 30 * DAY
    assert RULES.expires_at(NOW, StorageKind.MANAGED, NOW + DAY) == NOW + 26 * DAY
    assert RULES.expires_at(NOW, StorageKind.S3, NOW + DAY) == NOW + 26 * DAY


def test_a_day_has_24_hours_whatever_the_clocks_do() -> None:
    before_summer_time = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    left = RULES.expires_at(before_summer_time, StorageKind.MANAGED, None) - before_summer_time
    assert left == timedelta(hours=14 * 24)


def test_the_reason_is_told_in_words() -> None:
    def reason(storage: StorageKind, deactivated_at: datetime | None) -> str:
        return expires(taken_at=NOW, storage=storage, deactivated_at=deactivated_at, rules=RULES).reason

    assert reason(StorageKind.MANAGED, None) == "14 days after it was taken, the rule for managed storage"
    assert reason(StorageKind.S3, None) == "30 days after it was taken, the rule for the customer's S3"
    assert reason(StorageKind.S3, NOW) == "25 days after its app was deactivated"


@given(moments, kinds, rules)
def test_an_active_apps_backup_follows_its_storages_rule(taken: datetime, storage: StorageKind, found: Rules) -> None:
    assert found.expires_at(taken, storage, None) == usual(taken, storage, found)


@given(moments, kinds, rules, moments)
def test_deactivation_counts_for_what_was_there_and_alive(
    taken: datetime, storage: StorageKind, found: Rules, deactivated: datetime
) -> None:
    there = taken <= deactivated < usual(taken, storage, found)
    expected = deactivated + found.deactivated_app_days * DAY if there else usual(taken, storage, found)
    assert found.expires_at(taken, storage, deactivated) == expected


@given(moments, kinds, rules, st.none() | moments, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_a_later_backup_never_expires_sooner_unless_deactivation_lies_between(
    taken: datetime, storage: StorageKind, found: Rules, deactivated: datetime | None, later: timedelta
) -> None:
    first = found.expires_at(taken, storage, deactivated)
    second = found.expires_at(taken + later, storage, deactivated)
    counted = deactivated is not None and taken <= deactivated < usual(taken, storage, found)
    assert second >= first or counted


@given(moments, moments, st.lists(st.sampled_from(["rst-1", "tkt-1"]), max_size=2), st.sampled_from(OnExpiry))
def test_nothing_goes_before_its_time_or_while_held(
    expires_at: datetime, now: datetime, held_by: list[str], on_expiry: OnExpiry
) -> None:
    decision = decide(expires_at=expires_at, held_by=held_by, on_expiry=on_expiry, now=now)
    if now < expires_at or held_by:
        assert decision.action is Action.KEEP
    else:
        assert decision.action is (Action.EXPIRE if on_expiry is OnExpiry.KEEP else Action.DELETE)
    assert f"{expires_at:%Y-%m-%d %H:%M} UTC" in decision.reason


def test_its_very_moment_is_the_first_at_which_it_is_expired() -> None:
    def action(now: datetime) -> Action:
        return decide(expires_at=NOW, held_by=[], on_expiry=OnExpiry.DELETE, now=now).action

    assert action(NOW - timedelta(microseconds=1)) is Action.KEEP
    assert action(NOW) is Action.DELETE


def test_who_keeps_an_expired_backup_is_named() -> None:
    decision = decide(expires_at=NOW, held_by=["rst-1"], on_expiry=OnExpiry.DELETE, now=NOW + DAY)
    assert decision.reason == "it expired at 2026-11-23 12:00 UTC, but rst-1 holds it"
