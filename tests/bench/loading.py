"""Both sides of loading: a backup's records into a new SQLite file, with indexes and durable.

`python -m tests.bench.loading ours|executemany DATA_DIR BACKUP FOLDER` answers with seconds and rows;
`python -m tests.bench.loading compare OURS PEER TYPE` compares the two files, row by row and value by value.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from core.apps.driver import Place, Shard
from core.apps.embedded.driver import EmbeddedDriver
from core.apps.embedded.sqlite import PAGE_BYTES
from core.archive.manifest import RecordObject
from core.archive.reader import ArchiveReader
from core.archive.signing import Keyring
from core.content.catalogue import BY_NAME, RECORD_TYPES
from core.content.record_type import PLACEHOLDER, AppType, RecordType
from core.restore.choices import Choices, apply
from core.restore.plan import PlannedPart, make_plan
from core.restore.request import RestoreRequest
from core.settings import Settings
from core.storage.location import open_store

GENERATION: Final = "bench"
#: As many parts at once as a worker has slots.
_SLOTS: Final = 2
_EXAMPLES: Final = 3


def open_backup(data_dir: Path, backup_id: str) -> ArchiveReader:
    return ArchiveReader(open_store(f"file://{data_dir / 'storage'}"), backup_id, Keyring(data_dir / "keys"), None)


def our_file(folder: Path) -> Path:
    return folder / "generations" / f"{GENERATION}.sqlite"


def peer_file(folder: Path) -> Path:
    return folder / f"{GENERATION}.sqlite"


def ours(reader: ArchiveReader, folder: Path) -> dict[str, float]:
    """The driver's own way: stage, load the parts of a plan, index, seal."""
    place = _place(folder, AppType(reader.manifest.app_type))
    driver = EmbeddedDriver()

    def load(part: PlannedPart) -> int:
        tables = [_table(reader, reader.manifest.objects[index]) for index in part.objects]
        return driver.load(place, part.name, driver.claim(place, part.name), tables)

    started = time.perf_counter()
    driver.stage(place)
    with ThreadPoolExecutor(_SLOTS) as slots:
        rows = sum(slots.map(load, _parts(reader)))
    driver.index(place)
    driver.seal(place)
    return {"seconds": time.perf_counter() - started, "rows": rows}


def _table(reader: ArchiveReader, records: RecordObject) -> tuple[RecordType, pa.RecordBatchReader]:
    record_type = BY_NAME[records.record_type]
    batches = (apply(record_type, batch, Choices()).batch for batch in reader.batches(records))
    return record_type, pa.RecordBatchReader.from_batches(record_type.schema, batches)


def _parts(reader: ArchiveReader) -> tuple[PlannedPart, ...]:
    """As a restore of everything plans them."""
    plan = make_plan(
        request=RestoreRequest(backup_id=reader.backup_id, destination_id="", requester=""),
        manifest=reader.manifest,
        manifest_digest="",
        destination_shard="",
        target_shard="",
        existing_groups=frozenset(),
        backup_groups={},
        part_bytes=Settings.model_fields["part_bytes"].default,
    )
    return plan.parts


def executemany(reader: ArchiveReader, folder: Path) -> dict[str, float]:
    """Python's sqlite3 with its own defaults, but for the page size, which is ours: every row is in memory before the
    clock starts, times as the texts that sqlite3 makes of them."""
    app_type = AppType(reader.manifest.app_type)
    tables = [(one, list(_rows_in_memory(reader, one))) for one in RECORD_TYPES[app_type]]
    made, indexes = _statements(folder / "empty", app_type)
    started = time.perf_counter()
    with closing(sqlite3.connect(peer_file(folder), isolation_level=None)) as connection:
        connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        connection.execute("BEGIN")
        for statement in made:
            connection.execute(statement)
        for record_type, rows in tables:
            marks = ", ".join("?" * len(record_type.schema))
            connection.executemany(f"INSERT INTO {record_type.table} VALUES ({marks})", rows)
        connection.execute("COMMIT")
        connection.execute("BEGIN")
        for statement in indexes:
            connection.execute(statement)
        connection.execute("COMMIT")
    return {"seconds": time.perf_counter() - started, "rows": sum(len(rows) for _, rows in tables)}


def _statements(folder: Path, app_type: AppType) -> tuple[list[str], list[str]]:
    """What makes the tables of records and their indexes, as the driver itself has made them."""
    place = _place(folder, app_type)
    driver = EmbeddedDriver()
    driver.stage(place)
    driver.index(place)
    tables = [one.table for one in RECORD_TYPES[app_type]]
    with closing(sqlite3.connect(our_file(folder))) as connection:
        found = connection.execute("SELECT type, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    made, indexes = (
        [sql for kind, table, sql in found if kind == wanted and table in tables] for wanted in ("table", "index")
    )
    return made, indexes


def _place(folder: Path, app_type: AppType) -> Place:
    shard = Shard(name="bench", region="", url=f"sqlite:///{folder}", attachments_url=f"file://{folder}")
    return Place(shard=shard, generation=GENERATION, app_type=app_type)


def _rows_in_memory(reader: ArchiveReader, record_type: RecordType) -> Iterator[tuple[Any, ...]]:
    for part in reader.manifest.objects:
        if part.record_type == record_type.name:
            for batch in reader.batches(part):
                applied = apply(record_type, batch, Choices()).batch
                yield from zip(*(map(_as_text, column.to_pylist()) for column in applied.columns), strict=True)


def _as_text(value: Any) -> Any:
    return value.isoformat(" ") if isinstance(value, datetime) else value


def compare(our_file: Path, peer_file: Path, app_type: AppType) -> dict[str, Any]:
    """Rows compared, and what differs: tables with other counts, or with rows that only we have."""
    rows, differing = 0, []
    with closing(sqlite3.connect(f"file:{our_file}?mode=ro", uri=True)) as connection:
        connection.execute("ATTACH ? AS peer", (f"file:{peer_file}?mode=ro",))
        for one in RECORD_TYPES[app_type]:
            real = f"FROM main.{one.table} WHERE key <> '{PLACEHOLDER}'"
            names = ", ".join(f'"{name}"' for name in one.schema.names)
            as_text = ", ".join(_comparable(field) for field in one.schema)
            ours_, peers = (
                connection.execute(f"SELECT count(*) {source}").fetchone()[0]
                for source in (real, f"FROM peer.{one.table}")
            )
            rows += ours_
            surplus = f"SELECT {as_text} {real} EXCEPT SELECT {names} FROM peer.{one.table}"
            only = connection.execute(f"SELECT key FROM ({surplus}) LIMIT {_EXAMPLES}").fetchall()
            if ours_ != peers or only:
                differing.append(f"{one.table}: {ours_} rows and {peers}; only ours: {[key for (key,) in only]}")
    return {"rows": rows, "differing": differing}


def _comparable(field: pa.Field) -> str:
    """SQL for a column of ours as the peer stores it: microseconds as the text of a datetime."""
    name = f'"{field.name}"'
    if not pa.types.is_timestamp(field.type):
        return name
    seconds = f"strftime('%Y-%m-%d %H:%M:%S', {name} / 1000000, 'unixepoch')"
    fraction = f"CASE WHEN {name} % 1000000 THEN printf('.%06d', {name} % 1000000) ELSE '' END"
    return f"{seconds} || {fraction} AS {name}"


def main(words: Sequence[str]) -> None:
    what, *rest = words
    if what == "compare":
        print(json.dumps(compare(Path(rest[0]), Path(rest[1]), AppType(rest[2]))))
        return
    side = {"ours": ours, "executemany": executemany}[what]
    print(json.dumps(side(open_backup(Path(rest[0]), rest[1]), Path(rest[2]))))


if __name__ == "__main__":
    main(sys.argv[1:])
