"""What an error of a shard's PostgreSQL means to a person, by SQLSTATE.

Of a server's words only its first sentence is told: details and contexts quote rows.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from core.apps.embedded.session import BUSY_SECONDS, ForeignKeyViolation, TooLongForIndex, UniqueViolation
from core.errors import (
    AccessDenied,
    BadCredentials,
    DamagedObject,
    DiskFull,
    NotStorable,
    ObjectNotFound,
    RestorebotError,
    StorageError,
    StorageReadOnly,
    StorageUnreachable,
)


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    error: type[StorageError] | None  # None: DamagedObject, which names the generation
    #: `{where}` is the shard and the generation, `{words}` are the server's own
    message: str
    hint: str


_UNREACHABLE: Final = _Meaning(
    error=StorageUnreachable,
    message="{where} cannot be reached: {words}. Nothing was changed.",
    hint="It is tried again. If it stays, start the server, or look at the network between.",
)
_LOST: Final = _Meaning(
    error=StorageUnreachable,
    message="The connection to {where} was lost: {words}. What was being written was taken back.",
    hint="It is tried again. If it stays, look at the server's log.",
)
_LOCKED: Final = _Meaning(
    error=StorageUnreachable,
    message=f"{{where}} was in use by another session for {BUSY_SECONDS} seconds ({{words}}); nothing was written.",
    hint="It is tried again. If it stays, look for a stopped process among the sessions named restorebot/… in"
    " pg_stat_activity.",
)
_CROWDED: Final = _Meaning(
    error=StorageUnreachable,
    message="{where} takes no further connection: {words}. Nothing was changed.",
    hint="It is tried again. If it stays, raise the server's max_connections, or run fewer workers.",
)
_SHORT: Final = _Meaning(
    error=StorageUnreachable,
    message="{where} is short of memory or of locks: {words}. What was being written was taken back.",
    hint="It is tried again. If it stays, raise the server's max_locks_per_transaction, or give it more memory.",
)
_READ_ONLY: Final = _Meaning(
    error=StorageReadOnly,
    message="{where} cannot be written: {words}. Nothing was changed.",
    hint="A standby takes no writes: name the primary (with several hosts add ?target_session_attrs=read-write). Else"
    " end default_transaction_read_only.",
)
_FULL: Final = _Meaning(
    error=DiskFull,
    message="The disk of {where} is full: {words}. What was being written was taken back.",
    hint="Free space on the server's disk, then resume.",
)
_FORBIDDEN: Final = _Meaning(
    error=AccessDenied,
    message="The account may not do this on {where}: {words}. Nothing was changed.",
    hint="It makes a schema for each generation. As an administrator: GRANT CREATE ON DATABASE … TO …;",
)
_SIGN_IN: Final = _Meaning(
    error=BadCredentials,
    message="The server of {where} does not let this account in: {words}. Nothing was changed.",
    hint="Give the password in PGPASSWORD or ~/.pgpass, or let the account in by the server's pg_hba.conf.",
)
_NO_DATABASE: Final = _Meaning(
    error=ObjectNotFound,
    message="The database of {where} is not there: {words}. Nothing was changed.",
    hint="Make it (createdb --owner=ACCOUNT NAME), or bring it back.",
)
_GONE: Final = _Meaning(
    error=ObjectNotFound,
    message="{where} is not there: {words}. Nothing was changed.",
    hint="It was removed meanwhile: `restorebot app show` says where the app's data is.",
)
_DAMAGED: Final = _Meaning(
    error=None,
    message="{where} is damaged: {words}.",
    hint="Look at the server's disk. If the generation is staged, cancel the restore and start it anew; if it is live,"
    " restore the app from a backup.",
)
_NOT_STORABLE: Final = _Meaning(
    error=NotStorable,
    message="A value cannot be stored on {where}: {words}. What was being written was taken back.",
    hint="PostgreSQL holds no NUL character, and times from 4713 BC on. Restore to an app on a SQLite shard.",
)
_TWICE: Final = _Meaning(error=UniqueViolation, message="{where}: {words}", hint="")
_DANGLING: Final = _Meaning(error=ForeignKeyViolation, message="{where}: {words}", hint="")
_TOO_LONG: Final = _Meaning(error=TooLongForIndex, message="{where}: {words}", hint="")
_OTHER: Final = _Meaning(
    error=StorageError,
    message="{where} refused what it was asked: {words}. What was being written was taken back.",
    hint="Look at the server's log.",
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
    "53": _SHORT,
    "42501": _FORBIDDEN,
    "3D000": _NO_DATABASE,
    "28": _SIGN_IN,
    "42P01": _GONE,
    "3F000": _GONE,
    "58": _DAMAGED,
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
    "22": _NOT_STORABLE,
    "23505": _TWICE,
    "23503": _DANGLING,
    "54000": _TOO_LONG,
}
#: libpq gives no SQLSTATE of a connection that was not made. A server that speaks another language is "unreachable"
#: with its own words.
_BY_WORDS: Final[Mapping[str, _Meaning]] = {
    "authentication failed": _SIGN_IN,
    "no password supplied": _SIGN_IN,
    "no pg_hba.conf entry": _SIGN_IN,
    "permission denied for database": _SIGN_IN,
    'FATAL:  role "': _SIGN_IN,
    "too many clients": _CROWDED,
    "too many connections": _CROWDED,
    "remaining connection slots": _CROWDED,
    "session is not read-write": _READ_ONLY,
    "session is read-only": _READ_ONLY,
    "server is in hot standby mode": _READ_ONLY,
    "does not exist": _NO_DATABASE,
    "Failed to connect": _UNREACHABLE,  # ADBC's, and then psycopg's
    "connection failed": _UNREACHABLE,
    "connection timeout": _UNREACHABLE,
    "failed to resolve host": _UNREACHABLE,
    "invalid URI": _UNREACHABLE,
    "cannot contain NUL": _NOT_STORABLE,  # psycopg's, of a parameter
    "Failed to write batch": _NOT_STORABLE,  # pgpq's, of a value
    "contains null values": _OTHER,  # pgpq's, of a column
    "ERROR:": _OTHER,
}


def as_our_error(error: Exception, where: str, generation: str) -> RestorebotError:
    """`error` is of psycopg or, where rows are loaded, of pgpq; where they are read, of ADBC or Arrow."""
    meaning = _meaning(getattr(error, "sqlstate", None), str(error))
    message = meaning.message.format(where=where, words=_words(error))
    if meaning.error is None:
        return DamagedObject(message, key=generation, hint=meaning.hint)
    return meaning.error(message, hint=meaning.hint)


def _meaning(state: str | None, text: str) -> _Meaning:
    if state is None:
        return next((meaning for known, meaning in _BY_WORDS.items() if known in text), _LOST)
    return next((meaning for beginning, meaning in _BY_STATE.items() if state.startswith(beginning)), _OTHER)


def _words(error: Any) -> str:
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return _one_sentence(error.diag.message_primary)
    for name, value in getattr(error, "details", None) or ():
        if name.endswith(b"MESSAGE_PRIMARY") if isinstance(name, bytes) else name.endswith("MESSAGE_PRIMARY"):
            return _one_sentence(value.decode())
    said = str(error).partition("[libpq] ")[2] or str(error).removeprefix("connection failed: ")
    inner = re.search(r"(?:ERROR|FATAL):\s+([^\n]+)", said) or re.search(r'reason: "([^"]+)"', said)
    return _one_sentence(inner[1] if inner else said.partition("Query was:")[0])


def _one_sentence(text: str) -> str:
    return " ".join(text.split()).rstrip(".")
