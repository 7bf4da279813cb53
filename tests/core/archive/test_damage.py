"""The damage matrix: whatever is done to a sealed backup is found, and the object is named."""

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest
from blake3 import blake3

from core.archive.check import Depth, Progress, check, check_backup
from core.archive.layout import manifest_key, pack_key, record_key
from core.archive.manifest import seal
from core.archive.reader import ArchiveReader
from core.archive.writer import RecordsWriter
from core.errors import BadSignature, DamagedObject, StorageUnreachable
from core.findings import Finding, FindingCode, Severity
from tests.core.archive.conftest import BACKUP, PAGE, SealBackup, Sealed, rows_of, with_name

OBJECTS = ["records", "second", "index", "pack"]


def key_of(sealed: Sealed, what: str) -> str:
    index = sealed.manifest.attachments_index
    assert index is not None
    return {
        "records": sealed.manifest.objects[0].key,
        "second": sealed.manifest.objects[2].key,
        "index": index.key,
        "pack": pack_key(sealed.manifest.packs[0].id),
        "manifest": manifest_key(BACKUP),
    }[what]


def found(sealed: Sealed, depth: Depth) -> list[Finding]:
    return list(check_backup(sealed.store, BACKUP, sealed.keyring, sealed.digest, depth))


def named(sealed: Sealed, depth: Depth) -> list[str]:
    findings = found(sealed, depth)
    for one in findings:
        assert (one.code, one.severity) == (FindingCode.BACKUP_INTEGRITY, Severity.ERROR)
        assert one.message.endswith(".")
        assert one.hint
    return [one.subject for one in findings]


def read_everything(sealed: Sealed) -> None:
    reader = sealed.reader()
    for part in reader.manifest.objects:
        for _ in reader.batches(part):
            pass
    for _ in reader.attachments():
        pass


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1 << position % 8
    path.write_bytes(data)


@pytest.mark.parametrize("depth", list(Depth))
def test_a_good_backup_has_no_findings(sealed: Sealed, depth: Depth) -> None:
    assert found(sealed, depth) == []


@pytest.mark.parametrize("what", OBJECTS)
@pytest.mark.parametrize("depth", [Depth.HASHES, Depth.CONTENTS])
def test_a_flipped_bit_anywhere(sealed: Sealed, what: str, depth: Depth) -> None:
    key = key_of(sealed, what)
    path = sealed.path(key)
    size = path.stat().st_size
    for position in (0, size // 3, size // 2, size - 1):
        flip(path, position)
        assert named(sealed, depth) == [key]
        if what != "pack":
            with pytest.raises(DamagedObject) as caught:
                read_everything(sealed)
            assert caught.value.key == key
        flip(path, position)
    assert named(sealed, depth) == []


@pytest.mark.parametrize("what", OBJECTS)
@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("damage", ["truncate", "empty", "longer", "delete"])
def test_an_object_of_another_size_or_none(sealed: Sealed, what: str, depth: Depth, damage: str) -> None:
    key = key_of(sealed, what)
    path = sealed.path(key)
    data = path.read_bytes()
    if damage == "delete":
        path.unlink()
    else:
        path.write_bytes({"truncate": data[:-1], "empty": b"", "longer": data + b"\0"}[damage])
    assert named(sealed, depth) == [key]
    if what != "pack":
        with pytest.raises(DamagedObject) as caught:
            read_everything(sealed)
        assert caught.value.key == key


@pytest.mark.parametrize("depth", [Depth.HASHES, Depth.CONTENTS])
def test_two_objects_swapped(sealed: Sealed, depth: Depth) -> None:
    one, other = sealed.manifest.objects[1].key, sealed.manifest.objects[2].key
    first, second = sealed.path(one).read_bytes(), sealed.path(other).read_bytes()
    sealed.path(one).write_bytes(second)
    sealed.path(other).write_bytes(first)
    assert named(sealed, depth) == [one, other]
    with pytest.raises(DamagedObject) as caught:
        read_everything(sealed)
    assert caught.value.key == one


@pytest.mark.parametrize("depth", [Depth.HASHES, Depth.CONTENTS])
def test_two_packs_swapped(sealed: Sealed, depth: Depth) -> None:
    one, other = (pack_key(pack.id) for pack in sealed.manifest.packs[:2])
    first, second = sealed.path(one).read_bytes(), sealed.path(other).read_bytes()
    sealed.path(one).write_bytes(second)
    sealed.path(other).write_bytes(first)
    assert sorted(named(sealed, depth)) == sorted([one, other])


@pytest.mark.parametrize("depth", list(Depth))
def test_an_object_under_anothers_key(sealed: Sealed, depth: Depth) -> None:
    one, other = sealed.manifest.objects[0].key, sealed.manifest.objects[1].key
    sealed.path(other).write_bytes(sealed.path(one).read_bytes())
    assert named(sealed, depth) == [other]


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize(
    "key",
    [
        f"backups/{BACKUP}/extra",
        f"backups/{BACKUP}/records/confluence.page/99999-2.parquet",
        f"backups/{BACKUP}/records/confluence.page/00001-3.parquet",
        f"backups/{BACKUP}/records/confluence.page/00001-1.parquet.old",
        f"backups/{BACKUP}/attachments-7.parquet",
        f"backups/{BACKUP}/records/manifest.json",
    ],
)
def test_an_added_object(sealed: Sealed, depth: Depth, key: str) -> None:
    sealed.store.put(key, b"x")
    assert named(sealed, depth) == [key]


def test_what_a_given_up_attempt_left_is_harmless(sealed: Sealed, work_dir: Path) -> None:
    with RecordsWriter(sealed.store, BACKUP, PAGE, 1, work_dir, 5_000) as writer:
        writer.write(rows_of(PAGE, [f"{number:04}" for number in range(40)], "other"))
        writer.close()
    sealed.store.put(f"backups/{BACKUP}/attachments-1.parquet", b"half")
    sealed.store.put(record_key(BACKUP, "confluence.label", 1, 1), b"half")
    sealed.store.put("packs/unclaimed", b"of another backup")
    assert named(sealed, Depth.CONTENTS) == []


@pytest.mark.parametrize("depth", list(Depth))
def test_a_damaged_manifest_or_none(sealed: Sealed, depth: Depth) -> None:
    key = manifest_key(BACKUP)
    flip(sealed.path(key), 200)
    assert named(sealed, depth) == [key]
    with pytest.raises(BadSignature):
        sealed.reader()
    sealed.path(key).unlink()
    assert named(sealed, depth) == [key]
    with pytest.raises(DamagedObject) as caught:
        sealed.reader()
    assert caught.value.key == key


def test_an_older_manifest_played_back(sealed: Sealed) -> None:
    key = manifest_key(BACKUP)
    sealed.path(key).write_bytes(seal(with_name(sealed.manifest, "before"), sealed.keyring))
    assert named(sealed, Depth.STRUCTURE) == [key]
    assert "older or other" in found(sealed, Depth.STRUCTURE)[0].message


def test_another_backups_manifest(sealed: Sealed, seal_backup: SealBackup) -> None:
    other = seal_backup("b2")
    data = other.store.get(manifest_key("b2"))
    sealed.path(manifest_key(BACKUP)).write_bytes(data)
    with pytest.raises(BadSignature, match="b2"):
        ArchiveReader(sealed.store, BACKUP, sealed.keyring, None)


def test_a_newer_format_has_its_own_finding(sealed: Sealed) -> None:
    data = seal(replace(sealed.manifest, format_version=2), sealed.keyring)
    sealed.path(manifest_key(BACKUP)).write_bytes(data)
    findings = list(check_backup(sealed.store, BACKUP, sealed.keyring, blake3(data).hexdigest(), Depth.STRUCTURE))
    assert [one.code for one in findings] == [FindingCode.BACKUP_FORMAT_VERSION]


@pytest.mark.parametrize(
    ("depth", "change"),
    [
        (Depth.STRUCTURE, {"records": {"confluence.space": 2, "confluence.page": 401}}),
        (Depth.STRUCTURE, {"records": {"confluence.space": 2, "confluence.page": 400, "confluence.label": 1}}),
        (Depth.STRUCTURE, {"attachments": 31}),
        (Depth.CONTENTS, {"attachment_bytes": 5}),
    ],
)
def test_a_manifest_that_counts_wrong(sealed: Sealed, depth: Depth, change: dict[str, object]) -> None:
    manifest = replace(sealed.manifest, **change)  # type: ignore[arg-type]
    data = seal(manifest, sealed.keyring)
    sealed.path(manifest_key(BACKUP)).write_bytes(data)
    wrong = replace(sealed, manifest=manifest, digest=blake3(data).hexdigest())
    assert named(wrong, depth) == [manifest_key(BACKUP)]


@pytest.mark.parametrize(
    "change", [{"rows": 1}, {"first_key": "0"}, {"last_key": "3"}, {"record_type": "confluence.page"}]
)
def test_an_object_that_is_not_as_described(sealed: Sealed, change: dict[str, object]) -> None:
    wrong = replace(sealed.manifest.objects[0], **change)  # type: ignore[arg-type]
    with pytest.raises(DamagedObject) as caught:
        list(sealed.reader().batches(wrong))
    assert caught.value.key == wrong.key


def test_the_attachments_of_a_damaged_pack_are_examples(sealed: Sealed) -> None:
    row = next(one for one in sealed.reader().attachments() if one.size > 400 and not one.compressed)
    flip(sealed.path(pack_key(row.pack)), row.offset)
    (finding,) = found(sealed, Depth.CONTENTS)
    assert (finding.subject, finding.count, finding.examples) == (pack_key(row.pack), 1, (row.name,))


def test_packs_are_checked_some_at_a_time(sealed: Sealed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.archive.check._ROWS", 3)
    seen: list[Progress] = []
    assert list(check(sealed.reader(), Depth.CONTENTS, seen.append)) == []
    assert len({one.key for one in seen}) == len(seen)
    assert (seen[-1].done, len(seen)) == (
        seen[-1].total,
        len(sealed.manifest.objects) + 1 + len(sealed.manifest.packs),
    )


@pytest.mark.parametrize("depth", list(Depth))
@pytest.mark.parametrize("call", ["get", "stat", "open", "list"])
def test_what_could_not_be_looked_at_is_told(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch, depth: Depth, call: str
) -> None:
    def fail(key: str) -> NoReturn:
        raise StorageUnreachable(f"{key} cannot be reached", hint="Wait.")

    monkeypatch.setattr(sealed.store, call, fail)
    findings = found(sealed, depth)
    if call == "open" and depth is Depth.STRUCTURE:
        assert findings[0].code is FindingCode.CHECK_NOT_POSSIBLE  # the manifest is read through it
    assert [one.code for one in findings] == [FindingCode.CHECK_NOT_POSSIBLE]
    assert findings[0].severity is Severity.ERROR
