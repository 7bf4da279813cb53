"""A person adds a shard on PostgreSQL, puts an app on it, and asks doctor."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.core.cli.shell import Shell


def lines(found: dict[str, Any], what: str) -> list[str]:
    return [f"{one['state']}: {one['said']}" for one in found["lines"] if one["what"] == what]


def create(shell: Shell, url: str, folder: Path, *, status: int = 0) -> str:
    words = ("shard", "create", "eu-1", "--region", "local", "--url", url, "--attachments", folder.as_uri())
    return shell.says(*words, status=status)


def test_a_shard_on_postgresql_holds_apps_and_doctor_tells_of_it(
    shell: Shell, postgres_shard_url: str, tmp_path: Path
) -> None:
    told = create(shell, postgres_shard_url, tmp_path / "files")
    assert "PostgreSQL" in told
    assert "texts compressed with" in " ".join(told.split())
    made = shell.json("app", "provision", "Wiki", "--type", "confluence", "--shard", "eu-1")
    assert made["shard"] == "eu-1"
    line, *warned = lines(shell.json("doctor"), "shard eu-1")
    assert line.startswith("ok: 1 apps in region local; PostgreSQL ")
    with psycopg.connect(postgres_shard_url) as connection:
        synced = connection.execute("SHOW fsync").fetchone() == ("on",)
    assert ["fsync off" in one for one in warned] == ([] if synced else [True])
    assert shell.json("app", "move", "Wiki", "--to", "shard-1")["app"]["shard"] == "shard-1"
    assert shell.json("app", "move", "Wiki", "--to", "eu-1")["app"]["shard"] == "eu-1"


def test_without_attachments_a_password_or_a_server_nothing_is_made(
    shell: Shell, postgres_shard_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = shell.says("shard", "create", "eu-1", "--region", "eu", "--url", postgres_shard_url, status=2)
    assert "--attachments" in told
    with_password = make_url(postgres_shard_url).set(password="hidden").render_as_string(hide_password=False)
    told = create(shell, with_password, tmp_path / "files", status=2)
    assert "PGPASSWORD" in told
    assert "hidden" not in told
    assert "postgresql://" in create(shell, "mysql://somewhere/else", tmp_path / "files", status=2)
    nowhere = make_url(postgres_shard_url).set(port=1).render_as_string()
    assert "Connection refused" in create(shell, nowhere, tmp_path / "files", status=1)
    monkeypatch.setenv("PGPASSWORD", "")
    assert "no password supplied" in create(shell, postgres_shard_url, tmp_path / "files", status=1)
    assert not (tmp_path / "files").exists()
    assert [one["name"] for one in shell.json("shard", "list")] == ["shard-1"]


def test_doctor_tells_of_a_shard_whose_server_does_not_let_us_in(
    shell: Shell, postgres_shard_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(shell, postgres_shard_url, tmp_path / "files")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    (line,) = lines(shell.json("doctor", status=1), "shard eu-1")
    assert line.startswith("bad: ")
    assert "password authentication failed" in line
