"""One session on a shard's PostgreSQL, named after who works in it, and never waiting for ever."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import adbc_driver_manager
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

from core.apps.driver import Shard
from core.apps.embedded.generation import cast_batch
from core.apps.embedded.postgres_failures import as_our_error
from core.apps.embedded.session import BUSY_SECONDS, Dialect, Select, Session
from core.errors import RestorebotError, SettingError, StorageTooOld, StorageUnfit

#: The oldest server that compresses by column, and looks whether the client of a long statement is still there.
OLDEST: Final = 140_000
#: Sessions are found by it when another worker takes over.
NAME: Final = "restorebot"
#: A network that is gone is noticed in this time. A server that takes no more bytes for so long counts as gone too, so
#: that a checkpoint on a slow disk must fit in.
NOTICED_SECONDS: Final = 120
STOOD_STILL_SECONDS: Final = 600
#: About the size of a batch that is read. A batch has whole rows.
BATCH_BYTES: Final = 4 * 1024 * 1024
#: All our types are the server's own: without this, each connection asks for every column of every schema.
_TYPES: Final = {"adbc.postgresql.type_resolver_mode": "builtin"}
_SECRETS: Final = ("password", "sslpassword")

POSTGRES: Final = Dialect(
    text='TEXT COLLATE "C"',  # by code point
    number="BIGINT",
    decimal="DOUBLE PRECISION",
    flag="BOOLEAN",
    moment="TIMESTAMP",
    only_numbers=False,
    keyed="",
    count_tables="SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?",
    size="SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND c.relkind = 'r'",
    listed="SELECT json_array_elements_text(?::json)",
    for_update=" FOR UPDATE",
)
#: pglz, the server's default, takes twice the time for bodies.
POSTGRES_LZ4: Final = replace(POSTGRES, text='TEXT COMPRESSION lz4 COLLATE "C"')


@dataclass(frozen=True, kw_only=True)
class Server:
    version: str
    version_number: int
    encoding: str
    durability: str  # its synchronous_commit


class PostgresSession(Session):
    dialect = POSTGRES
    _begin = "BEGIN"

    def __init__(self, connection: Any, shard: Shard, generation: str) -> None:
        super().__init__(connection, generation)
        self._where = f"Generation {generation} on shard {shard.name}" if generation else f"Shard {shard.name}"

    def read(self, select: Select) -> Iterator[pa.RecordBatch]:
        """COPY, which streams, takes no parameters: they go as settings of the session."""
        settings = [f"restorebot.p{number}" for number in range(len(select.parameters))]
        self.configure(dict(zip(settings, select.parameters, strict=True)))
        named = iter(settings)
        statement = re.sub(r"\?", lambda _: f"current_setting('{next(named)}')", select.statement)
        with self._errors(), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
            cursor.execute(statement)
            batches = cursor.fetch_record_batch()
            while True:
                try:
                    batch = batches.read_next_batch()
                except StopIteration:
                    return
                except (pa.ArrowException, OSError) as error:
                    raise self._as_our_error(error) from error
                yield cast_batch(batch, select.schema)

    def configure(self, settings: Mapping[str, str]) -> None:
        """Settings of this session."""
        if settings:
            words = [word for pair in settings.items() for word in pair]
            self.run("SELECT " + ", ".join(["set_config(?, ?, false)"] * len(settings)), *words)

    def server(self) -> Server:
        names = ("server_version", "server_version_num", "server_encoding", "synchronous_commit")
        ((version, number, encoding, durability),) = self.run(
            "SELECT " + ", ".join(f"current_setting('{name}')" for name in names)
        )
        return Server(version=version, version_number=int(number), encoding=encoding, durability=durability)

    def has_lz4(self) -> bool:
        offered = "SELECT count(*) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
        return bool(self.value(offered))

    def proven_references(self) -> frozenset[tuple[str, str]]:
        found = self.run(
            "SELECT c.relname, a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]"
            " WHERE k.contype = 'f' AND k.convalidated AND n.nspname = current_schema()"
        )
        return frozenset((table, column) for table, column in found)

    def _cursor(self) -> Any:
        cursor = self._connection.cursor()
        # COPY has its price in round trips, and takes neither parameters nor FOR UPDATE.
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
        return cursor

    def _spelled(self, statement: str) -> str:
        numbers = count(1)
        return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)

    def _as_our_error(self, error: Exception) -> RestorebotError:
        return as_our_error(error, self._where, self._name)


@contextmanager
def connected(shard: Shard, *, owner: str, generation: str = "", durable: bool = True) -> Iterator[PostgresSession]:
    """A session whose tables are the generation's, without a look whether it stands."""
    try:
        connection = adbc.connect(_conninfo(shard, owner), autocommit=True, db_kwargs=_TYPES)
    except adbc_driver_manager.Error as error:
        raise as_our_error(error, f"Shard {shard.name}", generation) from error
    with closing(connection):
        session = PostgresSession(connection, shard, generation)
        server = session.server()
        _check(shard, server)
        session.configure(_settings(server, generation, durable=durable))
        yield session


def application_name(owner: str) -> str:
    return f"{NAME}/{owner}" if owner else NAME


def check_url(shard: Shard) -> None:
    """Raises SettingError for a URL that holds a password: it would stand in the catalog for all to read."""
    parts = urlsplit(shard.url)
    if parts.password is not None or any(name in parse_qs(parts.query) for name in _SECRETS):
        raise SettingError(
            f"The URL of shard {shard.name} holds a password, which would be kept in the catalog for all to read."
            " Nothing was changed.",
            hint="Leave it out of the URL. Give it in PGPASSWORD, or in ~/.pgpass of the account that runs Restorebot.",
        )


def _conninfo(shard: Shard, owner: str) -> str:
    """What the URL says itself, such as another connect_timeout, stands; but for the name, by which sessions are found.

    A password is found by libpq in its usual places.
    """
    check_url(shard)
    given = parse_qs(urlsplit(shard.url).query)
    ours = {
        "connect_timeout": "10",
        "keepalives_idle": "30",
        "keepalives_interval": "10",
        "keepalives_count": "4",
        "tcp_user_timeout": str(NOTICED_SECONDS * 1000),
    }
    added = {name: value for name, value in ours.items() if name not in given}
    query = urlencode({**added, "application_name": application_name(owner)}, quote_via=quote)
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


def _settings(server: Server, generation: str, *, durable: bool) -> Mapping[str, str]:
    at_rest = "on" if server.durability == "off" else server.durability
    return {
        "search_path": f'"{generation}"' if generation else "pg_catalog",
        "synchronous_commit": at_rest if durable else "off",
        "client_min_messages": "warning",  # libpq writes them to standard error
        "lock_timeout": f"{BUSY_SECONDS}s",
        "idle_in_transaction_session_timeout": f"{STOOD_STILL_SECONDS}s",
        # The server notices a client that is gone, also in the middle of a long statement.
        "client_connection_check_interval": "5s",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "4",
        "jit": "off",  # statements are few and long; compiling them gains nothing, and takes a second at worst
    }
