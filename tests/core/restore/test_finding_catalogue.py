"""Every code of the catalogue is produced by something here, and says what a person can do about it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.apps.driver import BrokenReferences
from core.archive.manifest import FORMAT_VERSION, SourceFact
from core.backup.facts import export_facts
from core.content.record_type import AppType
from core.errors import DamagedObject, UnknownFormat
from core.findings import Finding, FindingCode, Severity, blocks
from core.formats.export import Dropped, ExportSummary
from core.restore import packs, report, run_steps, steps, verify
from core.restore.assess import unreadable
from core.restore.compare import compare
from core.restore.facts import BackupFacts, DestinationFacts, Facts, GroupFacts, Limits, OrganizationFacts
from core.restore.plan import make_plan
from core.restore.preflight import preflight
from core.restore.request import RESOLUTIONS, Part, RestoreRequest
from core.workflow.runs import TakenOverTooOften
from tests.core.restore.rows import NOW, a_manifest, an_object, loaded, type_of

DAY = timedelta(days=1)
GOOD = Facts(
    now=NOW,
    organization=OrganizationFacts(id="org", name="Acme", plan="enterprise", beta=True, environment="commercial"),
    backup=BackupFacts(
        id="b",
        status="complete",
        organization_id="org",
        expires_at=NOW + 14 * DAY,
        marked=False,
        held_by_this_run=False,
        restored_at=None,
    ),
    manifest=a_manifest([an_object("confluence.page", 10_000)]),
    destination=DestinationFacts(
        id="app-1",
        name="Wiki",
        organization_id="org",
        type="confluence",
        active=True,
        shard="eu-1",
        region="eu",
        contains_data=False,
        only_default_personal_space=False,
        held="",
        free_bytes=10**12,
        other_apps=1,
        move_minutes=30,
    ),
    groups=(),
    limits=Limits(self_service_limit_bytes=60 * 10**9, restore_interval_days=0, apps_per_shard=500),
    backup_region="eu",
)
REQUEST = RestoreRequest(backup_id="b", destination_id="app-1", requester="per-1")
Make = Callable[[], Iterable[Finding]]


def checked(facts: Facts = GOOD, request: RestoreRequest = REQUEST) -> tuple[Finding, ...]:
    plan = make_plan(
        request=request,
        manifest=facts.manifest,
        manifest_digest="d",
        destination_shard=facts.destination.shard,
        target_shard="eu-1",
        existing_groups=frozenset(),
        backup_groups={},
        part_bytes=1 << 20,
    )
    return preflight(request, plan, facts)


def changed(part: str, **values: Any) -> Make:
    """The checks of good facts of which one part has other values."""
    return lambda: checked(replace(GOOD, **{part: replace(getattr(GOOD, part), **values)}))


def group(**values: Any) -> Make:
    facts = GroupFacts(**{"name": "staff", "exists": True, "members": 2, **values})
    return lambda: checked(replace(GOOD, groups=(facts,)))


def fact(code: FindingCode, subject: str = "") -> Make:
    found = SourceFact(code=code.value, subject=subject, count=3, examples=("a", "b"))
    return lambda: checked(replace(GOOD, manifest=replace(GOOD.manifest, facts=(found,))))


def noticed(**values: Any) -> Make:
    """What a reader says of an export, as an import counts it and the checks tell it."""
    summary = ExportSummary(app_type=AppType.CONFLUENCE, native_counts={"Page": 2}, **values)
    return lambda: checked(replace(GOOD, manifest=replace(GOOD.manifest, facts=tuple(export_facts(summary)))))


def loaded_pages(*titles: str) -> Any:
    page = type_of("confluence.page")
    return [loaded(page, *({"key": title, "title": title.lower()} for title in titles))]


def differing(want: Sequence[str], have: Sequence[str]) -> Make:
    return lambda: compare(type_of("confluence.page"), loaded_pages(*want), loaded_pages(*have)).findings


class _Broken:
    """A driver of which nothing but its broken references is asked."""

    def broken_references(self, _place: object) -> tuple[BrokenReferences, ...]:
        return (BrokenReferences(record_type="confluence.page", column="parent", count=1, examples=("1",)),)


def broken() -> Iterable[Finding]:
    driver: Any = _Broken()
    place: Any = None
    return verify._references(driver, place)


def other_title() -> Iterable[Finding]:
    page = type_of("confluence.page")
    return compare(page, [loaded(page, {"key": "1"})], [loaded(page, {"key": "1", "title": "x"})]).findings


MAKES: dict[FindingCode, Make] = {
    FindingCode.ORGANIZATION_PLAN: changed("organization", plan="free"),
    FindingCode.ORGANIZATION_BETA: changed("organization", beta=False),
    FindingCode.ORGANIZATION_GOVERNMENT: changed("organization", environment="government"),
    FindingCode.BACKUP_EXPIRED: changed("backup", expires_at=NOW),
    FindingCode.BACKUP_STATE: changed("backup", marked=True),
    FindingCode.BACKUP_INCOMPLETE: changed("manifest", complete=False, lacks=("2 files",)),
    FindingCode.BACKUP_TOO_LARGE: changed("manifest", size_bytes=60 * 10**9 + 1),
    FindingCode.BACKUP_RESTORED_RECENTLY: lambda: checked(
        replace(
            GOOD,
            backup=replace(GOOD.backup, restored_at=NOW - 6 * DAY),
            limits=replace(GOOD.limits, restore_interval_days=7),
        )
    ),
    FindingCode.BACKUP_INTEGRITY: lambda: [unreadable("b", DamagedObject("packs/x is missing.", key="packs/x"))],
    FindingCode.BACKUP_FORMAT_VERSION: lambda: [unreadable("b", UnknownFormat("The backup is of a newer format."))],
    FindingCode.BACKUP_SECRETS_LEFT_OUT: noticed(dropped={"InternalUser": Dropped(values=2)}),
    FindingCode.DESTINATION_OTHER_ORGANIZATION: changed("destination", organization_id="other"),
    FindingCode.DESTINATION_OTHER_TYPE: changed("destination", type="jira"),
    FindingCode.DESTINATION_DEACTIVATED: changed("destination", active=False),
    FindingCode.DESTINATION_HAS_DATA: changed("destination", contains_data=True),
    FindingCode.DESTINATION_DEFAULT_PERSONAL_SPACE: changed(
        "destination", contains_data=True, only_default_personal_space=True
    ),
    FindingCode.DESTINATION_HELD: changed("destination", held="Wiki is held by the backup bkp-1."),
    FindingCode.DESTINATION_OTHER_SHARD: changed("destination", shard="eu-2"),
    FindingCode.DESTINATION_SHARD_FULL: changed("destination", shard="eu-2", other_apps=500),
    FindingCode.DESTINATION_OTHER_REGION: changed("destination", region="us"),
    FindingCode.DESTINATION_DISK_SPACE: changed("destination", free_bytes=9_999),
    FindingCode.USER_INVALID_EMAIL: fact(FindingCode.USER_INVALID_EMAIL),
    FindingCode.USER_DUPLICATE_EMAIL: fact(FindingCode.USER_DUPLICATE_EMAIL),
    FindingCode.USER_MISSING_EMAIL: fact(FindingCode.USER_MISSING_EMAIL),
    FindingCode.USER_INACTIVE: fact(FindingCode.USER_INACTIVE),
    FindingCode.USER_UNKNOWN_AUTHOR: fact(FindingCode.USER_UNKNOWN_AUTHOR),
    FindingCode.GROUP_NAME_EXISTS: group(),
    FindingCode.GROUP_MEMBERS_DIFFER: group(added=("Ada",), missing=("Ben",)),
    FindingCode.GROUP_ACCESS: group(roles=("user",)),
    FindingCode.GROUP_ADMIN: group(roles=("admin",)),
    FindingCode.CONTENT_REPEATED_KEY: fact(FindingCode.CONTENT_REPEATED_KEY, "confluence.page"),
    FindingCode.CONTENT_DANGLING_REFERENCE: fact(FindingCode.CONTENT_DANGLING_REFERENCE, "confluence.page.parent"),
    FindingCode.CONTENT_MISSING_FILE: fact(FindingCode.CONTENT_MISSING_FILE),
    FindingCode.CONTENT_UNCLAIMED_FILE: fact(FindingCode.CONTENT_UNCLAIMED_FILE),
    FindingCode.CONTENT_COUNT_DIFFERS: noticed(declared_counts={"Page": 3}),
    FindingCode.CONTENT_CONTROL_CHARACTERS: noticed(control_characters=2),
    FindingCode.CHOICE_PERSON_LEFT_OUT: lambda: report._choice_findings({"choice.person-left-out": 2}),
    FindingCode.CHOICE_REFERENCE_LEFT_OUT: lambda: report._choice_findings({"choice.reference-left-out": 2}),
    FindingCode.CHECK_NOT_POSSIBLE: lambda: [verify._unchecked(["records-00001"])],
    FindingCode.VERIFY_RECORDS_DIFFER: other_title,
    FindingCode.VERIFY_RECORDS_MISSING: differing(["A", "B"], ["B"]),
    FindingCode.VERIFY_RECORDS_ADDED: differing(["B"], ["A", "B"]),
    FindingCode.VERIFY_KEY_CLASH: lambda: [steps._key_clash(["confluence_page: 1"])],
    FindingCode.VERIFY_ATTACHMENT_DIFFERS: lambda: [packs._differs("a.png", "1", "has other bytes")],
    FindingCode.VERIFY_REFERENCE: broken,
    FindingCode.VERIFY_USER_UNMAPPED: lambda: verify.unmapped(
        [SourceFact(code=FindingCode.USER_UNKNOWN_AUTHOR.value, count=1, examples=("ada",))]
    ),
    FindingCode.PLAN_CHANGED: lambda: [steps._plan_changed(["user.missing-email"])],
    FindingCode.PART_GIVEN_UP: lambda: [run_steps._given_up(TakenOverTooOften("It died.", hint="Resume the run."))],
}


def test_good_facts_give_no_finding() -> None:
    assert checked() == ()


@pytest.mark.parametrize("code", FindingCode)
def test_every_code_is_produced_and_says_a_way_out(code: FindingCode) -> None:
    """A new code fails here until something produces it."""
    found = [one for one in MAKES[code]() if one.code is code]
    assert found, f"nothing produces {code}"
    for one in found:
        assert one.message.endswith(".")
        assert one.hint.endswith("."), f"{code}: {one.hint!r}"
        assert one.hint.strip(" .")
        assert one.count >= 1
        assert len(one.examples) <= 5
        assert Finding.from_json(one.to_json()) == one


@pytest.mark.parametrize("code", [code for code in FindingCode if code.value.startswith("verify.")])
def test_what_verification_finds_says_that_nothing_was_published(code: FindingCode) -> None:
    for one in MAKES[code]():
        assert one.severity is not Severity.ERROR or "Nothing was published" in f"{one.message} {one.hint}"


@pytest.mark.parametrize(
    "code",
    [code for code in FindingCode if code.value.startswith(("organization.", "destination."))],
)
def test_hard_rules_block(code: FindingCode) -> None:
    """But for the move to another shard, which is only told."""
    found = MAKES[code]()
    assert blocks(found) == (code is not FindingCode.DESTINATION_OTHER_SHARD)


def test_an_archive_of_a_newer_format_is_refused_by_the_checks_too() -> None:
    found = checked(replace(GOOD, manifest=replace(GOOD.manifest, format_version=FORMAT_VERSION + 1)))
    assert [(one.code, one.severity) for one in found] == [(FindingCode.BACKUP_FORMAT_VERSION, Severity.ERROR)]


def test_edges_of_the_limits() -> None:
    """At the very limit all is well; one byte or one moment further it is not."""
    size = GOOD.limits.self_service_limit_bytes
    assert checked(replace(GOOD, manifest=replace(GOOD.manifest, size_bytes=size))) == ()
    assert checked(replace(GOOD, backup=replace(GOOD.backup, expires_at=NOW + timedelta(microseconds=1)))) == ()
    assert checked(replace(GOOD, backup=replace(GOOD.backup, expires_at=None))) == ()
    assert checked(replace(GOOD, destination=replace(GOOD.destination, free_bytes=10_000))) == ()
    assert checked(replace(GOOD, destination=replace(GOOD.destination, free_bytes=None))) == ()
    weekly = replace(GOOD.limits, restore_interval_days=7)
    week_ago = replace(GOOD.backup, restored_at=NOW - 7 * DAY)
    assert checked(replace(GOOD, limits=weekly, backup=week_ago)) == ()


def test_a_backup_held_by_this_run_does_not_expire_under_it() -> None:
    past = replace(GOOD.backup, expires_at=NOW - DAY, held_by_this_run=True)
    assert checked(replace(GOOD, backup=past)) == ()


@pytest.mark.parametrize("code", RESOLUTIONS)
def test_a_resolution_is_named_with_its_choices(code: FindingCode) -> None:
    for choice in RESOLUTIONS[code]:
        request = replace(REQUEST, resolutions={code: choice})
        facts = GOOD
        if code is FindingCode.GROUP_NAME_EXISTS:
            facts = replace(GOOD, groups=(GroupFacts(name="staff", exists=True, members=1),))
        else:
            subject = {
                "content.repeated-key": "confluence.page",
                "content.dangling-reference": "confluence.page.parent",
            }
            found = SourceFact(code=code.value, subject=subject.get(code.value, ""), count=1)
            facts = replace(GOOD, manifest=replace(GOOD.manifest, facts=(found,)))
        (one,) = checked(facts, request)
        assert choice.value in one.message
        assert all(f"{other.value}" in one.hint for other in RESOLUTIONS[code])


def test_what_is_left_out_is_not_spoken_of() -> None:
    users = [fact_ for fact_ in FindingCode if fact_.value.startswith("user.")]
    files = [FindingCode.CONTENT_MISSING_FILE, FindingCode.CONTENT_UNCLAIMED_FILE]
    facts = tuple(SourceFact(code=code.value, count=1) for code in (*users, *files))
    found = replace(
        GOOD,
        manifest=replace(GOOD.manifest, facts=facts),
        groups=(GroupFacts(name="staff", exists=True, members=1, roles=("user", "admin"), added=("Ada",)),),
    )
    without_users = checked(found, replace(REQUEST, without=frozenset({Part.USERS_AND_GROUPS})))
    assert {one.code for one in without_users} == set(files)
    assert checked(found, replace(REQUEST, without=frozenset({Part.USERS_AND_GROUPS, Part.ATTACHMENTS}))) == ()


def test_other_shard_is_not_told_where_the_region_is_refused() -> None:
    other = replace(GOOD.destination, shard="us-1", region="us")
    assert [one.code for one in checked(replace(GOOD, destination=other))] == [FindingCode.DESTINATION_OTHER_REGION]
