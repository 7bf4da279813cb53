"""Exports of every generation of writers, with every oddity: what was planted is found, and every choice does what it
says and nothing else."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from core.archive.manifest import Manifest
from core.catalog.apps import App
from core.catalog.backups import Backup
from core.content.catalogue import BY_NAME, container_type
from core.content.record_type import FORMER_USER, PLACEHOLDER, AppType
from core.findings import FindingCode
from core.restore.request import RESOLUTIONS, Part, Resolution
from core.restore.restores import Restore
from core.samples.confluence_shape import ConfluenceFlavour
from core.samples.jira_shape import JiraFlavour
from tests.flows.generated import SITES, SPACES, Facts, Generated
from tests.flows.world import World, assert_counts_add_up, assert_same_as_backup, texts_of, unescaped

#: Found in every export that has them, in numbers that depend on its texts.
UNCOUNTED = {FindingCode.BACKUP_SECRETS_LEFT_OUT, FindingCode.CONTENT_CONTROL_CHARACTERS}
USERS, SPACES_OF_PERSONS = Part.USERS_AND_GROUPS, Part.PERSONAL_SPACES


def named(one: Generated) -> str:
    return one.name


def facts_of(manifest: Manifest) -> Facts:
    found = {(FindingCode(one.code), one.subject): one.count for one in manifest.facts}
    return {fact: count for fact, count in found.items() if fact[0] not in UNCOUNTED}


def imported(world: World, generated: Generated, folder: Path) -> Backup:
    return world.import_export(generated.write(folder).path, world.provision(generated.app_type))


def restored(
    world: World,
    backup: Backup,
    generated: Generated,
    *without: Part,
    resolutions: dict[FindingCode, Resolution] | None = None,
) -> tuple[Restore, App]:
    """A restore into a new app, compared with the backup after its choices."""
    app = world.provision(generated.app_type)
    done = world.restored(world.request(backup, app, without=without, resolutions=resolutions))
    assert_counts_add_up(done, world.manifest(backup))
    assert_same_as_backup(world, backup, done, app)
    return done, app


def counts(restore: Restore, word: str) -> dict[str, int]:
    assert restore.report is not None
    return {name: one[word] for name, one in restore.report["records"].items() if one[word]}


@pytest.mark.parametrize("generated", [*SITES, *SPACES], ids=named)
def test_what_was_planted_is_found_and_restored(generated: Generated, world: World, tmp_path: Path) -> None:
    expected = generated.write(tmp_path)
    backup = world.import_export(expected.path, world.provision(generated.app_type))
    manifest = world.manifest(backup)

    assert facts_of(manifest) == generated.facts
    told = {FindingCode(one.code): one for one in manifest.facts}
    assert (FindingCode.BACKUP_SECRETS_LEFT_OUT in told) == bool(expected.secrets)
    assert (FindingCode.CONTENT_CONTROL_CHARACTERS in told) == (generated.app_type is AppType.CONFLUENCE)
    assert {kind: one.rows for kind, one in manifest.native.items() if one.rows} == expected.native_counts
    assert manifest.active_objects == expected.active_objects_counts
    dropped = sum(one.dropped_rows for one in manifest.native.values())
    assert sum(manifest.records.values()) + dropped == sum(
        (*expected.native_counts.values(), *expected.active_objects_counts.values())
    )
    assert (manifest.attachments, manifest.attachment_bytes) == (expected.files, expected.file_bytes)
    assert told[FindingCode.CONTENT_UNCLAIMED_FILE].examples == expected.unclaimed_files
    assert manifest.personal.containers == len(expected.personal_containers)
    assert not manifest.complete

    restore, app = restored(world, backup, generated)
    assert counts(restore, "left_out") == {}
    entries = world.entries(app)
    assert [one.name for one in entries if not one.record_type] == [*expected.unclaimed_files]
    spaces = dict(world.records(app))[container_type(generated.app_type).name]
    key_column = "space_key" if generated.app_type is AppType.CONFLUENCE else "project_key"
    assert sorted(spaces.column(key_column).to_pylist()) == sorted(expected.containers)


@pytest.mark.parametrize("generated", SITES, ids=named)
def test_other_resolutions_of_content(generated: Generated, world: World, tmp_path: Path) -> None:
    """Everything that can be resolved, resolved in the other way, at once."""
    backup = imported(world, generated, tmp_path)
    other = {code: choices[-1] for code, choices in RESOLUTIONS.items() if code is not FindingCode.GROUP_NAME_EXISTS}
    restore, app = restored(world, backup, generated, resolutions=other)
    tables = dict(world.records(app))

    repeated = next(subject for code, subject in generated.facts if code is FindingCode.CONTENT_REPEATED_KEY)
    assert counts(restore, "left_out") == {repeated: 1}
    assert not [key for table in tables.values() for key in table["key"].to_pylist() if "#2" in key]
    for name, table in tables.items():
        for column in BY_NAME[name].references:
            assert PLACEHOLDER not in table[column.name].to_pylist(), f"{name}.{column.name}"
    users = tables["directory.user"].to_pylist()
    former = [one for one in users if one["display_name"] == FORMER_USER]
    emails = {code: count for (code, _), count in generated.facts.items() if code.value.endswith("-email")}
    assert len(former) == sum(emails.values())
    for one in former:
        assert (one["email"], one["account_id"], one["extra"], one["people"]) == (None, None, None, None)
        assert one["active"] is False
    assert all(one["email"] for one in users if one["display_name"] != FORMER_USER)
    assert len(users) == world.manifest(backup).records["directory.user"]


@pytest.mark.parametrize("choice", [Resolution.NEW_NAME, Resolution.LEAVE_OUT])
@pytest.mark.parametrize(
    "generated",
    [
        Generated(flavour=flavour)
        for flavour in (ConfluenceFlavour.SERVER_3, ConfluenceFlavour.SERVER_5, JiraFlavour.JIRA_4, JiraFlavour.JIRA_8)
    ],
    ids=named,
)
def test_groups_the_organization_has(generated: Generated, choice: Resolution, world: World, tmp_path: Path) -> None:
    backup = imported(world, generated, tmp_path)
    first, app = restored(world, backup, generated)  # brings the groups into the organization
    assert not first.plan.group_names
    before = dict(world.records(app))
    there = set(before["directory.group"]["name"].to_pylist())

    restore, app = restored(world, backup, generated, resolutions={FindingCode.GROUP_NAME_EXISTS: choice})
    known = set(restore.plan.group_names)
    assert known
    assert known <= there
    after = dict(world.records(app))
    names = set(after["directory.group"]["name"].to_pylist()) if "directory.group" in after else set()
    if choice is Resolution.LEAVE_OUT:
        assert names == there - known
        assert counts(restore, "left_out")["directory.group"] == len(known)
        kept = set(after["directory.group"]["key"].to_pylist()) if "directory.group" in after else set()
        memberships = after["directory.membership"].to_pylist() if "directory.membership" in after else []
        assert {one["group_key"] for one in memberships} - {None} <= kept
        assert not known & {one["group_name"] for one in memberships}
    else:
        assert names == (there - known) | set(restore.plan.group_names.values())
        assert counts(restore, "left_out") == {}
        for name, table in after.items():
            for column in ("group_name", "visible_to_group"):
                if column in table.schema.names:
                    assert not known & set(table[column].to_pylist()), f"{name}.{column}"


@pytest.mark.parametrize("generated", SITES, ids=named)
def test_without_users_and_groups_nobody_is_named(generated: Generated, world: World, tmp_path: Path) -> None:
    """All that is left of anybody is the key of a personal space, which is chosen apart, and what is titled after
    it."""
    backup = imported(world, generated, tmp_path)
    restore, app = restored(world, backup, generated, USERS)
    manifest = world.manifest(backup)
    directory = {name: count for name, count in manifest.records.items() if BY_NAME[name].is_directory}
    assert counts(restore, "left_out") == directory

    people = re.compile("|".join(map(re.escape, generated.names_of_people)))
    personal = {
        space["space_key"].lower()
        for name, table in world.records(app)
        if name == "confluence.space"
        for space in table.to_pylist()
        if space["type"] == "personal"
    }
    left = [
        f"{name} {key} {column}: {text[:80]}"
        for name, table in world.records(app)
        for key, column, text in texts_of(table)
        if people.search(without(unescaped(text).lower(), personal))
    ]
    left += [f"file {one.name}" for one in world.entries(app) if people.search((one.name + one.record_key).lower())]
    assert left == []
    assert all(not any(table["people"].to_pylist()) for _, table in world.records(app))
    assert restore.report is not None
    assert FindingCode.CHOICE_PERSON_LEFT_OUT in {one["code"] for one in restore.report["findings"]}
    for name, table in world.records(app):
        for column in BY_NAME[name].columns:
            if column.role.value == "person":
                assert set(table[column.name].to_pylist()) <= {None, PLACEHOLDER}, f"{name}.{column.name}"


def without(text: str, words: set[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


@pytest.mark.parametrize("generated", [*SITES[:5], *SPACES[:1]], ids=named)
def test_without_personal_spaces_nothing_of_them_is_left(generated: Generated, world: World, tmp_path: Path) -> None:
    backup = imported(world, generated, tmp_path)
    manifest = world.manifest(backup)
    assert manifest.personal.records
    restore, app = restored(world, backup, generated, SPACES_OF_PERSONS)
    assert counts(restore, "left_out") == manifest.personal.records
    assert restore.report is not None
    assert restore.report["attachments"]["left_out"] == manifest.personal.attachments
    assert restore.report["attachments"]["bytes"]["left_out"] == manifest.personal.attachment_bytes

    gone: dict[str, set[str]] = {}
    personal_spaces: set[str] = set()
    for one in world.reader(backup).manifest.objects:
        for batch in world.reader(backup).batches(one):
            for row in batch.to_pylist():
                if row["personal"]:
                    gone.setdefault(one.record_type, set()).add(row["key"])
                    personal_spaces |= {row["space_key"]} if one.record_type == "confluence.space" else set()
    for name, table in world.records(app):
        keys = gone.get(name, set())
        assert not keys & set(table["key"].to_pylist())
        assert not set(table["container"].to_pylist()) & gone["confluence.space"]
        for column in BY_NAME[name].references:
            targets = set().union(*(gone.get(target, set()) for target in column.targets))
            assert not targets & set(table[column.name].to_pylist()), f"{name}.{column.name}"
    assert not {one.record_key for one in world.entries(app)} & gone.get("confluence.attachment", set())


@pytest.mark.parametrize(
    "generated", [Generated(flavour=ConfluenceFlavour.SERVER_4), Generated(flavour=JiraFlavour.CLOUD)], ids=named
)
def test_without_anything_that_can_be_left_out(generated: Generated, world: World, tmp_path: Path) -> None:
    backup = imported(world, generated, tmp_path)
    manifest = world.manifest(backup)
    restore, app = restored(world, backup, generated, *Part)
    assert restore.report is not None
    assert restore.report["attachments"]["left_out"] == manifest.attachments
    assert restore.report["attachments"]["restored"] == 0 == len(world.entries(app))
    people = re.compile("|".join(map(re.escape, generated.names_of_people)))
    left = [
        f"{name} {key} {column}: {text[:80]}"
        for name, table in world.records(app)
        for key, column, text in texts_of(table)
        if people.search(unescaped(text).lower())
    ]
    assert left == []
    directory = {name: count for name, count in manifest.records.items() if BY_NAME[name].is_directory}
    personal = {name: count for name, count in manifest.personal.records.items() if name not in directory}
    assert counts(restore, "left_out") == dict(Counter(directory) + Counter(personal))


def test_without_attachments_their_records_stay(world: World, tmp_path: Path) -> None:
    generated = Generated(flavour=JiraFlavour.JIRA_8)
    backup = imported(world, generated, tmp_path)
    restore, app = restored(world, backup, generated, Part.ATTACHMENTS)
    assert counts(restore, "left_out") == {}
    assert world.entries(app) == []
    assert dict(world.records(app))["jira.attachment"].num_rows == world.manifest(backup).records["jira.attachment"]
    assert not [part for part in restore.plan.parts if part.packs]


def test_the_report_is_json(world: World, tmp_path: Path) -> None:
    generated = Generated(flavour=ConfluenceFlavour.DC_8)
    restore, _ = restored(world, imported(world, generated, tmp_path), generated, *Part)
    assert json.loads(json.dumps(restore.report)) == restore.report
