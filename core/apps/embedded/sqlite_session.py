"""One connection to a generation's file.

Every access goes through the SQLite of ADBC, never through Python's own: file locks belong to the process, and when one
of two libraries closes the file, the locks of the other are gone.
"""

# ruff: noqa: S608  names of tables and columns cannot be parameters; they come from the record model only

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa

from core.apps.embedded.generation import cast_batch, typed_row
from core.apps.embedded.session import BUSY_SECONDS, Dialect, Select, Session, UniqueViolation, Value
from core.errors import DamagedObject, DiskFull, RestorebotError, StorageError, StorageReadOnly, StorageUnreachable

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - moments are kept as exports write them, without a zone
CACHE_KIBIBYTES: Final = 16 * 1024
#: Rows of one batch that is read: where rows hold whole pages of text, a few MB at most.
BATCH_ROWS: Final = 4096
LONG_BATCH_ROWS: Final = 256

SQLITE: Final = Dialect(
    text="TEXT",
    number="INTEGER",
    decimal="REAL",
    flag="INTEGER",
    moment="INTEGER",
    only_numbers=True,
    keyed=" WITHOUT ROWID",
    loaded="",
    count_tables='SELECT count(*) FROM "sqlite_schema" WHERE "name" = ?',
    size="SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    listed='SELECT "value" FROM json_each(?)',
    for_update="",
)


class SqliteSession(Session):
    dialect = SQLITE
    #: With the write lock, so that a busy file is waited for and what is read holds.
    _begin = "BEGIN IMMEDIATE"
    _error = adbc_driver_manager.Error

    def read(self, select: Select) -> Iterator[pa.RecordBatch]:
        """The rows in `select.schema`, in bounded memory."""
        rows = f"SELECT * FROM ({select.statement})" if select.window else select.statement
        with self._errors(), self._cursor() as cursor:
            batch_rows = LONG_BATCH_ROWS if select.long_rows else BATCH_ROWS
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(batch_rows)})
            # The typed row comes first: where all rows are sorted, by its key, which is the empty one.
            cursor.execute(f"{typed_row(select.schema, self.dialect)} UNION ALL {rows}", select.parameters or None)
            skip = 1
            for batch in cursor.fetch_record_batch():
                rest = batch.slice(skip)
                skip = 0
                if rest.num_rows:
                    yield cast_batch(rest, select.schema)

    def ingest(self, table: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        failures: list[Exception] = []

        def watched() -> Iterator[pa.RecordBatch]:
            try:
                yield from batches
            except Exception as error:
                failures.append(error)
                raise

        with self._errors(), self._cursor() as cursor:
            try:
                cursor.adbc_ingest(table, pa.RecordBatchReader.from_batches(schema, watched()), mode="append")
            except (adbc_driver_manager.Error, pa.ArrowException, OSError):
                if failures:
                    raise failures[0] from None
                raise

    def _stored(self, parameters: Sequence[Value]) -> Sequence[Value]:
        return [_microseconds(one) if isinstance(one, datetime) else one for one in parameters]

    def _as_our_error(self, error: Exception) -> RestorebotError:
        return as_our_error(str(error), self._name)


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def as_our_error(message: str, name: str) -> RestorebotError:
    """SQLite's result codes do not come through ADBC, its sentences do."""
    message = message.partition("\nquery")[0]
    said = message.lower()
    if "locked" in said:
        return StorageUnreachable(
            f"Generation {name} was in use by another process for {BUSY_SECONDS} seconds; nothing was written to it.",
            hint="It is tried again. If it stays, look for a stopped process that has the file open.",
        )
    if "disk is full" in said or "no space left" in said:
        return DiskFull(
            f"The disk of generation {name} is full; what was being written was taken back.",
            hint="Free space on the shard's disk, then resume.",
        )
    if "readonly" in said or "read-only" in said:
        return StorageReadOnly(
            f"Generation {name} cannot be written: its file or disk is read-only. Nothing was changed.",
            hint="Make the shard's folder writable for this account.",
        )
    if "malformed" in said or "not a database" in said:
        return DamagedObject(
            f"The file of generation {name} is damaged ({message}).",
            key=name,
            hint="If it is staged, cancel the restore and start it anew; if it is live, restore the app from a backup.",
        )
    if "unique constraint failed" in said:
        return UniqueViolation(f"Generation {name}: {message}")
    return StorageError(f"Generation {name} could not be read or written: {message}", hint="Look at the shard's disk.")


@contextmanager
def open_file(file: Path, *, durable: bool) -> Iterator[SqliteSession]:
    """Open a generation's file, which must be there.

    With `durable`, each transaction is on the disk when it ends. Without, it survives the end of any process at any
    instant, but not the loss of power: enough for staging, which `seal` ends.
    """
    name = file.stem
    try:
        connection = adbc.connect(f"file:{quote(str(file.absolute()))}?mode=rw", autocommit=True)
    except adbc_driver_manager.Error as error:
        raise as_our_error(str(error), name) from error
    with closing(connection):
        opened = SqliteSession(connection, name)
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            f"synchronous={'FULL' if durable else 'OFF'}",
            f"cache_size=-{CACHE_KIBIBYTES}",
            "threads=2",
        ):
            opened.run(f"PRAGMA {pragma}")
        yield opened
