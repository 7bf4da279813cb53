"""What an error of the catalog's database means to a person: by SQLSTATE, or by SQLite's name of it.

Most are worth another try, also those an administrator has to put right first: a run that meets one keeps its staging
and is resumed. An error that means none of these is a defect and stays what it is.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import (
    CatalogConflict,
    CatalogCrowded,
    CatalogError,
    CatalogFull,
    CatalogLocked,
    CatalogMissing,
    CatalogNotAllowed,
    CatalogReadOnly,
    CatalogSignIn,
    CatalogUnreachable,
)

#: Seconds a writer waits for another one, and a thread for a free connection.
WAIT_SECONDS: Final = 30


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    error: type[CatalogError]
    #: `{words}` are the database's own, `{where}` is its URL without password
    message: str
    hint: str


_UNREACHABLE: Final = _Meaning(
    error=CatalogUnreachable,
    message="The catalog {where} cannot be reached: {words}. Nothing was changed.",
    hint="Start the server, or correct RESTOREBOT_DATABASE_URL; then try again. Runs in progress go on by themselves.",
)
_LOST: Final = _Meaning(
    error=CatalogUnreachable,
    message="The connection to the catalog {where} was lost: {words}. What was being written is there whole or not at"
    " all.",
    hint="Wait until the server is back, look what stands, and try again. Runs in progress go on by themselves.",
)
_LOCKED: Final = _Meaning(
    error=CatalogLocked,
    message=f"Another process held what is needed of the catalog for more than {WAIT_SECONDS} s, or waited for this one"
    " as well ({words}). Nothing was changed.",
    hint="Try again; `restorebot doctor` shows which processes work on it.",
)
_CROWDED: Final = _Meaning(
    error=CatalogCrowded,
    message="The catalog {where} takes no further connection: {words}. Nothing was changed.",
    hint="Stop workers that are not needed, or raise the server's max_connections; `restorebot doctor` shows how many"
    " are used.",
)
_READ_ONLY: Final = _Meaning(
    error=CatalogReadOnly,
    message="The catalog {where} cannot be written: {words}. Nothing was changed.",
    hint="A standby takes no writes: name the primary in RESTOREBOT_DATABASE_URL (with several hosts add"
    " ?target_session_attrs=read-write). Else end default_transaction_read_only, and try again.",
)
_FULL: Final = _Meaning(
    error=CatalogFull,
    message="The disk of the catalog {where} is full: {words}. Nothing was changed.",
    hint="Free space on it and try again; runs that stopped are resumed: `restorebot restore resume`.",
)
_CONFLICT: Final = _Meaning(
    error=CatalogConflict,
    message="Another process wrote the same to the catalog at this moment: {words}. Nothing was changed.",
    hint="Look what stands there now, and try again if it is still wanted.",
)
_NOT_ALLOWED: Final = _Meaning(
    error=CatalogNotAllowed,
    message="The account may not do this in the catalog {where}: {words}. Nothing was changed.",
    hint="It makes its tables in schema public and the journal's in schema dbos. As an administrator of that database:"
    " GRANT CREATE ON DATABASE … TO …; GRANT CREATE, USAGE ON SCHEMA public TO …; or make it the database's owner.",
)
_MISSING: Final = _Meaning(
    error=CatalogMissing,
    message="The catalog {where} does not exist: {words}. Nothing was changed.",
    hint="Make it (`createdb --owner=ACCOUNT NAME`), or correct RESTOREBOT_DATABASE_URL.",
)
_SIGN_IN: Final = _Meaning(
    error=CatalogSignIn,
    message="The server of the catalog {where} does not let this account in: {words}. Nothing was changed.",
    hint="Correct account and password in RESTOREBOT_DATABASE_URL (or ~/.pgpass, PGPASSWORD), or let it in by the"
    " server's pg_hba.conf.",
)

#: The first that begins the SQLSTATE holds.
_BY_STATE: Final[Mapping[str, _Meaning]] = {
    "08": _LOST,
    "57P03": _UNREACHABLE,  # starting up or shutting down
    "57P": _LOST,  # ended by an administrator, a crash or a restart
    "25P03": _LOST,  # stood still within a transaction
    "55P03": _LOCKED,
    "40": _LOCKED,  # deadlock; a standby's replay came in between
    "57014": _LOCKED,  # somebody's statement_timeout
    "25006": _READ_ONLY,
    "53100": _FULL,
    "53300": _CROWDED,
    "53": _UNREACHABLE,
    "58": _UNREACHABLE,
    "23505": _CONFLICT,
    "42501": _NOT_ALLOWED,
    "3D000": _MISSING,
    "28": _SIGN_IN,
}
#: libpq gives no SQLSTATE of a connection that was not made. A server that speaks another language is "unreachable"
#: with its own words.
_BY_WORDS: Final[Mapping[str, _Meaning]] = {
    "password authentication failed": _SIGN_IN,
    "no password supplied": _SIGN_IN,
    "no pg_hba.conf entry": _SIGN_IN,
    "authentication failed": _SIGN_IN,
    "role ": _SIGN_IN,
    "too many clients": _CROWDED,
    "too many connections": _CROWDED,
    "remaining connection slots": _CROWDED,
    "session is not read-write": _READ_ONLY,
    "session is read-only": _READ_ONLY,
    "server is in hot standby mode": _READ_ONLY,
    "permission denied for database": _SIGN_IN,
    "does not exist": _MISSING,
}
_UNUSABLE: Final = _Meaning(
    error=CatalogUnreachable,
    message="The catalog {where} cannot be used: {words}. Nothing was changed.",
    hint="Check RESTOREBOT_DATABASE_URL and that its folder exists and can be written; then try again.",
)
_BY_SQLITE_NAME: Final[Mapping[str, _Meaning]] = {
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_FULL": _FULL,
    "SQLITE_CONSTRAINT_UNIQUE": _CONFLICT,
    "SQLITE_CONSTRAINT_PRIMARYKEY": _CONFLICT,
    "SQLITE_READONLY": _Meaning(
        error=CatalogReadOnly,
        message="The catalog {where} cannot be written: {words}. Nothing was changed.",
        hint="Check the owner and the rights of its file and folder, and the disk they are on; then try again.",
    ),
    "SQLITE_CANTOPEN": _UNUSABLE,
    "SQLITE_IOERR": _UNUSABLE,
    "SQLITE_CORRUPT": _UNUSABLE,
    "SQLITE_NOTADB": _UNUSABLE,
    "SQLITE_PROTOCOL": _UNUSABLE,
}


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Errors of that database become ours."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        words = meaning.message.format(words=_words(error), where=without_password(url))
        raise meaning.error(words, hint=meaning.hint) from error


def without_password(url: str) -> str:
    """Fit for messages. What follows the name of the database is left out too: a password may stand there as well."""
    return make_url(url).set(query={}).render_as_string(hide_password=True)


def _meaning(error: DBAPIError | PoolTimeout) -> _Meaning | None:
    if isinstance(error, PoolTimeout):
        return _CROWDED
    if isinstance(error.orig, sqlite3.Error):
        # what Python's module refuses by itself, such as a value of no known type, has no name
        return _first(_BY_SQLITE_NAME, getattr(error.orig, "sqlite_errorname", ""))
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _first(_BY_STATE, state)
    if error.connection_invalidated:
        return _LOST
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    words = str(error.orig)
    return next((meaning for known, meaning in _BY_WORDS.items() if known in words), _UNREACHABLE)


def _first(meanings: Mapping[str, _Meaning], name: str) -> _Meaning | None:
    return next((meaning for beginning, meaning in meanings.items() if name.startswith(beginning)), None)


def _words(error: DBAPIError | PoolTimeout) -> str:
    if isinstance(error, PoolTimeout):
        return "all connections of this process are in use"
    diagnosis = getattr(error.orig, "diag", None)
    said = (diagnosis and diagnosis.message_primary) or str(error.orig).removeprefix("connection failed: ")
    return " ".join(said.split()).rstrip(".")
