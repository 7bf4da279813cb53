"""One session on a shard's PostgreSQL: its dialect, its errors, and rows that stream."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

import pyarrow as pa

from core.apps.driver import Shard
from core.apps.embedded.generation import cast_batch
from core.apps.embedded.postgres_failures import as_our_error
from core.apps.embedded.session import Dialect, Select, Session
from core.errors import RestorebotError

#: About the size of a batch that is read. A batch has whole rows.
BATCH_BYTES: Final = 1024 * 1024
#: What is sent at once. The driver's own 16 MiB would take several buffers of that size in each session, and no less
#: time.
SENT_BYTES: Final = 128 * 1024
_BYTES_AT_ONCE: Final = "adbc.postgresql.batch_size_hint_bytes"

#: Options of a table that the server does not clean up by itself, until `index` has seen to that.
UNATTENDED: Final = ("autovacuum_enabled", "toast.autovacuum_enabled")

POSTGRES: Final = Dialect(
    text='TEXT COLLATE "C"',  # by code point
    number="BIGINT",
    decimal="DOUBLE PRECISION",
    flag="BOOLEAN",
    moment="TIMESTAMP",
    only_numbers=False,
    keyed="",
    # Else the server would clean up in the midst of loading, and statements that need its locks wait a second each.
    loaded=f" WITH ({', '.join(f'{option} = off' for option in UNATTENDED)})",
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

    def __init__(self, connection: Any, shard: Shard, generation: str = "") -> None:
        super().__init__(connection, generation)
        self._where = f"Generation {generation} on shard {shard.name}" if generation else f"Shard {shard.name}"

    def read(self, select: Select) -> Iterator[pa.RecordBatch]:
        """COPY, which streams, takes no parameters: they go as settings of the session."""
        settings = [f"restorebot.p{number}" for number in range(len(select.parameters))]
        self.configure(dict(zip(settings, select.parameters, strict=True)))
        named = iter(settings)
        statement = re.sub(r"\?", lambda _: f"current_setting('{next(named)}')", select.statement)
        with self._errors(), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{_BYTES_AT_ONCE: str(BATCH_BYTES)})
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
        cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false", _BYTES_AT_ONCE: str(SENT_BYTES)})
        return cursor

    def _spelled(self, statement: str) -> str:
        numbers = count(1)
        return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)

    def _as_our_error(self, error: Exception) -> RestorebotError:
        return as_our_error(error, self._where, self._name)
