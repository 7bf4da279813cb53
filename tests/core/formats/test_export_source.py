import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from core.errors import (
    ExportError,
    ForbiddenXml,
    MalformedXml,
    NotAnExport,
    TooManyEntries,
    TruncatedArchive,
    UnsafeArchive,
)
from core.formats import export_source, xml_stream
from core.formats.export_source import ExportSource, open_source
from core.formats.values import decimal, flag, moment_us, number
from core.formats.xml_stream import XmlFeed

XML = b"<hibernate-generic/>"


def zipped(path: Path, *entries: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return zipped(tmp_path / "export.zip", ("entities.xml", XML), ("attachments/", b""), ("attachments/1/2/1", b"ab"))


def read_all(source: ExportSource, *, most: int = 10**6) -> bytes:
    data = b""
    with source.open("entities.xml") as stream:
        while part := stream.read(700):
            data += part
            assert len(data) <= most
    return data


def refused(error: type[ExportError], path: Path, *, max_entries: int = 100) -> ExportError:
    with pytest.raises(error) as caught:
        open_source(path, max_entries=max_entries).close()
    assert "Nothing was imported" in caught.value.message
    assert caught.value.hint
    return caught.value


def test_a_zip_lists_its_files_and_opens_them(good: Path) -> None:
    source = open_source(good, max_entries=3)
    assert [(entry.name, entry.size) for entry in source.entries] == [("entities.xml", 20), ("attachments/1/2/1", 2)]
    with source.open("entities.xml") as stream:
        assert stream.read(5) + stream.read() + stream.read() == XML
    with pytest.raises(ExportError):
        source.open("attachments/9/9/9")
    source.close()


def test_one_folder_of_a_zip_is_a_source_too(tmp_path: Path) -> None:
    source = open_source(zipped(tmp_path / "e.zip", ("x/entities.xml", XML), ("y", b"")), max_entries=9).inside("x/")
    assert [entry.name for entry in source.entries] == ["entities.xml"]
    assert source.has("entities.xml")
    assert source.open("entities.xml").read() == XML
    source.close()


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\n "])
def test_a_bare_xml_file_is_entities_xml(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "anything.bin"
    path.write_bytes(start + XML)
    source = open_source(path, max_entries=1)
    assert [entry.name for entry in source.entries] == ["entities.xml"]
    assert read_all(source) == start + XML
    source.close()


@pytest.mark.parametrize("data", [b"", b"hello", b"\x1f\x8b\x08 gzip", b"%PDF"])
def test_what_is_neither_zip_nor_xml_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(data)
    refused(NotAnExport, path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "absent.zip" in refused(NotAnExport, tmp_path / "absent.zip").message
    refused(NotAnExport, tmp_path)


def test_too_many_entries_are_refused_before_the_directory_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.zip", *((f"f{number}", b"") for number in range(6)))
    refused(TooManyEntries, path, max_entries=5)
    open_source(path, max_entries=6).close()


def test_an_end_record_that_tells_too_few_entries_is_not_believed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "many.zip", *((f"f{number}", b"") for number in range(6)))
    data = bytearray(path.read_bytes())
    data[-14:-10] = struct.pack("<2H", 1, 1)
    path.write_bytes(data)
    refused(TooManyEntries, path, max_entries=5)


def test_entries_are_counted_in_a_zip64_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    path = zipped(tmp_path / "many.zip", *((f"f{number}", b"x") for number in range(6)))
    assert b"PK\x06\x06" in path.read_bytes()
    refused(TooManyEntries, path, max_entries=5)
    source = open_source(path, max_entries=6)
    assert source.open("f5").read() == b"x"
    source.close()


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up", "a/../../up", "a\\..\\up", "C:/windows", "a/..", "\\\\host\\share"]
)
def test_paths_out_of_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    info = zipfile.ZipInfo()
    info.filename = name
    refused(UnsafeArchive, zipped(tmp_path / "e.zip", ("entities.xml", XML), (info, b"")))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("attachments/1/2/1")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    refused(UnsafeArchive, zipped(tmp_path / "e.zip", ("entities.xml", XML), (info, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    refused(UnsafeArchive, zipped(tmp_path / "e.zip", ("entities.xml", XML), ("entities.xml", XML)))


def test_encrypted_entries_are_refused(good: Path) -> None:
    data = good.read_bytes()
    place = data.index(b"PK\x01\x02")
    good.write_bytes(data[: place + 8] + b"\x01" + data[place + 9 :])
    assert "encrypted" in refused(UnsafeArchive, good).message


def test_unknown_compression_is_refused(tmp_path: Path) -> None:
    refused(UnsafeArchive, zipped(tmp_path / "e.zip", ("entities.xml", XML), method=zipfile.ZIP_LZMA))


def test_a_bomb_is_refused_and_a_small_compressible_file_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zipped(tmp_path / "e.zip", ("entities.xml", b" " * 2_000_000))
    monkeypatch.setattr(export_source, "_HIGHEST_RATIO", 500)
    open_source(path, max_entries=9).close()
    monkeypatch.setattr(export_source, "_RATIO_MATTERS_FROM", 1_000_000)
    refused(UnsafeArchive, path)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9, 0.99])
def test_a_zip_cut_off_is_told(tmp_path: Path, kept: float) -> None:
    path = zipped(tmp_path / "e.zip", ("entities.xml", os.urandom(50_000)))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    refused(TruncatedArchive, path)


def test_a_flipped_byte_is_told_with_the_entry(tmp_path: Path) -> None:
    path = zipped(tmp_path / "e.zip", ("entities.xml", os.urandom(5000)), method=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    source = open_source(path, max_entries=9)
    with pytest.raises(TruncatedArchive, match=r"entities\.xml"):
        read_all(source)
    source.close()


@pytest.mark.parametrize("declared", [4000, 6000])
def test_an_entry_of_another_size_than_declared_is_damaged(tmp_path: Path, declared: int) -> None:
    path = zipped(tmp_path / "e.zip", ("entities.xml", b"ab" * 2500))
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = struct.pack("<L", declared)
    path.write_bytes(data)
    source = open_source(path, max_entries=9)
    with pytest.raises(TruncatedArchive):
        read_all(source, most=declared)
    source.close()


class Target:
    def __init__(self) -> None:
        self.text = ""

    def start(self, tag: str, attributes: object) -> None: ...

    def end(self, tag: str) -> None: ...

    def data(self, text: str) -> None:
        self.text += text


def fed(data: bytes) -> tuple[str, int]:
    target = Target()
    feed = XmlFeed(io.BytesIO(data), target, name="entities.xml")
    for _ in feed:
        pass
    return target.text, feed.control_characters


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1000])
def test_characters_xml_forbids_are_left_out_and_counted(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_stream, "CHUNK_BYTES", chunk)
    data = b"<a>\x08x\x1c\t\xed\xa0\x80y\xef\xbf\xbf\xef\xbf\xbe" + "한국 ퟿ \ufffd\ue000 ïí".encode() + b"\x00</a>"
    assert fed(data) == ("x\ty한국 ퟿ \ufffd\ue000 ïí", 6)


@pytest.mark.parametrize(
    "data",
    [
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY x "xxxxx">]><a b="&x;"/>',
        b"<?xml version='1.0'?><!DOCTYPE a ["
        + b"".join(b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10) for n in range(12))
        + b"]><a>&e12;</a>",
        '<?xml version="1.0" encoding="UTF-7"?><!DOCTYPE a><a/>'.encode("utf-7"),
    ],
)
def test_a_document_type_is_forbidden(data: bytes) -> None:
    with pytest.raises((ForbiddenXml, MalformedXml)) as caught:
        fed(data)
    assert isinstance(caught.value, ForbiddenXml) or b"UTF-7" in data
    assert "Nothing was imported" in caught.value.message


def test_text_that_looks_like_a_document_type_is_text() -> None:
    assert fed(b"<a><![CDATA[<!DOCTYPE html [<!ENTITY x 'y'>]>]]></a>")[0].startswith("<!DOCTYPE html")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"  \n", 2),
        (b"<a>", 1),
        (b"<a>\n<b>\n</a>", 3),
        (b"<a>&x;</a>", 1),
        (b"<a>\xff</a>", 1),
        (b"<a/>x", 1),
        (b"<a>\xed", 1),
        ("<a/>".encode("utf-16"), 1),
    ],
)
def test_malformed_xml_says_where(data: bytes, line: int) -> None:
    with pytest.raises(MalformedXml) as caught:
        fed(data)
    assert caught.value.line == line
    assert "Nothing was imported" in caught.value.message


def test_what_a_target_raises_comes_through() -> None:
    class Refusing(Target):
        def end(self, tag: str) -> None:
            raise NotAnExport(tag)

    with pytest.raises(NotAnExport, match="b"):
        list(XmlFeed(io.BytesIO(b"<a><b/></a>"), Refusing(), name="x"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1970-01-02 00:00:00", 86_400_000_000),
        ("1970-01-01 00:00:01.5", 1_500_000),
        ("1970-01-01T00:00:00.000001", 1),
        ("1969-12-31 23:59:59.9", -100_000),
        ("2025-10-15 17:27:19.476", 1_760_549_239_476_000),
        *((text, None) for text in (None, "", "2025-02-30 00:00:00", "2025-10-15", "2025-10-15 24:00:00", "0")),
        *((f"2025-10-15 00:00:00{end}", None) for end in (".", ".1234567", "Z", ".1 ", "+01:00", ".²")),
    ],
)
def test_moments(text: str | None, value: int | None) -> None:
    assert moment_us(text) == value


def test_numbers_and_flags_are_read_strictly_so_that_the_rest_is_kept_as_text() -> None:
    assert [number(one) for one in ("0", "-12", "9223372036854775807")] == [0, -12, 2**63 - 1]
    assert [number(one) for one in (None, "", "1_0", " 1", "1.0", "٣", "9223372036854775808")] == [None] * 7
    assert [decimal(one) for one in ("0.10", "-1e3", "5")] == [0.1, -1000.0, 5.0]
    assert [decimal(one) for one in (None, "nan", "inf", "1e400", "12345678901234567.8", "1,5")] == [None] * 6
    assert [flag(one) for one in ("true", "0", "Y", "maybe", "", None)] == [True, False, True, None, None, None]
