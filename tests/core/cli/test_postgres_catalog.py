"""The command line with the catalog on PostgreSQL: what doctor tells of the server, and what a person reads when it is
not there or does not do what it should. Nobody meets a traceback, and nobody waits without a word."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.database import Database, postgres
from tests.core.cli.shell import Shell
from tests.services.postgres import PostgresCluster, conninfo, postgres_cluster

#: Longer than any of them may take to give up: a connection is tried for 10 s.
SECONDS = 20


@pytest.fixture(scope="module")
def running() -> Iterator[PostgresCluster]:
    with postgres_cluster(max_connections="20", superuser_reserved_connections="3") as cluster:
        with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
            connection.execute("CREATE ROLE plain LOGIN PASSWORD 'not-to-be-told'")
        yield cluster


@pytest.fixture
def cluster(running: PostgresCluster) -> Iterator[PostgresCluster]:
    """Of this file alone: its tests stop it."""
    yield running
    if not running.process:
        running.start()


@pytest.fixture
def url(cluster: PostgresCluster) -> str:
    """Of a database of an account that is no superuser."""
    made = make_url(cluster.new_database())
    administer(cluster, f'ALTER DATABASE "{made.database}" OWNER TO plain')
    return made.set(username="plain", password="not-to-be-told").render_as_string(hide_password=False)


@pytest.fixture
def here(fresh: Shell, url: str) -> Shell:
    """After `init`."""
    fresh.says("init", "--org", "Acme", database_url=url)
    return fresh


def administer(cluster: PostgresCluster, statement: str) -> None:
    with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def lines(shell: Shell, url: str, what: str) -> list[str]:
    """What doctor says of it."""
    found = json.loads(shell.run("doctor", "--json", database_url=url).stdout)
    return [f"{one['state']}: {one['said']}" for one in found["lines"] if one["what"] == what]


def told(shell: Shell, url: str, *words: str) -> str:
    """The error, by a command that soon ends with it."""
    began = time.monotonic()
    result = shell.run(*words, database_url=url)
    assert time.monotonic() - began < SECONDS
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert "not-to-be-told" not in result.output
    return result.output


def test_before_init_doctor_says_what_to_do_and_makes_nothing(fresh: Shell, url: str) -> None:
    (line,) = lines(fresh, url, "catalog")
    assert line.startswith(f"bad: There is none in postgresql://plain:***@{make_url(url).host}")
    database = Database(url)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
    database.dispose()
    assert not fresh.data_dir.exists()


def test_doctor_tells_version_latency_revision_and_connections(here: Shell, url: str, cluster: PostgresCluster) -> None:
    line, unsafe = lines(here, url, "catalog")
    assert line.startswith("ok: PostgreSQL ")
    assert ", answers in " in line
    assert "revision " in line
    assert "fsync off" in unsafe
    (line,) = lines(here, url, "connections")
    assert line.startswith("ok: ")
    assert " of 17 in use, " in line
    with ExitStack() as stack:
        for _ in range(14):
            stack.enter_context(psycopg.connect(conninfo(cluster.url)))
        (line,) = lines(here, url, "connections")
    assert line.startswith("warning: ")


def test_doctor_knows_that_init_makes_no_folders_here(here: Shell, url: str) -> None:
    found = here.json("doctor", database_url=url, status=1)
    ways = {one["what"]: one["do"] for one in found["lines"] if one["state"] == "bad"}
    assert ways == {
        "storage": "Make one: restorebot storage create s3",
        "shard": "Make one: restorebot shard create",
    }


def test_a_server_that_takes_no_writes(here: Shell, url: str, cluster: PostgresCluster) -> None:
    administer(cluster, f'ALTER DATABASE "{make_url(url).database}" SET default_transaction_read_only = on')
    assert len(here.json("org", "list", database_url=url)) == 1, "who only looks is served"
    found = told(here, url, "org", "create", "Borg")
    assert "catalog.read-only" in found
    assert "Nothing was changed" in found
    line, _ = lines(here, url, "catalog")
    assert line.startswith("bad: ")
    assert "takes no writes: default_transaction_read_only is on" in line


@pytest.mark.parametrize(
    "words", ["org list", "app provision Wiki --type jira", "worker", "init", "restore list --json"]
)
def test_a_server_that_is_down(here: Shell, url: str, cluster: PostgresCluster, words: str) -> None:
    cluster.stop()
    found = told(here, url, *words.split())
    assert "catalog.unreachable" in found
    assert "cannot be reached" in found, found
    assert "Start the server" in found
    (line,) = lines(here, url, "catalog")
    assert line.startswith("bad: ")
    cluster.start()
    assert len(here.json("org", "list", database_url=url)) == 1


@pytest.mark.parametrize("words", ["org list", "worker", "doctor"])
def test_a_server_that_gives_no_further_connection(here: Shell, url: str, cluster: PostgresCluster, words: str) -> None:
    with ExitStack() as stack:
        with suppress(psycopg.OperationalError):
            while True:
                stack.enter_context(psycopg.connect(conninfo(make_url(url))))
        found = told(here, url, *words.split())
    assert "takes no further connection" in found
    assert "max_connections" in found


def test_what_a_person_may_have_set_wrong(fresh: Shell, url: str, cluster: PostgresCluster) -> None:
    given = make_url(url)
    stranger = cluster.new_database()  # another account's
    wrong: dict[str, Any] = {
        "catalog.no-database": given.set(database="nowhere"),
        "catalog.sign-in": given.set(password="not-to-be-told-either"),
        "catalog.not-allowed": given.set(database=make_url(stranger).database),
        "catalog.unreachable": given.set(host="no-such-host.invalid"),
    }
    for code, one in wrong.items():
        found = told(fresh, one.render_as_string(hide_password=False), "init")
        assert code in found
        assert "Nothing was changed" in found
        assert not (fresh.data_dir / "keys").exists()
    cluster.drop_database(stranger)


def test_a_server_that_is_too_old(fresh: Shell, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST", 990_000)
    found = told(fresh, url, "init")
    assert "catalog.server-too-old" in found
    assert "needs 99 or newer" in found
