"""Connections to shards on PostgreSQL: named after who works in them, never waiting for ever, and few."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import psycopg
from psycopg import RawCursor

from core.apps.driver import Shard
from core.apps.embedded.postgres_failures import as_our_error
from core.apps.embedded.postgres_reader import PostgresReader
from core.apps.embedded.postgres_session import PostgresSession, Server, called
from core.apps.embedded.session import BUSY_SECONDS
from core.errors import SettingError, StorageTooOld, StorageUnfit

#: The oldest server that compresses by column, and looks whether the client of a long statement is still there.
OLDEST: Final = 140_000
#: Sessions are found by it when another worker takes over.
NAME: Final = "restorebot"
#: A network that is gone is noticed in this time. A server that takes no more bytes for so long counts as gone too, so
#: that a checkpoint on a slow disk must fit in.
NOTICED_SECONDS: Final = 120
STOOD_STILL_SECONDS: Final = 600
#: To connect takes 50 times as long as to ask, and calls come one after the other: a connection is kept for a moment.
KEPT_SECONDS: Final = 5.0
KEPT_AT_ONCE: Final = 2
#: All our types are the server's own: without this, each connection asks for every column of every schema.
_TYPES: Final = {"adbc.postgresql.type_resolver_mode": "builtin"}
_SECRETS: Final = ("password", "sslpassword")


@dataclass(frozen=True, kw_only=True)
class _Open:
    url: str
    connection: Any  # psycopg's or ADBC's
    durability: str = ""  # the server's own synchronous_commit


class Connections:
    """Of one process, called `owner` among all that work on the same shards. Safe to use from several threads."""

    def __init__(self, *, owner: str) -> None:
        self._owner = owner
        self._sessions = _Kept()
        self._readers = _Kept()

    @contextmanager
    def session(
        self, shard: Shard, *, generation: str = "", durable: bool = True, fresh: bool = False
    ) -> Iterator[PostgresSession]:
        """A session whose tables are the generation's, without a look whether it stands. `fresh`: whoever is let in now
        by the server, and not a moment ago."""
        found = None if fresh else self._sessions.take(shard.url)
        found = found or _connect(shard, self._owner)
        with self._sessions.kept_afterwards(found):
            session = PostgresSession(found.connection, shard, generation)
            at_rest = "on" if found.durability == "off" else found.durability
            session.configure({**_settings(generation), "synchronous_commit": at_rest if durable else "off"})
            yield session

    @contextmanager
    def reader(self, shard: Shard, generation: str) -> Iterator[PostgresReader]:
        """As `session`, for rows that are read."""
        found = self._readers.take(shard.url) or _connect_reader(shard, self._owner)
        with self._readers.kept_afterwards(found):
            reader = PostgresReader(found.connection, shard, generation)
            reader.configure(_settings(generation))
            yield reader


class _Kept:
    """Connections that nobody uses just now. They are closed after a moment. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[tuple[float, _Open]] = []
        self._closer: threading.Timer | None = None

    def take(self, url: str) -> _Open | None:
        """One that still stands."""
        while True:
            with self._lock:
                found = next((one for one in self._kept if one[1].url == url), None)
                if found is None:
                    return None
                self._kept.remove(found)
            if _answers(found[1].connection, "SELECT 1"):
                return found[1]

    @contextmanager
    def kept_afterwards(self, used: _Open) -> Iterator[None]:
        try:
            yield
        except BaseException:
            used.connection.close()  # it may be within a transaction, or a COPY
            raise
        self._keep(used)

    def _keep(self, used: _Open) -> None:
        """As if it were new: without settings and locks of its session."""
        if not _answers(used.connection, "DISCARD ALL"):
            return
        with self._lock:
            if len(self._kept) < KEPT_AT_ONCE:
                self._kept.append((time.monotonic(), used))
                self._close_later()
                return
        used.connection.close()

    def _close_later(self) -> None:
        if self._closer is None:
            self._closer = threading.Timer(KEPT_SECONDS, self._close_old)
            self._closer.daemon = True
            self._closer.start()

    def _close_old(self) -> None:
        with self._lock:
            self._closer = None
            old = [one for one in self._kept if time.monotonic() - one[0] >= KEPT_SECONDS]
            self._kept = [one for one in self._kept if one not in old]
            if self._kept:
                self._close_later()
        for _, one in old:
            one.connection.close()


def application_name(owner: str) -> str:
    return f"{NAME}/{owner}" if owner else NAME


def _connect(shard: Shard, owner: str) -> _Open:
    conninfo = _conninfo(shard, owner)
    try:
        # Statements differ each time, so that none is worth preparing.
        connection = psycopg.connect(conninfo, autocommit=True, prepare_threshold=None, cursor_factory=RawCursor)
    except psycopg.Error as error:
        raise as_our_error(error, called(shard, ""), "") from error
    try:
        server = PostgresSession(connection, shard).server()
        _check(shard, server)
    except BaseException:
        connection.close()
        raise
    return _Open(url=shard.url, connection=connection, durability=server.durability)


def _connect_reader(shard: Shard, owner: str) -> _Open:
    try:
        connection = adbc.connect(_conninfo(shard, owner), autocommit=True, db_kwargs=_TYPES)
    except adbc_driver_manager.Error as error:
        raise as_our_error(error, called(shard, ""), "") from error
    return _Open(url=shard.url, connection=connection)


def _answers(connection: Any, statement: str) -> bool:
    """False: it was lost, and is closed."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except (adbc_driver_manager.Error, psycopg.Error):
        connection.close()
        return False
    return True


def _check_url(shard: Shard) -> None:
    """Raises SettingError for a URL that holds a password: it would stand in the catalog for all to read."""
    parts = urlsplit(shard.url)
    if parts.password is not None or any(name in parse_qs(parts.query) for name in _SECRETS):
        raise SettingError(
            f"The URL of shard {shard.name} holds a password, which would be kept in the catalog for all to read."
            " Nothing was changed.",
            hint="Leave it out of the URL. Give it in PGPASSWORD, or in ~/.pgpass of the account that runs Restorebot.",
        )


def _conninfo(shard: Shard, owner: str) -> str:
    """What the URL says itself, such as another connect_timeout, stands; but for the name, by which sessions are found,
    and the encoding.

    A password is found by libpq in its usual places.
    """
    _check_url(shard)
    given = parse_qs(urlsplit(shard.url).query)
    ours = {
        "connect_timeout": "10",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "4",
        "tcp_user_timeout": str(NOTICED_SECONDS * 1000),
    }
    added = {name: value for name, value in ours.items() if name not in given}
    always = {"application_name": application_name(owner), "client_encoding": "UTF8"}
    query = urlencode({**added, **always}, quote_via=quote)
    return f"{shard.url}{'&' if '?' in shard.url else '?'}{query}"


def _check(shard: Shard, server: Server) -> None:
    if server.version_number < OLDEST:
        raise StorageTooOld(
            f"Shard {shard.name} is on PostgreSQL {server.version}; Restorebot needs {OLDEST // 10_000} or newer."
            " Nothing was changed.",
            hint="Upgrade the server, or name another one.",
        )
    if server.encoding != "UTF8":
        raise StorageUnfit(
            f"The database of shard {shard.name} has the encoding {server.encoding}, which cannot hold every text."
            " Nothing was changed.",
            hint="Make one with UTF8: createdb --encoding=UTF8 --template=template0 NAME.",
        )


def _settings(generation: str) -> Mapping[str, str]:
    return {
        "search_path": f'"{generation}"' if generation else "pg_catalog",
        "client_min_messages": "warning",  # libpq writes them to standard error
        "datestyle": "ISO",  # psycopg reads no other
        "lock_timeout": f"{BUSY_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{STOOD_STILL_SECONDS}s",
        # The server notices a client that is gone, also in the middle of a long statement.
        "client_connection_check_interval": "5s",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "4",
        "jit": "off",  # statements are few and long; compiling them gains nothing, and takes a second at worst
    }
