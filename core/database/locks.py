"""How a transaction keeps others from what it decides on. On SQLite every writing transaction is alone anyway."""

from hashlib import blake2s
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

#: For `with_for_update`: nobody else changes or locks the row until the transaction ends. Rows that refer to it can be
#: written meanwhile, since ids never change; else who writes one would wait for who decides, and they for each other.
LOCKED: Final[dict[str, Any]] = {"key_share": True}


def alone(session: Session, what: str) -> None:
    """Wait until nobody else does `what`, and keep them from it until this transaction ends: for what no single row
    decides, such as whether a name is free."""
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(blake2s(what.encode(), digest_size=8).digest(), signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))
