"""What our sessions are called on a PostgreSQL server, so that those of a process that stands still can be ended."""

from hashlib import blake2s
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

#: PostgreSQL cuts a longer name.
_LONGEST: Final = 63
_MARK_LENGTH: Final = 12


def session_name(role: str, host: str, pid: int) -> str:
    """`restorebot worker 4f2c91d07a3b`: what the process is for, and a mark that stands for machine and process."""
    mark = f" {session_mark(host, pid)}"
    return f"restorebot {role}"[: _LONGEST - len(mark)] + mark


def end_sessions(session: Session, host: str, pid: int) -> int:
    """End every session of that process in this database but our own; returns how many. What they had not committed is
    undone, and their locks are gone."""
    ended = session.scalars(
        text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND usename = current_user AND right(application_name, :length) = :mark AND pid <> pg_backend_pid()"
        ),
        {"mark": session_mark(host, pid), "length": _MARK_LENGTH},
    )
    return sum(map(bool, ended))


def session_mark(host: str, pid: int) -> str:
    """Stands for a process: its sessions' names end with it, on shards too."""
    return blake2s(f"{host} {pid}".encode(), digest_size=_MARK_LENGTH // 2).hexdigest()
