"""Generated exports are well-formed, hold what they say, and are the same every time."""

import re
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from core.samples.confluence import write_confluence_export
from core.samples.confluence_shape import (
    ALL_CONFLUENCE_ODDITIES,
    ConfluenceFlavour,
    ConfluenceOddity,
    ConfluenceShape,
)
from core.samples.expected import ExpectedExport
from core.samples.jira import write_jira_export
from core.samples.jira_shape import ALL_JIRA_ODDITIES, JiraFiles, JiraFlavour, JiraOddity, JiraShape
from core.samples.organization import write_demo_exports

FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def entities(export: ExpectedExport) -> etree._Element:
    with zipfile.ZipFile(export.path) as archive:
        assert archive.testzip() is None
        data = archive.read("entities.xml")
    assert len(data) == export.xml_bytes
    return etree.fromstring(FORBIDDEN.sub(b"", data))


def stored(export: ExpectedExport, prefix: str) -> dict[str, int]:
    with zipfile.ZipFile(export.path) as archive:
        return {one.filename: one.file_size for one in archive.infolist() if one.filename.startswith(prefix)}


def check_files(export: ExpectedExport, files: dict[str, int]) -> None:
    assert len(files) == export.files
    assert sum(files.values()) == export.file_bytes
    assert not set(export.missing_files) & set(files)
    assert set(export.unclaimed_files) <= set(files)


@pytest.mark.parametrize("oddities", [frozenset(), ALL_CONFLUENCE_ODDITIES], ids=["plain", "odd"])
@pytest.mark.parametrize("site", [True, False], ids=["site", "space"])
@pytest.mark.parametrize("flavour", ConfluenceFlavour)
def test_confluence(
    flavour: ConfluenceFlavour, site: bool, oddities: frozenset[ConfluenceOddity], tmp_path: Path
) -> None:
    shape = ConfluenceShape(flavour=flavour, site=site, oddities=oddities)
    export = write_confluence_export(tmp_path / "wiki.zip", shape=shape)
    root = entities(export)
    assert Counter(one.get("class") for one in root.iter("object")) == export.native_counts
    check_files(export, stored(export, "attachments/"))
    titles = {one.text or "" for one in root.iterfind("object/property[@name='title']")}
    assert set(export.titles) <= titles
    assert len(export.containers) == export.native_counts["Space"]
    text = etree.tostring(root, encoding="unicode")
    assert all(secret in text for secret in export.secrets)
    assert bool(export.secrets) == (site and ConfluenceOddity.SECRETS in oddities)
    keys = Counter((one.get("class"), one.findtext("id")) for one in root.iter("object"))
    repeated = {key for key, count in keys.items() if count > 1}
    assert len(repeated) == (ConfluenceOddity.REPEATED_KEY in oddities)


@pytest.mark.parametrize("flavour", ConfluenceFlavour)
def test_every_reference_of_a_plain_export_leads_somewhere(flavour: ConfluenceFlavour, tmp_path: Path) -> None:
    root = entities(write_confluence_export(tmp_path / "wiki.zip", shape=ConfluenceShape(flavour=flavour)))
    known = {(one.get("class"), one.findtext("id")) for one in root.iter("object")}
    references = [one for one in root.iter("property", "element") if one.get("class") and one.find("id") is not None]
    assert references
    assert [one for one in references if (one.get("class"), one.findtext("id")) not in known] == []


@pytest.mark.parametrize("oddities", [frozenset(), ALL_JIRA_ODDITIES], ids=["plain", "odd"])
@pytest.mark.parametrize("flavour", JiraFlavour)
def test_jira(flavour: JiraFlavour, oddities: frozenset[JiraOddity], tmp_path: Path) -> None:
    export = write_jira_export(tmp_path / "tracker.zip", shape=JiraShape(flavour=flavour, oddities=oddities))
    root = entities(export)
    counted = Counter(one.tag for one in root.iterchildren(etree.Element))
    assert counted == export.native_counts
    assert list(dict.fromkeys(one.tag for one in root.iterchildren(etree.Element))) == sorted(counted)
    summaries = [one.get("summary") for one in root.iterfind("Issue")]
    assert tuple(summaries[: len(export.titles)]) == export.titles
    check_files(export, stored(export, "data/attachments/"))
    text = etree.tostring(root, encoding="unicode")
    kept = [secret for secret in export.secrets if secret in text]
    assert len(kept) >= 4 * (JiraOddity.SECRETS in oddities)
    difference = {kind: n - counted[kind] for kind, n in export.declared_counts.items() if n != counted[kind]}
    assert difference == ({"Action": 1} if JiraOddity.WRONG_DECLARED_COUNT in oddities else {})


@pytest.mark.parametrize("files", [JiraFiles.FOLDER, JiraFiles.OLD_FOLDER])
def test_jira_attachments_in_a_folder(files: JiraFiles, tmp_path: Path) -> None:
    shape = JiraShape(files=files, oddities=frozenset({JiraOddity.MISSING_FILE, JiraOddity.RENAMED_PROJECT}))
    store = tmp_path / "attachments"
    export = write_jira_export(tmp_path / "tracker.zip", shape=shape, attachments=store)
    written = {str(one.relative_to(store)): one.stat().st_size for one in store.rglob("*") if one.is_file()}
    check_files(export, written)
    assert stored(export, "data/") == {}
    assert export.files == export.attachments - 1
    assert {name.split("/")[0] for name in written} == {"OLD", "PROJ2"}


def test_an_array_end_survives_jira(tmp_path: Path) -> None:
    shape = JiraShape(oddities=frozenset({JiraOddity.SPLIT_CDATA}))
    root = entities(write_jira_export(tmp_path / "tracker.zip", shape=shape))
    assert "a[b[0]]>1" in (root.findall("Issue")[2].findtext("description") or "")


def test_the_same_shape_gives_the_same_bytes(tmp_path: Path) -> None:
    def both(folder: Path) -> tuple[bytes, bytes]:
        folder.mkdir()
        wiki = write_confluence_export(folder / "wiki.zip", shape=ConfluenceShape(oddities=ALL_CONFLUENCE_ODDITIES))
        tracker = write_jira_export(folder / "tracker.zip", shape=JiraShape(oddities=ALL_JIRA_ODDITIES))
        return wiki.path.read_bytes(), tracker.path.read_bytes()

    first = both(tmp_path / "one")
    assert first == both(tmp_path / "two")
    other = write_confluence_export(tmp_path / "other.zip", shape=ConfluenceShape(seed=2))
    assert other.path.read_bytes() != first[0]


def test_exports_grow_to_the_wanted_size(tmp_path: Path) -> None:
    wanted = 5_000_000
    wiki = write_confluence_export(tmp_path / "wiki.zip", shape=ConfluenceShape(xml_bytes=wanted))
    tracker = write_jira_export(tmp_path / "tracker.zip", shape=JiraShape(xml_bytes=wanted))
    assert wanted <= wiki.xml_bytes < 1.2 * wanted
    assert 0.95 * wanted <= tracker.xml_bytes < 1.05 * wanted
    entities(wiki)
    entities(tracker)


def test_too_few_users_for_their_oddities_are_refused(tmp_path: Path) -> None:
    shape = JiraShape(users=2, oddities=frozenset({JiraOddity.INACTIVE_USER}))
    with pytest.raises(ValueError, match="at least 6 users"):
        write_jira_export(tmp_path / "tracker.zip", shape=shape)


def test_demo_exports(tmp_path: Path) -> None:
    demo = write_demo_exports(tmp_path / "demo")
    assert {"HANDBOOK", "ENG", "SALES"} <= set(demo.wiki.containers)
    assert "Welcome to Acme" in demo.wiki.titles
    assert demo.tracker.containers == ("SHOP", "OPS")
    assert demo.tracker.titles[0] == "Checkout shows the total twice"
    for export in (demo.wiki, demo.tracker):
        entities(export)
        assert export.files > 5
