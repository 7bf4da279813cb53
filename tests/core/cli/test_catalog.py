"""A person carries the catalog from the data folder to PostgreSQL, and works on there."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.database import Database
from tests.core.cli.shell import Shell


@pytest.fixture
def used(shell: Shell) -> Shell:
    """Something that can be recognized."""
    shell.says("app", "provision", "Wiki", "--type", "confluence")
    shell.says("app", "provision", "Tracker", "--type", "jira")
    return shell


def copy(shell: Shell, to: str, *, status: int = 0, **settings: Any) -> str:
    return shell.says("catalog", "copy", "--to", to, status=status, **settings)


def digest(shell: Shell) -> str:
    """Of what the catalog's file holds, whatever of it lies in the file beside it."""
    database = Database(f"sqlite:///{shell.data_dir / 'catalog.sqlite'}")
    connection = database.engine.raw_connection()
    found = hashlib.sha256("\n".join(connection.driver_connection.iterdump()).encode()).hexdigest()  # type: ignore[union-attr]
    connection.close()
    database.dispose()
    return found


def test_it_is_carried_and_used_there_and_the_file_stays_as_it_was(used: Shell, postgres_url: str) -> None:
    before = digest(used)
    told = copy(used, postgres_url)
    assert digest(used) == before
    assert "The file stays as it was" in told
    assert "RESTOREBOT_DATABASE_URL" in told
    assert "shard shard-1, storage managed" in told
    assert f"{make_url(postgres_url).password}@" not in told
    for words in (("app", "list"), ("role", "list"), ("storage", "list"), ("shard", "list"), ("org", "show")):
        assert used.json(*words, database_url=postgres_url) == used.json(*words)
    audited, here = used.json("audit", database_url=postgres_url), used.json("audit")
    assert (audited[0]["action"], audited[1:]) == ("catalog.copied", here)
    made = used.json("app", "provision", "Notes", "--type", "confluence", database_url=postgres_url)
    assert made["id"] in {one["id"] for one in used.json("app", "list", database_url=postgres_url)}
    assert digest(used) == before
    again = copy(used, postgres_url, status=1)
    assert "wrong-state" in again
    assert "is not empty" in again


def test_as_json_it_says_what_it_did(used: Shell, postgres_url: str) -> None:
    told = used.json("catalog", "copy", "--to", postgres_url)
    assert told["from"] == str(used.data_dir / "catalog.sqlite")
    assert told["to"] == make_url(postgres_url).render_as_string(hide_password=True)
    assert (told["rows"]["app"], told["rows"]["organization"]) == (2, 1)
    assert told["in_folders"] == ["shard shard-1", "storage managed"]


def test_the_password_may_come_from_the_environment(
    used: Shell, postgres_shard_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert used.json("catalog", "copy", "--to", postgres_shard_url)["rows"]["app"] == 2
    assert len(used.json("app", "list", database_url=postgres_shard_url)) == 2
    monkeypatch.setenv("PGPASSWORD", "not-it")
    told = copy(used, postgres_shard_url, status=1)
    assert "catalog.sign-in" in told
    assert "not-it" not in told


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("", "it is no URL"),
        ("db.example.org", "it is no URL"),
        ("mysql://ann:hidden@db/restorebot", "must begin with postgresql://"),
        ("sqlite:////tmp/other.sqlite", "to PostgreSQL only"),
        ("postgresql://ann:hidden@word@db/restorebot", "a password stands before the last @"),
        ("postgresql://db/restorebot?password=hidden", "a password stands before the last @"),
    ],
)
def test_what_names_no_database_is_refused_and_not_repeated(used: Shell, to: str, why: str) -> None:
    told = copy(used, to, status=2)
    assert why in told
    assert "Nothing was copied" in told
    assert "hidden" not in told


def test_a_server_that_is_not_there(used: Shell, postgres_url: str) -> None:
    told = copy(used, make_url(postgres_url).set(port=1).render_as_string(hide_password=False), status=1)
    assert "catalog.unreachable" in told
    assert "Connection refused" in told


def test_without_a_catalog_nothing_is_made(fresh: Shell, postgres_url: str) -> None:
    told = copy(fresh, postgres_url, status=2)
    assert "There is no catalog in" in told
    assert not fresh.data_dir.exists()


def test_from_postgresql_it_is_not_carried(used: Shell, postgres_url: str) -> None:
    assert "on PostgreSQL already" in copy(used, postgres_url, status=2, database_url=postgres_url)


def test_an_older_catalog_is_refused_and_not_brought_up_to_date(used: Shell, postgres_url: str) -> None:
    database = Database(f"sqlite:///{used.data_dir / 'catalog.sqlite'}")
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    database.dispose()
    before = digest(used)
    told = copy(used, postgres_url, status=1)
    assert "at revision 0001" in told
    assert "restorebot doctor" in told
    assert digest(used) == before


def test_only_an_organization_admin_may(used: Shell, postgres_url: str) -> None:
    told = copy(used, postgres_url, status=1, person="mallory")
    assert "not-allowed" in told
    database = Database(postgres_url)
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")) == 0
    database.dispose()
