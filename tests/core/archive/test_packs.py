"""Attachments: packed once, and read, copied, repacked and verified by their own hashes."""

import io
import os
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pytest
import zstandard
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import core.archive.reader
from core.archive.attachments import INDEX_SCHEMA, AttachmentRow, attachment_rows, read_index, write_index
from core.archive.blobs import StoredBlob, copy_pack, open_blob, repack
from core.archive.layout import generation_pack_key, new_pack_id, pack_key
from core.archive.packs import BlobSource, PackWriter
from core.archive.verify import verify_pack
from core.errors import DamagedObject, DiskFull, ObjectExists, ObjectNotFound
from core.storage.local import LocalStore
from tests.core.archive.conftest import Sealed, index_batches


def rows_of(tables: Iterable[pa.Table]) -> list[AttachmentRow]:
    return [row for table in tables for row in attachment_rows(table)]


def table(rows: Iterable[AttachmentRow]) -> pa.Table:
    return pa.Table.from_batches(index_batches(rows), INDEX_SCHEMA)


def row(key: str, one: StoredBlob, **changes: object) -> AttachmentRow:
    made = AttachmentRow(
        record_key=key,
        record_type="confluence.attachment",
        container=None,
        name=f"{key}.bin",
        personal=False,
        repeated=False,
        blob=one.blob,
        size=one.size,
        pack=one.pack,
        offset=one.offset,
        stored_size=one.stored_size,
        compressed=one.compressed,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def source(data: bytes) -> BlobSource:
    return BlobSource(open=lambda: BytesIO(data), size_hint=len(data))


def add(writer: PackWriter, *blobs: bytes) -> list[StoredBlob]:
    return [placed for _, placed in writer.add_all((None, source(data)) for data in blobs)]


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_round_trip_and_pack_sizes(store: LocalStore, work_dir: Path) -> None:
    rng = random.Random(1)
    blobs = {f"{number}": rng.randbytes(rng.randrange(4_000)) for number in range(100)}
    with PackWriter(store, work_dir, 10_000) as writer:
        placed = dict(zip(blobs, add(writer, *blobs.values()), strict=True))
        packs = writer.close()
    assert all(pack.size <= 10_000 for pack in packs)
    assert sum(pack.size > 6_000 for pack in packs) >= len(packs) - 1
    assert {one.key for one in store.list("")} == {pack_key(pack.id) for pack in packs}
    for pack in packs:
        assert (len(store.get(pack_key(pack.id))), blake3(store.get(pack_key(pack.id))).hexdigest()) == (
            pack.size,
            pack.blake3,
        )
    for key, one in placed.items():
        with open_blob(store, pack_key(one.pack), row(key, one)) as stream:
            assert stream.read() == blobs[key]


@pytest.mark.parametrize(
    ("data", "compressed"),
    [
        (b"", False),
        (b"abc" * 1000, True),
        (os.urandom(3000), False),
        (os.urandom(2800) + bytes(200), False),  # saves less than a tenth
        (bytes(200_000), True),
        (os.urandom(200_000), False),
        (bytes(100) + os.urandom(2**21), False),
        (bytes(2**20) + os.urandom(2**24), False),  # the beginning promises what the whole does not keep
        (bytes(2**24) + os.urandom(2**20), True),
    ],
)
def test_compressed_where_it_saves_a_tenth(store: LocalStore, work_dir: Path, data: bytes, compressed: bool) -> None:
    with PackWriter(store, work_dir, 100_000) as writer:
        (placed,) = add(writer, data)
        packs = writer.close()
    assert placed.compressed is compressed
    assert (placed.size, placed.blob) == (len(data), blake3(data).hexdigest())
    assert placed.stored_size == packs[0].size
    assert (placed.stored_size < len(data)) is compressed
    with open_blob(store, pack_key(placed.pack), row("a", placed)) as stream:
        assert stream.read() == data
    assert list(verify_pack(store, pack_key(placed.pack), table([row("a", placed)]))) == []


def test_a_compressed_blob_is_one_zstd_frame(store: LocalStore, work_dir: Path) -> None:
    data = b"hello " * 1000
    with PackWriter(store, work_dir, 100_000) as writer:
        (placed,) = add(writer, data)
        writer.close()
    assert zstandard.decompress(store.get(pack_key(placed.pack))) == data


def test_a_blob_is_stored_once(store: LocalStore, work_dir: Path) -> None:
    small, large = os.urandom(500), os.urandom(50_000)
    with PackWriter(store, work_dir, 10_000) as writer:
        placed = add(writer, small, large, small, large)
        packs = writer.close()
    assert placed[:2] == placed[2:]
    assert sorted(one.size for one in packs) == [500, 50_000]


def test_small_and_large_blobs_in_turn(store: LocalStore, work_dir: Path) -> None:
    """As many as are read together, around the sizes at which a blob has no room behind others, or in memory."""
    rng = random.Random(3)
    sizes = [0, 1, 9_999, 10_000, 10_001, 30_000, 5_000, 5_000, 5_000, 10_000, 1, 10_001, 0, 40_000, 40_000, 7, 9_999]
    blobs = [rng.randbytes(size) if number % 3 else bytes(size) for number, size in enumerate(sizes)]
    with PackWriter(store, work_dir, 10_000) as writer:
        placed = list(writer.add_all((number, source(data)) for number, data in enumerate(blobs)))
        writer.close()
    assert [number for number, _ in placed] == list(range(len(blobs)))
    for (_, one), data in zip(placed, blobs, strict=True):
        with open_blob(store, pack_key(one.pack), row("a", one)) as stream:
            assert stream.read() == data


def test_blobs_of_every_kind_in_one_batch_are_what_they_were(store: LocalStore, work_dir: Path) -> None:
    """Small ones are compressed, hashed and written together: none may end up as its neighbour."""
    text = b"".join(b"line %d of a text\n" % number for number in range(40_000))
    small = [b"", text[:1], text[:9_000], os.urandom(9_000), text[9_000:18_000], text[: 2**18]]
    large = [text[: 2**18 + 1], os.urandom(2**18 + 1), text]
    blobs = [*small, *large, *reversed(small), b"a" * 200_000]
    with PackWriter(store, work_dir, 2**26) as writer:
        placed = add(writer, *blobs)
        packs = writer.close()
    assert sum(one.size for one in packs) == sum({one.blob: one.stored_size for one in placed}.values())
    assert [one.compressed for one in placed[:9]] == [False, False, True, False, True, True, True, False, True]
    for data, one in zip(blobs, placed, strict=True):
        with open_blob(store, pack_key(one.pack), row("a", one)) as stream:
            assert stream.read() == data


def test_two_threads_store_the_same_and_in_order(store: LocalStore, work_dir: Path) -> None:
    rng = random.Random(2)
    distinct = [rng.randbytes(rng.randrange(20_000)) for _ in range(150)]
    blobs = distinct * 3
    with PackWriter(store, work_dir, 15_000) as writer:
        placed = list(writer.add_all((number, source(data)) for number, data in enumerate(blobs)))
        packs = writer.close()
    assert [number for number, _ in placed] == list(range(len(blobs)))
    assert [one.blob for _, one in placed] == [blake3(data).hexdigest() for data in blobs]
    assert sum(one.size for one in packs) == sum(len(data) for data in distinct)
    by_pack: dict[str, list[AttachmentRow]] = {}
    for number, one in placed:
        by_pack.setdefault(one.pack, []).append(row(f"{number}", one))
    assert set(by_pack) == {one.id for one in packs}
    for pack, rows in by_pack.items():
        assert list(verify_pack(store, pack_key(pack), table(rows))) == []


def test_a_pack_for_what_another_thread_has_placed_meanwhile_is_not_stored(
    store: LocalStore, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = random.Random(2).randbytes(10_000)
    with PackWriter(store, work_dir, 15_000) as writer:
        monkeypatch.setattr(writer, "_find", lambda _blobs: {})  # this thread looked before the other one placed it
        placed = [one for _, one in writer.add_all([(0, source(data)), (1, source(b"")), (2, source(data))])]
        placed += [one for _, one in writer.add_all([(3, source(data))])]
        packs = writer.close()
    assert {one.pack for one in placed} == {one.id for one in packs}
    assert len(packs) == 1
    assert len(list(store.list(""))) == 1
    assert list(work_dir.iterdir()) == []


def test_a_sources_error_is_raised_and_leaves_no_work_files(store: LocalStore, work_dir: Path) -> None:
    def broken() -> io.BytesIO:
        raise RuntimeError("no such entry")

    sources = [source(b"x")] * 40 + [BlobSource(open=broken, size_hint=1)] + [source(b"y")] * 400
    with PackWriter(store, work_dir, 1_000) as writer, pytest.raises(RuntimeError, match="no such entry"):
        list(writer.add_all(enumerate(sources)))


def test_after_a_failed_pack_nothing_is_believed(
    store: LocalStore, work_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(key: str, path: Path) -> None:
        raise DiskFull(f"{key} was not written")

    with PackWriter(store, work_dir, 1_000) as writer:
        add(writer, os.urandom(900))
        monkeypatch.setattr(store, "put_file", full)
        with pytest.raises(DiskFull):
            add(writer, os.urandom(900))
        monkeypatch.undo()
        with pytest.raises(DiskFull):
            add(writer, os.urandom(900))
        with pytest.raises(DiskFull):
            writer.close()


def test_pack_ids_are_keys_and_fresh() -> None:
    ids = {new_pack_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(len(one) == 26 and one.isalnum() and one == one.lower() for one in ids)


class TestRestoring:
    @pytest.fixture
    def target(self, tmp_path: Path) -> LocalStore:
        target = LocalStore(tmp_path / "target")
        target.create_root()
        return target

    @pytest.fixture
    def rows(self, sealed: Sealed) -> list[AttachmentRow]:
        return list(sealed.reader().attachments())

    @pytest.mark.parametrize("kept", [True, False], ids=["small index", "large index"])
    def test_the_rows_of_one_pack(
        self, sealed: Sealed, rows: list[AttachmentRow], kept: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not kept:
            monkeypatch.setattr(core.archive.reader, "_KEPT", 0)
        for pack in (*(one.id for one in sealed.manifest.packs), "another"):
            of_it = list(attachment_rows(sealed.reader().attachments_of([pack])[pack]))
            assert of_it == [row for row in rows if row.pack == pack]
            assert bool(of_it) == (pack != "another")

    def test_an_index_that_was_read_once_is_believed_no_longer_than_its_bytes(self, sealed: Sealed) -> None:
        pack, index = sealed.manifest.packs[0].id, sealed.manifest.attachments_index
        assert index is not None
        assert sealed.reader().attachments_of([pack])[pack].num_rows
        flip(sealed.path(index.key), index.size // 2)
        with pytest.raises(DamagedObject, match=index.key):
            sealed.reader().attachments_of([pack])

    def test_a_whole_pack_is_copied_and_may_be_copied_again(self, sealed: Sealed, target: LocalStore) -> None:
        pack = sealed.manifest.packs[0]
        key = generation_pack_key("g1", pack.id)
        copy_pack(sealed.store, pack.id, target, key)
        copy_pack(sealed.store, pack.id, target, key)
        assert target.get(key) == sealed.store.get(pack_key(pack.id))

    def test_a_missing_pack_is_named_and_leaves_nothing(self, sealed: Sealed, target: LocalStore) -> None:
        pack = sealed.manifest.packs[1]
        sealed.path(pack_key(pack.id)).unlink()
        with pytest.raises(DamagedObject, match=pack.id) as caught:
            copy_pack(sealed.store, pack.id, target, "g1/x")
        assert caught.value.key == pack_key(pack.id)
        assert list(target.list("")) == []

    def test_repack_holds_only_what_is_wanted(
        self, sealed: Sealed, target: LocalStore, rows: list[AttachmentRow], work_dir: Path
    ) -> None:
        wanted = [*rows[::3], rows[0]]
        placed = repack(sealed.store, wanted, target, "g1", "new", work_dir)
        assert len(target.get("g1/new")) == sum(one.stored_size for one in wanted[:-1])
        for one in wanted:
            moved = row(one.record_key, placed[one.blob])
            assert moved.pack == "new"
            with open_blob(target, "g1/new", moved) as stream:
                assert stream.read() == sealed.blobs[one.record_key]
        with pytest.raises(ObjectExists):
            repack(sealed.store, wanted, target, "g1", "new", work_dir)

    @pytest.mark.parametrize("size", ["small", "large"])
    def test_bytes_that_change_on_their_way_are_asked_for_again(
        self,
        sealed: Sealed,
        target: LocalStore,
        rows: list[AttachmentRow],
        work_dir: Path,
        monkeypatch: pytest.MonkeyPatch,
        size: str,
    ) -> None:
        """Whether they are copied or compared; what a first try has written of them is not kept."""
        if size == "large":
            monkeypatch.setattr("core.archive.blobs.WHOLE", 1)
        good = sealed.store.open

        def changed(key: str) -> BinaryIO:
            monkeypatch.setattr(sealed.store, "open", good)
            return BytesIO(bytes(byte ^ 1 for byte in sealed.store.get(key)))

        pack = rows[7].pack
        inside = [one for one in rows if one.pack == pack]
        monkeypatch.setattr(sealed.store, "open", changed)
        placed = repack(sealed.store, inside, target, "g1", "new", work_dir)
        for one in inside:
            with open_blob(target, "g1/new", row(one.record_key, placed[one.blob])) as stream:
                assert stream.read() == sealed.blobs[one.record_key]
        monkeypatch.setattr(sealed.store, "open", changed)
        assert list(verify_pack(sealed.store, pack_key(pack), table(inside))) == []

    def test_repack_names_pack_and_attachment(
        self, sealed: Sealed, target: LocalStore, rows: list[AttachmentRow], work_dir: Path
    ) -> None:
        bad = rows[7]
        flip(sealed.path(pack_key(bad.pack)), bad.offset + bad.stored_size - 1)
        with pytest.raises(DamagedObject, match=bad.name) as caught:
            repack(sealed.store, rows, target, "g1", "new", work_dir)
        assert caught.value.key == pack_key(bad.pack)
        assert list(target.list("")) == []
        sealed.path(pack_key(bad.pack)).unlink()
        with pytest.raises(DamagedObject, match="missing"):
            repack(sealed.store, rows, target, "g1", "new", work_dir)

    @pytest.mark.parametrize("number", [20, 21])
    def test_every_flipped_byte_of_a_blob_is_found(
        self, sealed: Sealed, rows: list[AttachmentRow], number: int
    ) -> None:
        bad = rows[number]
        assert bad.compressed is (number == 20)
        key = pack_key(bad.pack)
        neighbours = [one for one in rows if one.pack == bad.pack]
        assert len(neighbours) > 1
        silent = 0
        for position in range(bad.offset, bad.offset + bad.stored_size):
            flip(sealed.path(key), position)
            problems = [one.record_key for one in verify_pack(sealed.store, key, table(neighbours))]
            assert problems in ([], [bad.record_key])
            silent += not problems
            # A zstd frame has spare bits: then the attachment is what it was, and the pack's own hash tells.
            with suppress(DamagedObject), open_blob(sealed.store, key, bad) as stream:
                assert stream.read() == sealed.blobs[bad.record_key]
                assert bad.compressed
            flip(sealed.path(key), position)
        assert silent <= (1 if bad.compressed else 0)

    def test_all_attachments_of_a_bad_blob_are_told(self, sealed: Sealed, rows: list[AttachmentRow]) -> None:
        bad = rows[21]
        twin = replace(bad, record_key="twin", name="twin.bin")
        key = pack_key(bad.pack)
        flip(sealed.path(key), bad.offset)
        problems = list(verify_pack(sealed.store, key, table([bad, twin])))
        assert [(one.key, one.name) for one in problems] == [(key, bad.name), (key, "twin.bin")]
        sealed.path(key).unlink()
        assert [one.message for one in verify_pack(sealed.store, key, table([bad, twin]))] == [
            f"Pack {key} is missing"
        ] * 2
        with pytest.raises(ObjectNotFound):
            open_blob(sealed.store, key, bad)

    @pytest.mark.parametrize(
        "change",
        [
            {"offset": 10**12},
            {"size": 5},
            {"size": 10**8},
            {"stored_size": 3},
            {"compressed": False},
            {"blob": "0" * 64},
        ],
    )
    def test_a_wrong_place_is_found(self, sealed: Sealed, rows: list[AttachmentRow], change: dict[str, object]) -> None:
        wrong = replace(rows[20], **change)  # type: ignore[arg-type]
        assert len(list(verify_pack(sealed.store, pack_key(wrong.pack), table([wrong])))) == 1

    @pytest.mark.parametrize("fill", [lambda size: bytes(size), os.urandom])
    def test_large_blobs_are_handled_in_chunks(
        self, store: LocalStore, target: LocalStore, work_dir: Path, fill: Callable[[int], bytes]
    ) -> None:
        data = fill(20 * 1024 * 1024)
        with PackWriter(store, work_dir, 2**26) as writer:
            first, large = add(writer, b"first", data)
            writer.close()
        key = pack_key(large.pack)
        assert first.pack == large.pack
        assert list(verify_pack(store, key, table([row("a", large)]))) == []
        placed = repack(store, [row("a", large)], target, "g", "p", work_dir)[large.blob]
        assert len(target.get("g/p")) == large.stored_size
        with open_blob(target, "g/p", row("a", placed)) as stream:
            assert stream.read() == data
        flip(store.root / key, large.offset + large.stored_size // 2)
        assert len(list(verify_pack(store, key, table([row("a", large)])))) == 1
        with pytest.raises(DamagedObject):
            repack(store, [row("a", large)], target, "g", "q", work_dir)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBER = st.integers(0, 2**63 - 1)
ROWS = st.lists(
    st.builds(
        AttachmentRow,
        record_key=TEXT,
        record_type=TEXT,
        container=st.none() | TEXT,
        name=TEXT,
        personal=st.booleans(),
        repeated=st.booleans(),
        blob=TEXT,
        size=NUMBER,
        pack=TEXT,
        offset=NUMBER,
        stored_size=NUMBER,
        compressed=st.booleans(),
    ),
    unique_by=lambda one: (one.record_key, one.record_type),
    max_size=30,
).map(lambda rows: sorted(rows, key=lambda one: (one.record_key, one.record_type)))


@given(rows=ROWS)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_index_round_trip(rows: list[AttachmentRow], store: LocalStore, work_dir: Path) -> None:
    key = f"index/{new_pack_id()}"
    index = write_index(store, key, index_batches(rows), work_dir)
    assert (index.key, index.rows, index.size) == (key, len(rows), store.stat(key).size)
    with store.open(key) as stream:
        assert rows_of(read_index(stream, rows=len(rows))) == rows
    some = {one.pack for one in rows[::2]}
    with store.open(key) as stream:
        assert rows_of(read_index(stream, rows=len(rows), packs=some)) == [one for one in rows if one.pack in some]


def test_an_index_streams_over_row_groups_and_must_rise(store: LocalStore, work_dir: Path) -> None:
    one = StoredBlob(blob="b", size=1, pack="p", offset=0, stored_size=1, compressed=False)
    write_index(store, "index", index_batches(row(f"{number:06}", one) for number in range(25_000)), work_dir)
    with store.open("index") as stream:
        assert sum(table.num_rows for table in read_index(stream, rows=25_000)) == 25_000
    with store.open("index") as stream, pytest.raises(ValueError, match="rows"):
        list(read_index(stream, rows=25_001))
    with pytest.raises(ValueError, match="rise"):
        write_index(store, "other", index_batches([row("b", one), row("a", one)]), work_dir)
    assert pa.total_allocated_bytes() < 200_000_000
