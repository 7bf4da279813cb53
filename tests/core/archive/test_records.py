"""Records: written in bounded objects, read back the same."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.archive.writer import RecordsWriter
from core.errors import ObjectExists
from core.storage.local import LocalStore
from tests.core.archive.conftest import BACKUP, PAGE, SPACE, SealBackup, Sealed, rows_of


def read_back(sealed: Sealed, name: str) -> pa.Table:
    return pa.Table.from_batches(
        batch for part in sealed.manifest.objects if part.record_type == name for batch in sealed.reader().batches(part)
    )


def test_round_trip(sealed: Sealed) -> None:
    assert read_back(sealed, "confluence.page").equals(
        pa.Table.from_batches([rows_of(PAGE, [f"{number:04}" for number in range(400)], "x" * 100)])
    )


def test_objects_are_bounded_and_say_what_they_hold(sealed: Sealed) -> None:
    parts = [one for one in sealed.manifest.objects if one.record_type == "confluence.page"]
    assert len(parts) > 2
    assert [one.key for one in parts[:2]] == [
        f"backups/{BACKUP}/records/confluence.page/00001-2.parquet",
        f"backups/{BACKUP}/records/confluence.page/00002-2.parquet",
    ]
    assert sum(one.rows for one in parts) == 400
    assert all(one.arrow_bytes <= 20_000 for one in parts)
    assert all(one.arrow_bytes > 15_000 for one in parts[:-1])
    assert (parts[0].first_key, parts[-1].last_key) == ("0000", "0399")
    assert all(before.last_key < after.first_key for before, after in pairwise(parts))
    assert all(sealed.store.stat(one.key).size == one.size for one in parts)


def test_any_tool_reads_the_objects(sealed: Sealed) -> None:
    table = pq.read_table(sealed.path(sealed.manifest.objects[0].key))
    assert table.column("key").to_pylist() == ["1", "2"]


def test_columns_have_the_encodings_that_the_format_says(sealed: Sealed) -> None:
    part = next(one for one in sealed.manifest.objects if one.record_type == "confluence.page")
    group = pq.read_metadata(sealed.path(part.key)).row_group(0)
    encodings = {column.path_in_schema: column.encodings for column in map(group.column, range(group.num_columns))}
    assert "DELTA_BYTE_ARRAY" in encodings["key"]
    assert "DELTA_BINARY_PACKED" in encodings["created"]
    assert not any("DICTIONARY" in one for column in encodings.values() for one in column)


def test_row_groups_and_giant_rows(store: LocalStore, work_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.archive.writer.ROW_GROUP_BYTES", 5_000)
    with RecordsWriter(store, "b", PAGE, 1, work_dir, 12_000) as writer:
        writer.write(rows_of(PAGE, ["a"], "x"))
        writer.write(rows_of(PAGE, ["b"], "x" * 50_000))
        for number in range(60):
            writer.write(rows_of(PAGE, [f"c{number:02}"], "x" * 200))
        parts = writer.close()
    assert [one.rows for one in parts][:2] == [1, 1]
    assert parts[1].arrow_bytes > 50_000
    assert sum(one.rows for one in parts) == 62
    metadata = pq.read_metadata(store.root / parts[2].key)
    assert metadata.num_row_groups >= 2
    assert all(one.arrow_bytes <= 12_000 for one in parts[2:])


def test_nothing_written_makes_no_object(store: LocalStore, work_dir: Path) -> None:
    writer = RecordsWriter(store, "b", PAGE, 1, work_dir, 1_000)
    writer.write(rows_of(PAGE, []))
    assert writer.close() == ()


@pytest.mark.parametrize("keys", [["a", "a"], ["b", "a"], ["a", "B"], ["\U00010000", "\ufffd"]])
def test_keys_must_rise_by_code_point(store: LocalStore, work_dir: Path, keys: list[str]) -> None:
    with RecordsWriter(store, "b", PAGE, 1, work_dir, 1_000) as writer, pytest.raises(ValueError, match="rise"):
        writer.write(rows_of(PAGE, keys))
    with RecordsWriter(store, "b", PAGE, 1, work_dir, 1_000) as writer:
        writer.write(rows_of(PAGE, keys[:1]))
        with pytest.raises(ValueError, match="rise"):
            writer.write(rows_of(PAGE, keys[1:]))


def test_other_schemas_and_missing_values_are_refused(store: LocalStore, work_dir: Path) -> None:
    writer = RecordsWriter(store, "b", PAGE, 1, work_dir, 1_000)
    with pytest.raises(ValueError, match="schema"):
        writer.write(rows_of(SPACE, ["a"]))
    batch = rows_of(PAGE, ["a"])
    columns: list[Any] = [
        pa.nulls(1, one.type) if one.name == "personal" else batch.column(one.name) for one in batch.schema
    ]
    with pytest.raises(ValueError, match="personal"):
        writer.write(pa.RecordBatch.from_arrays(columns, schema=batch.schema))


def test_an_attempt_never_overwrites_itself_and_another_one_stands_beside_it(
    seal_backup: SealBackup, work_dir: Path
) -> None:
    sealed = seal_backup()
    with RecordsWriter(sealed.store, BACKUP, SPACE, 2, work_dir, 1_000) as writer:
        writer.write(rows_of(SPACE, ["9"]))
        with pytest.raises(ObjectExists):
            writer.close()
    with RecordsWriter(sealed.store, BACKUP, SPACE, 1, work_dir, 1_000) as writer:
        writer.write(rows_of(SPACE, ["9"]))
        writer.close()
    assert read_back(sealed, "confluence.space").column("key").to_pylist() == ["1", "2"]


def test_an_error_leaves_no_work_file(store: LocalStore, work_dir: Path) -> None:
    def work() -> None:
        with RecordsWriter(store, "b", PAGE, 1, work_dir, 10_000) as writer:
            writer.write(rows_of(PAGE, [f"{number:04}" for number in range(100)], "x" * 100))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
