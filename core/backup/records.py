"""Resolved rows → the archive's objects, sorted by key."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from core.archive.manifest import RecordObject
from core.archive.writer import RecordsWriter
from core.backup.facts import Tally
from core.backup.resolve import Resolved, sorted_batches
from core.backup.scratch import Scratch
from core.content.record_type import RecordType
from core.storage.store import Store

#: Record types written at once; SQLite, Arrow and Parquet work outside Python, so threads are enough. Each holds one
#: row group.
_AT_ONCE: Final = 2


def write_records(
    scratch: Scratch,
    resolved: Resolved,
    store: Store,
    *,
    backup_id: str,
    attempt: int,
    work_dir: Path,
    part_bytes: int,
) -> tuple[tuple[RecordObject, ...], Mapping[str, Tally]]:
    """Store every record; returns the objects in the order of types and keys, and what was counted of each type."""
    types = [one for one in scratch.types if scratch.rows(one)]
    tallies = {one.name: Tally(one) for one in types}

    def write(record_type: RecordType) -> tuple[RecordObject, ...]:
        tally = tallies[record_type.name]
        with RecordsWriter(store, backup_id, record_type, attempt, work_dir, part_bytes) as writer:
            for batch in sorted_batches(scratch, resolved, record_type):
                tally.see(batch)
                writer.write(batch)
            return writer.close()

    with scratch.shared(), ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="records") as pool:
        # The largest begin, so that they are not what is waited for at the end.
        largest_first = sorted(types, key=scratch.rows, reverse=True)
        written = {one.name: pool.submit(write, one) for one in largest_first}
        try:
            return tuple(stored for one in types for stored in written[one.name].result()), tallies
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
