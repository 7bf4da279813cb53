"""What every driver of an embedded app promises. A new driver is one more entry in DRIVERS."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
import zstandard
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.apps.driver import (
    AttachmentEntry,
    Contents,
    Driver,
    Edit,
    EditKind,
    KeyRange,
    Place,
    Shard,
    entries_of,
    entries_table,
)
from core.apps.embedded.driver import EmbeddedDriver
from core.apps.embedded.sqlite_session import open_file
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, RecordType
from core.errors import DamagedObject, DiskFull, Fenced, NotFound, ObjectNotFound, StorageUnreachable, WrongState
from core.storage.location import open_store

ISSUE, ISSUE_COMMENT, VALUE = (BY_NAME[f"jira.{name}"] for name in ("issue", "comment", "custom_field_value"))
PAGE, BODY, USER = BY_NAME["confluence.page"], BY_NAME["confluence.body"], BY_NAME["directory.user"]
DEFAULT_SPACE_RECORDS = 6


def sqlite_url(request: pytest.FixtureRequest) -> str:
    return f"sqlite:///{request.getfixturevalue('tmp_path')}/shard"


def postgres_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_shard_url"))


#: Name → the driver, and the URL of a new shard.
DRIVERS: dict[str, tuple[Callable[[], Driver], Callable[[pytest.FixtureRequest], str]]] = {
    "postgres": (EmbeddedDriver, postgres_url),
    "sqlite": (EmbeddedDriver, sqlite_url),
}
#: What one of them cannot hold.
NOT_HELD = {"postgres": "\0", "sqlite": ""}


@dataclass(frozen=True, kw_only=True)
class Given:
    driver: Driver
    shard: Shard
    folder: Path
    not_held: str

    def place(self, app_type: AppType = AppType.JIRA, generation: str = "g1") -> Place:
        return Place(shard=self.shard, generation=generation, app_type=app_type)

    def load(self, place: Place, part: str, record_type: RecordType, *records: dict[str, Any]) -> int:
        token = self.driver.claim(place, part)
        return self.driver.load(place, part, token, [rows(record_type, *records)])

    def keys(self, place: Place, record_type: RecordType, keys: KeyRange | None = None) -> list[str]:
        return [
            str(key) for key in self.driver.read(place, record_type, keys or KeyRange()).read_all()["key"].to_pylist()
        ]

    def schemas(self) -> list[str]:
        """Of generations on PostgreSQL."""
        if not self.shard.url.startswith("postgresql:"):
            return []
        with psycopg.connect(self.shard.url) as connection:
            found = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information|public)'")
            return [name for (name,) in found]


#: Run on SQLite alone.
ONLY_SQLITE = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


def rows(record_type: RecordType, *records: dict[str, Any]) -> tuple[RecordType, pa.RecordBatchReader]:
    whole = [{"native": "N"} | one for one in records]
    return record_type, pa.Table.from_pylist(whole, schema=record_type.schema).to_reader()


@pytest.fixture(params=sorted(DRIVERS))
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Given:
    make, url = DRIVERS[request.param]
    shard = Shard(name="one", region="eu", url=url(request), attachments_url=f"file://{tmp_path}/files")
    open_store(shard.attachments_url, create=True)
    return Given(driver=make(), shard=shard, folder=tmp_path, not_held=NOT_HELD[request.param])


@pytest.fixture
def staged(app: Given) -> Place:
    place = app.place()
    app.driver.stage(place)
    return place


def test_a_part_is_loaded_once(app: Given, staged: Place) -> None:
    token = app.driver.claim(staged, "p")
    for _ in range(2):
        assert app.driver.load(staged, "p", token, [rows(ISSUE, {"key": "1"}, {"key": "2"})]) == 2
    assert app.keys(staged, ISSUE) == ["1", "2"]
    assert app.driver.loaded_parts(staged) == {"p": 2}


def test_a_part_may_hold_several_types_and_no_rows(app: Given, staged: Place) -> None:
    token = app.driver.claim(staged, "p")
    tables = [rows(ISSUE, {"key": "1"}), rows(ISSUE_COMMENT), rows(VALUE, {"key": "1", "number_value": 1.5})]
    assert app.driver.load(staged, "p", token, tables) == 2
    assert app.driver.inspect(staged).records == {"jira.issue": 1, "jira.custom_field_value": 1}


@pytest.mark.parametrize("wrong", [-1, 1])
def test_another_token_writes_nothing(app: Given, staged: Place, wrong: int) -> None:
    token = app.driver.claim(staged, "p")
    assert app.driver.claim(staged, "p") == token + 1
    with pytest.raises(Fenced):
        app.driver.load(staged, "p", token + 1 + wrong, [rows(ISSUE, {"key": "1"})])
    with pytest.raises(Fenced):
        app.driver.load(staged, "never claimed", 1, [rows(ISSUE, {"key": "1"})])
    assert app.keys(staged, ISSUE) == []
    assert app.driver.loaded_parts(staged) == {}


def test_what_fails_in_the_source_is_raised_as_it_is_and_nothing_is_written(app: Given, staged: Place) -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        yield rows(ISSUE, {"key": "1"})[1].read_next_batch()
        raise DamagedObject("flipped", key="records/jira.issue/00000-1.parquet")

    token = app.driver.claim(staged, "p")
    with pytest.raises(DamagedObject, match="flipped"):
        app.driver.load(staged, "p", token, [(ISSUE, pa.RecordBatchReader.from_batches(ISSUE.schema, broken()))])
    assert app.keys(staged, ISSUE) == []
    assert app.driver.load(staged, "p", token, [rows(ISSUE, {"key": "1"})]) == 1


KILLED = """
import sys, time, pyarrow as pa
from core.apps.embedded.driver import EmbeddedDriver
from core.apps.driver import Place, Shard
from core.content.catalogue import BY_NAME
from core.content.record_type import AppType
url, files = sys.argv[1:]
shard = Shard(name="one", region="eu", url=url, attachments_url=files)
place = Place(shard=shard, generation="g1", app_type=AppType.JIRA)
one = BY_NAME["jira.issue"]
def batches():
    for start in range(0, 1_000_000_000, 10_000):
        rows = [{"key": f"k{i}", "native": "Issue", "description": "x" * 500} for i in range(start, start + 10_000)]
        yield pa.RecordBatch.from_pylist(rows, schema=one.schema)
        if start == 100_000:
            print("loading", flush=True)
driver = EmbeddedDriver()
driver.load(place, "big", driver.claim(place, "big"), [(one, pa.RecordBatchReader.from_batches(one.schema, batches()))])
"""


def test_a_killed_load_leaves_nothing_of_its_part(app: Given, staged: Place) -> None:
    app.load(staged, "small", ISSUE, {"key": "1", "summary": "stays"})
    command = [sys.executable, "-c", KILLED, app.shard.url, app.shard.attachments_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as loading:
        assert loading.stdout is not None
        assert loading.stdout.readline() == b"loading\n"
        loading.send_signal(signal.SIGKILL)
    assert app.driver.loaded_parts(staged) == {"small": 1}
    assert app.keys(staged, ISSUE) == ["1"]
    assert app.load(staged, "big", ISSUE, {"key": "2"}) == 1
    assert app.driver.index(staged) == ()
    assert app.keys(staged, ISSUE) == ["1", "2"]


def test_staging_twice_keeps_what_is_loaded(app: Given, staged: Place) -> None:
    app.load(staged, "p", ISSUE, {"key": "1"})
    app.driver.stage(staged)
    assert app.driver.loaded_parts(staged) == {"p": 1}


@pytest.mark.parametrize("app_type", AppType)
def test_the_placeholder_is_referred_to_and_never_seen(app: Given, app_type: AppType) -> None:
    place = app.place(app_type)
    app.driver.stage(place)
    item, column = (ISSUE, "status") if app_type is AppType.JIRA else (PAGE, "parent")
    app.load(place, "p", item, {"key": "1", column: PLACEHOLDER})
    app.driver.index(place)
    assert app.driver.broken_references(place) == ()
    assert app.driver.inspect(place).records == {item.name: 1}
    for one in RECORD_TYPES[app_type]:
        assert PLACEHOLDER not in app.keys(place, one)
        assert PLACEHOLDER not in app.driver.select(place, one, limit=10)["key"].to_pylist()
        assert app.driver.count(place, one) == (one.name == item.name)


def test_read_is_sorted_by_code_point_within_the_range(app: Given, staged: Place) -> None:
    keys = ["b", "a", "", "Z", "10", "9", "é", "\uffff", "😀", "~", "~z"]
    app.load(staged, "p", ISSUE, *({"key": key} for key in keys))
    for indexed in (False, True):
        if indexed:
            app.driver.index(staged)
        assert app.keys(staged, ISSUE) == sorted(keys)
        assert app.keys(staged, ISSUE, KeyRange(first="9", last="b")) == [k for k in sorted(keys) if "9" <= k <= "b"]
        assert app.keys(staged, ISSUE, KeyRange(first="é")) == ["é", "\uffff", "😀"]


@pytest.mark.parametrize("size_bytes", [1, 300, 10**9])
def test_slices_hold_every_row_once_in_the_order_of_keys(app: Given, staged: Place, size_bytes: int) -> None:
    keys = sorted(["b", "a", "", "Z", "10", "9", "é", "\uffff", "😀", "~", "~z"])
    app.load(staged, "p", ISSUE, *({"key": key, "summary": "s" * 100 if key == "a" else None} for key in keys))
    app.driver.index(staged)
    slices = app.driver.slices(staged, ISSUE, size_bytes)
    assert [key for one in slices for key in app.keys(staged, ISSUE, one.keys)] == keys
    assert sum(one.rows for one in slices) == len(keys)
    row = 8 * len(ISSUE.schema)
    texts = sum(len(key.encode()) for key in keys) + len("N") * len(keys) + 100
    assert sum(one.size_bytes for one in slices) == row * len(keys) + texts
    for one in slices:
        found = app.driver.read(staged, ISSUE, one.keys).read_all()
        assert (found["key"][0].as_py(), found["key"][-1].as_py()) == (one.keys.first, one.keys.last)
        assert found.num_rows == one.rows
        assert one.size_bytes < size_bytes + row + 200
    assert (len(slices) == 1) == (size_bytes == 10**9)
    assert (len(slices) == len(keys)) == (size_bytes == 1)
    assert app.driver.slices(staged, ISSUE_COMMENT, size_bytes) == ()


def values(type_: pa.DataType, not_held: str) -> st.SearchStrategy[Any]:
    if pa.types.is_timestamp(type_):
        return st.datetimes()
    if pa.types.is_boolean(type_):
        return st.booleans()
    if pa.types.is_integer(type_):
        return st.integers(-(2**63), 2**63 - 1)
    if pa.types.is_floating(type_):
        return st.floats(allow_nan=False)
    return st.text(st.characters(codec="utf-8", exclude_characters=not_held), max_size=20)


def records(record_type: RecordType, not_held: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    of_each = {one.name: (one.nullable, values(one.type, not_held)) for one in record_type.schema}
    record = st.fixed_dictionaries({name: st.none() | held if null else held for name, (null, held) in of_each.items()})
    unique = st.lists(record, max_size=12, unique_by=lambda one: one["key"])
    return unique.filter(lambda found: all(one["key"] != PLACEHOLDER for one in found))


@pytest.mark.parametrize("name", ["jira.issue", "jira.custom_field_value", "directory.user", "directory.other"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_written_is_read_back(app: Given, name: str, data: st.DataObject) -> None:
    record_type = BY_NAME[name]
    place = app.place(generation=f"g{time.monotonic_ns()}")
    table = pa.Table.from_pylist(data.draw(records(record_type, app.not_held)), schema=record_type.schema)
    app.driver.stage(place)
    app.driver.load(place, "p", app.driver.claim(place, "p"), [(record_type, table.to_reader())])
    app.driver.index(place)
    read = app.driver.read(place, record_type).read_all()
    assert read.schema.equals(record_type.schema, check_metadata=True)
    assert read.equals(table.sort_by("key"))
    assert app.driver.select(place, record_type, limit=100).sort_by("key").equals(read)
    few = ["key", record_type.schema.names[-1]]
    assert app.driver.select(place, record_type, columns=few, limit=100).sort_by("key").equals(read.select(few))
    app.driver.discard(place)


def test_many_rows_come_in_batches_of_their_types(app: Given, staged: Place) -> None:
    long = "x" * 1000
    users = ({"key": f"{n:05}", "display_name": long, "active": None if n < 9000 else True} for n in range(10_000))
    app.load(staged, "p", USER, *users)
    batches = list(app.driver.read(staged, USER))
    assert len(batches) > 1
    assert pa.Table.from_batches(batches)["active"].null_count == 9000


def test_a_key_that_stands_twice_is_named_and_stays(app: Given, staged: Place) -> None:
    app.load(staged, "p", ISSUE, {"key": "1"}, {"key": "2"}, {"key": "1"})
    for _ in range(2):
        assert app.driver.index(staged) == ("jira_issue: 1",)
    assert app.keys(staged, ISSUE) == ["1", "1", "2"]


def test_broken_references_are_counted_with_examples(app: Given) -> None:
    place = app.place(AppType.CONFLUENCE)
    app.driver.stage(place)
    app.load(place, "p", PAGE, {"key": "1"}, {"key": "2", "parent": "1"}, {"key": "3", "parent": "gone"})
    owners = ["1", None, *("nowhere" for _ in range(7))]
    app.load(place, "b", BODY, *({"key": str(n), "owner": owner} for n, owner in enumerate(owners)))
    app.driver.index(place)
    parent, owner = app.driver.broken_references(place)
    assert (parent.record_type, parent.column, parent.count, parent.examples) == (
        "confluence.page",
        "parent",
        1,
        ("3",),
    )
    assert (owner.column, owner.count, owner.examples) == ("owner", 7, ("2", "3", "4", "5", "6"))


def test_select_filters_sorts_and_pages(app: Given, staged: Place) -> None:
    app.load(
        staged,
        "p",
        ISSUE,
        {"key": "1", "container": "p", "issue_key": "B"},
        {"key": "2", "container": "p", "issue_key": "A"},
        {"key": "3", "container": "p"},
        {"key": "4", "container": "q", "issue_key": "C"},
        {"key": "5", "issue_key": "D"},
    )
    app.driver.index(staged)

    def found(**asked: Any) -> list[str]:
        return app.driver.select(staged, ISSUE, **asked)["key"].to_pylist()  # type: ignore[no-any-return]

    assert found(limit=9) == ["2", "1", "4", "5", "3"]
    assert found(where={"container": "p"}, limit=9) == ["2", "1", "3"]
    assert found(where={"container": "p"}, limit=1, offset=1) == ["1"]
    assert found(where={"container": None}, limit=9) == ["5"]
    assert app.driver.count(staged, ISSUE, where={"container": "p", "issue_key": None}) == 1
    assert found(columns=["key"], where={"container": "p"}, limit=9) == ["2", "1", "3"]
    for wrong in ({"where": {"nonsense": "x"}}, {"columns": ["key", "nonsense"]}):
        with pytest.raises(KeyError):
            found(**wrong, limit=1)


def entry(key: str, data: bytes, *, offset: int, stored_size: int, compressed: bool) -> AttachmentEntry:
    return AttachmentEntry(
        record_key=key,
        record_type="jira.attachment",
        name="a.txt",
        blob=blake3(data).hexdigest(),
        size=len(data),
        pack="pack-1",
        offset=offset,
        stored_size=stored_size,
        compressed=compressed,
    )


def test_attachments_are_loaded_opened_and_discarded(app: Given, staged: Place) -> None:
    plain, long = b"hello", b"a long text " * 50_000
    packed = zstandard.compress(long)
    store = open_store(app.shard.attachments_url)
    store.put("g1/pack-1", b"##" + plain + packed)
    store.put("g10/pack-1", b"of another generation")
    entries = [
        entry("2", plain, offset=2, stored_size=5, compressed=False),
        entry("1", long, offset=7, stored_size=len(packed), compressed=True),
    ]
    token = app.driver.claim(staged, "a")
    for _ in range(2):
        assert app.driver.load_attachments(staged, "a", token, entries_table(entries)) == 2
    with pytest.raises(Fenced):
        app.driver.load_attachments(staged, "a", token - 1, entries_table(entries))
    app.driver.index(staged)
    app.driver.seal(staged)
    assert list(entries_of(app.driver.read_attachments(staged))) == entries[::-1]
    for key, data in (("1", long), ("2", plain)):
        with app.driver.open_attachment(staged, key) as stream:
            assert stream.read() == data
    with pytest.raises(ObjectNotFound):
        app.driver.open_attachment(staged, "3")
    facts = app.driver.inspect(staged)
    assert facts.attachments == 2
    assert facts.contains_data
    assert app.driver.contents(staged) is Contents.DATA
    assert facts.size_bytes > 7 + len(packed)
    app.driver.discard(staged)
    assert [one.key for one in store.list("")] == ["g10/pack-1"]


def test_attachments_are_found_by_their_pack_and_by_the_one_it_was_made_of(app: Given, staged: Place) -> None:
    packs = ["p", "p.7", "p.7.8", "p-1", "p0", "q", "q.1"]
    entries = [
        replace(entry(f"{number}", b"x", offset=0, stored_size=1, compressed=False), pack=pack)
        for number, pack in enumerate(packs)
    ]
    app.driver.load_attachments(staged, "a", app.driver.claim(staged, "a"), entries_table(entries))

    def found(packs: list[str]) -> list[str]:
        return [one.pack for one in entries_of(app.driver.read_attachments(staged, packs=packs))]

    assert found(["p"]) == ["p", "p.7", "p.7.8"]
    assert found(["p.7", "q"]) == ["p.7", "p.7.8", "q", "q.1"]
    assert found([]) == []


@pytest.mark.parametrize("away", ["discard", "drop"])
def test_nothing_is_left_of_a_generation_that_goes(app: Given, staged: Place, away: str) -> None:
    app.load(staged, "p", ISSUE, {"key": "1"})
    assert len(app.schemas()) == app.shard.url.startswith("postgresql:")
    for _ in range(2):
        getattr(app.driver, away)(staged)
        assert [path for path in app.folder.rglob("*") if path.is_file()] == []
        assert app.schemas() == []
    with pytest.raises(ObjectNotFound):
        app.driver.inspect(staged)
    with pytest.raises(ObjectNotFound):
        app.driver.read(staged, ISSUE)


@ONLY_SQLITE
def test_files_are_for_this_account_only(app: Given, staged: Place) -> None:
    app.driver.seal(staged)
    for path in (app.folder / "shard").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


@pytest.mark.parametrize("app_type", AppType)
def test_a_new_app_is_empty_and_open(app: Given, app_type: AppType) -> None:
    place = app.place(app_type)
    app.driver.provision(place, with_default_personal_space=False)
    facts = app.driver.inspect(place)
    assert (dict(facts.records), facts.contains_data, facts.only_default_personal_space) == ({}, False, False)
    assert facts.is_open
    assert app.driver.contents(place) is Contents.NOTHING


def test_the_default_personal_space_is_data_told_apart(app: Given) -> None:
    place = app.place(AppType.CONFLUENCE)
    for _ in range(2):
        app.driver.provision(place, with_default_personal_space=True)
    facts = app.driver.inspect(place)
    assert facts.contains_data
    assert facts.only_default_personal_space
    assert sum(facts.records.values()) == DEFAULT_SPACE_RECORDS
    assert app.driver.contents(place) is Contents.DEFAULT_PERSONAL_SPACE
    assert app.driver.broken_references(place) == ()
    for _ in range(2):
        app.driver.edit(place, Edit(kind=EditKind.DELETE_DEFAULT_PERSONAL_SPACE))
        assert not app.driver.inspect(place).contains_data
        assert app.driver.contents(place) is Contents.NOTHING


def test_what_an_app_came_with_is_known_in_another_place(app: Given) -> None:
    place, other = app.place(AppType.CONFLUENCE), app.place(AppType.CONFLUENCE, "g2")
    app.driver.provision(place, with_default_personal_space=True)
    made = app.driver.provisioned(place)
    assert len(made) == DEFAULT_SPACE_RECORDS
    for _ in range(2):
        app.driver.stage(other, provisioned=made)
    assert app.driver.provisioned(other) == made
    token = app.driver.claim(other, "p")
    tables = [(one, app.driver.read(place, one)) for one in RECORD_TYPES[AppType.CONFLUENCE]]
    app.driver.load(other, "p", token, tables)
    app.driver.index(other)
    assert app.driver.inspect(other).only_default_personal_space
    assert app.driver.contents(other) is Contents.DEFAULT_PERSONAL_SPACE
    app.driver.edit(other, Edit(kind=EditKind.DELETE_DEFAULT_PERSONAL_SPACE))
    assert app.driver.provisioned(other) == ()
    assert not app.driver.inspect(other).contains_data


def test_edits_are_counted_and_nothing_else_is_while_people_have_the_app(app: Given) -> None:
    place = app.place()
    app.driver.provision(place, with_default_personal_space=False)
    before = app.driver.edits(place)
    app.driver.close(place)
    app.driver.inspect(place)
    app.keys(place, ISSUE)
    app.driver.reopen(place)
    assert app.driver.edits(place) == before
    app.driver.edit(place, Edit(kind=EditKind.ADD_ITEM, container="DS", title="t", text="x"))
    first = app.driver.edits(place)
    app.driver.edit(place, Edit(kind=EditKind.DELETE_ITEM, key=app.keys(place, ISSUE)[0]))
    assert before < first < app.driver.edits(place)
    refused = app.driver.edits(place)
    with pytest.raises(NotFound):
        app.driver.edit(place, Edit(kind=EditKind.DELETE_ITEM, key="nothing"))
    assert app.driver.edits(place) == refused


def test_a_page_in_the_default_personal_space_is_not_deleted_with_it(app: Given) -> None:
    place = app.place(AppType.CONFLUENCE)
    app.driver.provision(place, with_default_personal_space=True)
    app.driver.edit(place, Edit(kind=EditKind.ADD_ITEM, container="~admin", title="Mine", text="x"))
    assert not app.driver.inspect(place).only_default_personal_space
    assert app.driver.contents(place) is Contents.DATA
    with pytest.raises(WrongState, match="somebody added"):
        app.driver.edit(place, Edit(kind=EditKind.DELETE_DEFAULT_PERSONAL_SPACE))
    assert sum(app.driver.inspect(place).records.values()) == DEFAULT_SPACE_RECORDS + 2


@pytest.mark.parametrize("app_type", AppType)
def test_items_are_added_and_deleted_with_what_hangs_on_them(app: Given, app_type: AppType) -> None:
    place, item = app.place(app_type), ISSUE if app_type is AppType.JIRA else PAGE
    app.driver.provision(place, with_default_personal_space=False)
    add = Edit(kind=EditKind.ADD_ITEM, container="DS", title="A & B", text="1 < 2")
    app.driver.edit(place, add)
    (key,) = app.keys(place, item)
    with pytest.raises(NotFound, match="'XX'"):
        app.driver.edit(place, replace(add, container="XX"))
    if app_type is AppType.CONFLUENCE:
        comment = BY_NAME["confluence.comment"]
        app.load(place, "p", PAGE, {"key": "child", "parent": key, "container": "x"})
        app.load(place, "c", comment, {"key": "c1", "owner": key}, {"key": "c2", "owner": key, "parent": "c1"})
        app.load(place, "b", BODY, {"key": "b1", "owner": "c2"})
    else:
        app.load(place, "c", ISSUE_COMMENT, {"key": "c1", "issue": key})
        app.load(place, "l", BY_NAME["jira.link"], {"key": "l1", "destination": key})
    app.driver.edit(place, Edit(kind=EditKind.DELETE_ITEM, key=key))
    left = {"jira.project": 1} if app_type is AppType.JIRA else {"confluence.space": 1, "confluence.page": 1}
    assert app.driver.inspect(place).records == left
    broken = [one for one in app.driver.broken_references(place) if one.column != "space"]
    assert broken == []
    with pytest.raises(NotFound):
        app.driver.edit(place, Edit(kind=EditKind.DELETE_ITEM, key=key))


def test_a_closed_generation_takes_no_edit_until_it_is_opened_again(app: Given) -> None:
    place, add = app.place(), Edit(kind=EditKind.ADD_ITEM, container="DS", title="t", text="x")
    app.driver.provision(place, with_default_personal_space=False)
    for _ in range(2):
        app.driver.close(place)
    assert not app.driver.inspect(place).is_open
    with pytest.raises(WrongState):
        app.driver.edit(place, add)
    assert not app.driver.inspect(place).contains_data
    app.driver.reopen(place)
    app.driver.edit(place, add)
    assert [one["issue_key"] for one in app.driver.read(place, ISSUE).read_all().to_pylist()] == ["DS-1"]


@ONLY_SQLITE
class TestSqliteFile:
    """What only a generation in a file can meet."""

    @pytest.fixture
    def file(self, app: Given, staged: Place) -> Path:
        return app.folder / "shard" / "generations" / f"{staged.generation}.sqlite"

    def test_damage_names_the_generation(self, app: Given, staged: Place, file: Path) -> None:
        file.write_bytes(os.urandom(100_000))
        with pytest.raises(DamagedObject) as raised:
            app.driver.inspect(staged)
        assert raised.value.key == "g1"

    def test_a_file_in_use_is_waited_for_and_told(
        self, app: Given, staged: Place, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.apps.embedded.sqlite_session.BUSY_SECONDS", 0.2)
        with open_file(file, durable=False) as other, other.transaction(), pytest.raises(StorageUnreachable) as raised:
            app.driver.claim(staged, "p")
        assert raised.value.transient

    def test_a_full_disk_is_told_and_nothing_is_written(self, app: Given, staged: Place, file: Path) -> None:
        with open_file(file, durable=False) as opened:
            opened.run(f"PRAGMA max_page_count={opened.value('PRAGMA page_count')}")
            with pytest.raises(DiskFull), opened.transaction():
                opened.run('INSERT INTO "loaded_parts" VALUES (hex(zeroblob(1000000)), 1)')
        assert app.driver.loaded_parts(staged) == {}
        assert app.load(staged, "p", ISSUE, {"key": "1"}) == 1
