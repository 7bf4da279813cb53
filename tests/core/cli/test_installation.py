"""Organizations, shards, storages, roles, empty apps: what needs no run."""

import stat
from pathlib import Path

import pytest

from core.cli import main
from tests.core.cli.shell import Shell


def test_init_says_what_it_made_and_can_be_repeated(fresh: Shell) -> None:
    first = fresh.json("init", "--org", "Acme")
    assert [line.split()[0] for line in first["made"]] == ["Signing", "Organization", "Shard", "Storage", "Roles"]
    assert fresh.json("init")["made"] == []


def test_init_makes_the_people_it_is_told_of_organization_admins(fresh: Shell) -> None:
    people = ("--admin", "slack:T1/U1", "--admin", "slack:E1/W2")
    assert "names no identity" in fresh.says("init", "--admin", "U1", status=2)
    assert fresh.json("org", "list") == []
    made = fresh.json("init", "--org", "Acme", *people)["made"]
    assert [line.split(". ")[0] for line in made[-2:]] == [f"Organization admin: {one}" for one in people[1::2]]
    assert fresh.json("init", *people)["made"] == []
    admins = [one["identities"] for one in fresh.json("role", "list") if one["role"] == "organization-admin"]
    assert ["slack:T1/U1"] in admins
    assert ["slack:E1/W2"] in admins
    assert "slack:T1/U1" in fresh.says("role", "grant", "slack:T1/U1", "access-approver")
    fresh.says("role", "revoke", "slack:T1/U1", "organization-admin")
    (again,) = fresh.json("init", "--admin", "slack:T1/U1")["made"]
    assert "If that is you: restorebot role tie os:" in again


def test_an_organization_says_where_its_restores_are_told(shell: Shell) -> None:
    changed = shell.json("org", "set", "operations_channel=slack:T1/C1", "ask_app_admins=yes")
    assert (changed["operations_channel"], changed["ask_app_admins"]) == ("slack:T1/C1", True)
    assert "names no channel" in shell.says("org", "set", "operations_channel=#general", status=2)
    assert shell.json("org", "set", "operations_channel=")["operations_channel"] == ""


def test_every_list_is_empty_or_known_after_init(shell: Shell) -> None:
    assert [one["name"] for one in shell.json("org", "list")] == ["Acme"]
    assert [(one["name"], one["apps"]) for one in shell.json("shard", "list")] == [("shard-1", 0)]
    assert [one["kind"] for one in shell.json("storage", "list")] == ["managed"]
    assert {one["role"] for one in shell.json("role", "list")} == {
        "organization-admin", "app-admin", "access-approver", "support-agent",
    }  # fmt: skip
    for noun in ("app", "backup", "restore", "access"):
        assert shell.json(noun, "list") == []
        assert "restorebot" in shell.says(noun, "list") or noun == "access"
    assert {one["action"] for one in shell.json("audit")} >= {"organization.created", "shard.created", "role.grant"}


def test_organizations(shell: Shell) -> None:
    made = shell.json("org", "create", "Borg")
    assert made["second_person"] == "always"
    assert made["roles"] == [{"person": "olga", "role": "organization-admin", "app": None}]
    assert "must be said which one" in shell.says("org", "show", status=2)
    assert shell.json("org", "set", "borg", "plan=free", "beta=no")["plan"] == "free"
    assert shell.json("org", "show", "Borg")["beta"] is False
    assert "plan: free → premium" in shell.says("org", "set", "Borg", "plan=premium", "beta=no")
    assert "is that already" in shell.says("org", "set", "Borg", "plan=premium")
    assert "Allowed for plan" in shell.says("org", "set", "Borg", "plan=gold", status=2)
    assert "no KEY=VALUE" in shell.says("org", "set", "Borg", "plan", status=2).lower().replace(
        "key=value", "KEY=VALUE"
    )
    assert "already" in shell.says("org", "create", "ACME", status=1)


def test_one_person_for_everything_must_be_typed(shell: Shell) -> None:
    assert shell.json("org", "set", "second_person=always")["second_person"] == "always"
    for answer in ("", "y\n"):
        assert "Nothing was changed" in shell.says("org", "set", "second_person=never", answer=answer, status=4)
    assert shell.json("org", "show")["second_person"] == "always"
    assert "always → never" in shell.says("org", "set", "second_person=never", answer="never\n")
    shell.says("org", "set", "second_person=always")
    assert shell.json("org", "set", "second_person=never", "--yes")["second_person"] == "never"


def test_shards_and_storages(shell: Shell, tmp_path: Path) -> None:
    made = shell.json("shard", "create", "eu-1", "--region", "eu")
    folder = shell.data_dir / "shards" / "eu-1"
    assert made["url"] == f"sqlite:///{folder}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "attachments").is_dir()
    elsewhere = shell.json("shard", "create", "eu-2", "--region", "eu", "--url", f"sqlite:///{tmp_path / 'two'}")
    assert elsewhere["attachments_url"] == (tmp_path / "two" / "attachments").as_uri()
    assert "already" in shell.says("shard", "create", "eu-1", "--region", "eu", status=1)
    assert "cannot be a shard" in shell.says("shard", "create", "../up", "--region", "eu", status=2)
    assert "whole path" in shell.says("shard", "create", "x", "--region", "eu", "--url", "sqlite:///x", status=2)
    assert shell.json("storage", "create", "managed", "more")["on_expiry"] == "delete"
    other = (tmp_path / "other").as_uri()
    assert shell.json("storage", "create", "managed", "other", "--url", other)["url"] == other
    assert "already" in shell.says("storage", "create", "managed", "third", "--url", other, status=1)
    assert len(shell.json("storage", "list")) == 3


def test_roles_and_ties(shell: Shell) -> None:
    app = shell.json("app", "provision", "Wiki", "--type", "confluence")["id"]
    given = shell.json("role", "grant", "os:ann", "app-admin", "--app", "wiki")
    assert [(one["role"], one["app"]) for one in given["roles"]] == [("app-admin", app)]
    assert "ann (os:ann) is access-approver now" in shell.says("role", "grant", "os:ann", "access-approver")
    tied = shell.json("role", "tie", "os:ann", "slack:T1/U1")
    assert tied == {"person": "ann", "identities": ["os:ann", "slack:T1/U1"]}
    assert shell.json("role", "revoke", "slack:T1/U1", "access-approver")["roles"][0]["role"] == "app-admin"
    assert "is not access approver" in shell.says("role", "revoke", "os:ann", "access-approver", status=1)
    assert "names no identity" in shell.says("role", "grant", "ann", "access-approver", status=2)


@pytest.mark.parametrize(
    "words",
    [
        "app provision Tracker --type jira",
        "app deactivate Wiki",
        "app move Wiki --to shard-1",
        "app clear-default-space Wiki",
        "org set plan=free",
        "org create Other",
        "shard create s2 --region eu",
        "storage create managed s2",
        "role grant os:carol access-approver",
    ],
)
def test_who_has_no_role_is_told_who_can_give_it(words: str, shell: Shell) -> None:
    shell.says("app", "provision", "Wiki", "--type", "confluence")
    told = shell.says(*words.split(), person="carol", status=1)
    assert "carol may not do this: it takes the role organization admin in Acme. Nothing was changed." in told
    assert "An organization admin of Acme can give it: olga." in told


def test_a_new_app_moves_and_its_default_space_is_cleared(shell: Shell) -> None:
    shell.says("shard", "create", "s2", "--region", "local")
    shell.says(
        "app", "provision", "Wiki", "--type", "confluence", "--shard", "shard-1", "--with-default-personal-space"
    )
    assert shell.json("app", "show", "wiki")["only_default_personal_space"]
    moved = shell.json("app", "move", "wiki", "--to", "s2")
    assert (moved["status"], moved["app"]["shard"]) == ("completed", "s2")
    assert shell.json("app", "show", "wiki")["only_default_personal_space"]
    assert shell.json("app", "clear-default-space", "wiki")["contains_data"] is False
    assert "is empty" in shell.says("app", "clear-default-space", "wiki")
    assert "has no data" in shell.says("app", "look", "wiki")


def test_deactivated_and_active_again(shell: Shell) -> None:
    shell.says("app", "provision", "Tracker", "--type", "jira")
    assert shell.json("app", "deactivate", "Tracker")["status"] == "deactivated"
    assert "already" in shell.says("app", "deactivate", "Tracker", status=1)
    assert "is active" in shell.says("app", "activate", "Tracker")
    assert "no personal spaces" in shell.says("app", "clear-default-space", "Tracker", status=1)


def test_unknown_things_are_named(shell: Shell) -> None:
    assert "There is no app 'nope'" in shell.says("app", "look", "nope", status=2)
    assert "There is no restore 'nope'" in shell.says("access", "list", "--restore", "nope", status=2)
    assert "There is no grant 'nope'" in shell.says("access", "show", "nope", status=2)
    assert "No grant was named" in shell.says("access", "approve", status=2)
    assert "either for an app or for a member" in shell.says("access", "grant", "staff", status=2)


def test_the_audit_is_limited_and_follows_one_subject(shell: Shell) -> None:
    shell.says("app", "provision", "Wiki", "--type", "confluence")
    (entry,) = shell.json("audit", "--subject", "wiki")
    assert (entry["action"], entry["person"]["name"]) == ("app.created", "olga")
    assert len(shell.json("audit", "--limit", "2")) == 2
    assert "Nothing was done to bkp-none yet" in shell.says("audit", "--subject", "bkp-none")


def test_a_wrong_setting_is_named(fresh: Shell) -> None:
    assert "RESTOREBOT_SECOND_PERSON is wrong" in fresh.says("org", "list", second_person="maybe", status=2)


def test_a_data_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = Shell(tmp_path / "file" / "data").says("org", "list", status=2)
    assert "cannot be used" in told
    assert "RESTOREBOT_DATA_DIR" in told


def test_what_nobody_foresaw_is_one_sentence_and_a_private_log(
    fresh: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> None:
        raise RuntimeError("the impossible\nhappened")

    monkeypatch.setenv("RESTOREBOT_DATA_DIR", str(fresh.data_dir))
    with pytest.raises(SystemExit) as left:
        main.run(["org", "list"], obj=broken)
    assert left.value.code == 1
    told = capsys.readouterr()
    assert (told.out, "Traceback" in told.err) == ("", False)
    assert "RuntimeError: the impossible" in told.err
    log = fresh.data_dir / "restorebot.log"
    assert "Traceback" in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_ctrl_c_leaves_with_130(fresh: Shell) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as left:
        main.run(["org", "list"], obj=interrupted)
    assert left.value.code == 130
