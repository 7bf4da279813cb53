"""One connection to a generation, and the words in which the databases differ.

The statements of edits and facts are written once, with `?` for parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final

import pyarrow as pa

from core.errors import RestorebotError, StorageError

Value = str | int | datetime
#: How long a statement waits for somebody else's lock.
BUSY_SECONDS: Final = 30


class UniqueViolation(StorageError):
    """A key stands twice where it may stand once."""


class ForeignKeyViolation(StorageError):
    """A row refers to what is not there."""


class TooLongForIndex(StorageError):
    """A text is longer than an index of its kind takes."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The words in which the databases differ."""

    text: str
    number: str
    decimal: str
    flag: str
    moment: str
    #: no type for moments and flags: they are stored as microseconds, and as 0 or 1
    only_numbers: bool
    #: what follows the columns of a table that has a primary key
    keyed: str
    #: what follows the columns of one that is loaded first
    loaded: str
    #: how many tables of a name there are
    count_tables: str
    #: bytes of the generation's tables and indexes
    size: str
    #: the texts of a JSON array, as a subselect
    listed: str
    #: the end of a SELECT that locks its rows until the transaction ends; "" where the transaction locks everything
    for_update: str


@dataclass(frozen=True, kw_only=True)
class Select:
    """Rows of one table, all of its columns."""

    table: str
    schema: pa.Schema
    condition: str
    parameters: Sequence[str] = ()
    order_by: str
    #: "" or LIMIT and OFFSET
    window: str = ""
    #: rows may hold whole pages of text, so that a batch should have few
    long_rows: bool = False

    @property
    def statement(self) -> str:
        columns = ", ".join(f'"{name}"' for name in self.schema.names)
        where = f'FROM "{self.table}" WHERE {self.condition} ORDER BY {self.order_by} {self.window}'
        return f"SELECT {columns} {where}"


class Session(ABC):
    """Statements on one open generation. Without `transaction`, each statement is one of its own."""

    dialect: Dialect
    _begin: ClassVar[str]
    #: of the library that the connection is of
    _error: ClassVar[type[Exception]]

    def __init__(self, connection: Any, name: str) -> None:
        self._connection = connection
        self._name = name

    def run(self, statement: str, *parameters: Value) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows, if it has any."""
        with self._errors(), self._cursor() as cursor:
            cursor.execute(self._spelled(statement), self._stored(parameters) or None)
            return list(cursor.fetchall()) if cursor.description else []

    def value(self, statement: str, *parameters: Value) -> Any:
        """The one value of the first row, or None without rows."""
        rows = self.run(statement, *parameters)
        return rows[0][0] if rows else None

    @abstractmethod
    def ingest(self, table: str, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
        """Append rows. What goes wrong in `batches` is raised as it is."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.run(self._begin)
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            # A full disk has rolled back by itself, and a connection that is gone has nothing to roll back.
            with suppress(RestorebotError):
                self.run("ROLLBACK")
            raise

    def proven_references(self) -> frozenset[tuple[str, str]]:
        """(table, column) of references of which the database itself knows that none is broken."""
        return frozenset()

    def _cursor(self) -> Any:
        return self._connection.cursor()

    def _spelled(self, statement: str) -> str:
        """The statement as this database takes it."""
        return statement

    def _stored(self, parameters: Sequence[Value]) -> Sequence[Value]:
        """Parameters as this database takes them."""
        return parameters

    @abstractmethod
    def _as_our_error(self, error: Exception) -> RestorebotError: ...

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise self._as_our_error(error) from error
