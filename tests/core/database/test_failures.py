"""What a person is told when the catalog's server fails, by a server that does."""

import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.database import Database, postgres
from core.errors import (
    CatalogConflict,
    CatalogCrowded,
    CatalogError,
    CatalogFull,
    CatalogLocked,
    CatalogMissing,
    CatalogNotAllowed,
    CatalogReadOnly,
    CatalogSignIn,
    CatalogTooOld,
    CatalogUnreachable,
)
from core.migrations import head, revision_of, upgrade
from tests.services.postgres import PostgresCluster, conninfo, postgres_cluster

PASSWORD = "not-to-be-told"
PLAIN = "plain"


@pytest.fixture(scope="module")
def running() -> Iterator[PostgresCluster]:
    with postgres_cluster(max_connections="15", deadlock_timeout="100ms") as cluster:
        with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {PLAIN} LOGIN PASSWORD '{PASSWORD}'")
        yield cluster


@pytest.fixture
def cluster(running: PostgresCluster) -> Iterator[PostgresCluster]:
    """Of this file alone: its tests stop it."""
    yield running
    if not running.process:
        running.start()


@pytest.fixture
def owned(cluster: PostgresCluster) -> str:
    """A database of an account that is no superuser."""
    url = cluster.new_database()
    with psycopg.connect(conninfo(cluster.url), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{make_url(url).database}" OWNER TO {PLAIN}')
    return as_plain(url)


@pytest.fixture
def database(owned: str) -> Iterator[Database]:
    found = Database(owned)
    with found.transaction() as session:
        session.execute(text("CREATE TABLE note (words TEXT PRIMARY KEY)"))
        session.execute(text("INSERT INTO note VALUES ('first'), ('second')"))
    yield found
    found.dispose()


def as_plain(url: str) -> str:
    return make_url(url).set(username=PLAIN, password=PASSWORD).render_as_string(hide_password=False)


def with_options(url: str, options: str) -> str:
    return make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)


def administer(cluster: PostgresCluster, url: str, statement: str) -> None:
    """`{}` is the database."""
    target = cluster.url.set(database=make_url(url).database)
    with psycopg.connect(conninfo(target), autocommit=True) as connection:
        connection.execute(statement.format(f'"{target.database}"'))  # type: ignore[arg-type]


def words(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(text("SELECT words FROM note ORDER BY words")))


def within(database: Database, *acts: str | Callable[[], object]) -> None:
    """One transaction in which these follow each other: statements, and what happens meanwhile."""
    with database.transaction() as session:
        for act in acts:
            session.execute(text(act)) if isinstance(act, str) else act()


def add(database: Database, word: str) -> None:
    within(database, f"INSERT INTO note VALUES ('{word}')")


def told(error: CatalogError) -> str:
    """What a person reads: it says what to do, and nowhere the password, not in the log of a defect either."""
    assert error.hint
    assert PASSWORD not in "".join(traceback.format_exception(error)) + error.message + error.hint
    return error.message


def test_a_server_that_is_down_and_comes_back(cluster: PostgresCluster, database: Database) -> None:
    cluster.stop()
    with pytest.raises(CatalogUnreachable) as caught:
        add(database, "third")
    assert f"postgresql://{PLAIN}:***@127.0.0.1:{cluster.port}/" in told(caught.value)
    assert "Connection refused" in told(caught.value)
    assert "Nothing was changed." in told(caught.value)
    assert caught.value.transient
    cluster.start()
    add(database, "third")
    assert words(database) == ["first", "second", "third"]


def test_a_crash_in_mid_transaction_leaves_nothing_and_says_so(cluster: PostgresCluster, database: Database) -> None:
    with pytest.raises(CatalogUnreachable) as caught:
        within(database, "INSERT INTO note VALUES ('third')", cluster.restart, "INSERT INTO note VALUES ('fourth')")
    assert "was lost" in told(caught.value)
    assert "is there whole or not at all" in told(caught.value)
    assert caught.value.transient
    assert words(database) == ["first", "second"], "the same process goes on by itself"


def test_a_session_that_an_administrator_ends_is_made_anew(cluster: PostgresCluster, database: Database) -> None:
    def end_sessions() -> None:
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{PLAIN}'"
        administer(cluster, database.url, ended)

    with pytest.raises(CatalogUnreachable, match="administrator command") as caught:
        within(database, "DELETE FROM note", end_sessions, "SELECT 1")
    assert told(caught.value)
    assert words(database) == ["first", "second"]


def test_who_stands_still_in_a_transaction_loses_it_to_those_who_wait(owned: str, database: Database) -> None:
    hasty = Database(with_options(owned, "-c idle_in_transaction_session_timeout=100ms"))

    def until_it_is_gone() -> None:
        within(database, "DELETE FROM note WHERE words = 'second'")  # waits for the lock of the one that stands still

    with pytest.raises(CatalogUnreachable, match="idle-in-transaction") as caught:
        within(hasty, "DELETE FROM note", until_it_is_gone, "SELECT 1")
    assert told(caught.value)
    assert words(database) == ["first"]
    hasty.dispose()


def test_no_more_connections(cluster: PostgresCluster, owned: str) -> None:
    with ExitStack() as stack:
        with suppress(psycopg.OperationalError):
            while True:
                stack.enter_context(psycopg.connect(conninfo(cluster.url)))
        with pytest.raises(CatalogCrowded) as caught:
            words(Database(owned))
        assert "takes no further connection" in told(caught.value)
        assert "max_connections" in caught.value.hint
        assert caught.value.transient


def test_all_connections_of_this_process_in_use(owned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "WAIT_SECONDS", 0.1)
    monkeypatch.setattr(postgres.open_engine, "__kwdefaults__", {"pool": 1, "more": 1})
    database = Database(owned)
    with database.reading() as one, database.reading() as two:
        one.execute(text("SELECT 1"))
        two.execute(text("SELECT 1"))
        with pytest.raises(CatalogCrowded, match="all connections of this process are in use") as caught:
            words(database)
        assert told(caught.value)
    database.dispose()


def test_a_server_that_takes_no_writes(cluster: PostgresCluster, database: Database) -> None:
    administer(cluster, database.url, "ALTER DATABASE {} SET default_transaction_read_only = on")
    database.dispose()
    assert words(database) == ["first", "second"], "the same connection was used for looking before"
    with pytest.raises(CatalogReadOnly, match="read-only transaction") as caught:
        add(database, "third")
    assert "target_session_attrs=read-write" in caught.value.hint
    assert told(caught.value)
    assert words(database) == ["first", "second"], "who only looks is served"


@pytest.mark.parametrize(
    ("state", "error"), [("53100", CatalogFull), ("57014", CatalogLocked), ("40001", CatalogLocked), ("XX000", None)]
)
def test_what_the_server_says_by_its_code(database: Database, state: str, error: type[CatalogError] | None) -> None:
    """A full disk cannot be had without harm to the machine: the server is told to raise its error."""
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'as the server says it' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(error or Exception, match="as the server says it") as caught:
        within(database, "DELETE FROM note", raised)
    if error is None:
        assert not isinstance(caught.value, CatalogError), "a defect stays what it is"
    else:
        assert isinstance(caught.value, error)
        assert told(caught.value)
    assert words(database) == ["first", "second"]


def test_a_server_that_is_too_old(owned: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "OLDEST", 990_000)
    with pytest.raises(CatalogTooOld, match=r"needs 99 or newer\. Nothing was changed") as caught:
        upgrade(Database(owned))
    assert told(caught.value)


def test_a_wait_for_a_lock_ends(owned: str, database: Database) -> None:
    hasty = Database(with_options(owned, "-c lock_timeout=100ms"))
    with database.transaction() as session:
        session.execute(text("UPDATE note SET words = 'mine' WHERE words = 'first'"))
        with pytest.raises(CatalogLocked, match="lock timeout") as caught:
            within(hasty, "DELETE FROM note")
    assert told(caught.value)
    assert caught.value.transient
    assert words(database) == ["mine", "second"]
    hasty.dispose()


def test_of_two_that_wait_for_each_other_one_is_told_to_try_again(database: Database) -> None:
    both = Barrier(2)
    lock = "SELECT 1 FROM note WHERE words = '{}' FOR UPDATE"

    def end(first: str, second: str) -> CatalogError | None:
        try:
            within(database, lock.format(first), partial(both.wait, 10), lock.format(second))
        except CatalogError as error:
            return error
        return None

    with ThreadPoolExecutor(2) as pool:
        ends = set(pool.map(end, ("first", "second"), ("second", "first")))
    (refused,) = ends - {None}
    assert isinstance(refused, CatalogLocked)
    assert "deadlock detected" in told(refused)


def test_who_writes_the_same_at_once_is_told_so(database: Database) -> None:
    with pytest.raises(CatalogConflict, match="note_pkey") as caught:
        add(database, "first")
    assert told(caught.value)


def test_neither_database_nor_account_nor_password(cluster: PostgresCluster, owned: str) -> None:
    url = make_url(owned)
    wrong = {
        url.set(database="nowhere"): CatalogMissing,
        url.set(password=f"{PASSWORD}!"): CatalogSignIn,
        url.set(username="nobody"): CatalogSignIn,
    }
    for one, error in wrong.items():
        with pytest.raises(error) as caught:
            upgrade(Database(one.render_as_string(hide_password=False)))
        assert "Nothing was changed." in told(caught.value)
        assert not caught.value.transient


def test_an_account_that_may_not_make_tables_or_schemas(cluster: PostgresCluster) -> None:
    """What is refused first is told with what to grant; with all of it, it works."""
    url = cluster.new_database()
    database = Database(as_plain(url))
    with pytest.raises(CatalogNotAllowed, match=f"account {PLAIN} may not make a schema") as caught:
        upgrade(database)
    assert f'TO "{PLAIN}"' in caught.value.hint
    administer(cluster, url, f"GRANT CREATE ON DATABASE {{}} TO {PLAIN}")
    with pytest.raises(CatalogNotAllowed, match="permission denied for schema public") as caught:
        upgrade(database)
    assert "GRANT CREATE, USAGE ON SCHEMA public" in caught.value.hint
    assert told(caught.value)
    with database.reading() as session:
        assert revision_of(session.connection()) is None, "nothing was made"
    administer(cluster, url, f"GRANT CREATE, USAGE ON SCHEMA public TO {PLAIN}")
    upgrade(database)
    with database.reading() as session:
        assert revision_of(session.connection()) == head()
    database.dispose()


def test_transactions_do_not_depend_on_what_the_server_has_by_default(
    cluster: PostgresCluster, database: Database
) -> None:
    administer(cluster, database.url, "ALTER DATABASE {} SET default_transaction_isolation = 'serializable'")
    database.dispose()
    with database.transaction() as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "read committed"
    with database.reading() as session:
        assert session.scalar(text("SHOW transaction_isolation")) == "repeatable read"
        assert session.scalar(text("SHOW transaction_read_only")) == "on"
