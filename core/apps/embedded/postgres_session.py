"""One session on a shard's PostgreSQL: its dialect, its statements by psycopg, and rows that are loaded.

pgpq makes COPY's binary form of Arrow's rows, in half the time that ADBC needs to load them. Rows that are read come
through `PostgresReader`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, groupby
from typing import Final

import psycopg
import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder

from core.apps.driver import Shard
from core.apps.embedded.generation import quoted
from core.apps.embedded.postgres_failures import as_our_error
from core.apps.embedded.session import Dialect, Session
from core.errors import RestorebotError

#: About so much of a batch is made into COPY's form at once, and stays in the processor's cache until it is sent.
MADE_BYTES: Final = 1024 * 1024
#: What is sent at once. libpq moves what a socket does not take yet, so that less is less to move.
SENT_BYTES: Final = 128 * 1024

#: Options of a table that the server does not clean up by itself, until `analyze` has seen to that.
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
    _error = psycopg.Error

    def __init__(self, connection: psycopg.Connection, shard: Shard, generation: str = "") -> None:
        super().__init__(connection, generation)
        self._where = called(shard, generation)

    def ingest(self, table: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        with_rows = (batch for batch in batches if batch.num_rows)
        for names, together in groupby(with_rows, key=_Filled(schema)):
            self._copy(table, pa.schema([schema.field(name) for name in names]), together)

    def _copy(self, table: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        encoder = ArrowToPostgresBinaryEncoder(schema)
        statement = f'COPY "{table}" ({quoted(schema)}) FROM STDIN WITH (FORMAT binary)'
        with self._errors(), self._cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(encoder.write_header())
            for batch in batches:
                for piece in _pieces(batch.select(schema.names)):
                    made = self._made(encoder, piece)
                    for start in range(0, len(made), SENT_BYTES):
                        copy.write(made[start : start + SENT_BYTES])
            copy.write(encoder.finish())

    def _made(self, encoder: ArrowToPostgresBinaryEncoder, piece: pa.RecordBatch) -> memoryview:
        """The rows in COPY's form. Some values have none."""
        try:
            return memoryview(encoder.write_batch(piece))
        except (ValueError, pa.ArrowException) as error:
            raise self._as_our_error(error) from error

    def configure(self, settings: Mapping[str, str]) -> None:
        """Settings of this session."""
        statement, words = set_settings(settings)
        self.run(statement, *words)

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

    def _spelled(self, statement: str) -> str:
        return numbered(statement)

    def _as_our_error(self, error: Exception) -> RestorebotError:
        return as_our_error(error, self._where, self._name)


class _Filled:
    """The columns in which a batch, or one before it, holds a value. What a COPY does not name is null, which the
    server need not be told row by row: with large exports that is every fifth or sixth field."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._filled: set[str] = set()

    def __call__(self, batch: pa.RecordBatch) -> tuple[str, ...]:
        columns = zip(self._schema.names, batch.columns, strict=True)
        self._filled.update(name for name, column in columns if column.null_count < batch.num_rows)
        return tuple(name for name in self._schema.names if name in self._filled)


def called(shard: Shard, generation: str) -> str:
    return f"Generation {generation} on shard {shard.name}" if generation else f"Shard {shard.name}"


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    rows = max(1, batch.num_rows * MADE_BYTES // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def numbered(statement: str) -> str:
    """With parameters as the server spells them."""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)


def set_settings(settings: Mapping[str, str]) -> tuple[str, list[str]]:
    """A statement, and its parameters."""
    words = [word for pair in settings.items() for word in pair]
    return "SELECT " + ", ".join(["set_config(?, ?, false)"] * len(settings)), words
