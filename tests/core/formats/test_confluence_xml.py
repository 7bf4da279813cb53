import json
import re
import zipfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from core.content.confluence import CONFLUENCE_TYPES, CONTENT
from core.errors import ExportError, MalformedXml, NotAnExport
from core.formats import batches, confluence_xml, xml_stream
from core.formats.attachments_folder import pack_folder
from core.formats.confluence_mapping import NATIVES, OLD_REVISION
from core.formats.confluence_xml import ConfluenceReader, read_properties
from core.formats.export import Dropped, ExportSummary
from core.formats.export_source import open_source

SHARED = Path(__file__).parents[4] / "shared" / "data"
EXPECTED: dict[str, Any] = (
    json.loads((SHARED / "expected-counts.json").read_text()) if (SHARED / "expected-counts.json").exists() else {}
)
REAL = [name for name in EXPECTED if name.startswith("confluence/")]
#: How the real files are cleaned: their secrets became this and a run of x.
SCRUBBED = b"SCRUBBED"

Records = dict[str, dict[str, dict[str, Any]]]


def read(path: Path) -> tuple[Records, ExportSummary, bytes]:
    """Records by type and key, the summary, and all that was written, as one run of bytes."""
    records: Records = {}
    written = pa.BufferOutputStream()
    with closing(ConfluenceReader(open_source(path, max_entries=1000))) as reader:
        for record_type, batch in reader.batches():
            assert batch.schema.equals(record_type.export_schema)
            batch.validate(full=True)
            with pa.ipc.new_stream(written, batch.schema) as stream:
                stream.write_batch(batch)
            for row in batch.to_pylist():
                row["extra"], row["people"] = json.loads(row["extra"] or "{}"), json.loads(row["people"] or "{}")
                of_type = records.setdefault(record_type.name, {})
                assert row["key"] not in of_type or SHARED in path.parents
                of_type[row["key"]] = row
        return records, reader.summary(), written.getvalue().to_pybytes()


@pytest.fixture
def export(tmp_path: Path) -> Any:
    """Writes an export of these objects (and files) and reads it."""

    def write(xml: str, *, root: str = 'datetime="2025-10-15 17:27:19.476"', **files: str) -> Any:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in files.items():
                archive.writestr(name, text)
            archive.writestr("entities.xml", f"<hibernate-generic {root}>{xml}</hibernate-generic>")
        return path

    return write


def item(native: str, key: str, /, *properties: str, **texts: str | None) -> str:
    scalars = (
        f'<property name="{name}"/>' if text is None else f'<property name="{name}"><![CDATA[{text}]]></property>'
        for name, text in texts.items()
    )
    inner = "".join((*properties, *scalars))
    return f'<object class="{native}" package="p">\n<id name="id">{key}</id>{inner}</object>\n'


def to(name: str, native: str, key: str) -> str:
    return f'<property name="{name}" class="{native}" package="p"><id name="id"><![CDATA[{key}]]></id>\n</property>'


def many(name: str, native: str, *keys: str) -> str:
    elements = "".join(f'<element class="{native}" package="p"><id name="id">{key}</id></element>' for key in keys)
    return f'<collection name="{name}" class="java.util.Collection">{elements}</collection>'


@pytest.mark.parametrize("name", REAL)
def test_every_row_of_a_real_export_is_one_record_or_one_dropped_row(name: str) -> None:
    reader = ConfluenceReader(open_source(SHARED / name, max_entries=1000))
    rows: Counter[str] = Counter()
    for record_type, batch in reader.batches():
        if record_type.name != "confluence.active_object":
            rows.update(batch.column("native").to_pylist())
    summary = reader.summary()
    files = list(reader.files())
    reader.close()
    expected = EXPECTED[name]
    assert summary.native_counts == expected["objects"]
    for native, dropped in summary.dropped.items():
        if not native.startswith("AO_"):
            rows[native] += dropped.rows
    assert +rows == expected["objects"]
    assert summary.control_characters == expected["control_bytes"]
    assert len(files) == expected["attachment_files"]
    told = expected.get("descriptor", {})
    assert summary.source.get("exportType") == told.get("exportType")
    assert summary.declares_files == ({"true": True, "false": False}.get(told.get("backupAttachments", "")))


@pytest.mark.parametrize("name", REAL)
def test_no_secret_of_a_real_export_is_in_its_records(name: str) -> None:
    *_, written = read(SHARED / name)
    # The cleaning also took a site's welcome message for a secret.
    assert SCRUBBED not in written.replace(b"<siteWelcomeMessage>" + SCRUBBED, b"")
    assert not re.search(rb"PRIVATE KEY-----|\{PKCS5S2\}|4d14eb81ff5af7f5", written)


@pytest.mark.parametrize("name", REAL)
def test_references_of_real_exports_lead_to_records(name: str) -> None:
    records, _, _ = read(SHARED / name)
    if "edge" not in name:
        for body in records.get("confluence.body", {}).values():
            assert any(body["owner"] in records.get(one, {}) for one in CONTENT), body
    old = sum(1 for row in records.get("confluence.version", {}).values() if row["original"])
    known = EXPECTED[name]["extra"].get("old_versions", {})
    # The independent count takes drafts of published pages for old versions.
    drafts = sum(
        1 for one in ("page", "blog_post") for row in records.get(f"confluence.{one}", {}).values() if row["original"]
    )
    assert old + drafts == known.get("Page", 0) + known.get("BlogPost", 0)


@pytest.mark.skipif(not REAL, reason="real exports are not here")
def test_known_facts_of_a_site_of_2013() -> None:
    records, summary, _ = read(SHARED / "confluence/server-4.3.2-site-export.zip")
    assert {one["space_key"] for one in records["confluence.space"].values()} == {"SPACE1", "SPACE2", "PRIV"}
    assert len(records["confluence.version"]) == 7
    assert all(one["creator"] for one in records["confluence.comment"].values())
    assert {one["username"] for one in records["directory.user"].values()} >= {"admin", "user01"}
    assert {one["member_kind"] for one in records["directory.membership"].values()} == {"user"}
    assert records["confluence.attachment"]["884740"]["file"] == "attachments/753680/884740/1"
    assert all(one["media_type"] and one["size"] for one in records["confluence.attachment"].values())
    assert summary.dropped["ConfluenceRememberMeToken"] == Dropped(rows=1)
    assert summary.dropped["AliasedKey"] == Dropped(rows=2)
    assert summary.dropped["InternalUser"] == Dropped(values=3)
    assert summary.exported_at == datetime(2013, 10, 14, 16, 5, 52, tzinfo=UTC)
    assert sum(summary.active_objects_counts.values()) == len(records["confluence.active_object"]) == 8


def test_every_class_of_the_mapping_fills_columns_that_exist() -> None:
    for one in (*NATIVES.values(), OLD_REVISION):
        names = {column.name for column in one.record_type.columns}
        assert {*one.columns.values(), *one.constants} <= names, one.record_type.name
    typed = {one.record_type.name for one in (*NATIVES.values(), OLD_REVISION)}
    assert {one.name for one in CONFLUENCE_TYPES} - typed == {"confluence.active_object", "confluence.other"}


def test_a_page_its_draft_and_its_old_version(export: Any) -> None:
    space = to("space", "Space", "1")
    path = export(
        item("Page", "10", space, to("creator", "ConfluenceUserImpl", "k1"), many("children", "Page", "12"),
             title="Now ]] > then", version="3", contentStatus="current", creationDate="2025-01-02 03:04:05.678",
             position=None, lowerTitle="now", versionComment="")
        + item("Page", "11", to("originalVersion", "Page", "10"), title="Before", version="2", contentStatus="current",
               creatorName="ann", originalVersionId="10")
        + item("Page", "12", space, to("originalVersion", "Page", "10"), title="Next", contentStatus="draft")
        + item("BlogPost", "13", originalVersionId="9", title="Old news", version="x1"),
    )  # fmt: skip
    records, summary, _ = read(path)
    page = records["confluence.page"]["10"]
    assert (page["title"], page["version"], page["space"], page["creator"]) == ("Now ]]> then", 3, "1", "k1")
    assert page["created"] == datetime(2025, 1, 2, 3, 4, 5, 678_000)  # noqa: DTZ001 — as written
    assert page["version_comment"] == ""
    assert page["extra"] == {"children": [["Page", "12"]], "lowerTitle": "now"}
    old = records["confluence.version"]["11"]
    assert (old["native"], old["original"], old["creator"], old["extra"]) == ("Page", "10", "ann", {})
    assert records["confluence.page"]["12"]["original"] == "10"
    news = records["confluence.version"]["13"]
    assert (news["native"], news["original"], news["version"]) == ("BlogPost", "9", None)
    assert news["extra"] == {"version": "x1"}
    assert summary.native_counts == {"Page": 3, "BlogPost": 1}
    assert summary.exported_at == datetime(2025, 10, 15, 17, 27, 19, 476_000, tzinfo=UTC)


def test_nothing_unnamed_is_lost_and_persons_are_apart(export: Any) -> None:
    path = export(
        item("Gadget", "5", to("user", "ConfluenceUserImpl", "k1"), to("page", "Page", "7"),
             many("fans", "ConfluenceUserImpl", "k2"), many("kinds", "Kind"),
             '<collection name="codes"><element enum-class="C">A</element><element enum-class="C">B</element>'
             '</collection>',
             '<component name="size"><property name="x" type="int">1</property></component>',
             '<property name="state" enum-class="State" package="p">ON</property>',
             name="n", empty="", nothing=None, creatorName="ann")
        + '<object class="BucketPropertySetItem"><composite-id><property name="entityName">CWD_ann'
          '</property><property name="entityId" type="long">0</property><property name="key">k</property>'
          '</composite-id>'
          '<property name="stringVal">v</property></object>'
        + '<object class="Odd"><property name="a">1</property></object>',
    )  # fmt: skip
    records, *_ = read(path)
    gadget = records["confluence.other"]["Gadget:5"]
    assert gadget["extra"] == {
        "page": {"class": "Page", "id": "7"}, "kinds": [], "codes": ["A", "B"], "size": {"x": "1"}, "state": "ON",
        "name": "n", "empty": "", "nothing": None,
    }  # fmt: skip
    assert gadget["people"] == {
        "user": {"class": "ConfluenceUserImpl", "id": "k1"}, "fans": [["ConfluenceUserImpl", "k2"]],
        "creatorName": "ann",
    }  # fmt: skip
    setting = records["directory.other"]["BucketPropertySetItem:CWD_ann|0|k"]
    assert setting["extra"]["stringVal"] == "v"
    assert records["confluence.other"]["Odd:without-id-1"]["extra"] == {"a": "1"}


def test_owners_are_found_on_either_side_and_in_any_order(export: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "CHUNK_BYTES", 100)
    monkeypatch.setattr(batches, "BATCH_ROWS", 2)
    path = export(
        item("ContentProperty", "1", name="before")
        + item("Page", "10", to("space", "Space", "1"), many("contentProperties", "ContentProperty", "1", "2", "404"),
               many("bodyContents", "BodyContent", "1"))
        + item("ContentProperty", "2", name="after", longValue="7")
        + item("ContentProperty", "3", to("content", "Comment", "11"), name="own")
        + item("ContentProperty", "4", name="nobody's", creatorName="ann")
        + item("BodyContent", "1", body=" text\n", bodyType="2")
        + item("BodyContent", "2", to("content", "Draft", "12"), body=None)
        + item("PersonalInformation", "20", many("bodyContents", "BodyContent", "3"))
        + item("BodyContent", "3", body="about me")
        + item("BodyContent", "4", to("content", "PersonalInformation", "20"), body="me again"),
    )  # fmt: skip
    records, summary, _ = read(path)
    assert {key: row["owner"] for key, row in records["confluence.content_property"].items()} == {
        "1": "10", "2": "10", "3": "11", "4": None,
    }  # fmt: skip
    assert records["confluence.content_property"]["2"]["long_value"] == 7
    assert records["confluence.content_property"]["4"]["people"] == {"creatorName": "ann"}
    bodies = records["confluence.body"]
    assert {key: (row["owner"], row["body"], row["body_type"]) for key, row in bodies.items()} == {
        "1": ("10", " text\n", 2), "2": ("Draft:12", None, None),
    }  # fmt: skip
    assert records["directory.other"]["BodyContent:3"]["extra"]["body"] == "about me"
    assert records["directory.other"]["BodyContent:4"]["extra"]["body"] == "me again"
    assert sum(map(len, records.values())) == sum(summary.native_counts.values())


def test_attachments_claim_the_file_of_their_version(export: Any) -> None:
    page = to("containerContent", "Page", "10")
    path = export(
        item("Attachment", "1", page, to("space", "Space", "1"), title="now.png", version="2")
        + item("Attachment", "2", page, to("originalVersion", "Attachment", "1"), title="then.png", version="1")
        + item("Attachment", "3", to("content", "Page", "10"), fileName="old.png", contentType="image/png",
               fileSize="12", attachmentVersion="4", comment="c")
        + item("Attachment", "4", page, title="unknown.png"),
        **{"attachments/10/1/2": "now", "attachments/10/9/1": "unclaimed", "attachments/": ""},
    )  # fmt: skip
    reader = ConfluenceReader(open_source(path, max_entries=100))
    rows = [row for _, batch in reader.batches() for row in batch.to_pylist()]
    assert [row["file"] for row in rows] == [
        "attachments/10/1/2", "attachments/10/1/1", "attachments/10/3/4", None,
    ]  # fmt: skip
    third = rows[2]
    assert (third["title"], third["media_type"], third["size"], third["version_comment"]) == (
        "old.png", "image/png", 12, "c",
    )  # fmt: skip
    files = list(reader.files())
    assert [(file.claim, file.size) for file in files] == [("attachments/10/1/2", 3), ("attachments/10/9/1", 9)]
    assert reader.open_file(files[0]).read() == b"now"
    reader.close()


def test_attachments_may_lie_in_a_folder_beside_the_export(export: Any, tmp_path: Path) -> None:
    folder = tmp_path / "attachments"
    (folder / "10/1").mkdir(parents=True)
    (folder / "10/1/2").write_bytes(b"beside")
    (folder / "10/1/3").symlink_to("/etc/passwd")
    pack_folder(folder, tmp_path / "packed.zip")
    copy = open_source(tmp_path / "packed.zip", max_entries=100)
    reader = ConfluenceReader(open_source(export(""), max_entries=100), copy)
    assert list(reader.batches()) == []
    (file,) = reader.files()
    assert file.claim == "attachments/10/1/2"
    with reader.open_file(file) as stream:
        assert stream.read() == b"beside"
    reader.close()


def test_users_groups_and_members(export: Any) -> None:
    account = "557058:a2bb016a-3484-4c1e-9a0b-000000000000"
    path = export(
        item("InternalUser", "1", to("directory", "DirectoryImpl", "9"), name="ann", displayName="Ann", active="true",
             emailAddress="ann@example.com", externalId=account)
        + item("InternalUser", "2", name="bob", externalId="32769:65538")
        + item("InternalGroup", "3", name="team", active="false")
        + item("HibernateMembership", "4", to("parentGroup", "InternalGroup", "3"),
               to("userMember", "InternalUser", "1"))
        + item("HibernateMembership", "5", to("parentGroup", "InternalGroup", "3"),
               to("groupMember", "InternalGroup", "6"))
        + '<object class="ConfluenceUserImpl"><id name="key"> k1 </id><property name="name">ann</property></object>'
        + item("DefaultHibernateUser", "7", many("groups", "DefaultHibernateGroup", "8"), name="eve", fullName="Eve")
        + item("UserLoginInfo", "8", to("user", "ConfluenceUserImpl", "k1")),
    )  # fmt: skip
    records, *_ = read(path)
    ann, bob, eve = (records["directory.user"][key] for key in "127")
    assert (ann["username"], ann["active"], ann["account_id"]) == ("ann", True, account)
    assert ann["directory_id"] == "DirectoryImpl:9"
    assert (bob["account_id"], bob["extra"]) == (None, {"externalId": "32769:65538"})
    assert eve["display_name"] == "Eve"
    assert records["directory.user_key"]["k1"]["username"] == "ann"
    members = records["directory.membership"].values()
    assert [(one["group_key"], one["member_key"], one["member_kind"]) for one in members] == [
        ("3", "1", "user"), ("3", "6", "group"),
    ]  # fmt: skip
    assert records["directory.other"]["UserLoginInfo:8"]["people"] == {}


def setting(key: str, value: str, context: str = "_GLOBAL") -> str:
    return item("ConfluenceBandanaRecord", str(abs(hash((key, value)))), context=context, key=key, value=value)


SECRET = "ze-secret"
SECRET_SETTINGS = [
    ("org.apache.shindig.common.crypto.BlobCrypter:key", f"<string>{SECRET}</string>"),
    ("synchrony_collaborative_editor_app_secret", f"<string>{SECRET}</string>"),
    ("atlassian.confluence.smtp.mail.accounts", f"<list><x>{SECRET}</x></list>"),
    ("atlassian.confluence.space.mailaccounts", f"<list><x>{SECRET}</x></list>"),
    ("applinks.admin.1cfe75f3-0fa3-31df-893a-044f752aa6e0.auth.6d155ed3", f"<properties>{SECRET}</properties>"),
    ("com.atlassian.upm.license.internal.impl.PluginSettingsPluginLicenseRepository:licenses:ab", SECRET),
    ("com.atlassian.oauth.consumer.ConsumerService:host.__HOST_SERVICE__", SECRET),
    ("com.gliffy.integration.confluence.LICENSE", SECRET),
    ("trustedapps.key", SECRET),
    ("some.plugin:settings", f"<map><entry><string>proxyPassword</string>\n<string>{SECRET}</string></entry></map>"),
    ("some.plugin:settings", f"<settings><clientSecret>{SECRET}</clientSecret></settings>"),
    ("some.plugin:settings", f'<string>{{"sharedSecret" : "{SECRET}"}}</string>'),
    ("some.plugin:settings", f"-----BEGIN RSA PRIVATE KEY-----{SECRET}"),
]
PLAIN_SETTINGS = [
    ("confluence.server.id", "<string>BXXX</string>"),
    ("atlassian.confluence.settings", "<x><senMissingInLicenseMessageOff>true</senMissingInLicenseMessageOff></x>"),
    ("plugin.manager.state.Map", "<map><entry><string>x.tokens-macro</string><boolean>true</boolean></entry></map>"),
    ("synchrony_collaborative_editor_app_id", "<string>Synchrony-1</string>"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), SECRET_SETTINGS)
def test_secret_settings_lose_their_value_and_stay(key: str, value: str, export: Any) -> None:
    records, summary, written = read(export(setting(key, value)))
    assert SECRET.encode() not in written
    (row,) = records["confluence.other"].values()
    assert row["extra"] == {"context": "_GLOBAL", "key": key}
    assert summary.dropped == {"ConfluenceBandanaRecord": Dropped(values=1)}


@pytest.mark.parametrize(("key", "value"), PLAIN_SETTINGS)
def test_plain_settings_keep_their_value(key: str, value: str, export: Any) -> None:
    records, summary, _ = read(export(setting(key, value)))
    (row,) = records["confluence.other"].values()
    assert row["extra"]["value"] == value
    assert summary.dropped == {}


def test_schedules_and_spaces_of_telling_names_keep_their_settings(export: Any) -> None:
    schedules = "com.atlassian.confluence.schedule.ScheduledJobConfiguration"
    path = export(
        setting("DEFAULT#ClearExpiredRememberMeTokensJob", "<x/>", schedules)
        + setting("sidebar.nav-type", "<string>p</string>", "TOKEN")
        + setting("sidebar.nav-type", "<string>q</string>", "~j.password")
    )  # fmt: skip
    _, summary, _ = read(path)
    assert summary.dropped == {}


def test_secrets_of_users_and_directories_are_nowhere(export: Any) -> None:
    credential = (
        f'<component name="credential"><property name="credential" type="string">{SECRET}</property></component>'
    )
    attributes = (
        '<collection name="attributes" class="java.util.Map"><element name="ldap.url" type="string">ldap://x</element>'
        f'<element name="ldap.password" type="string"><![CDATA[{SECRET}]]></element></collection>'
    )
    path = export(
        item("InternalUser", "1", credential, name="ann")
        + item("ApplicationImpl", "2", credential, name="crowd-embedded")
        + item("DirectoryImpl", "3", attributes, name="LDAP")
        + item("DefaultHibernateUser", "4", name="eve", password=SECRET)
        + item("ConfluenceRememberMeToken", "5", username="ann", token=SECRET)
        + item("AliasedKey", "6", alias="confluence:1", key=SECRET)
        + item("InternalUserCredentialRecord", "7", passwordHash=SECRET)
        + item("InternalUserAttribute", "8", name="passwordLastChanged", value="138")
        + item("InternalUserAttribute", "9", name="reset.password.token", value=SECRET, lowerValue=SECRET)
        + item("SomethingNew", "10", apiKey=SECRET, name="n"),
    )
    records, summary, written = read(path)
    assert SECRET.encode() not in written
    assert summary.dropped == {
        "InternalUser": Dropped(values=1), "ApplicationImpl": Dropped(values=1), "DirectoryImpl": Dropped(values=1),
        "DefaultHibernateUser": Dropped(values=1), "ConfluenceRememberMeToken": Dropped(rows=1),
        "AliasedKey": Dropped(rows=1), "InternalUserCredentialRecord": Dropped(rows=1),
        "InternalUserAttribute": Dropped(values=2), "SomethingNew": Dropped(values=1),
    }  # fmt: skip
    others = records["directory.other"]
    assert others["DirectoryImpl:3"]["extra"]["attributes"] == {"ldap.url": "ldap://x"}
    assert others["InternalUserAttribute:8"]["extra"]["value"] == "138"
    assert others["InternalUserAttribute:9"]["extra"] == {"name": "reset.password.token"}
    kept = sum(map(len, records.values()))
    assert kept + sum(one.rows for one in summary.dropped.values()) == sum(summary.native_counts.values())


def test_the_descriptor_tells_scope_and_zone(export: Any) -> None:
    descriptor = (
        "#Sun Jan 22 19:34:23 CET 2017\nexportType=space\nspaceKey=~j\\u00fcrg\nbackupAttachments=false\n"
        "timezoneId=Europe/Berlin\ndefaultUsersGroup=users\ncreatedByVersionNumber=1000\\\n  .847.1\n"
    )
    path = export("", root="datetime=\"'2017-01-22 19:34:23'\"", **{"exportDescriptor.properties": descriptor})
    _, summary, _ = read(path)
    assert summary.source == {
        "exportType": "space", "spaceKey": "~jürg", "timezoneId": "Europe/Berlin",
        "createdByVersionNumber": "1000.847.1",
    }  # fmt: skip
    assert summary.declares_files is False
    assert summary.exported_at == datetime(2017, 1, 22, 19, 34, 23, tzinfo=ZoneInfo("Europe/Berlin"))


def test_properties_are_read_as_java_writes_them() -> None:
    assert read_properties("! c\n a\\:b = c=d \nempty\ne:f\ng h i\n\n# x=y\nu=\\u0041\\\\\n") == {
        "a:b": "c=d", "empty": "", "e": "f", "g": "h i", "u": "A\\",
    }  # fmt: skip


@pytest.mark.parametrize("root", ["", 'datetime=""', 'datetime="yesterday"'])
def test_an_export_without_a_date_has_none(export: Any, root: str) -> None:
    assert read(export("", root=root))[1].exported_at is None


def test_tables_of_plugins_are_kept(export: Any) -> None:
    tasks = 'ASSIGNEE_USER_KEY,BODY,ID\r\nk1,"two\nlines",5\r\n,x,6\r\n'
    tables = (
        '<backup xmlns="http://www.atlassian.com/ao"><table name="AO_1_T"><column name="ID" primaryKey="true"/></table>'
        '<data tableName="AO_1_T"><column name="ID"/><row><integer>3</integer></row></data></backup>'
    )
    path = export(
        "",
        **{
            "AO_BAF3AA_AOINLINE_TASK.csv": tasks,
            "plugin-data/com.atlassian.activeobjects.confluence.spi/activeObjectsBackupRestoreProvider.pdata": tables,
            "plugin-data/other/settings.pdata": "no XML",
        },
    )
    records, summary, _ = read(path)
    rows = records["confluence.active_object"]
    assert rows["AO_BAF3AA_AOINLINE_TASK:5"]["extra"] == {"BODY": "two\nlines", "ID": "5"}
    assert rows["AO_BAF3AA_AOINLINE_TASK:5"]["people"] == {"ASSIGNEE_USER_KEY": "k1"}
    assert rows["AO_1_T:3"]["table_name"] == "AO_1_T"
    assert summary.active_objects_counts == {"AO_BAF3AA_AOINLINE_TASK": 2, "AO_1_T": 1}
    assert summary.native_counts == {}


def test_bad_exports_are_refused(export: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MalformedXml):
        read(export("<object>"))
    other = tmp_path / "other.xml"
    other.write_text("<entity-engine-xml/>")
    with pytest.raises(NotAnExport):
        read(other)
    monkeypatch.setattr(xml_stream, "CHUNK_BYTES", 64)
    monkeypatch.setattr(confluence_xml, "_CHUNKS_OF_OBJECT", 10)
    with pytest.raises(ExportError, match="256 MiB"):
        read(export(item("Page", "1", title="x" * 1000)))


def test_a_summary_is_told_only_at_the_end_and_nothing_stays_on_the_disk(export: Any, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    xml = item("ContentProperty", "1", name="x")
    reader = ConfluenceReader(open_source(export(xml), max_entries=10), work=work)
    with pytest.raises(RuntimeError):
        reader.summary()
    steps = reader.batches()
    next(steps)
    assert list(work.iterdir())
    reader.close()
    assert not list(work.iterdir())
