"""Every text comes back as it was written, or the database is refused before anything is."""

import psycopg
import pytest
from sqlalchemy import text

from core.database import Database
from core.errors import CatalogUnfit
from core.migrations import upgrade
from tests.services.postgres import PostgresServer, conninfo


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_does_not_hold_every_text_is_refused(postgres: PostgresServer, encoding: str) -> None:
    name = f"test_{encoding.lower()}"
    url = postgres.url.set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(conninfo(postgres.url), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name}")
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    database = Database(url)
    with pytest.raises(CatalogUnfit, match=f"{name} has the encoding {encoding}") as raised:
        upgrade(database)
    assert "Nothing was changed" in raised.value.message
    assert "--encoding=UTF8" in raised.value.hint
    database.dispose()
    postgres.drop_database(url)


def test_what_the_environment_says_of_encodings_does_not_matter(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    database = Database(postgres_url)
    with database.reading() as session:
        assert session.scalar(text("SELECT CAST(:words AS text)"), {"words": "Ёлка 😀"}) == "Ёлка 😀"
    database.dispose()
