"""One connection to a generation's file.

Every access goes through the SQLite of ADBC, never through Python's own: file locks belong to the process, and when one
of two libraries closes the file, the locks of the other are gone.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import adbc_driver_manager
import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa

from core.errors import DamagedObject, DiskFull, RestorebotError, StorageError, StorageReadOnly, StorageUnreachable

BUSY_SECONDS: Final = 30
CACHE_KIBIBYTES: Final = 16 * 1024


class UniqueViolation(StorageError):
    """A key stands twice where it may stand once."""


class Session:
    """Statements on one open generation. Without `transaction`, each statement is one of its own."""

    def __init__(self, connection: Any, name: str) -> None:
        self._connection = connection
        self._name = name

    def run(self, statement: str, *parameters: str | int) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, if it has any."""
        with self._errors(), self._connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, statement: str, *parameters: str | int) -> Any:
        """The one value of the first row, or None without rows."""
        rows = self.run(statement, *parameters)
        return rows[0][0] if rows else None

    def stream(self, statement: str, *parameters: str | int, batch_rows: int) -> Iterator[pa.RecordBatch]:
        """The rows as Arrow batches of at most `batch_rows`."""
        with self._errors(), self._connection.cursor() as cursor:
            cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(batch_rows)})
            cursor.execute(statement, parameters or None)
            yield from cursor.fetch_record_batch()

    def ingest(self, table: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """Append rows. What goes wrong in `batches` is raised as it is."""
        failures: list[Exception] = []

        def watched() -> Iterator[pa.RecordBatch]:
            try:
                yield from batches
            except Exception as error:
                failures.append(error)
                raise

        with self._errors(), self._connection.cursor() as cursor:
            try:
                cursor.adbc_ingest(table, pa.RecordBatchReader.from_batches(schema, watched()), mode="append")
            except (adbc_driver_manager.Error, pa.ArrowException, OSError):
                if failures:
                    raise failures[0] from None
                raise

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. It begins with the write lock, so that a busy file is waited for and what is read holds."""
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # On a full disk SQLite has rolled back by itself, and says that there is nothing to roll back.
            with self._connection.cursor() as cursor, suppress(adbc_driver_manager.Error):
                cursor.execute("ROLLBACK")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except adbc_driver_manager.Error as error:
            raise as_our_error(str(error), self._name) from error


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
def session(file: Path, *, durable: bool) -> Iterator[Session]:
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
        opened = Session(connection, name)
        for pragma in (
            f"busy_timeout={BUSY_SECONDS * 1000}",
            f"synchronous={'FULL' if durable else 'OFF'}",
            f"cache_size=-{CACHE_KIBIBYTES}",
            "threads=2",
        ):
            opened.run(f"PRAGMA {pragma}")
        yield opened
