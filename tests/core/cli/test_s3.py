"""Storages and attachment stores in S3, from the command line."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from core.storage.s3_place import parse_place
from tests.core.cli.shell import Shell
from tests.services.s3_proxy import Fault, Proxy


@pytest.fixture
def words(proxied_s3_url: Callable[[str], str], hasty_s3: None) -> list[str]:
    """Of a storage that can be used."""
    place = parse_place(proxied_s3_url("backups"))
    return ["--bucket", place.bucket, "--prefix", place.prefix, "--endpoint", place.endpoint, "--region", place.region]


def create(shell: Shell, words: list[str], *more: str) -> Any:
    return shell.json("storage", "create", "s3", "theirs", *words, *more)


def test_a_storage_keeps_what_it_was_made_with_and_no_credentials(
    shell: Shell, words: list[str], proxied_s3_url: Callable[[str], str]
) -> None:
    made = create(shell, words, "--sse", "AES256")
    place = parse_place(proxied_s3_url("backups"))
    assert made["url"] == f"{place.url}&sse=AES256"
    assert (made["kind"], made["on_expiry"]) == ("s3", "keep")
    assert [one["name"] for one in shell.json("storage", "list")] == ["managed", "theirs"]
    kept = b"".join(path.read_bytes() for path in shell.data_dir.rglob("*") if path.is_file())
    assert b"theirs" in kept
    assert os.environ["AWS_SECRET_ACCESS_KEY"].encode() not in kept


def test_what_expires_may_be_deleted(shell: Shell, words: list[str]) -> None:
    assert create(shell, words, "--on-expiry", "delete")["on_expiry"] == "delete"


def test_one_place_is_one_storage(shell: Shell, words: list[str]) -> None:
    create(shell, words)
    prefix = words.index("--prefix") + 1
    inside = [*words[:prefix], f"{words[prefix]}/deeper", *words[prefix + 1 :]]
    for place in (words, inside):
        assert "already" in shell.says("storage", "create", "s3", "again", *place, status=1)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--sse", "rot13"], "rot13"),
        (["--kms-key", "k"], "KMS key"),
        (["--prefix", "a b"], "prefix"),
        (["--bucket", "No"], "bucket"),
        (["--endpoint", "https://me:hunter2@host"], "password"),
        (["--on-expiry", "forget"], "forget"),
    ],
)
def test_wrong_words_are_named(shell: Shell, words: list[str], more: list[str], said: str) -> None:
    told = shell.says("storage", "create", "s3", "theirs", *words, *more, status=2)
    assert said in told
    assert "hunter2" not in told
    assert len(shell.json("storage", "list")) == 1


def test_a_storage_that_cannot_be_used_is_not_made(shell: Shell, words: list[str], proxy: Proxy) -> None:
    proxy.does(Fault(answer=(403, "AccessDenied")), to="DeleteObject", times=99)
    proxy.does(Fault(answer=(403, "AccessDenied")), to="ListObjectsV2", times=99)
    told = shell.says("storage", "create", "s3", "theirs", *words, status=1)
    for word in ("storage.unfit", "To list: ", "To delete: ", "s3:ListBucket", "s3:DeleteObject", "nothing was made"):
        assert word in told
    assert "To read: " not in told
    assert len(shell.json("storage", "list")) == 1


def test_doctor_makes_the_same_check(shell: Shell, words: list[str], proxy: Proxy) -> None:
    create(shell, words)
    assert shell.json("doctor")["good"]
    proxy.does(Fault(answer=(403, "AccessDenied")), to="GetObject", times=99)
    found = shell.json("doctor", status=1)
    lines = [one for one in found["lines"] if one["what"] == "storage theirs"]
    assert [one["state"] for one in lines] == ["bad", "ok"]
    assert lines[0]["said"].startswith("To read: ")
    assert "s3:GetObject" in lines[0]["do"]
    assert "delete" in lines[1]["said"]


def test_a_shard_may_have_its_attachments_in_s3(
    shell: Shell, proxied_s3_url: Callable[[str], str], hasty_s3: None, proxy: Proxy
) -> None:
    url = proxied_s3_url("attachments")
    made = shell.json("shard", "create", "eu-1", "--region", "eu", "--attachments", url)
    assert made["attachments_url"] == url
    assert shell.json("doctor")["good"]
    assert "shard eu-1 attachments" in shell.says("doctor")
    proxy.does(Fault(answer=(403, "AccessDenied")), to="PutObject", times=99)
    other = proxied_s3_url("more")
    told = shell.says("shard", "create", "eu-2", "--region", "eu", "--attachments", other, status=1)
    assert "s3:PutObject" in told
    assert [one["name"] for one in shell.json("shard", "list")] == ["eu-1", "shard-1"]
