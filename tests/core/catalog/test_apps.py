from datetime import timedelta

import pytest

from core.catalog import apps, generations, holds
from core.catalog.tables import GenerationStatus, HoldReason
from core.content.record_type import AppType
from core.errors import NotFound, ShardFull, UsageError, WrongState
from core.events import log
from core.events.kinds import EventKind, StreamKind
from tests.core.catalog.world import NOW, World

LATER = NOW + timedelta(days=2)


def test_an_app_is_listed_once_its_first_place_stands(catalog: World) -> None:
    words = {
        "organization_id": catalog.organization, "name": "Wiki", "app_type": AppType.CONFLUENCE, "shard": "us-1",
        "apps_per_shard": 5, "person": "per-1", "now": NOW,
    }  # fmt: skip
    with catalog.transaction() as session:
        made = apps.create(session, **words)
        assert not made.provisioned
        assert [app.name for app in apps.list_all(session)] == ["Jira"]
        again = apps.create(session, **{**words, "name": "wiki"})
        assert again == made
        assert generations.orphans(session, LATER) == []
        assert apps.provisioned(session, made.id) == apps.provisioned(session, made.id)
        assert [app.name for app in apps.list_all(session, app_type=AppType.CONFLUENCE)] == ["Wiki"]
        assert apps.get(session, made.id).region == "us"
        place = apps.place(session, made)
        assert (place.generation, place.shard.name, place.app_type) == (made.generation, "us-1", AppType.CONFLUENCE)
        with pytest.raises(WrongState, match="named Wiki already"):
            apps.create(session, **words)


def test_a_full_shard_and_an_empty_name_are_refused(catalog: World) -> None:
    with catalog.transaction() as session:
        with pytest.raises(ShardFull, match="has 1 apps, and at most 1"):
            catalog.add_app(session, "Second", apps_per_shard=1)
        with pytest.raises(UsageError):
            catalog.add_app(session, " ")
        with pytest.raises(NotFound):
            catalog.add_app(session, "Second", shard="moon")


def test_an_app_on_its_way_to_a_shard_takes_its_place_there(catalog: World) -> None:
    with catalog.transaction() as session:
        staged = generations.new(session, app_id=catalog.app, shard="eu-2", run_id="mov-1", now=NOW)
        assert (apps.count_on(session, "eu-1"), apps.count_on(session, "eu-2")) == (1, 1)
        assert apps.count_on(session, "eu-2", but=catalog.app) == 0
        with pytest.raises(ShardFull, match="eu-2 has 1 apps"):
            catalog.add_app(session, "Second", shard="eu-2", apps_per_shard=1)
        generations.mark_dropped(session, staged)
        catalog.add_app(session, "Second", shard="eu-2", apps_per_shard=1)


def test_a_switch_retires_the_old_generation_and_moves_the_app(catalog: World) -> None:
    with catalog.transaction() as session:
        old = apps.get(session, catalog.app).generation
        new = generations.new(session, app_id=catalog.app, shard="eu-2", run_id="rst-1", now=NOW)
        assert generations.new(session, app_id=catalog.app, shard="eu-2", run_id="rst-1", now=LATER) == new
        assert generations.place(session, new).shard.name == "eu-2"
        for _ in range(2):
            generations.switch_live(session, catalog.app, new, NOW)
        app = apps.get(session, catalog.app)
        assert (app.generation, app.shard) == (new, "eu-2")
        assert {row.id: row.status for row in generations.list_of(session, app.id)} == {
            old: GenerationStatus.RETIRED,
            new: GenerationStatus.LIVE,
        }
        assert generations.retired_before(session, NOW) == []
        assert [row.id for row in generations.retired_before(session, LATER)] == [old]
        (moved,) = log.read(session, stream=(StreamKind.APP, app.id))
        assert (moved.kind, moved.data) == (EventKind.MOVED, {"from": "eu-1", "to": "eu-2", "generation": new})
        assert generations.moved_from(session, app.id, new) == "eu-1"
        assert generations.moved_from(session, app.id, old) is None
        with pytest.raises(WrongState, match="live data"):
            generations.mark_dropped(session, new)
        for _ in range(2):
            generations.mark_dropped(session, old)
        assert generations.retired_before(session, LATER) == []
        with pytest.raises(WrongState, match="is dropped"):
            generations.switch_live(session, catalog.app, old, NOW)
        assert apps.get(session, catalog.app) == app


def test_only_a_staged_generation_of_the_app_itself_becomes_live(catalog: World) -> None:
    with catalog.transaction() as session:
        other = catalog.add_app(session, "Other")
        strange = generations.new(session, app_id=other.id, shard="eu-1", run_id="rst-1", now=NOW)
        with pytest.raises(WrongState, match="cannot become the data of Jira"):
            generations.switch_live(session, catalog.app, strange, NOW)
        with pytest.raises(NotFound):
            generations.switch_live(session, catalog.app, "gen-none", NOW)


def test_an_orphan_is_staged_old_and_its_run_holds_the_app_no_longer(catalog: World) -> None:
    with catalog.transaction() as session:
        holds.take_exclusive(session, holds.on_app(catalog.app), "rst-1", HoldReason.RESTORE, NOW)
        staged = generations.new(session, app_id=catalog.app, shard="eu-1", run_id="rst-1", now=NOW)
        assert generations.orphans(session, LATER) == []
        holds.release(session, "rst-1")
        assert [row.id for row in generations.orphans(session, LATER)] == [staged]
        assert generations.orphans(session, NOW) == []
        generations.mark_dropped(session, staged)
        assert generations.orphans(session, LATER) == []
        assert generations.get(session, staged).status is GenerationStatus.DROPPED
