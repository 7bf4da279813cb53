"""Our sessions on a PostgreSQL server: named, checked before use; none waits for ever, or keeps others waiting."""

from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url

from core.database.failures import WAIT_SECONDS
from core.errors import CatalogTooOld, CatalogUnfit

#: The oldest server whose every feature we use is there and still maintained: `server_version` as libpq gives it.
OLDEST: Final = 140_000
#: Where the journal keeps its tables, beside the catalog's.
JOURNAL_SCHEMA: Final = "dbos"
#: Sessions a process keeps, and how many more it takes for a moment.
POOL, MORE = 4, 8
#: A server or network that is gone is noticed in this time, also by who waits for an answer.
NOTICED_SECONDS: Final = 30
#: What the server does on its side for us: ends a wait for a lock, and a session that was left within a transaction by
#: a process that stands still.
_LIMITS: Final = f"-c lock_timeout={WAIT_SECONDS}s -c idle_in_transaction_session_timeout=60s"


def open_engine(url: str, *, name: str, pool: int = POOL, more: int = MORE) -> Engine:
    """What the URL says itself, such as another `connect_timeout`, stands."""
    given = make_url(url).query
    ours: dict[str, Any] = {
        "application_name": name,
        "client_encoding": "UTF8",
        "connect_timeout": 10,
        "keepalives_idle": NOTICED_SECONDS // 3,
        "keepalives_interval": NOTICED_SECONDS // 6,
        "keepalives_count": 4,
        "tcp_user_timeout": NOTICED_SECONDS * 1000,
    }
    arguments = {key: value for key, value in ours.items() if key not in given}
    arguments["options"] = " ".join([_LIMITS, *given_options(given.get("options"))])
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        pool_size=pool,
        max_overflow=more,
        pool_timeout=WAIT_SECONDS,
        isolation_level="READ COMMITTED",
    )

    # first of all: the dialect asks a new connection this and that, and some servers' answers are not understood
    event.listen(engine, "connect", _check, insert=True)
    event.listen(engine, "checkin", _as_the_server_has_it)
    return engine


def _check(connection: Any, _record: Any) -> None:
    """Refuse a server or a database that does not do. Costs no question: the server has told when it was connected."""
    version = connection.info.server_version
    encoding = connection.info.parameter_status("server_encoding")
    if version < OLDEST:
        connection.close()
        raise CatalogTooOld(
            f"The PostgreSQL server is version {version // 10_000}; Restorebot needs {OLDEST // 10_000} or newer."
            " Nothing was changed.",
            hint="Upgrade the server, or name another one in RESTOREBOT_DATABASE_URL.",
        )
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise CatalogUnfit(
            f"The catalog's database {name} has the encoding {encoding}, which does not hold every text. Nothing was"
            " changed.",
            hint="Make one with UTF8 (createdb --encoding=UTF8 --template=template0 --owner=ACCOUNT NAME), and name it"
            " in RESTOREBOT_DATABASE_URL.",
        )


def _as_the_server_has_it(connection: Any, _record: Any) -> None:
    """Who has only looked leaves a connection that says "read write" from then on, and so would write on a server whose
    administrator has ended writing by default_transaction_read_only."""
    if connection is not None:  # else it is broken, and not used again
        connection.read_only = None


def given_options(found: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """A URL may say a parameter once or more often."""
    return (found,) if isinstance(found, str) else found or ()


def reading(engine: Engine) -> Engine:
    """The same sessions for who only looks: one view from the first question to the last."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
