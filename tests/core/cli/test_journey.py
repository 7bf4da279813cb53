"""From an export to a restored app and a decision on its access, as a person goes it. One data folder for all: each
import and each restore starts a worker, which takes seconds."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.samples.organization import DemoExports, write_demo_exports
from tests.core.cli.shell import Shell


@dataclass(frozen=True)
class Journey:
    """Tracker was imported as `backup`, and that restored into Copy as `restore`; Spare is empty."""

    shell: Shell
    exports: DemoExports
    backup: str
    restore: str


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Journey:
    folder = tmp_path_factory.mktemp("journey")
    exports = write_demo_exports(folder / "exports")
    shell = Shell(folder / "data")
    shell.says("init", "--org", "Acme")
    for name in ("Tracker", "Copy", "Spare"):
        shell.says("app", "provision", name, "--type", "jira")
    backup = shell.json("backup", "import", str(exports.tracker.path), "--app", "tracker")["id"]
    restore = shell.json("restore", "run", "--backup", backup, "--to", "copy", "--yes")["id"]
    shell.says("shard", "create", "s2", "--region", "local")
    return Journey(shell, exports, backup, restore)


def test_what_was_imported_is_listed_shown_and_checked(journey: Journey) -> None:
    shell = journey.shell
    assert [one["id"] for one in shell.json("backup", "list", "--app", "Tracker")] == [journey.backup]
    shown = shell.json("backup", "show", journey.backup[-4:])
    assert shown["records"]["jira.issue"] == journey.exports.tracker.native_counts["Issue"]
    assert shell.json("backup", "check", journey.backup, "--depth", "contents")["good"]
    assert journey.backup in shell.says("backup", "show", journey.backup)


def test_what_was_restored_is_reported(journey: Journey) -> None:
    shown = journey.shell.json("restore", "show", journey.restore)
    assert (shown["status"], shown["destination"]["name"]) == ("completed", "Copy")
    issues = shown["records"]["jira.issue"]
    assert issues["in_backup"] == issues["restored"] == journey.exports.tracker.native_counts["Issue"]
    assert [one["id"] for one in journey.shell.json("restore", "list")] == [journey.restore]
    told = journey.shell.says("restore", "show", journey.restore)
    assert 'Look inside: restorebot app look "Copy"' in told


def test_a_plan_says_what_would_be_done_or_what_stands_against_it(journey: Journey) -> None:
    shell = journey.shell
    free = shell.json("restore", "plan", "--backup", journey.backup, "--to", "Spare")
    assert (free["blocked"], free["plan"] is None) == (False, False)
    taken = shell.json("restore", "plan", "--backup", journey.backup, "--to", "Copy", status=3)
    assert taken["blocked"]
    assert "Nothing was started" in shell.says(
        "restore", "run", "--backup", journey.backup, "--to", "Spare", answer="no\n", status=4
    )
    shell.json("restore", "run", "--backup", journey.backup, "--to", "Copy", "--yes", status=3)


def test_what_is_in_the_app_is_read_as_people_read_it(journey: Journey) -> None:
    shell = journey.shell
    assert {one["key"] for one in shell.json("app", "look", "Copy")} == set(journey.exports.tracker.containers)
    (issue,) = [one for one in shell.json("app", "look", "copy", "SHOP") if one["title"].startswith("Checkout shows")]
    assert shell.json("app", "look", "copy", "Web shop", issue["label"])["title"] == issue["title"]
    told = shell.says("app", "look", "Copy", "shop", issue["title"].upper())
    assert "Seen by three customers today." in told
    assert "Only when a voucher is used." in told
    assert "There is no 'SHOP-999' in Web shop" in shell.says("app", "look", "Copy", "shop", "SHOP-999", status=2)
    assert "Web shop" in shell.says("app", "look", "Copy")


def test_an_app_with_data_moves_and_says_what_went_along(journey: Journey) -> None:
    shell = journey.shell
    before = shell.json("app", "show", "Copy")
    told = shell.says("app", "move", "Copy", "--to", "s2")
    assert "shard s2 (about 30 minutes)" in told
    assert "it can be read and not changed" in told
    assert "on shard-1 is removed by a worker after 24 hours" in told
    after = shell.json("app", "show", "Copy")
    assert after["shard"] == "s2"
    assert after["records"] == before["records"]
    (move,) = shell.json("move", "list")
    assert (move["status"], move["from"], move["to"]) == ("completed", "shard-1", "s2")
    shown = shell.json("move", "show", move["id"][-4:])
    issues = before["records"]["jira.issue"]
    assert shown["records"]["jira.issue"] == {"in_app": issues, "moved": issues}
    assert shown["attachments"] == {"in_app": before["attachments"], "moved": before["attachments"]}
    assert "is on s2 already" in shell.says("app", "move", "Copy", "--to", "s2", status=1)
    assert "has brought the app to its new shard" in shell.says("move", "cancel", move["id"], status=1)
    assert "cannot be resumed" in shell.says("move", "resume", move["id"], status=1)
    assert "s2" in shell.says("move", "list")


def test_deactivation_rewrites_when_its_backups_expire(journey: Journey) -> None:
    shell = journey.shell
    usual = shell.json("backup", "show", journey.backup)["expires_at"]
    (kept,) = shell.json("app", "deactivate", "Tracker")["backups"]
    until = datetime.fromisoformat(kept["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=24, hours=23) < until <= timedelta(days=25)
    assert kept["expires_at"] == shell.json("backup", "show", journey.backup)["expires_at"]
    assert "can be restored until" in shell.says("app", "activate", "Tracker")
    assert shell.json("backup", "show", journey.backup)["expires_at"] == usual


def test_access_is_shown_and_given_or_not(journey: Journey) -> None:
    """One story, since each decision changes what the next one finds."""
    shell = journey.shell
    (waiting,) = shell.json("access", "list", "--restore", journey.restore)
    assert (waiting["group"], waiting["app"]["name"], waiting["role"]) == ("jira-users", "Copy", "user")
    assert shell.json("restore", "show", journey.restore)["grants"] == [waiting]

    impact = shell.json("access", "show", waiting["id"])["impact"]
    (opens,) = impact["apps"]
    assert (opens["seats_now"], opens["seats_after"]) == (0, len(opens["newly_seated"]))
    told = shell.says("access", "show", waiting["id"][-4:])
    assert f"Copy: 0 seats now, {opens['seats_after']} after, {opens['seats_after']} new." in told
    assert "Ada Okafor" in told
    assert impact["digest"][:16] in told

    assert "it takes the role access approver" in shell.says(
        "access", "approve", waiting["id"], "--yes", person="carol", status=1
    )
    shell.says("role", "grant", "os:ann", "access-approver")
    for setting in ("", "always"):
        refused = shell.says("access", "approve", waiting["id"], "--yes", status=1, second_person=setting)
        assert "takes a second person. Nothing was changed" in refused
        assert "ann can decide" in refused
    assert "Nothing was given" in shell.says("access", "approve", waiting["id"], answer="\n", person="ann", status=4)
    assert [one["id"] for one in shell.json("access", "list")] == [waiting["id"]]

    approved = shell.run(
        "access",
        "approve",
        "--restore",
        journey.restore,
        "--reason",
        "They had it",
        "--json",
        answer="y\n",
        person="ann",
    )
    assert approved.exit_code == 0
    assert approved.stdout.startswith("[")
    assert "Give this access?" in approved.stderr
    (given,) = shell.json("access", "list", "--all")
    assert (given["status"], given["decided_by"], given["own_decision"]) == ("applied", "ann", False)
    assert shell.json("access", "list") == []
    assert "ann approved grant" in shell.says("access", "deny", waiting["id"], person="ann", status=1)

    assert shell.json("access", "revoke", waiting["id"])[0]["status"] == "revoked"
    (by_hand,) = shell.json("access", "grant", "jira-users", "--app", "Spare", "--role", "admin", "--yes", person="ann")
    assert (by_hand["restore"], by_hand["role"]) == (None, "admin")
    assert "joins jira-users" in shell.says(
        "access", "grant", "JIRA-users", "--member", "team-002", "--yes", person="ann"
    )
    assert "There is no group" in shell.says("access", "grant", "nobody", "--app", "Spare", "--yes", status=2)
    actions = [one["action"] for one in shell.json("audit", "--subject", waiting["id"])]
    assert actions == ["access.revoke", "access.approve"]


def test_the_demo_tells_the_whole_story_in_a_folder_that_can_be_kept(fresh: Shell, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    told = fresh.says("demo", "--cli", "--keep", str(kept))
    for words in ("Acme Wiki restored", "Acme Tracker restored", "completed", "jira-users", "RESTOREBOT_DATA_DIR"):
        assert words in told
    assert not fresh.data_dir.exists()
    assert {one["status"] for one in Shell(kept / "data").json("restore", "list")} == {"completed"}
    assert "is not an empty folder" in fresh.says("demo", "--cli", "--keep", str(kept), status=2)


def test_a_restore_across_shards_says_that_it_moves(journey: Journey) -> None:
    shell = journey.shell
    shell.says("app", "provision", "Afar", "--type", "jira", "--shard", "s2")
    words = ("--backup", journey.backup, "--to", "Afar")
    assert "shard shard-1, the backup's (about 30 minutes)" in shell.says("restore", "plan", *words)
    assert shell.json("restore", "plan", *words)["move_minutes"] == 30
    refused = shell.json("restore", "plan", *words, status=3, apps_per_shard="2")
    assert "destination.shard-full" in {one["code"] for one in refused["findings"]}
    told = shell.says("restore", "run", *words, "--yes")
    assert "Moving to shard shard-1 (about 30 minutes)." in told
    assert "from shard s2 to shard-1" in told
    restored = shell.json("restore", "list")[0]["id"]
    assert shell.json("restore", "show", restored)["move"] == {"from": "s2", "to": "shard-1"}
    assert shell.json("restore", "show", journey.restore)["move"] is None
    shell.says("app", "provision", "Farther", "--type", "jira", "--shard", "s2")
    learnt = shell.json("restore", "plan", "--backup", journey.backup, "--to", "Farther")
    assert learnt["move_minutes"] < 30
