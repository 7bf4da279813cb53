"""What a generation is in PostgreSQL: its types, keys and locks, and the sessions we have there."""

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from core.apps.driver import Edit, EditKind, Place
from core.apps.embedded.driver import EmbeddedDriver
from core.apps.embedded.generation import Index, plain_indexes
from core.apps.embedded.postgres_connections import Connections
from core.apps.embedded.postgres_indexes import foreign_keys
from core.apps.embedded.postgres_reader import BATCH_BYTES
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import AppType
from core.errors import StorageUnreachable
from tests.core.apps.shards import ISSUE, SECONDS, Ground, batches, ground
from tests.services.postgres import PostgresServer

COMMENT, PROJECT = BY_NAME["jira.comment"], BY_NAME["jira.project"]
ADD = Edit(kind=EditKind.ADD_ITEM, container="DS", title="t", text="x")


@pytest.fixture
def app(postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    url = postgres.new_database()
    made = ground(url, tmp_path)
    monkeypatch.setenv("PGPASSWORD", str(made.url.password))
    made.driver.stage(made.place)
    yield made
    postgres.drop_database(url)


def asked(app: Ground, statement: str, *parameters: Any) -> list[Any]:
    """The first column of what the server answers an administrator."""
    with app.administrator() as connection:
        found = connection.execute(statement, parameters or None)
        return [row[0] for row in found.fetchall()] if found.description else []


def test_texts_are_compared_by_code_point_and_compressed_as_the_server_can(app: Ground) -> None:
    state = app.driver.look_at(app.shard)
    (offered,) = asked(app, "SELECT 'lz4' = ANY(enumvals) FROM pg_settings WHERE name = 'default_toast_compression'")
    assert ("lz4" in state.said.split()) is offered
    assert ("pglz" in state.said) is not offered
    found = asked(
        app,
        "SELECT DISTINCT c.collname || ' ' || a.attcompression::text FROM pg_attribute a JOIN pg_collation c"
        " ON c.oid = a.attcollation WHERE a.attrelid = 'jira_issue'::regclass AND a.attnum > 0",
    )
    assert found == ["C l" if offered else "C "]


def test_columns_that_are_empty_for_a_while_lose_no_value_that_comes_later(app: Ground) -> None:
    """Whatever a COPY does not name is null, so that it may not go on when a batch has more."""
    texts = [None, None, "a", None, "b"]
    numbers = [None, 1, None, None, 2]
    rows = [
        batches(ISSUE, [{"key": f"{place}", "summary": text, "number": number}])
        for place, (text, number) in enumerate(zip(texts, numbers, strict=True))
    ]
    empty = pa.RecordBatch.from_pylist([], schema=ISSUE.schema)
    parts = [empty, *(each for one in rows for each in one.to_batches()), empty]
    reader = pa.RecordBatchReader.from_batches(ISSUE.schema, parts)
    assert app.driver.load(app.place, "p", app.driver.claim(app.place, "p"), [(ISSUE, reader)]) == len(texts)
    found = app.driver.read(app.place, ISSUE).read_all()
    assert found.select(["summary", "number"]).to_pydict() == {"summary": texts, "number": numbers}


@pytest.mark.parametrize("app_type", AppType)
def test_no_name_is_longer_than_the_server_keeps(app_type: AppType) -> None:
    keys = [Index(table=one.table, column="key") for one in RECORD_TYPES[app_type]]
    names = [name for one in (*keys, *plain_indexes(app_type)) for name in (one.name, one.unique_name)]
    names += [one.name for one in foreign_keys(app_type)]
    assert [name for name in names if len(name) > 63] == []
    assert len(set(names)) == len(names)


def test_references_to_one_type_are_foreign_keys_and_those_are_the_check(app: Ground) -> None:
    app.load("p", {"key": "1", "name": "Data"}, record_type=PROJECT)
    app.load("i", {"key": "10", "project": "1"}, {"key": "11", "project": None})
    app.load("c", {"key": "c", "issue": "10"}, {"key": "d", "issue": "gone"}, record_type=COMMENT)
    for _ in range(2):
        assert app.driver.index(app.place) == ()
        assert [(one.column, one.examples) for one in app.driver.broken_references(app.place)] == [("issue", ("d",))]
    unproven = "SELECT conname FROM pg_constraint WHERE contype = 'f' AND NOT convalidated"
    assert asked(app, unproven) == ["jira_comment_issue_fkey"]
    asked(app, "DELETE FROM jira_comment WHERE key = 'd'")
    app.driver.index(app.place)
    assert asked(app, unproven) == []
    assert len(asked(app, "SELECT conname FROM pg_constraint WHERE contype = 'f'")) == len(foreign_keys(AppType.JIRA))
    assert app.driver.broken_references(app.place) == ()


def test_a_table_with_a_key_twice_has_no_foreign_keys_to_it_and_its_references_are_looked_at(app: Ground) -> None:
    app.load("i", {"key": "10"}, {"key": "10"})
    app.load("c", {"key": "c", "issue": "10"}, {"key": "d", "issue": "gone"}, record_type=COMMENT)
    assert app.driver.index(app.place) == ("jira_issue: 10",)
    assert [one.examples for one in app.driver.broken_references(app.place)] == [("d",)]


def test_the_planner_knows_what_was_loaded(app: Ground) -> None:
    app.load("i", *({"key": f"{number:04}"} for number in range(3000)))
    app.driver.index(app.place)
    app.driver.analyze(app.place)
    assert asked(app, "SELECT reltuples::int FROM pg_class WHERE oid = 'jira_issue'::regclass") == [3001]
    kept = "SELECT attname FROM pg_stats WHERE schemaname = 'gen-1' AND tablename = 'jira_issue' ORDER BY attname"
    assert {"key", "project", "container"} <= set(asked(app, kept))


def test_the_server_does_not_clean_up_while_tables_are_loaded_and_keys_that_others_refer_to_are_in_their_index(
    app: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own vacuum holds locks that indexes and references need, and gives way only after a second each."""
    unattended = "SELECT relname FROM pg_class WHERE 'autovacuum_enabled=off' = ANY(reloptions) AND relkind = 'r'"
    loaded = {one.table for one in RECORD_TYPES[AppType.JIRA]} | {"attachment_file"}
    assert loaded <= set(asked(app, unattended))
    app.load("i", *({"key": f"{number:04}"} for number in range(3000)))
    monkeypatch.setattr("core.apps.embedded.postgres_indexes.SMALL_BYTES", 0)
    app.driver.index(app.place)
    assert loaded <= set(asked(app, unattended))
    app.driver.analyze(app.place)
    assert asked(app, unattended) == []
    assert asked(app, "SELECT relname FROM pg_class WHERE reloptions::text LIKE '%vacuum%'") == []
    (visible,) = asked(app, "SELECT relallvisible FROM pg_class WHERE oid = 'jira_issue'::regclass")
    assert visible > 10


def test_texts_too_long_for_an_index_are_kept_and_found(app: Ground) -> None:
    """Incompressible ones of four times a page's third, as a key and as a label."""
    long = "".join(chr(0x4E00 + (number * 7919) % 20000) for number in range(4000))
    app.load("i", {"key": "1", "issue_key": long}, {"key": "x" + long, "issue_key": "DS-1"}, {"key": "2"})
    assert app.driver.index(app.place) == ()
    assert app.keys() == ["1", "2", "x" + long]
    assert app.driver.select(app.place, ISSUE, where={"issue_key": long}, limit=2)["key"].to_pylist() == ["1"]
    assert app.driver.count(app.place, ISSUE, where={"key": "x" + long}) == 1
    app.load("j", {"key": "x" + long})
    assert app.driver.index(app.place) == ("jira_issue: x" + long,)


def test_two_that_make_the_same_indexes_wait_for_each_other(app: Ground) -> None:
    app.load("i", *({"key": f"{number:05}"} for number in range(20_000)))
    outcomes: list[tuple[str, ...]] = []
    threads = [threading.Thread(target=lambda: outcomes.append(app.driver.index(app.place))) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(SECONDS)
    assert outcomes == [()] * 3


def test_indexes_that_another_process_is_making_are_waited_for_and_told(
    app: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.apps.embedded.postgres_connections.BUSY_SECONDS", 0.2)
    with app.administrator() as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('gen-1', 0))")
        with pytest.raises(StorageUnreachable, match="in use by another session"):
            app.driver.index(app.place)


def test_closing_waits_for_an_edit_that_runs_and_lets_none_in_after_it(app: Ground) -> None:
    place = Place(shard=app.shard, generation="gen-2", app_type=AppType.JIRA)
    app.driver.provision(place, with_default_personal_space=False)
    closed = threading.Event()

    def close() -> None:
        app.driver.close(place)
        closed.set()

    closing_thread = threading.Thread(target=close)
    with app.administrator() as editing:
        with editing.transaction():
            editing.execute('SELECT is_open FROM "gen-2".generation FOR UPDATE')
            closing_thread.start()
            app.until("wait_event_type = 'Lock'")
            assert not closed.is_set()
            assert app.driver.inspect(place).is_open
        closing_thread.join(SECONDS)
    assert closed.is_set()
    assert not app.driver.inspect(place).is_open


def test_edits_that_run_at_once_number_their_issues_apart(app: Ground) -> None:
    place = Place(shard=app.shard, generation="gen-2", app_type=AppType.JIRA)
    app.driver.provision(place, with_default_personal_space=False)
    app.driver.edit(place, ADD)
    threads = [threading.Thread(target=app.driver.edit, args=(place, ADD)) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(SECONDS)
    found = app.driver.select(place, ISSUE, limit=9)["issue_key"].to_pylist()
    assert found == [f"DS-{number}" for number in range(1, 6)]


def test_a_removal_that_was_broken_off_is_ended_by_the_next(app: Ground) -> None:
    asked(app, "DROP TABLE generation, jira_issue")
    app.driver.discard(app.place)
    assert asked(app, "SELECT nspname FROM pg_namespace WHERE nspname = 'gen-1'") == []
    app.driver.discard(app.place)


def test_what_is_read_comes_in_bounded_batches(app: Ground) -> None:
    app.load("p", *({"key": f"{number:06}", "description": "x" * 3000} for number in range(6000)))
    with app.driver.read(app.place, ISSUE) as reader:
        sizes = [batch.nbytes for batch in reader]
    assert len(sizes) > 3
    assert max(sizes) < 2 * BATCH_BYTES


def test_connections_are_few_and_gone_when_they_are_not_used(app: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    app.load("p", *({"key": f"{number:06}", "description": "x" * 3000} for number in range(6000)))
    monkeypatch.setattr("core.apps.embedded.postgres_connections.KEPT_SECONDS", 0.1)
    driver = EmbeddedDriver(owner="there")
    readers = [driver.read(app.place, ISSUE) for _ in range(4)]
    first = [reader.read_next_batch()["key"][0].as_py() for reader in readers]
    assert first == ["000000"] * 4
    del readers
    driver.inspect(app.place)
    ours = "SELECT pid FROM pg_stat_activity WHERE application_name = 'restorebot/there'"
    until = time.monotonic() + SECONDS
    while left := asked(app, ours):
        assert time.monotonic() < until, left


def test_a_connection_is_used_again_as_if_it_were_new(app: Ground) -> None:
    connections = Connections(owner="here")
    pids = []
    for generation in ("gen-1", "gen-2"):
        with connections.session(app.shard, generation=generation) as session:
            pids.append(session.value("SELECT pg_backend_pid()"))
            assert session.value("SELECT current_setting('search_path')") == f'"{generation}"'
            assert session.value("SELECT current_setting('maintenance_work_mem')") != "77MB"
            assert session.value("SELECT pg_try_advisory_lock(7)")
            session.configure({"maintenance_work_mem": "77MB"})
    assert pids[0] == pids[1]
    assert asked(app, "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = %s", pids[0]) == []
    asked(app, "SELECT pg_terminate_backend(%s, 5000)", pids[0])
    with connections.session(app.shard) as session:
        assert session.value("SELECT pg_backend_pid()") != pids[0]


def test_sessions_have_names_and_limits_and_what_is_durable_is_durable(app: Ground) -> None:
    names = ("application_name", "lock_timeout", "synchronous_commit", "search_path")

    def settings(*, durable: bool) -> list[str]:
        with Connections(owner="here").session(app.shard, generation="gen-1", durable=durable) as session:
            return [session.value("SELECT current_setting(?)", name) for name in names]

    assert settings(durable=False) == ["restorebot/here", "30s", "off", '"gen-1"']
    assert settings(durable=True)[2] == "on"
    for given, kept in (("off", "on"), ("remote_apply", "remote_apply")):
        with app.administrator() as connection:
            connection.execute(f'ALTER DATABASE "{app.url.database}" SET synchronous_commit = {given}')
        assert settings(durable=True)[2] == kept


def test_how_the_server_writes_for_others_makes_no_difference(app: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.administrator() as connection:
        for setting in ("datestyle = 'German'", "client_encoding = 'LATIN1'", "bytea_output = 'escape'"):
            connection.execute(f'ALTER DATABASE "{app.url.database}" SET {setting}')
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    monkeypatch.setenv("PGDATESTYLE", "German")
    texts = {"summary": "é 漢 😀", "created": datetime(2026, 11, 2, 3, 4, 5)}  # noqa: DTZ001 - as exports write them
    driver = EmbeddedDriver(owner="abroad")
    token = driver.claim(app.place, "p")
    driver.load(app.place, "p", token, [(ISSUE, batches(ISSUE, [{"key": "1", **texts}]).to_reader())])
    driver.index(app.place)
    (row,) = driver.read(app.place, ISSUE).read_all().select(list(texts)).to_pylist()
    assert row == texts
    assert driver.count(app.place, ISSUE, where={"summary": texts["summary"]}) == 1
    with Connections(owner="abroad").session(app.shard, generation="gen-1") as session:
        assert session.run('SELECT "summary", "created" FROM "jira_issue" WHERE "key" = ?', "1") == [(*texts.values(),)]
