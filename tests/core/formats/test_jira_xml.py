import json
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from core.errors import ExportError, MalformedXml, MissingEntities, NotAnExport, NotFound, WrongAppType
from core.formats import jira_columns, jira_rows, values
from core.formats.attachments_folder import pack_folder
from core.formats.export import Dropped, ExportSummary
from core.formats.export_source import open_source
from core.formats.jira_comments import declared_counts
from core.formats.jira_xml import JiraReader
from core.formats.secret_names import names_secret

SHARED = Path(__file__).parents[4] / "shared" / "data"
EXPECTED: dict[str, Any] = (
    json.loads((SHARED / "expected-counts.json").read_text()) if (SHARED / "expected-counts.json").exists() else {}
)
REAL = [name for name in EXPECTED if name.startswith("jira/")]
#: How the real files are cleaned: their secrets became this and a run of x.
SCRUBBED = "SCRUBBED"

Records = dict[str, list[dict[str, Any]]]


def reader(path: Path, attachments: Path | None = None) -> JiraReader:
    copy = None if attachments is None else open_source(attachments, max_entries=1000)
    return JiraReader(open_source(path, max_entries=1000), copy)


def read(path: Path) -> tuple[Records, ExportSummary]:
    """All records by record type, with `extra` and `people` as objects."""
    one = reader(path)
    records: Records = {}
    for record_type, batch in one.batches():
        assert batch.schema.equals(record_type.export_schema)
        batch.validate(full=True)
        for row in batch.to_pylist():
            row["extra"] = json.loads(row["extra"] or "{}")
            row["people"] = json.loads(row["people"] or "{}")
            records.setdefault(record_type.name, []).append(row)
    one.close()
    return records, one.summary()


@pytest.fixture
def export(tmp_path: Path) -> Any:
    def write(rows: str, *, leading: str = "", trailing: str = "", root: str = "") -> tuple[Records, ExportSummary]:
        path = tmp_path / "entities.xml"
        front = f"<!-- {leading} -->" if leading else ""
        back = f"<!-- {trailing} -->" if trailing else ""
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n{front}\n<entity-engine-xml {root}>\n{rows}\n{back}'
            "</entity-engine-xml>"
        )
        return read(path)

    return write


def only(records: Records, name: str) -> dict[str, Any]:
    (row,) = records[name]
    return row


# Real exports


@pytest.mark.parametrize("name", REAL)
def test_each_native_row_is_one_record_or_one_dropped_row(name: str) -> None:
    records, summary = read(SHARED / name)
    assert summary.native_counts == EXPECTED[name]["entities"]
    assert summary.declared_counts == summary.native_counts
    plugins_rows = sum(len(rows) for type_, rows in records.items() if type_ == "jira.active_object")
    assert plugins_rows == sum(summary.active_objects_counts.values())
    counts = Counter(row["native"] for type_, rows in records.items() if type_ != "jira.active_object" for row in rows)
    for native, count in summary.native_counts.items():
        assert counts[native] + summary.dropped.get(native, Dropped()).rows == count, native


@pytest.mark.parametrize("name", REAL)
def test_keys_are_unique_within_real_exports(name: str) -> None:
    records, _ = read(SHARED / name)
    for rows in records.values():
        repeated = {key: count for key, count in Counter(row["key"] for row in rows).items() if count > 1}
        assert not repeated


@pytest.mark.parametrize("name", REAL)
def test_references_of_real_exports_find_their_records(name: str) -> None:
    records, _ = read(SHARED / name)
    groups = {row["key"] for row in records["directory.group"]}
    users = {row["key"] for row in records["directory.user"]}
    for row in records["directory.membership"]:
        assert row["group_name"]
        assert row["member_name"]
        assert row["member_kind"] == "user"
        if row["native"] == "Membership":
            assert row["group_key"] in groups
            assert row["member_key"] in users
    issues = {row["key"] for row in records["jira.issue"]}
    for row in records.get("jira.comment", []) + records.get("jira.change_group", []):
        assert row["issue"] in issues
    keys = {row["key"] for row in records.get("directory.user_key", [])}
    if keys:
        assert {row["reporter"] for row in records["jira.issue"]} & keys


@pytest.mark.parametrize("name", REAL)
def test_each_value_of_a_real_export_is_in_its_record_but_secrets(name: str) -> None:
    """The standard library's parser, which shares nothing with the reader's, says what the values are."""
    records, summary = read(SHARED / name)
    by_id = {
        (row["native"], row["key"].rpartition("#")[2].rpartition(":")[2]): row
        for rows in records.values()
        for row in rows
        # The keys of these are not ids.
        if row["native"] not in ("ApplicationUser", "OSCurrentStepPrev", "OSHistoryStepPrev")
    }
    said_by_the_type = {"comment", "GROUP_USER", "Issue"}
    missing = []
    with zipfile.ZipFile(SHARED / name) as archive:
        root = ET.fromstring(archive.read("entities.xml"))  # noqa: S314  # files of known content
    for element in root:
        native = {**element.attrib, **{child.tag: child.text or "" for child in element}}
        row = by_id.get((element.tag, native.pop("id", "")))
        if row is None:
            continue
        kept = [*row.values(), *row["extra"].values(), *row["people"].values()]
        for value in native.values():
            if value in kept or value in said_by_the_type:
                continue
            typed = [values.number(value), values.decimal(value), values.flag(value)]
            if (moment := values.moment_us(value)) is not None:
                typed.append(datetime(1970, 1, 1) + timedelta(microseconds=moment))  # noqa: DTZ001
            if not any(one in kept for one in typed if one is not None):
                missing.append((element.tag, value))
    taken = Counter(native for native, _ in missing)
    # A secret may by chance be a text that stands elsewhere in its row ("null" in MailServer).
    assert taken <= Counter({native: one.values for native, one in summary.dropped.items()}), missing


@pytest.mark.parametrize("name", REAL)
def test_no_secret_of_a_real_export_is_taken_in(name: str) -> None:
    one = reader(SHARED / name)
    entries: dict[str, str] = {}
    for record_type, batch in one.batches():
        for row in batch.to_pylist():
            assert row["native"] != "RememberMeToken"
            assert row["native"] != "ProductLicense"
            extra = json.loads(row["extra"] or "{}")
            assert not {"credential", "passwordHash", "license", "privateKey", "token", "password"} & extra.keys()
            if row["native"] == "OSPropertyEntry":
                entries[row["key"]] = extra["propertyKey"]
            if row["native"] in ("OSPropertyString", "OSPropertyText"):
                entry = entries.get(row["key"].replace(row["native"], "OSPropertyEntry"), "")
                assert entry not in (
                    "License20",
                    "jira.trustedapp.key.private.data",
                    "org.apache.shindig.common.crypto.BlobCrypter:key",
                )
            if record_type.name == "directory.user":
                assert SCRUBBED not in str(row)
    assert one.summary().dropped


@pytest.mark.skipif(not REAL, reason="the real exports are not here")
def test_known_facts_of_real_exports() -> None:
    old, summary = read(SHARED / "jira/jrjc/jira-4.2-jira-dump.zip")
    assert summary.exported_at is None
    assert summary.source == {
        "writer": "Jira", "scope": "site", "deployment": "server", "version": "4.2", "build": "586"
    }  # fmt: skip
    issue = next(row for row in old["jira.issue"] if row["issue_key"] == "TST-1")
    assert issue["summary"] == "My sample test"
    assert issue["number"] == 1
    assert issue["created"] == datetime(2010, 7, 23, 12, 16, 56, 928000)  # noqa: DTZ001
    assert any(row["body"] == "abc" and row["author"] == "admin" for row in old["jira.comment"])

    history, summary = read(SHARED / "jira/jrjc/jira-7.0.0-export-for-history-tests.zip")
    issue = only(history, "jira.issue")
    assert issue["issue_key"] == "HST-1"
    assert issue["summary"] == "Simple history test - modified"
    assert summary.exported_at == datetime(2016, 8, 5, 0, 49, 29, 330000, UTC)

    cloud, summary = read(SHARED / "jira/jira-cloud-2024-full.zip")
    assert summary.source["deployment"] == "cloud"
    assert summary.source["version"] == "1001.0.0-SNAPSHOT"
    assert summary.source["build"] == "100245"
    assert {row["issue_key"] for row in cloud["jira.issue"]} == {f"MBTA-{number}" for number in range(1, 8)}
    assert all(row["account_id"] == row["username"] for row in cloud["directory.user"])
    assert only(cloud, "jira.project")["project_key"] == "MBTA"
    tiny, summary = read(SHARED / "jira/jira-server-8.6.1-tiny.zip")
    assert summary.source["version"] == "8.6.1"
    assert summary.source["build"] == "806001"
    assert len(tiny["jira.issue"]) == 1


# Rows and columns


def test_a_column_is_an_attribute_or_a_child_with_text(export: Any) -> None:
    records, summary = export(
        '<Action id="1" issue="7" type="comment" author="ann"><body><![CDATA[one\ntwo ]]]]><![CDATA[> end]]></body>'
        '<odd><![CDATA[kept]]></odd></Action><Action id="2" type="approval" author="ann"/><Issue/>'
    )
    comment = only(records, "jira.comment")
    assert comment["body"] == "one\ntwo ]]> end"
    assert comment["issue"] == "7"
    assert comment["extra"] == {"odd": "kept"}
    other = only(records, "jira.other")
    assert (other["key"], other["native"]) == ("Action:2", "Action")
    assert (other["extra"], other["people"]) == ({"type": "approval"}, {"author": "ann"})
    assert only(records, "jira.issue")["key"].startswith("Issue:#")
    assert summary.native_counts == {"Action": 2, "Issue": 1}


def test_a_value_that_is_none_of_its_type_is_kept_as_text(export: Any) -> None:
    records, _ = export(
        '<Issue id="1" key="TST-9" created="yesterday" votes="2" watches="" priority="" summary="" archivedby="bo"/>'
    )
    issue = only(records, "jira.issue")
    assert (issue["created"], issue["votes"], issue["watches"], issue["priority"]) == (None, 2, None, None)
    assert issue["summary"] == ""
    assert issue["number"] == 9
    assert issue["extra"] == {"created": "yesterday", "watches": "", "priority": ""}
    assert issue["people"] == {"archivedby": "bo"}


def test_rows_of_many_shapes_come_in_their_order(export: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two rows with one key is the first is told by their order; single odd values change no other row."""
    monkeypatch.setattr(jira_columns, "_SHAPES", 3)
    odd = {"plain": '<Issue id="{n}" summary="{n}"/>', "empty": '<Issue id="{n}" assignee=""/>',
           "turned": '<Issue summary="{n}" id="{n}"/>', "bad": '<Issue id="{n}" votes="many"/>',
           "secret": '<Issue id="{n}" summary="{n}" password="GEHEIM"/>',
           "quoted": '<Issue id="{n}" odd="&quot;\\ &#9;Ü"/>',
           "keyless": '<Issue summary="{n}"/>', "own": '<Issue id="{n}" own{n}="1"/>'}  # fmt: skip
    kinds = [(kind, number) for number in range(1, 2_000) for kind in odd]
    records, summary = export("\n".join(odd[kind].format(n=number) for kind, number in kinds))
    rows = records["jira.issue"]
    assert summary.dropped == {"Issue": Dropped(values=1_999)}
    assert len(rows) == len(kinds)
    for (kind, number), row in zip(kinds, rows, strict=True):
        assert row["key"].startswith("Issue:#") if kind == "keyless" else row["key"] == str(number)
        assert row["summary"] == (str(number) if kind in ("plain", "turned", "secret", "keyless") else None)
        extra = {"bad": {"votes": "many"}, "quoted": {"odd": '"\\ \tÜ'}, "own": {f"own{number}": "1"}}
        assert row["extra"] == extra.get(kind, {})
        assert row["people"] == ({"assignee": ""} if kind == "empty" else {})


def test_marks_of_xml_in_attributes_are_text(export: Any) -> None:
    records, _ = export('<Issue id="1" key="A-1" summary="R&amp;D &lt;1&gt; &quot;x&quot; &#233;&apos;"/>')
    assert only(records, "jira.issue")["summary"] == 'R&D <1> "x" é\''


def test_issue_keys_of_cloud(export: Any) -> None:
    records, _ = export('<Issue id="1" projectKey="AB" number="12"/>')
    assert only(records, "jira.issue")["issue_key"] == "AB-12"
    assert only(records, "jira.issue")["extra"] == {"projectKey": "AB"}


def test_who_holds_a_role_or_a_permission(export: Any) -> None:
    records, _ = export(
        '<ProjectRoleActor id="1" pid="5" projectroleid="9" roletype="atlassian-user-role-actor"'
        ' roletypeparameter="ann"/>'
        '<ProjectRoleActor id="2" projectroleid="9" roletype="atlassian-group-role-actor" roletypeparameter="staff"/>'
        '<ProjectRoleActor id="3" projectroleid="9" roletype="other" roletypeparameter="x"/>'
        '<SchemePermissions id="1" scheme="0" permission="10" permissionKey="BROWSE" type="group" parameter="staff"/>'
        '<SchemePermissions id="2" permission="44" type="user" parameter="ann"/>'
        '<SchemePermissions id="3" scheme="0" permission="10" type="projectrole" parameter="9"/>'
        '<GlobalPermissionEntry id="1" permission="ADMINISTER" group_id="admins"/>'
        '<GlobalPermissionEntry id="2" permission="USE"/>'
        '<LicenseRoleGroup id="4" licenseRoleName="jira-software" groupId="staff" primaryGroup="Y"/>'
    )
    actors = records["jira.project_role_actor"]
    assert [(row["person"], row["group_name"]) for row in actors] == [("ann", None), (None, "staff"), (None, None)]
    assert actors[2]["extra"] == {"roletypeparameter": "x"}
    columns = ("key", "scheme", "permission", "person", "group_name", "parameter")
    assert [tuple(row[column] for column in columns) for row in records["jira.permission"]] == [
        ("SchemePermissions:1", "0", "BROWSE", None, "staff", None),
        ("SchemePermissions:2", None, "44", "ann", None, None),
        ("SchemePermissions:3", "0", "10", None, None, "9"),
        ("GlobalPermissionEntry:1", None, "ADMINISTER", None, "admins", None),
        ("GlobalPermissionEntry:2", None, "USE", None, None, None),
    ]
    assert only(records, "jira.app_role")["group_name"] == "staff"


def test_associations_have_keys_of_their_columns_that_name_no_person(export: Any) -> None:
    records, _ = export(
        '<UserAssociation sourceName="ann" sinkNodeId="7" sinkNodeEntity="Issue" associationType="WatchIssue"/>'
        '<UserAssociation sourceName="ann" sinkNodeId="8" sinkNodeEntity="Board" associationType="Watch"/>'
        '<NodeAssociation sourceNodeId="1" sourceNodeEntity="Issue" sinkNodeId="2" sinkNodeEntity="Component"'
        ' associationType="IssueComponent"/><FixVersion issue="1" version="3"/>'
        '<OSHistoryStepPrev id="5" previousId="4"/><OSHistoryStepPrev id="5" previousId="3"/>'
        '<SequenceValueItem seqName="Issue" seqId="10010"/><Strange a="1"/><Strange a="2"/>'
    )
    watch, board = records["jira.user_association"]
    assert (watch["person"], watch["issue"], watch["extra"]) == ("ann", "7", {})
    assert (board["issue"], board["extra"]) == (None, {"sinkNodeId": "8", "sinkNodeEntity": "Board"})
    assert "ann" not in watch["key"]
    assert watch["key"].startswith("Issue:7:WatchIssue:")
    component, version = records["jira.association"]
    assert component["key"] == "NodeAssociation:Issue:1:Component:2:IssueComponent"
    columns = ("source_kind", "source_key", "target_kind", "target_key", "type")
    assert [version[column] for column in columns] == ["Issue", "1", "Version", "3", "IssueFixVersion"]
    keys = [row["key"] for row in records["jira.other"]]
    assert keys[:3] == ["OSHistoryStepPrev:5:4", "OSHistoryStepPrev:5:3", "SequenceValueItem:Issue"]
    assert len(set(keys)) == 5
    assert all(key.startswith("Strange:#") for key in keys[3:])


def test_users_and_memberships_of_old_and_new_exports(export: Any) -> None:
    records, _ = export(
        '<User id="1" directoryId="1" userName="ann" active="1" displayName="Ann" emailAddress="ann@example.com"'
        ' externalId="da970ef0-bb49-4bbb-aec1-f20005000000"/>'
        '<ApplicationUser id="3" userKey="JIRAUSER1" lowerUserName="ann"/>'
        '<Membership id="4" parentId="9" parentName="staff" childId="1" childName="ann" membershipType="GROUP_USER"/>'
        '<Membership id="5" parentId="9" parentName="staff" childId="8" childName="in" membershipType="GROUP_GROUP"/>'
        '<OSUser id="1" name="old"/><OSGroup id="2" name="users"/>'
        '<OSMembership id="4" userName="old" groupName="users"/>'
        '<UserHistoryItem id="1" username="ann" entityId="7"/>'
    )
    ann, old = records["directory.user"]
    assert (ann["key"], ann["active"], ann["account_id"]) == ("1", True, None)
    assert ann["extra"] == {"externalId": "da970ef0-bb49-4bbb-aec1-f20005000000"}
    assert (old["key"], old["username"]) == ("OSUser:1", "old")
    assert only(records, "directory.user_key")["key"] == "JIRAUSER1"
    user, group, oldest = records["directory.membership"]
    assert (user["key"], user["group_key"], user["member_key"], user["member_kind"]) == ("4", "9", "1", "user")
    assert (group["member_key"], group["member_kind"]) == ("8", "group")
    assert (oldest["key"], oldest["member_key"], oldest["member_name"]) == ("OSMembership:4", None, "old")
    assert only(records, "directory.other")["people"] == {"username": "ann"}


def test_properties_of_users_belong_to_users(export: Any) -> None:
    records, _ = export(
        '<OSPropertyEntry id="1" entityName="OSUser" entityId="5" propertyKey="email" type="5"/>'
        '<OSPropertyEntry id="2" entityName="jira.properties" entityId="1" propertyKey="jira.title" type="5"/>'
        '<OSPropertyString id="1" value="ann@example.com"/><OSPropertyString id="2" value="Our Jira"/>'
        '<EntityProperty id="3" entityName="UserProperty" propertyKey="x" value="{}"/>'
    )
    assert {row["key"] for row in records["directory.other"]} == {
        "OSPropertyEntry:1", "OSPropertyString:1", "EntityProperty:3"
    }  # fmt: skip
    assert {row["key"] for row in records["jira.other"]} == {"OSPropertyEntry:2", "OSPropertyString:2"}


# Comments


def test_counts_are_read_in_any_layout(export: Any) -> None:
    text = "\n\t___ Entities ____\n\n\t\t Razem   : 1\u00a0003\n\t\t Action : 1,001\n     Issue   : 2\n"
    assert declared_counts(text) == {"Action": 1001, "Issue": 2}
    _, summary = export('<Issue id="1"/><!-- Issue : 9 -->', trailing="Total : 1\nIssue : 1\n")
    assert summary.declared_counts == {"Issue": 1}


def test_nothing_but_facts_is_taken_from_the_leading_comment(export: Any) -> None:
    leading = "\n JIRA Build  : 6.4#64001-sha1:ab\n jira.trustedapp.key.private.data : MIIHEMLIG\n License : AAAB\n"
    _, summary = export('<Issue id="1"/>', leading=leading, root='date="1706862584315"')
    assert summary.source == {
        "writer": "Jira", "scope": "site", "deployment": "server", "version": "6.4", "build": "64001"
    }  # fmt: skip
    assert summary.exported_at == datetime(2024, 2, 2, 8, 29, 44, 315000, UTC)


# Secrets

PEM = "-----BEGIN RSA PRIVATE KEY-----\nGEHEIM\n-----END RSA PRIVATE KEY-----"
ENTRIES = """
    <OSPropertyEntry id="1" entityName="jira.properties" propertyKey="License20" type="6"/>
    <OSPropertyEntry id="2" entityName="jira.properties" propertyKey="jira.title" type="5"/>
    <OSPropertyEntry id="3" entityName="x" propertyKey="org.apache.shindig.common.crypto.BlobCrypter:key" type="5"/>
    <OSPropertyEntry id="4" entityName="x" propertyKey="notification-license.expired" type="5"/>
"""
VALUES = """
    <OSPropertyString id="2" value="Our Jira"/>
    <OSPropertyString id="3" value="GEHEIM"/>
    <OSPropertyString id="4" value="no secret"/>
    <OSPropertyString id="77" value="nobody's"/>
    <OSPropertyText id="1"><value><![CDATA[GEHEIM
    key]]></value></OSPropertyText>
"""


def test_secrets_go_and_what_is_beside_them_stays(export: Any) -> None:
    records, summary = export(
        '<User id="1" userName="ann" credential="{PKCS5S2}GEHEIM"/><OSUser id="2" name="bo" passwordHash="GEHEIM"/>'
        '<RememberMeToken id="1" token="GEHEIM" username="ann"/>'
        '<ProductLicense id="1"><license>GEHEIM\n</license></ProductLicense>'
        '<OAuthConsumer id="1" name="c" privateKey="GEHEIM" sharedSecret="GEHEIM" publicKey="open"/>'
        '<TrustedApplication id="1" name="t" publicKey="GEHEIM"/>'
        '<MailServer id="1" username="mailer" password="GEHEIM" smtpPort="25"/>'
        '<Application id="1" name="a" credential="GEHEIM"/>'
        '<DirectoryAttribute directoryId="1" name="ldap.password" value="GEHEIM"/>'
        '<DirectoryAttribute directoryId="1" name="password_max_attempts" value="3"/>'
        '<UserAttribute id="1" userId="1" name="password.reset.request.token" value="GEHEIM" lowerValue="GEHEIM"/>'
        '<UserAttribute id="2" userId="1" name="passwordLastChanged" value="14" lowerValue="14"/>'
        '<Unknown id="1" accessToken="GEHEIM" version_token="3"/>'
    )
    assert "GEHEIM" not in str(records)
    assert summary.dropped == {
        "User": Dropped(values=1), "OSUser": Dropped(values=1), "RememberMeToken": Dropped(rows=1),
        "ProductLicense": Dropped(rows=1), "OAuthConsumer": Dropped(values=2), "TrustedApplication": Dropped(values=1),
        "MailServer": Dropped(values=1), "Application": Dropped(values=1), "DirectoryAttribute": Dropped(values=1),
        "UserAttribute": Dropped(values=2), "Unknown": Dropped(values=1),
    }  # fmt: skip
    everything = [row for rows in records.values() for row in rows]
    assert any(row["extra"].get("value") == "14" for row in everything)
    assert any(row["extra"].get("version_token") == "3" for row in everything)
    assert any(row["extra"] == {"username": "mailer", "smtpPort": "25"} for row in everything)


@pytest.mark.parametrize(
    "name",
    ["License20", "License Hash 1", "jira.trustedapp.key.private.data", "crypto.BlobCrypter:key", "ldap.password",
     "notification.smtp.password", "clientSecret", "accesstoken", "API_KEY", "password.reset.request.token",
     "com.x.version.2.password", "passwordHistory"],
)  # fmt: skip
def test_names_that_name_a_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["version_token", "passwordLastChanged", "requiresPasswordChange", "invalidPasswordAttempts", "password_regex",
     "com.atlassian.upm:notifications:dismissal-new.licenses", "password.reset.request.expiry", "licenseRoleName",
     "useCredentials", "TOKEN_EXPIRY", "jira.sid.key", "secretary", "user_encryption_method", "com.x-api:cache.key"],
)  # fmt: skip
def test_names_that_only_speak_of_one(name: str) -> None:
    assert not names_secret(name)


@pytest.mark.parametrize("rows", [ENTRIES + VALUES, VALUES + ENTRIES])
@pytest.mark.parametrize("waiting", [1_000, 0])
def test_values_of_secret_properties_go_in_any_order(
    export: Any, monkeypatch: pytest.MonkeyPatch, rows: str, waiting: int
) -> None:
    monkeypatch.setattr(jira_rows, "_WAITING_ROWS", waiting)
    records, summary = export(rows)
    assert "GEHEIM" not in str(records)
    assert summary.dropped == {"OSPropertyString": Dropped(rows=1), "OSPropertyText": Dropped(rows=1)}
    kept = {row["extra"]["value"] for row in records["jira.other"] if row["native"] == "OSPropertyString"}
    assert kept == {"Our Jira", "no secret", "nobody's"}


def test_a_private_key_is_known_by_its_look(export: Any) -> None:
    records, summary = export(f'<OSPropertyText id="9"><value>{PEM}</value></OSPropertyText>')
    assert not records
    assert summary.dropped == {"OSPropertyText": Dropped(rows=1)}


def test_an_entry_that_turns_out_to_be_secret_after_its_value_is_refused(export: Any) -> None:
    with pytest.raises(ExportError):
        export(
            '<OSPropertyEntry id="1" propertyKey="a"/><OSPropertyString id="1" value="GEHEIM"/>'
            '<OSPropertyEntry id="1" propertyKey="mail.password"/>'
        )


# Attachments


def test_attachments_of_every_layout(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "data" / "attachments"
    for name in (
        "TST/10000/TST-1/10000", "TST/10000/TST-1/thumbs/_thumb_10000.png", "OLD/OLD-1/10001_a_b.txt",
        "OLD/OLD-2/10002", "OLD/OLD-2/_thumb_10002.png", "OLD/OLD-2/notes.txt",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    outside = tmp_path / "outside"
    outside.write_text("not ours")
    (folder / "OLD/OLD-2/10003").symlink_to(outside)
    (folder / "LINK").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "home" / "plugins").mkdir()
    (tmp_path / "home" / "plugins" / "10006").write_text("no attachment")
    path = tmp_path / "backup.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("entities.xml", '<entity-engine-xml><FileAttachment id="10000"/></entity-engine-xml>')
        archive.writestr("data/attachments/TST/10000/TST-2/10004", "in the zip")
        archive.writestr("data/attachments/TST/10000/TST-2/thumbs/_thumb_10004.png", "")
        archive.writestr("data/avatars/10005", "")
    pack_folder(tmp_path / "home", tmp_path / "packed.zip")
    one = reader(path, tmp_path / "packed.zip")
    ((_, batch),) = list(one.batches())
    assert batch.column("file").to_pylist() == ["10000"]
    assert one.summary().declares_files
    files = list(one.files())
    assert [(file.claim, file.size) for file in files] == [
        ("10004", 10), ("10001", 23), ("10002", 15), ("notes.txt", 19), ("10000", 21)
    ]  # fmt: skip
    with one.open_file(files[1]) as stream:
        assert stream.read() == b"OLD/OLD-1/10001_a_b.txt"
    with one.open_file(files[0]) as stream:
        assert stream.read() == b"in the zip"
    one.close()


def test_an_export_without_attachments_has_no_files(tmp_path: Path, export: Any) -> None:
    _, summary = export('<FileAttachment id="1"/>')
    assert summary.declares_files is None
    assert list(reader(tmp_path / "entities.xml").files()) == []
    with pytest.raises(NotFound):
        pack_folder(tmp_path / "nowhere", tmp_path / "packed.zip")


# What cannot be read


def test_bad_input_is_refused_with_its_place(tmp_path: Path, export: Any) -> None:
    with pytest.raises(MalformedXml) as caught:
        export('<Issue id="1"></Isue>')
    assert caught.value.line == 4
    path = tmp_path / "entities.xml"
    path.write_text("<hibernate-generic/>")
    with pytest.raises(WrongAppType):
        read(path)
    path.write_text("<html/>")
    with pytest.raises(NotAnExport):
        read(path)
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w") as archive:
        archive.writestr("other.xml", "<a/>")
    with pytest.raises(MissingEntities):
        read(empty)


def test_a_reader_is_used_once(tmp_path: Path, export: Any) -> None:
    export('<Issue id="1"/>')
    one = reader(tmp_path / "entities.xml")
    with pytest.raises(RuntimeError):
        one.summary()
    list(one.batches())
    with pytest.raises(RuntimeError):
        list(one.batches())
