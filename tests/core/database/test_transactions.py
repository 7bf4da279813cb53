"""What a transaction and a look promise, on each database."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from core.database import Database
from core.errors import CatalogReadOnly


@pytest.fixture
def database(catalog_url: str) -> Iterator[Database]:
    found = Database(catalog_url)
    with found.transaction() as session:
        session.execute(text("CREATE TABLE note (words TEXT)"))
        session.execute(text("INSERT INTO note VALUES ('first')"))
    yield found
    found.dispose()


def words(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(text("SELECT words FROM note ORDER BY words")))


def test_who_looks_waits_for_no_writer_and_sees_only_what_is_committed(database: Database) -> None:
    with database.transaction() as writing:
        writing.execute(text("INSERT INTO note VALUES ('second')"))
        assert words(database) == ["first"]
    assert words(database) == ["first", "second"]


def test_who_looks_sees_the_same_from_the_first_question_to_the_last(database: Database) -> None:
    with database.reading() as session:
        count = text("SELECT count(*) FROM note")
        assert session.scalar(count) == 1
        with database.transaction() as writing:
            writing.execute(text("INSERT INTO note VALUES ('second')"))
        assert session.scalar(count) == 1
    assert words(database) == ["first", "second"]


def test_a_mistake_of_ours_stays_what_it_is(database: Database) -> None:
    """Nobody's server is at fault."""
    with pytest.raises(ProgrammingError, match="object"), database.reading() as session:
        session.scalar(text("SELECT :value"), {"value": object()})


def test_nothing_written_while_looking_is_kept(database: Database) -> None:
    """SQLite forgets it; PostgreSQL refuses it at once."""
    written = text("INSERT INTO note VALUES ('lost')")
    if database.is_sqlite:
        with database.reading() as session:
            session.execute(written)
    else:
        with pytest.raises(CatalogReadOnly), database.reading() as session:
            session.execute(written)
    assert words(database) == ["first"]
