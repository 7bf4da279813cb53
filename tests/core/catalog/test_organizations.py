import pytest

from core import audit
from core.catalog import organizations, shards, storages
from core.catalog.tables import Environment, OnExpiry, Plan, SecondPerson
from core.errors import NotFound, UsageError, WrongState
from tests.core.catalog.world import NOW, World


def test_a_new_one_may_restore_and_needs_a_second_person(catalog: World) -> None:
    with catalog.transaction() as session:
        found = organizations.get(session, catalog.organization)
    assert (found.plan, found.beta, found.environment) == (Plan.ENTERPRISE, True, Environment.COMMERCIAL)
    assert found.second_person is SecondPerson.ALWAYS


def test_values_are_changed_as_a_person_writes_them_and_audited_once(catalog: World) -> None:
    words = {"plan": "Premium", "beta": "no", "environment": "government", "second_person": "never", "name": "Other"}
    for _ in range(2):
        with catalog.transaction() as session:
            changed = organizations.set_values(session, catalog.organization, words, person="per-2", now=NOW)
    assert (changed.plan, changed.beta, changed.name) == (Plan.PREMIUM, False, "Other")
    assert (changed.environment, changed.second_person) == (Environment.GOVERNMENT, SecondPerson.NEVER)
    with catalog.transaction() as session:
        entries = audit.entries(session, subject=catalog.organization)
    told = {entry.detail["key"]: (entry.detail["before"], entry.detail["after"]) for entry in entries[:-1]}
    assert told["plan"] == ("enterprise", "premium")
    assert told.keys() == words.keys()
    assert len(entries) == 6


@pytest.mark.parametrize(
    ("key", "value", "named", "hint"),
    [
        ("colour", "red", "'colour'", "plan, beta, environment, second_person, name"),
        ("plan", "gold", "'gold'", "free, standard, premium, enterprise"),
        ("beta", "maybe", "'maybe'", "yes, no"),
        ("environment", "moon", "'moon'", "commercial, government"),
        ("second_person", "", "''", "always, admin-access, never"),
        ("name", " ", "name", "not empty"),
    ],
)
def test_an_unknown_key_or_value_is_named_and_nothing_is_changed(
    catalog: World, key: str, value: str, named: str, hint: str
) -> None:
    with catalog.transaction() as session:
        before = organizations.get(session, catalog.organization)
        with pytest.raises(UsageError) as refused:
            organizations.set_values(session, catalog.organization, {"beta": "no", key: value}, person="per-1", now=NOW)
        assert organizations.get(session, catalog.organization) == before
    assert named in refused.value.message
    assert hint in refused.value.hint


def test_what_is_there_twice_or_not_at_all_is_refused(catalog: World) -> None:
    with catalog.transaction() as session:
        with pytest.raises(WrongState, match="Örg"):
            organizations.create(session, name="öRG", person="per-1", now=NOW)
        with pytest.raises(NotFound):
            organizations.get(session, "org-none")
        with pytest.raises(WrongState, match="named ours"):
            storages.create_managed(session, name="ours", url="file:///x", person="per-1", now=NOW)
        with pytest.raises(WrongState, match="at file:///ours"):
            storages.create_managed(session, name="x", url="file:///ours", person="per-1", now=NOW)
        with pytest.raises(NotFound):
            storages.get(session, "sto-none")
        with pytest.raises(NotFound):
            shards.get(session, "moon")
        with pytest.raises(WrongState, match="on that database"):
            shards.create(
                session, name="x", region="eu", url="sqlite:///eu-1", attachments_url="f", person="per-1", now=NOW
            )


def test_lists(catalog: World) -> None:
    with catalog.transaction() as session:
        assert [shard.name for shard in shards.list_all(session, region="eu")] == ["eu-1", "eu-2"]
        assert len(shards.list_all(session)) == 3
        assert [storage.on_expiry for storage in storages.list_all(session)] == [OnExpiry.DELETE, OnExpiry.KEEP]
        assert [found.name for found in organizations.list_all(session)] == ["Örg"]
