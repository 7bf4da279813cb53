"""Rows of a shard's PostgreSQL as Arrow. They are read by ADBC, which makes them of COPY's binary form; all else goes
through `PostgresSession`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import adbc_driver_manager
import pyarrow as pa

from core.apps.driver import Shard
from core.apps.embedded.generation import cast_batch
from core.apps.embedded.postgres_failures import as_our_error
from core.apps.embedded.postgres_session import POSTGRES, called, numbered, set_settings
from core.apps.embedded.session import Select

#: About the size of a batch that is read. A batch has whole rows.
BATCH_BYTES: Final = 1024 * 1024


class PostgresReader:
    """Of one generation, over one connection of ADBC's."""

    def __init__(self, connection: Any, shard: Shard, generation: str) -> None:
        self._connection = connection
        self._where = called(shard, generation)
        self._generation = generation

    def stands(self) -> bool:
        """Whether the generation is there."""
        return bool(self._value(POSTGRES.count_tables, ["generation"]))

    def configure(self, settings: Mapping[str, str]) -> None:
        """Settings of this connection."""
        self._value(*set_settings(settings))

    def read(self, select: Select) -> Iterator[pa.RecordBatch]:
        """COPY, which streams, takes no parameters: they go as settings of the connection."""
        settings = {f"restorebot.p{number}": value for number, value in enumerate(select.parameters)}
        if settings:
            self.configure(settings)
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
                    raise as_our_error(error, self._where, self._generation) from error
                yield cast_batch(batch, select.schema)

    def _value(self, statement: str, parameters: Sequence[str]) -> Any:
        """The first one of the first row."""
        with self._errors(), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})  # it takes no parameters
            cursor.execute(numbered(statement), parameters)
            return cursor.fetchone()[0]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except adbc_driver_manager.Error as error:
            raise as_our_error(error, self._where, self._generation) from error
