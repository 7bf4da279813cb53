"""What the scratch holds comes out again: whole rows by their number, and all of a type in the order of its keys."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backup import scratch as scratches
from core.backup import spill as spills
from core.backup.resolve import resolve, sorted_batches
from core.backup.scratch import Scratch
from core.backup.spill import Finder, Spill
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import AppType

SCHEMA = pa.schema([("number", pa.int64()), ("text", pa.string())])


def rows(first: int, sizes: list[int]) -> pa.RecordBatch:
    numbers = range(first, first + len(sizes))
    return pa.RecordBatch.from_arrays(
        [pa.array(numbers, pa.int64()), pa.array(["x" * size for size in sizes])], schema=SCHEMA
    )


@given(
    runs=st.lists(st.lists(st.integers(0, 300), min_size=1, max_size=30), min_size=1, max_size=5),
    data=st.data(),
)
def test_rows_are_found_in_any_order(
    runs: list[list[int]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spills, "_BLOCK_BYTES", 200)
        patch.setattr(spills, "_BATCH_BYTES", 500)
        spill = Spill(tmp_path_factory.mktemp("spill") / "rows.arrow", SCHEMA)
        for run in runs:
            put = spill.put(rows(spill.rows, run))
            assert put.to_pylist() == list(range(spill.rows - len(run), spill.rows))
        spill.finish()
        with closing(Finder(spill)) as finder:
            for _ in range(2):
                wanted = data.draw(st.lists(st.integers(0, spill.rows - 1), min_size=1, unique=True))
                found = [row for batch in finder.rows(pa.array(wanted, pa.int64())) for row in batch.to_pylist()]
                assert [row["number"] for row in found] == wanted
                sizes = [size for run in runs for size in run]
                assert [len(row["text"]) for row in found] == [sizes[number] for number in wanted]
        spill.close()
        assert not spill.path.exists()


def test_a_batch_is_bounded_though_rows_differ_in_size(tmp_path: Path) -> None:
    """Small rows beside a place with large ones: what is handed out together never is many large ones."""
    spill = Spill(tmp_path / "rows.arrow", SCHEMA)
    sizes = [10] * 20_000 + [1_000_000] * 30 + [10] * 20_000
    for start in range(0, len(sizes), 5_000):
        spill.put(rows(start, sizes[start : start + 5_000]))
    spill.finish()
    with closing(Finder(spill)) as finder:
        batches = list(finder.rows(pa.array(range(len(sizes)), pa.int64())))
    spill.close()
    assert sum(batch.num_rows for batch in batches) == len(sizes)
    assert max(batch.nbytes for batch in batches) < 3 * spills._BATCH_BYTES


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scratch]:
    """One that puts down a run for every few batches."""
    monkeypatch.setattr(scratches, "_RUN_BYTES", 2_000)
    monkeypatch.setattr(scratches, "_GATHERED_BYTES", 3_000)
    monkeypatch.setattr(spills, "_BLOCK_BYTES", 300)
    found = Scratch(tmp_path / "scratch.sqlite", RECORD_TYPES[AppType.JIRA])
    yield found
    found.close()
    assert list(tmp_path.iterdir()) == []


def add(scratch: Scratch, name: str, *records: dict[str, Any]) -> None:
    schema = BY_NAME[name].export_schema
    named = [{"native": name, **record} for record in records]
    scratch.add(BY_NAME[name], pa.RecordBatch.from_pylist(named, schema=schema))


def archived(scratch: Scratch, name: str) -> list[dict[str, Any]]:
    resolved = resolve(scratch, AppType.JIRA)
    return [row for batch in sorted_batches(scratch, resolved, BY_NAME[name]) for row in batch.to_pylist()]


def test_the_first_of_a_repeated_key_is_the_exports_first(scratch: Scratch) -> None:
    """Whichever runs its rows are in."""
    for number in range(300):
        key = str(number % 100)
        add(scratch, "jira.comment", {"key": key, "issue": "1", "body": f"{number} {'x' * number}"})
        add(scratch, "jira.issue", {"key": str(1_000 - number), "project": "1"})
    scratch.finish_reading()
    comments = archived(scratch, "jira.comment")
    assert [one["key"] for one in comments] == sorted(one["key"] for one in comments)
    said = {one["key"]: one["body"].partition(" ")[0] for one in comments}
    assert said == {
        **{str(number): str(number) for number in range(100)},
        **{f"{number}#2": str(number + 100) for number in range(100)},
        **{f"{number}#3": str(number + 200) for number in range(100)},
    }
    assert {one["key"] for one in comments if one["repeated"]} == {key for key in said if "#" in key}


def test_containers_are_found_through_everything_between(scratch: Scratch) -> None:
    add(scratch, "jira.change_item", {"key": "1", "change_group": "10"}, {"key": "2", "change_group": "11"})
    add(scratch, "jira.change_group", {"key": "10", "issue": "100"}, {"key": "11", "issue": "101"})
    add(scratch, "jira.issue", {"key": "100", "project": "7"}, {"key": "101", "project": "8"})
    add(scratch, "jira.project", {"key": "7"})
    scratch.finish_reading()
    first, second = archived(scratch, "jira.change_item")
    assert (first["container"], first["ref_change_group"]) == ("7", "good")
    assert (second["container"], second["ref_change_group"]) == (None, "good")
