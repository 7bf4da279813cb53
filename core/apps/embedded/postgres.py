"""Generations in PostgreSQL: one schema each, in the shard's database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from core.apps.driver import Place, Shard, ShardState
from core.apps.embedded.database import ShardDatabase
from core.apps.embedded.generation import place_name
from core.apps.embedded.postgres_connections import Connections, application_name
from core.apps.embedded.postgres_indexes import make_indexes
from core.apps.embedded.postgres_parallel import SETTINGS, Connect
from core.apps.embedded.postgres_session import POSTGRES_LZ4, PostgresSession
from core.apps.embedded.postgres_statistics import make_statistics
from core.apps.embedded.session import Select, Session
from core.errors import AccessDenied, ObjectNotFound, StorageReadOnly, StorageUnreachable

#: Tables that are dropped in one transaction: each takes locks for itself, its indexes and all that refers to it.
DROPPED_AT_ONCE: Final = 10
END_MILLISECONDS: Final = 5000


class PostgresDatabase(ShardDatabase):
    """`owner` is this process's name among all; sessions are called `restorebot/<owner>`.

    Whatever is committed is on the server's disk, staging too: the server may crash alone, and what the catalog knows
    as loaded must still be there. One sync for each part costs nothing beside its rows.
    """

    def __init__(self, *, owner: str) -> None:
        self._connections = Connections(owner=owner)

    def prepare(self, shard: Shard) -> ShardState:
        return self.look_at(shard)

    def look_at(self, shard: Shard) -> ShardState:
        with self._connections.session(shard, fresh=True) as session:
            version, lz4 = session.server().version, session.has_lz4()
            ((may_create, account, database, read_only, unsafe),) = session.run(
                "SELECT has_database_privilege(current_database(), 'CREATE'), current_user::text,"
                " current_database()::text, current_setting('transaction_read_only'),"
                " (SELECT string_agg(name, ' and ') FROM pg_settings"
                " WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off')"
            )
        if read_only == "on":
            raise StorageReadOnly(
                f"Shard {shard.name} takes no writes: the server is a standby, or its transactions are read-only.",
                hint="Name the primary (with several hosts add ?target_session_attrs=read-write), or end"
                " default_transaction_read_only.",
            )
        if not may_create:
            raise AccessDenied(
                f"The account {account} may not make schemas in the database {database} of shard {shard.name}."
                " Nothing was changed.",
                hint=f'As an administrator: GRANT CREATE ON DATABASE "{database}" TO "{account}";',
            )
        compressed = "lz4" if lz4 else "pglz, the server was built without lz4, which is faster"
        return ShardState(
            said=f"PostgreSQL {version}, long texts compressed with {compressed}",
            warnings=(f"The server runs with {unsafe} off: a crash of its machine may lose data.",) if unsafe else (),
        )

    def free_bytes(self, shard: Shard) -> int | None:  # noqa: ARG002 - a server tells nobody how large its disk is
        return None

    def end_sessions(self, shard: Shard, owner: str) -> int:
        with self._connections.session(shard) as session:
            named = "FROM pg_stat_activity WHERE datname = current_database() AND application_name = ?"
            name = application_name(owner)
            told = session.run(f"SELECT pg_terminate_backend(pid, {END_MILLISECONDS}) {named}", name)
            if session.value(f"SELECT count(*) {named}", name):
                raise StorageUnreachable(
                    f"Sessions of {owner} on shard {shard.name} could not be ended; nothing of theirs was taken over.",
                    hint=f"It is tried again. If it stays, end those of the name {name} in pg_stat_activity.",
                )
        return len(told)

    @contextmanager
    def make(self, place: Place, *, durable: bool) -> Iterator[Session]:  # noqa: ARG002 - always
        name = place_name(place)
        with self._connected(place) as session, session.transaction():
            session.run("SELECT count(*) FROM pg_advisory_xact_lock(hashtextextended(?, 0))", name)
            session.run(f'CREATE SCHEMA IF NOT EXISTS "{name}"')
            if session.has_lz4():
                session.dialect = POSTGRES_LZ4
            yield session

    @contextmanager
    def open(self, place: Place, *, durable: bool = False) -> Iterator[PostgresSession]:  # noqa: ARG002 - always
        with self._connected(place) as session:
            if not session.value(session.dialect.count_tables, "generation"):
                raise _not_there(place)
            yield session

    def read(self, place: Place, select: Select) -> Iterator[pa.RecordBatch]:
        with self._connections.reader(place.shard, place_name(place)) as reader:
            if not reader.stands():
                raise _not_there(place)
            yield from reader.read(select)

    def index(self, place: Place) -> tuple[str, ...]:
        """The many statements are synced together, by the last."""
        with self._alone(place) as session:
            clashes = make_indexes(session, self._more(place), place.app_type)
            session.run('UPDATE "generation" SET "seals" = "seals"')
        return clashes

    def analyze(self, place: Place) -> None:
        with self._alone(place) as session:
            make_statistics(session, self._more(place), place.app_type)

    def seal(self, place: Place) -> None:
        """Everything is on the disk already."""

    def remove(self, place: Place) -> None:
        """First the table by which the place stands, and never more at once than the server has locks for."""
        name = place_name(place)
        with self._connected(place) as session:
            found = [table for (table,) in session.run("SELECT tablename FROM pg_tables WHERE schemaname = ?", name)]
            found.sort(key=lambda table: (table != "generation", table))
            for start in range(0, len(found), DROPPED_AT_ONCE):
                tables = ", ".join(f'"{table}"' for table in found[start : start + DROPPED_AT_ONCE])
                session.run(f"DROP TABLE IF EXISTS {tables} CASCADE")
            session.run(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')

    @contextmanager
    def _alone(self, place: Place) -> Iterator[PostgresSession]:
        """A worker that is not known to be gone may still make the same indexes or statistics: it is waited for."""
        with self.open(place) as session:
            session.run("SELECT count(*) FROM pg_advisory_lock(hashtextextended(?, 0))", place_name(place))
            yield session

    def _more(self, place: Place) -> Connect:
        """Sessions for long statements, set for those."""

        @contextmanager
        def another() -> Iterator[Session]:
            with self._connected(place, durable=False) as session:
                session.configure(SETTINGS)
                yield session

        return another

    @contextmanager
    def _connected(self, place: Place, *, durable: bool = True) -> Iterator[PostgresSession]:
        name = place_name(place)
        with self._connections.session(place.shard, generation=name, durable=durable) as session:
            yield session


def _not_there(place: Place) -> ObjectNotFound:
    return ObjectNotFound(f"Generation {place.generation} is not on shard {place.shard.name}.")
