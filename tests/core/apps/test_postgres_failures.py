"""What a shard's PostgreSQL does to us, by a real server: each time a coded error that is worth another try or is not,
and a generation that holds a part whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from core.apps.driver import Shard
from core.apps.embedded.driver import EmbeddedDriver
from core.errors import (
    AccessDenied,
    BadCredentials,
    DiskFull,
    Fenced,
    NotStorable,
    ObjectNotFound,
    RestorebotError,
    SettingError,
    StorageError,
    StorageReadOnly,
    StorageTooOld,
    StorageUnfit,
    StorageUnreachable,
)
from tests.core.apps.shards import ISSUE, Ground, HeldLoad, ground
from tests.services.postgres import PostgresCluster, conninfo, postgres_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    """A server of our own, to be stopped and started, with few connections."""
    with postgres_cluster(max_connections="12", superuser_reserved_connections="3") as running:
        yield running


@pytest.fixture
def app(cluster: PostgresCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ground]:
    monkeypatch.setenv("PGPASSWORD", str(cluster.url.password))
    url = cluster.new_database()
    made = ground(url, tmp_path)
    made.driver.stage(made.place)
    yield made
    cluster.drop_database(url)


def with_url(app: Ground, url: str) -> Shard:
    return replace(app.shard, url=url)


def refused(error: RestorebotError, *words: str, transient: bool) -> None:
    assert error.transient is transient
    assert error.hint
    for word in words:
        assert word in error.message, error.message


def test_a_server_that_is_down_is_told_and_what_was_loaded_is_there_when_it_is_back(
    app: Ground, cluster: PostgresCluster
) -> None:
    app.load("p", {"key": "1"})
    cluster.stop(immediate=True)
    with pytest.raises(StorageUnreachable) as raised:
        app.driver.claim(app.place, "q")
    refused(raised.value, "eu-1", "Connection refused", "Nothing was changed", transient=True)
    cluster.start()
    assert app.driver.loaded_parts(app.place) == {"p": 1}
    assert app.load("q", {"key": "2"}) == 1
    assert app.keys() == ["1", "2"]


def test_a_crash_of_the_server_in_mid_copy_takes_the_part_back(app: Ground, cluster: PostgresCluster) -> None:
    app.load("small", {"key": "1"})
    with HeldLoad(ground=app, part="p") as loading:
        cluster.restart(immediate=True)
        error = loading.go_on()
    assert isinstance(error, StorageUnreachable)
    refused(error, "was lost", "taken back", transient=True)
    assert app.driver.loaded_parts(app.place) == {"small": 1}
    assert app.keys() == ["1"]
    assert app.driver.load(app.place, "p", loading.token, []) == 0


def test_indexes_are_there_after_a_crash(app: Ground, cluster: PostgresCluster) -> None:
    app.load("p", {"key": "1"})
    app.driver.index(app.place)
    made = "SELECT indexname FROM pg_indexes WHERE schemaname = 'gen-1' ORDER BY indexname"
    with app.administrator() as connection:
        before = connection.execute(made).fetchall()
    cluster.restart(immediate=True)
    with app.administrator() as connection:
        assert connection.execute(made).fetchall() == before


def test_a_session_that_is_ended_in_mid_copy_takes_the_part_back(app: Ground) -> None:
    """What a takeover does to the worker it takes from: nobody waits for its locks."""
    successor = ground(app.url, Path(app.shard.attachments_url.removeprefix("file://")).parent, owner="successor")
    with HeldLoad(ground=app, part="p") as loading:
        assert successor.driver.end_sessions(app.shard, "nobody") == 0
        assert successor.driver.end_sessions(app.shard, "here") == 1
        token = successor.driver.claim(app.place, "p")
        error = loading.go_on()
    assert isinstance(error, StorageUnreachable)
    refused(error, "was lost", transient=True)
    with pytest.raises(Fenced):
        app.driver.load(app.place, "p", loading.token, [])
    assert successor.driver.load(app.place, "p", token, []) == 0
    assert app.keys() == []


def test_a_reader_that_is_cut_off_says_so(app: Ground) -> None:
    app.load("p", *({"key": f"{number:06}", "description": "x" * 2000} for number in range(12_000)))
    reader = app.driver.read(app.place, ISSUE)
    reader.read_next_batch()
    with app.administrator() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'restorebot/here'"
        )
    with pytest.raises(StorageUnreachable) as raised:
        reader.read_all()
    refused(raised.value, "gen-1", "was lost", transient=True)


def test_too_many_connections_are_told_and_pass(app: Ground) -> None:
    with every_connection(app), pytest.raises(StorageUnreachable) as raised:
        EmbeddedDriver().inspect(app.place)
    refused(raised.value, "takes no further connection", transient=True)
    assert app.driver.inspect(app.place).records == {}


@contextmanager
def every_connection(app: Ground) -> Iterator[None]:
    """All that the server gives, until the last of them has ended there."""
    held = []
    with app.administrator() as administrator:
        with suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(conninfo(app.url)))
        yield
        pids = [one.info.backend_pid for one in held]
        for one in held:
            one.close()
        while administrator.execute("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)", (pids,)).fetchone():
            pass


def test_a_read_only_server_is_told(app: Ground) -> None:
    with app.administrator() as connection:
        connection.execute(f'ALTER DATABASE "{app.url.database}" SET default_transaction_read_only = on')
    for write in (lambda: EmbeddedDriver().claim(app.place, "p"), lambda: app.driver.look_at(app.shard)):
        with pytest.raises(StorageReadOnly) as raised:
            write()
        refused(raised.value, "eu-1", transient=False)
    assert app.driver.inspect(app.place).records == {}


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [
        ("53100", DiskFull, "could not extend file"),
        ("53200", StorageUnreachable, "short of memory"),
        ("57014", StorageUnreachable, "in use by another session"),
        ("40P01", StorageUnreachable, "in use by another session"),
        ("XX001", RestorebotError, "damaged"),
    ],
)
def test_what_the_server_says_in_mid_copy_is_understood(
    app: Ground, state: str, kind: type[RestorebotError], words: str
) -> None:
    with app.administrator() as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION 'could not extend file' USING ERRCODE = '{state}', DETAIL = 'secret row'; END $$"
        )
        connection.execute("CREATE TRIGGER refuse BEFORE INSERT ON jira_issue FOR EACH ROW EXECUTE FUNCTION refuse()")
    with pytest.raises(kind) as raised:
        app.load("p", {"key": "1"})
    refused(raised.value, words, transient=kind is StorageUnreachable)
    assert "secret row" not in str(raised.value)
    with app.administrator() as connection:
        connection.execute("DROP TRIGGER refuse ON jira_issue")
    assert app.driver.loaded_parts(app.place) == {}
    assert app.load("p", {"key": "1"}) == 1


def test_a_text_with_nul_is_refused_and_nothing_of_its_part_is_kept(app: Ground) -> None:
    with pytest.raises(NotStorable) as raised:
        app.load("p", {"key": "1"}, {"key": "2", "summary": "a\0b"})
    refused(raised.value, "taken back", transient=False)
    assert app.keys() == []


def test_a_moment_that_the_server_does_not_know_is_refused(app: Ground) -> None:
    """300 000 years ago, of which a backup may tell that somebody has made by hand."""
    moment = pa.array([-(2**63)], pa.int64()).cast(ISSUE.schema.field("created").type)
    with pytest.raises(NotStorable) as raised:
        load_as_it_is(app, key=pa.array(["1"]), native=pa.array(["1"]), created=moment)
    refused(raised.value, "Underflow converting microseconds", "taken back", transient=False)
    assert "Encode" not in raised.value.message
    assert app.keys() == []


@pytest.mark.parametrize(
    ("native", "told"),
    [([None, "2"], "'native' is declared as non-nullable"), ([None, None], 'null value in column "native"')],
)
def test_a_column_without_the_values_it_must_have_is_refused(app: Ground, native: list[str | None], told: str) -> None:
    with pytest.raises(StorageError) as raised:
        load_as_it_is(app, key=pa.array(["1", "2"]), native=pa.array(native, pa.string()))
    refused(raised.value, "gen-1", told, "taken back", transient=False)
    assert app.keys() == []


def load_as_it_is(app: Ground, **columns: pa.Array) -> None:
    """Issues, of whose columns the others are null."""
    rows = len(columns["key"])
    table = pa.table({one.name: pa.nulls(rows, one.type) for one in ISSUE.schema} | columns, schema=ISSUE.schema)
    app.driver.load(app.place, "p", app.driver.claim(app.place, "p"), [(ISSUE, table.to_reader())])


def test_an_account_that_may_not_make_schemas_is_told_the_right_it_lacks(app: Ground) -> None:
    with app.administrator() as connection:
        connection.execute("DROP ROLE IF EXISTS visitor")
        connection.execute("CREATE ROLE visitor LOGIN PASSWORD 'restorebot'")
    shard = with_url(app, conninfo(app.url.set(username="visitor")._replace(password=None)))
    with pytest.raises(AccessDenied) as raised:
        app.driver.look_at(shard)
    refused(raised.value, "visitor", transient=False)
    assert f'GRANT CREATE ON DATABASE "{app.url.database}" TO "visitor"' in raised.value.hint
    with pytest.raises(AccessDenied):
        app.driver.stage(replace(app.place, shard=shard, generation="gen-2"))


def test_who_is_not_let_in_or_finds_no_database_is_told(app: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = with_url(app, conninfo(app.url.set(database="nowhere")._replace(password=None)))
    with pytest.raises(ObjectNotFound) as missing:
        app.driver.look_at(nowhere)
    refused(missing.value, '"nowhere" does not exist', transient=False)
    monkeypatch.setenv("PGPASSWORD", "wrong-one")
    with pytest.raises(BadCredentials) as raised:
        app.driver.look_at(app.shard)
    refused(raised.value, "password authentication failed", transient=True)
    assert "wrong-one" not in str(raised.value) + raised.value.hint


@pytest.mark.parametrize("secret", ["//u:hidden@h/d", "//u@h/d?password=hidden", "//u@h/d?sslpassword=hidden"])
def test_a_url_with_a_password_is_refused_and_not_repeated(app: Ground, secret: str) -> None:
    with pytest.raises(SettingError) as raised:
        app.driver.prepare(with_url(app, f"postgresql:{secret}"))
    assert "PGPASSWORD" in raised.value.hint
    assert "hidden" not in raised.value.message + raised.value.hint


def test_an_older_server_and_another_encoding_are_refused(
    app: Ground, cluster: PostgresCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.administrator() as connection:
        connection.execute("DROP DATABASE IF EXISTS latin")
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(StorageUnfit, match="LATIN1"):
        app.driver.look_at(with_url(app, conninfo(app.url.set(database="latin")._replace(password=None))))
    monkeypatch.setattr("core.apps.embedded.postgres_connections.OLDEST", 990_000)
    with pytest.raises(StorageTooOld, match="needs 99 or newer"):
        app.driver.look_at(app.shard)


def test_a_lock_that_stays_is_told_after_a_while(app: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    token = app.driver.claim(app.place, "p")
    monkeypatch.setattr("core.apps.embedded.postgres_connections.BUSY_SECONDS", 0.2)
    with app.administrator() as connection, connection.transaction():
        connection.execute("SELECT * FROM part_claim FOR UPDATE")
        with pytest.raises(StorageUnreachable) as raised:
            app.driver.load(app.place, "p", token, [])
        refused(raised.value, "in use by another session", "lock timeout", transient=True)
    assert app.driver.load(app.place, "p", token, []) == 0
