from pathlib import Path

import pytest
from sqlalchemy import text

from core.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    found = Database(f"sqlite:///{tmp_path / 'catalog.sqlite'}")
    with found.transaction() as session:
        session.execute(text("CREATE TABLE note (words TEXT)"))
        session.execute(text("INSERT INTO note VALUES ('first')"))
    return found


def words(database: Database) -> list[str]:
    with database.reading() as session:
        return list(session.scalars(text("SELECT words FROM note")))


def test_who_looks_waits_for_no_writer_and_sees_only_what_is_committed(database: Database) -> None:
    with database.transaction() as writing:
        writing.execute(text("INSERT INTO note VALUES ('second')"))
        assert words(database) == ["first"]
    assert words(database) == ["first", "second"]
    database.dispose()


def test_nothing_written_while_looking_is_kept(database: Database) -> None:
    with database.reading() as session:
        session.execute(text("INSERT INTO note VALUES ('lost')"))
    assert words(database) == ["first"]
    database.dispose()
