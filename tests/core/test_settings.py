"""The one setting that names catalog and journal."""

from pathlib import Path

import pytest

from core.errors import SettingError
from core.settings import load_settings


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgres://me:secret@db/restorebot", "it must begin with postgresql://"),
        ("postgresql+psycopg2://me:secret@db/restorebot", "it must begin with postgresql://"),
        ("mysql://me:secret@db/restorebot", "it must begin with postgresql://"),
        ("db.internal/secret", "it is no URL of a database"),
        ("postgresql://me:pass@secret@db/restorebot", "a password stands before the last @"),
        ("postgresql://me@db/restorebot?password=secret", "a password stands before the last @"),
    ],
)
def test_a_database_url_that_is_wrong_is_refused_without_repeating_it(url: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="RESTOREBOT_DATABASE_URL is wrong") as caught:
        load_settings(data_dir=tmp_path, database_url=url)
    assert why in caught.value.message
    assert "secret" not in caught.value.message


def test_settings_do_not_show_the_password(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, database_url="postgresql://me:secret@db/restorebot")
    assert "secret" not in repr(settings)


def test_catalog_and_journal_share_a_server_and_never_a_file(tmp_path: Path) -> None:
    server = load_settings(data_dir=tmp_path, database_url="postgresql://me@db/restorebot")
    assert server.catalog_url == server.journal_url == "postgresql://me@db/restorebot"
    for url in ("", f"sqlite:///{tmp_path / 'other.sqlite'}"):
        files = load_settings(data_dir=tmp_path, database_url=url)
        assert files.catalog_url != files.journal_url == f"sqlite:///{tmp_path / 'journal.sqlite'}"
