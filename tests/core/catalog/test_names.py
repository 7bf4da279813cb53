import pytest
from sqlalchemy import update

from core.catalog import names
from core.catalog.tables import AppRow, GenerationRow
from core.errors import Ambiguous, NotFound
from tests.core.catalog.world import NOW, World


def add(catalog: World, app_id: str, name: str) -> None:
    with catalog.transaction() as session:
        session.add(
            AppRow(
                id=app_id,
                organization_id=catalog.organization,
                name=name,
                type="jira",
                driver="embedded",
                status="active",
                shard="eu-1",
                generation=f"gen-{app_id}",
                created_at=NOW,
            )
        )
        session.flush()
        session.add(
            GenerationRow(id=f"gen-{app_id}", app_id=app_id, shard="eu-1", status="live", run_id=app_id, created_at=NOW)
        )


@pytest.fixture
def two(catalog: World) -> World:
    add(catalog, "app-k7d2m9qx", "Straße")
    add(catalog, "app-k7d3zzzz", "Sales")
    return catalog


@pytest.mark.parametrize(
    "word", ["app-k7d2m9qx", "k7d2m9qx", "k7d2", "app-k7d2", "K7D2", "m9qx", "STRASSE", " straße "]
)
def test_an_app_is_found_by_id_by_enough_of_it_or_by_name(two: World, word: str) -> None:
    with two.transaction() as session:
        assert names.find_app(session, word).id == "app-k7d2m9qx"


@pytest.mark.parametrize("word", ["", "k7", "zz", "pp-k7d2", "d2m9", "%%%%", "____", "nothing", "bkp-k7d2"])
def test_what_is_nothing_or_too_little_is_not_found(two: World, word: str) -> None:
    with two.transaction() as session, pytest.raises(NotFound) as refused:
        names.find_app(session, word)
    assert "`restorebot app list`" in refused.value.hint


def test_candidates_are_listed_up_to_five(two: World) -> None:
    with two.transaction() as session, pytest.raises(Ambiguous) as refused:
        names.find_app(session, "k7d")
    assert "2 apps: app-k7d2m9qx (Straße), app-k7d3zzzz (Sales)." in refused.value.message
    for letter in "abcdef":
        add(two, f"app-k7d4aaa{letter}", f"name {letter}")
    with two.transaction() as session, pytest.raises(Ambiguous) as refused:
        names.find_app(session, "k7d")
    assert refused.value.message.count("app-") == 5
    assert "8 apps" in refused.value.message
    assert "…" in refused.value.message


def test_a_whole_id_and_then_a_name_go_before_letters_of_another_id(two: World) -> None:
    add(two, "app-qqqqqqqq", "k7d2")
    with two.transaction() as session:
        assert names.find_app(session, "k7d2").id == "app-qqqqqqqq"
        session.execute(update(AppRow).where(AppRow.id == "app-k7d3zzzz").values(name="app-qqqqqqqq"))
        assert names.find_app(session, "app-qqqqqqqq").id == "app-qqqqqqqq"


def test_other_things_are_found_the_same_way(catalog: World) -> None:
    with catalog.transaction() as session:
        backup = catalog.add_running(session)
        assert names.find_backup(session, backup.id[4:8]).id == backup.id
        assert names.find_storage(session, "OURS").id == catalog.managed
        assert names.find_organization(session, "örg").id == catalog.organization
