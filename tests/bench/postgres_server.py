"""Debian's PostgreSQL 15 with its defaults, and the peer of a restore: pg_dump and pg_restore of what ours has made."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import psycopg
from psycopg import sql

from tests.bench.children import Ran, program
from tests.bench.peers import POSTGRESQL
from tests.services.postgres import PostgresCluster, conninfo, postgres_cluster

#: What the tests' cluster changes goes back to the server's own defaults.
_DEFAULTS: Final = {"fsync": "on", "max_connections": "100", "shared_buffers": "128MB"}
_JOBS: Final = 2


@dataclass(frozen=True)
class Server:
    cluster: PostgresCluster

    @property
    def environment(self) -> Mapping[str, str]:
        """How libpq finds the password, which stands in no URL."""
        return {"PGPASSWORD": str(self.cluster.url.password)}

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new database's URL without the password. It is dropped at the end, after a checkpoint took place before."""
        self._checkpoint()
        url = self.cluster.new_database()
        try:
            yield conninfo(url).replace(f":{self.cluster.url.password}@", "@")
        finally:
            self.cluster.drop_database(url)

    def generations(self, url: str) -> frozenset[str]:
        """Schemas with an app's data."""
        with self._connected(url) as connection:
            found = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'generation'").fetchall()
        return frozenset(name for (name,) in found)

    def with_password(self, url: str) -> str:
        return url.replace("@", f":{self.cluster.url.password}@", 1)

    def repeated_parts(self, url: str, schema: str) -> int:
        """Parts of a generation that were claimed once more for loading."""
        with self._connected(url) as connection:
            claims = sql.SQL("SELECT coalesce(sum(token - 1), 0)::int FROM {}").format(
                sql.Identifier(schema, "part_claim")
            )
            ((count,),) = connection.execute(claims).fetchall()
        return int(count)

    def drop(self, url: str, schema: str) -> None:
        with self._connected(url) as connection:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        self._checkpoint()

    def dump(self, url: str, schema: str, file: Path, *, compression: bool) -> None:
        """With `compression` the dump says how each column is compressed, else the server's default is taken."""
        more = () if compression else ("--no-toast-compression",)
        self._run("pg_dump", url, "--format=custom", f"--schema={schema}", f"--file={file}", *more)

    def restore(self, url: str, file: Path) -> Ran:
        """pg_restore with its data, keys, indexes and foreign keys; durable, as the server commits."""
        return self._run("pg_restore", url, f"--jobs={_JOBS}", "--no-owner", "--exit-on-error", file)

    def statistics(self, url: str) -> Ran:
        """Of every table, which pg_restore leaves to who starts it, and without which the server plans badly."""
        return self._run("vacuumdb", url, "--analyze-only", f"--jobs={_JOBS}", "--quiet")

    def contents(self, url: str, schema: str) -> dict[str, tuple[int, ...]]:
        """Per table its rows, a sum over a hash of each whole row, its indexes and its constraints."""
        found = {}
        with self._connected(url) as connection:
            tables = connection.execute(
                "SELECT relname, oid FROM pg_class WHERE relkind = 'r' AND relnamespace = %s::regnamespace",
                (schema,),
            ).fetchall()
            for table, oid in tables:
                rows = connection.execute(
                    sql.SQL(
                        "SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text,"
                        " (SELECT count(*) FROM pg_index WHERE indrelid = %(oid)s AND indisvalid),"
                        " (SELECT count(*) FROM pg_constraint WHERE conrelid = %(oid)s AND convalidated) FROM {} t"
                    ).format(sql.Identifier(schema, table)),
                    {"oid": oid},
                ).fetchone()
                found[table] = tuple(map(int, rows or ()))
        return found

    def processor(self) -> float:
        """Seconds of all cores that the server has used so far, with those of sessions that have ended."""
        first = psutil.Process(int((self.cluster.folder / "data" / "postmaster.pid").read_text().split()[0]))
        ended = first.cpu_times()
        used = ended.children_user + ended.children_system
        for one in (first, *first.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                times = one.cpu_times()
                used += times.user + times.system
        return float(used)

    def make_log_files(self) -> None:
        """As many as the server keeps at most, which it uses again: else whoever has the first turn would make them."""
        with self._connected(conninfo(self.cluster.url)) as connection:
            message = "SELECT pg_logical_emit_message(false, 'bench', repeat('x', 1000000))"
            for _ in range(_LOG_MEGABYTES):
                connection.execute(message)
        self._checkpoint()

    def _checkpoint(self) -> None:
        """Nobody pays for what was written before."""
        with self._connected(conninfo(self.cluster.url)) as connection:
            connection.execute("CHECKPOINT")

    @contextmanager
    def _connected(self, url: str) -> Iterator[psycopg.Connection]:
        with psycopg.connect(url, password=self.cluster.url.password, autocommit=True) as connection:
            yield connection

    def _run(self, name: str, url: str, *words: str | Path) -> Ran:
        tool = self.cluster.binaries / name
        return program((tool, f"--dbname={url}", *words), seconds=_SECONDS, environment=self.environment)


_SECONDS: Final = 3_600.0
_LOG_MEGABYTES: Final = 1_000  # its max_wal_size


@contextmanager
def server(**settings: str) -> Iterator[Server]:
    """Runs until it is left. `settings` are the few that differ from Debian's."""
    binaries = POSTGRESQL.require("on PostgreSQL").parent
    with postgres_cluster(binaries=binaries, **{**_DEFAULTS, **settings}) as cluster:
        running = Server(cluster)
        running.make_log_files()
        yield running
