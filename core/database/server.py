"""How a PostgreSQL server stands, for `doctor`."""

import time
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

_LOOKS = 3


@dataclass(frozen=True, kw_only=True)
class ServerState:
    version: str
    #: of an empty question, from here and back; the best of a few
    milliseconds: float
    #: in use, of all databases
    connections: int
    #: of those, how many are of our processes
    ours: int
    #: how many an account that is no superuser can have at most
    limit: int
    #: why it takes no writes; empty: it does
    read_only: str
    #: settings by which a crash may lose what was committed
    unsafe: tuple[str, ...]


def look_at(session: Session) -> ServerState:
    """Needs no rights but to connect."""
    version, standby, read_only, connections, ours, limit = session.execute(
        text(
            "SELECT current_setting('server_version'), pg_is_in_recovery(),"
            " current_setting('default_transaction_read_only')::boolean,"
            " (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database),"
            " (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'restorebot%'),"
            " current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
            " - coalesce(current_setting('reserved_connections', true)::int, 0)"  # from version 16 on
        )
    ).one()
    unsafe = session.scalars(
        text(
            "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')"
            " AND setting = 'off' ORDER BY name"
        )
    )
    return ServerState(
        version=version.split()[0],
        milliseconds=min(_asked(session) for _ in range(_LOOKS)),
        connections=int(connections),
        ours=ours,
        limit=limit,
        read_only="it is a standby" if standby else "default_transaction_read_only is on" if read_only else "",
        unsafe=tuple(unsafe),
    )


def _asked(session: Session) -> float:
    began = time.perf_counter()
    session.scalar(text("SELECT 1"))
    return (time.perf_counter() - began) * 1000
