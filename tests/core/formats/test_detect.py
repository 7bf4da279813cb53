import zipfile
from pathlib import Path

import pytest

from core.content.record_type import AppType
from core.errors import ForbiddenXml, MalformedXml, MissingEntities, NotAnExport, RestorebotError, TooManyEntries
from core.formats.detect import open_export

CONFLUENCE = b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- a comment --><hibernate-generic></hibernate-generic>'
JIRA = b'<?xml version="1.0" encoding="UTF-8"?>\n<!-- Exported on --><entity-engine-xml></entity-engine-xml>'


def given(tmp_path: Path, **entries: bytes) -> Path:
    path = tmp_path / "given.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(("xml", "app_type"), [(CONFLUENCE, AppType.CONFLUENCE), (JIRA, AppType.JIRA)])
@pytest.mark.parametrize("name", ["entities.xml", "backup 2025/entities.xml", None])
def test_the_content_tells_the_app(tmp_path: Path, xml: bytes, app_type: AppType, name: str | None) -> None:
    if name is None:
        path = tmp_path / "jira-confluence.txt"
        path.write_bytes(xml)
    else:
        path = given(tmp_path, **{name: xml, "readme": b""})
    reader = open_export(path, max_entries=10)
    assert reader.app_type is app_type
    assert list(reader.batches()) == []
    reader.close()


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ({"readme.txt": b"x"}, MissingEntities),
        ({"content.csv": b"id", "exportDescriptor.properties": b"exportFormat=csv"}, MissingEntities),
        ({"a/entities.xml": CONFLUENCE, "b/entities.xml": CONFLUENCE}, MissingEntities),
        ({"a/b/entities.xml": CONFLUENCE}, MissingEntities),
        ({"entities.xml": b"<html/>"}, NotAnExport),
        ({"entities.xml": b""}, MalformedXml),
        ({"entities.xml": b"<hibernate-generic>"[:5]}, MalformedXml),
        ({"entities.xml": b"<!DOCTYPE a><hibernate-generic/>"}, ForbiddenXml),
        ({f"f{number}": b"" for number in range(11)}, TooManyEntries),
    ],
)
def test_what_is_no_export_is_refused_with_a_way_out(
    tmp_path: Path, entries: dict[str, bytes], error: type[RestorebotError]
) -> None:
    with pytest.raises(error) as caught:
        open_export(given(tmp_path, **entries), max_entries=10)
    assert "Nothing was imported" in caught.value.message
    assert caught.value.hint


def test_an_empty_zip_holds_no_entities(tmp_path: Path) -> None:
    with pytest.raises(MissingEntities):
        open_export(given(tmp_path), max_entries=10)
